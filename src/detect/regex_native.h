/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex in machine code of our own, for the lines that nearly all lines are. PCRE2 is for all
 * others, for all other regexes, and for other processors. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct regex_native;

/* regex: Python's dialect, known to compile, searched without flags but what is in it. barred:
 * where a named group's content begins that need not be tried, see regex_tree.h; 0: there is none.
 * Returns NULL if there is none for this regex, processor or system. */
struct regex_native *regex_native_new(struct slice regex, size_t barred);
struct regex_native *regex_native_free(struct regex_native *native);

enum regex_native_result {
        REGEX_NATIVE_MISS,
        REGEX_NATIVE_MATCH,
        REGEX_NATIVE_GAVE_UP, /* a limit was met: there is no telling */
};

/* line: ASCII, with one newline, at its end. On REGEX_NATIVE_MATCH, *ret_spans has the address at
 * which the whole match starts, the one at which it ends, and those of each group that took part,
 * and *ret_groups a bit for each of these: 1 for the whole, 2 for the first group. Valid until the
 * next search of any regex. */
enum regex_native_result regex_native_search(const struct regex_native *native, struct slice line,
        const size_t **ret_spans, uint64_t *ret_groups);
