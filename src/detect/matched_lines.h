/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the buffered lines a match took, and which it left (spec filter.md 1.7). */
#pragma once

#include "base/arena.h"
#include "detect/failregex.h"
#include "detect/line_buffer.h"

struct matched_lines {
        struct line_list matched;   /* without those that <SKIPLINES> skipped */
        struct line_list unmatched; /* before the match, then skipped ones, then behind it */
};

/* match is that of regex in text, which was made of lines (as line_list_text() does) or of what is
 * left of them: the number of the line in text is taken for its number in lines. The lists live in
 * arena. */
void matched_lines_find(const struct failregex *regex, struct slice text,
        const struct pattern_match *match, const struct line_list *lines, struct arena *arena,
        struct matched_lines *ret);
