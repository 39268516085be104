/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ordered dictionary from option names to values, in an arena: what sections, parameters and sets
 * of options are. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

struct dict_entry {
        struct slice key;
        uint32_t hash;
        struct value value;
};

/* Zero-initialised it is empty. A copy of the struct shares the entries: copy with dict_copy()
 * before changing one of them. */
struct dict {
        struct dict_entry *entries; /* in order of first insertion */
        size_t count;
        size_t capacity;
        uint32_t *slots; /* index + 1 into entries, 0 = free; NULL while the dictionary is small */
        size_t slot_count;
};

/* The value of key, or NULL. Valid until the next put. */
struct value *dict_get(const struct dict *dict, struct slice key);
/* Sets key (borrowed) to value; a replaced value keeps its place in the order. */
void dict_put(struct dict *dict, struct slice key, struct value value, struct arena *arena);
/* Puts every entry of from. */
void dict_merge(struct dict *dict, const struct dict *from, struct arena *arena);
struct dict dict_copy(const struct dict *dict, struct arena *arena);
