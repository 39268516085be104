/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the ends of lines in a text, one after the other. Unlike memchr() it does not begin anew
 * with each line: of 64 bytes at a time it knows where the newlines are. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

#define LINE_ENDS_BLOCK ((size_t)64)

struct line_ends {
        struct slice text;
        size_t block;      /* offset of a multiple of LINE_ENDS_BLOCK bytes ... */
        uint64_t newlines; /* ... and which of them are newlines, a bit each */
};

/* text must outlive it. */
void line_ends_init(struct line_ends *ends, struct slice text);
/* Goes on to that block, or to the first one behind it that has a newline. */
void line_ends_go(struct line_ends *ends, size_t block);

/* The offset behind the first newline at the offset at or behind it; 0: there is none. Offsets that
 * are asked about must not fall. */
static inline size_t line_ends_next(struct line_ends *ends, size_t at) {
        size_t block = at - at % LINE_ENDS_BLOCK;
        if (block > ends->block)
                line_ends_go(ends, block);
        uint64_t newlines = ends->newlines;
        if (block == ends->block)
                newlines &= ~UINT64_C(0) << at % LINE_ENDS_BLOCK;
        if (newlines == 0) {
                line_ends_go(ends, ends->block + LINE_ENDS_BLOCK);
                newlines = ends->newlines;
        }
        return newlines == 0 ? 0 : ends->block + (size_t)__builtin_ctzll(newlines) + 1;
}
