/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the lines of a text end. All of it is looked through once, as that costs less than to look
 * for each line's end when it is asked for: lines differ in length, so nobody can tell how often a
 * search for one end goes round. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define LINE_ENDS_NONE UINT32_MAX /* behind the last newline */

/* Zeroed: of an empty text, and has no memory yet. */
struct line_ends {
        struct slice text;
        uint32_t *newlines; /* their offsets, in ascending order, and LINE_ENDS_NONE */
        size_t count;       /* of newlines */
        size_t capacity;
        size_t next;   /* newline that was asked for last */
        bool is_ascii; /* the text is */
};

void line_ends_done(struct line_ends *ends);
/* Looks through a text (less than 4 GiB), which must outlive it. Memory of the text before is used
 * again. */
void line_ends_find(struct line_ends *ends, struct slice text);

/* The index of the first newline at the offset or behind it; count: there is none. Offsets that are
 * asked about must not fall, and line_ends_find() must have been called. */
static inline size_t line_ends_seek(struct line_ends *ends, size_t at) {
        while (ends->newlines[ends->next] < at)
                ends->next++;
        return ends->next;
}

/* The offset behind that newline; 0: there is none. */
static inline size_t line_ends_next(struct line_ends *ends, size_t at) {
        return (uint32_t)(ends->newlines[line_ends_seek(ends, at)] + 1);
}
