/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Distance by optimal string alignment, three rows at a time. A name is near if a third of the
 * word's letters at most are wrong: short words are told apart by every letter. */
#include "config/suggest.h"

#include <stdint.h>

#define NEAR_MAX 3 /* letters, however long the word */

struct suggest suggest_begin(struct slice word) {
        return (struct suggest){.word = word, .best = SLICE_NULL, .distance = SIZE_MAX};
}

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b) {
        return a < b ? a : b;
}

size_t suggest_distance(struct slice a, struct slice b) {
        size_t rows[3][SUGGEST_WORD_MAX + 1];
        if (a.len > SUGGEST_WORD_MAX || b.len > SUGGEST_WORD_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= b.len; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= a.len; i++) {
                size_t *row = rows[i % 3];
                const size_t *above = rows[(i + 2) % 3];
                const size_t *above_that = rows[(i + 1) % 3];
                row[0] = i;
                for (size_t j = 1; j <= b.len; j++) {
                        char c = lower(a.data[i - 1]);
                        char d = lower(b.data[j - 1]);
                        row[j] = least(above[j - 1] + (c != d), least(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && c == lower(b.data[j - 2]) &&
                                d == lower(a.data[i - 2]))
                                row[j] = least(row[j], above_that[j - 2] + 1);
                }
        }
        return rows[a.len % 3][b.len];
}

void suggest_offer(struct suggest *suggest, struct slice name) {
        size_t near = least(suggest->word.len / 3, NEAR_MAX);
        size_t distance = suggest_distance(suggest->word, name);
        if (distance > near || distance >= suggest->distance || slice_equal(suggest->word, name))
                return;
        suggest->best = name;
        suggest->distance = distance;
}

struct slice suggest_text(const struct suggest *suggest, struct arena *arena) {
        if (!suggest->best.data)
                return SLICE("");
        return arena_printf(arena, "did you mean '%.*s'?", SLICE_ARG(suggest->best));
}
