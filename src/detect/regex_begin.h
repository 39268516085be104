/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line must begin with for a regex to match that stands at its begin: a few operations rule
 * out most lines that the regex would be searched in for nothing. Only for ASCII lines with one
 * newline, at their end, as regex_code.h. */
#pragma once

#include <string.h>

#include "base/slice.h"
#include "detect/regex_tree.h"

#define REGEX_BEGIN_BYTES 16 /* that are known of at most */

struct regex_begin {
        struct regex_set first; /* what the first character may be: it may hold more */
        uint64_t bits[2]; /* of the first REGEX_BEGIN_BYTES, as they lie in memory: those in */
        uint64_t mask[2]; /* the mask are the same in all matches */
};

/* regex: Python's dialect, known to compile without flags but what is in it. Returns false if
 * nothing is known. */
bool regex_begin_find(struct slice regex, struct regex_begin *ret);

/* Whether the regex may match, as far as the line's bytes tell; a shorter line tells nothing. */
static inline bool regex_begin_fits(const struct regex_begin *begin, struct slice line) {
        uint64_t bytes[2];
        if (line.len < sizeof(bytes))
                return true;
        memcpy(bytes, line.data, sizeof(bytes));
        return (((bytes[0] ^ begin->bits[0]) & begin->mask[0]) |
                       ((bytes[1] ^ begin->bits[1]) & begin->mask[1])) == 0;
}
