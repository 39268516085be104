/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that lead to nothing, through one filter or several, many at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/filter.h"
#include "detect/line_date.h"
#include "detect/line_ends.h"

#define FILTER_PASSES_MAX 64

/* One of the filters that lines are passed over for. */
struct filter_pass {
        struct filter *filter;
        uint64_t lacks;                     /* what quiet lines lack, see struct filter_line */
        const struct date_memo_line *known; /* of the dates */
        uint64_t looks;                     /* at them */
        uint64_t settled;                   /* lines passed over that it has been told of */
};

/* Some that know the same dates: the first of them is asked, and which they are, a bit each. */
struct filter_pass_group {
        const struct filter_pass *first;
        uint64_t members;
};

/* The filters that all lines of a text are for. What lines passed over do to one of them is done by
 * filter_pass_settle(), which must be called before it is used in another way, or time goes on. */
struct filter_passes {
        struct filter_pass items[FILTER_PASSES_MAX];
        size_t count;
        struct filter_pass_group groups[FILTER_PASSES_MAX];
        size_t group_count;
        uint64_t looked; /* filters whose dates have been looked at since they were settled */
        uint64_t busy;   /* filters that quiet lines may lead to something with */
        uint64_t number; /* lines passed over so far, ... */
        struct filter_line last; /* ... and the last of them */
};

/* Several lines of a text. */
struct filter_lines {
        struct line_ends *ends; /* of the text, of lines that end with LF or CR LF */
        size_t start, end;      /* they start not before the one, and end not behind the other */
        bool is_ascii;          /* the text is; false: not even known to be valid UTF-8 */
        bool in_operation;      /* see struct filter_line; the same for all of a text */
};

/* Another text begins: for the first count items, whose filter and lacks are set. */
void filter_pass_begin(struct filter_passes *passes, size_t count);
/* Processes lines from the front of several, as filter_line() would do it with each filter, but
 * only such that can be told at a glance to lead to nothing with all of them: filters are hopeless
 * with so many lacks, and the date is as in the line before. It ends in front of the first line
 * that is to be processed by itself, or is empty, or begins with '#'. Returns its offset in the
 * text, and *ret_count lines are done. */
size_t filter_pass_over(
        struct filter_passes *passes, const struct filter_lines *lines, uint64_t *ret_count);
/* One line, which is part of the text: whether it is certain to lead to nothing with all filters
 * but those of *busy, to which those are added that quiet lines may lead to something with. Of the
 * others, what the line lacks is not looked at: it must be what quiet lines lack. */
bool filter_pass_fits(struct filter_passes *passes, const struct filter_line *line, uint64_t *busy);
/* Passes over it for all but those, which must be settled, and are to process it by themselves. */
void filter_pass_add(struct filter_passes *passes, const struct filter_line *line, uint64_t busy);
/* Tells the filter of that index of the lines passed over, while the text is still there. Returns
 * how many they are. */
uint64_t filter_pass_settle(struct filter_passes *passes, size_t index);
