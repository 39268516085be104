/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a match captured, as the dict that becomes a failure's data: group names to texts, None for
 * groups that took no part (spec filter.md 1.4, 1.6). Order is upstream's: that of the groups, then
 * of what is added. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/value.h"
#include "detect/failregex.h"

/* The dict of all named groups of a match of regex in subject, alt_* and tuple_* groups merged.
 * Texts borrow from subject. */
struct value groups_read(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena);

/* The value of a key, or NULL if it is missing or None. Valid until the dict changes. */
static inline const struct value *groups_get(const struct value *groups, const char *key) {
        const struct value *v = value_dict_get(groups, key);
        return v && v->type != VALUE_NONE ? v : NULL;
}
/* Whether Python takes the value for true. */
bool groups_is_true(const struct value *v);
/* Whether the key is there and its value is true. */
static inline bool groups_has(const struct value *groups, const char *key) {
        const struct value *v = value_dict_get(groups, key);
        return v && groups_is_true(v);
}
void groups_put(struct value *groups, const char *key, struct value item, struct arena *arena);
/* Takes a key out. Returns its value; None if it was missing. */
struct value groups_take_key(struct value *groups, struct slice key);
static inline struct value groups_take(struct value *groups, const char *key) {
        return groups_take_key(groups, (struct slice){key, strlen(key)});
}
/* Bit n: a key of n bytes is there (from 63 on: n - 64, ...). One look at all keys spares many
 * searches for single ones. */
static inline uint64_t groups_lengths(const struct value *groups) {
        uint64_t lengths = 0;
        for (size_t i = 0; i + 1 < groups->list.count; i += 2)
                lengths |= UINT64_C(1) << (groups->list.items[i].string.len % 64);
        return lengths;
}
/* Overwrites groups with all of newer that is not None. */
void groups_overlay(struct value *groups, const struct value *newer, struct arena *arena);
/* A dict of its own with the same values; groups_copy_known() leaves out those that are None. */
struct value groups_copy(const struct value *groups, struct arena *arena);
struct value groups_copy_known(const struct value *groups, struct arena *arena);
