/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean ...?": the nearest of some names to a word that is none of them. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#define SUGGEST_WORD_MAX 64u /* bytes of a word or name; longer ones are not compared */

struct suggest {
        struct slice word;
        struct slice best; /* of the names offered; data NULL: none is near */
        size_t distance;   /* of best */
};

struct suggest suggest_begin(struct slice word);
/* Compares one more name (borrowed: it must outlive the suggestion). Letters differ by more than
 * their case. */
void suggest_offer(struct suggest *suggest, struct slice name);
/* "did you mean 'NAME'?" in arena, or the empty slice if no name was near. */
struct slice suggest_text(const struct suggest *suggest, struct arena *arena);
/* How many letters have to be added, dropped, changed or swapped with their neighbour, case apart;
 * SIZE_MAX for words above the cap. */
size_t suggest_distance(struct slice a, struct slice b);
