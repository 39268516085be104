/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that lead to nothing, through one filter or several, many at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/filter.h"
#include "detect/line_date.h"
#include "detect/line_ends.h"

/* One of the filters that lines are passed over for. What they do to it is done by
 * filter_pass_settle(), which must be called before it is used in another way, or time goes on. */
struct filter_pass {
        struct filter *filter;
        uint64_t lacks; /* what all of the lines lack, see struct filter_line */
        /* what follows is zeroed where another text begins: */
        const struct date_memo_line *known; /* of the dates */
        uint64_t looks;                     /* at them */
        bool has_looked;                    /* since it was settled */
        bool is_new;                        /* something else is known since prepared for */
        bool is_hopeless;
        bool follows;            /* another filter in front of it knows the same dates */
        uint64_t unsettled;      /* lines passed over, ... */
        struct filter_line last; /* ... and the last of them */
};

/* Several lines of a text. */
struct filter_lines {
        struct line_ends *ends; /* of the text, of lines that end with LF or CR LF */
        size_t start, end;      /* they start not before the one, and end not behind the other */
        bool is_ascii;          /* the text is; false: not even known to be valid UTF-8 */
        bool in_operation;      /* see struct filter_line; the same for all of a text */
};

/* Processes lines from the front of several, as filter_line() would do it with each filter, but
 * only such that can be told at a glance to lead to nothing with all of them: filters are hopeless
 * with so many lacks, and the date is as in the line before. It ends in front of the first line
 * that is to be processed by itself, or is empty, or begins with '#'. Returns its offset in the
 * text, and *ret_count lines are done. */
size_t filter_pass_over(struct filter_pass *passes, size_t count, const struct filter_lines *lines,
        uint64_t *ret_count);
/* The same for one filter and one line, which is part of the text: returns whether it is done. */
bool filter_pass_line(struct filter_pass *pass, const struct filter_line *line);
/* Tells the filter of the lines passed over, while the text is still there. */
void filter_pass_settle(struct filter_pass *pass);
