/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block of 64 bytes becomes 64 bits, which tell where newlines are. Most blocks have none, one or
 * two: so two are written whatever there is, and one that was none is overwritten. */
#include "detect/line_ends.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK 64
#define PIECE ((size_t)BLOCK * 64) /* bytes that room is made for at a time */
#define SLACK 2                    /* what may be written behind the last newline */

void line_ends_done(struct line_ends *ends) {
        free(ends->newlines);
        *ends = (struct line_ends){0};
}

/* Of a block: newlines, a bit each, and whether bytes beyond ASCII are there. */
struct look {
        uint64_t newlines;
        uint32_t beyond;
};

#if defined(__x86_64__)

#include <immintrin.h>

static inline struct look look_at(const char *bytes) {
        const __m128i newline = _mm_set1_epi8('\n');
        __m128i all = _mm_setzero_si128();
        struct look look = {0};
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK / sizeof(all); i++) {
                __m128i part = _mm_loadu_si128((const void *)(bytes + i * sizeof(part)));
                uint32_t bits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, newline));
                look.newlines |= (uint64_t)bits << (i * sizeof(part));
                all = _mm_or_si128(all, part);
        }
        look.beyond = (uint32_t)_mm_movemask_epi8(all);
        return look;
}

__attribute__((target("avx2"))) static inline struct look look_wide(const char *bytes) {
        const __m256i newline = _mm256_set1_epi8('\n');
        __m256i low = _mm256_loadu_si256((const void *)bytes);
        __m256i high = _mm256_loadu_si256((const void *)(bytes + sizeof(low)));
        uint32_t in_low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, newline));
        uint32_t in_high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, newline));
        return (struct look){in_low | (uint64_t)in_high << 32,
                (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, high))};
}

#else

static inline struct look look_at(const char *bytes) {
        struct look look = {0};
        for (unsigned i = 0; i < BLOCK; i++) {
                look.newlines |= (uint64_t)(bytes[i] == '\n') << i;
                look.beyond |= (unsigned char)bytes[i] & 0x80U;
        }
        return look;
}

#endif

/* Of the first one; any, if there is none: a compiler makes a branch of the question. */
static inline uint32_t place_of(uint64_t newlines) {
        return (uint32_t)__builtin_ctzll(newlines | UINT64_C(1) << (BLOCK - 1));
}

/* Writes the newlines of the block at offset behind the others. */
__attribute__((always_inline)) static inline void note(
        struct line_ends *ends, struct look look, uint32_t offset) {
        uint32_t *out = ends->newlines + ends->count;
        uint64_t rest = look.newlines & (look.newlines - 1);
        size_t count = (size_t)__builtin_popcountll(look.newlines);
        out[0] = offset + place_of(look.newlines);
        out[1] = offset + place_of(rest);
        for (size_t i = 2; i < count; i++) {
                rest &= rest - 1;
                out[i] = offset + place_of(rest);
        }
        ends->count += count;
        ends->is_ascii = ends->is_ascii && look.beyond == 0;
}

/* Whole blocks of the text, from one offset to another. */
typedef void note_function(struct line_ends *ends, size_t from, size_t to);

static void note_blocks(struct line_ends *ends, size_t from, size_t to) {
        for (size_t at = from; at < to; at += BLOCK)
                note(ends, look_at(ends->text.data + at), (uint32_t)at);
}

#if defined(__x86_64__)

__attribute__((target("avx2,bmi,popcnt"))) static void note_blocks_wide(
        struct line_ends *ends, size_t from, size_t to) {
        struct line_ends local = *ends;
        for (size_t at = from; at < to; at += BLOCK)
                note(&local, look_wide(local.text.data + at), (uint32_t)at);
        *ends = local;
}

static note_function *best_note(void) {
        bool is_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                       __builtin_cpu_supports("popcnt");
        return is_wide ? note_blocks_wide : note_blocks;
}

#else

static note_function *best_note(void) {
        return note_blocks;
}

#endif

/* The last bytes, less than a block. */
static void note_rest(struct line_ends *ends, size_t from) {
        char copy[BLOCK] = {0};
        memcpy(copy, ends->text.data + from, ends->text.len - from);
        note(ends, look_at(copy), (uint32_t)from);
}

static void reserve(struct line_ends *ends, size_t more) {
        size_t size = ends->count + more + SLACK;
        if (size > ends->capacity)
                memory_reserve(&ends->newlines, size - 1, &ends->capacity, sizeof(*ends->newlines));
}

void line_ends_find(struct line_ends *ends, struct slice text) {
        note_function *note_them = best_note();
        size_t blocks = text.len - text.len % BLOCK;
        ends->text = text;
        ends->count = ends->next = 0;
        ends->is_ascii = true;
        for (size_t at = 0; at < blocks;) {
                size_t to = blocks - at > PIECE ? at + PIECE : blocks;
                reserve(ends, to - at);
                note_them(ends, at, to);
                at = to;
        }
        reserve(ends, BLOCK);
        if (blocks < text.len)
                note_rest(ends, blocks);
        ends->newlines[ends->count] = LINE_ENDS_NONE;
}
