/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Invariant: the block is one that has a newline, or the first of all, or behind the text's last
 * newline; so what is between the offset asked about and the block has none. */
#include "detect/line_ends.h"

#include <string.h>

#if defined(__SSE2__)

#include <emmintrin.h>

static uint64_t newlines_of(const char *bytes) {
        const __m128i newline = _mm_set1_epi8('\n');
        uint64_t all = 0;
#pragma GCC unroll 4
        for (unsigned i = 0; i < LINE_ENDS_BLOCK / sizeof(newline); i++) {
                __m128i part;
                memcpy(&part, bytes + i * sizeof(part), sizeof(part));
                uint32_t bits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, newline));
                all |= (uint64_t)bits << (i * sizeof(part));
        }
        return all;
}

#else

static uint64_t newlines_of(const char *bytes) {
        uint64_t all = 0;
        for (unsigned i = 0; i < LINE_ENDS_BLOCK; i++)
                all |= (uint64_t)(bytes[i] == '\n') << i;
        return all;
}

#endif

/* Of the last bytes, less than a block. */
__attribute__((noinline)) static uint64_t newlines_of_rest(struct slice rest) {
        char copy[LINE_ENDS_BLOCK] = {0};
        memcpy(copy, rest.data, rest.len);
        return newlines_of(copy);
}

static uint64_t look_at(struct slice text, size_t block) {
        if (text.len - block >= LINE_ENDS_BLOCK)
                return newlines_of(text.data + block);
        return newlines_of_rest(slice_sub(text, block, text.len));
}

void line_ends_init(struct line_ends *ends, struct slice text) {
        *ends = (struct line_ends){.text = text};
        if (text.len > 0)
                ends->newlines = look_at(text, 0);
}

void line_ends_go(struct line_ends *ends, size_t block) {
        ends->newlines = 0;
        for (; block < ends->text.len && ends->newlines == 0; block += LINE_ENDS_BLOCK) {
                ends->block = block;
                ends->newlines = look_at(ends->text, block);
        }
}
