/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream: fail2ban/server/failregex.py getGroups(), 1.1. A dict has a dozen keys, so a search
 * through it is as good as a table. */
#include "detect/groups.h"

#include <string.h>

#define ADDED_MAX 8 /* items (keys and values) that most lines add to what was captured */

bool groups_is_true(const struct value *v) {
        switch (v->type) {
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                return false;
        case VALUE_BOOL:
                return v->boolean;
        case VALUE_INT:
                return v->integer != 0;
        case VALUE_FLOAT:
                return v->real < 0 || v->real > 0;
        case VALUE_STRING:
        case VALUE_BYTES:
                return v->string.len > 0;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return v->list.count > 0;
        }
        return false;
}

void groups_put(struct value *groups, const char *key, struct value item, struct arena *arena) {
        value_dict_put(groups, value_text(key), item, arena);
}

struct value groups_take_key(struct value *groups, struct slice key) {
        struct value *items = groups->list.items;
        for (size_t i = 0; i + 1 < groups->list.count; i += 2) {
                if (!slice_equal(items[i].string, key))
                        continue;
                struct value taken = items[i + 1];
                groups->list.count -= 2;
                memmove(&items[i], &items[i + 2], (groups->list.count - i) * sizeof(items[0]));
                return taken;
        }
        return VALUE_OF_NONE;
}

/* A key that has no like in these bits is new to the dict: most are told apart by two of their
 * letters. */
static uint64_t key_bit(const struct value *v) {
        struct slice key = v->string;
        if (v->type != VALUE_STRING || key.len == 0)
                return 1;
        unsigned first = (unsigned char)key.data[0];
        unsigned last = (unsigned char)key.data[key.len - 1];
        return UINT64_C(1) << ((first * 5 + last * 3 + key.len * 7) % 64);
}

void groups_overlay(struct value *groups, const struct value *newer, struct arena *arena) {
        uint64_t known = 0;
        for (size_t i = 0; i + 1 < groups->list.count; i += 2)
                known |= key_bit(&groups->list.items[i]);
        for (size_t i = 0; i + 1 < newer->list.count; i += 2) {
                const struct value *item = &newer->list.items[i];
                if (item[1].type == VALUE_NONE)
                        continue;
                uint64_t bit = key_bit(&item[0]);
                if (known & bit) {
                        value_dict_put_at(groups, i / 2, item[0], item[1], arena);
                        continue;
                }
                known |= bit;
                (void)value_append(groups, item[0], arena);
                (void)value_append(groups, item[1], arena);
        }
}

struct value groups_copy(const struct value *groups, struct arena *arena) {
        struct value copy = value_dict();
        value_reserve(&copy, groups->list.count + ADDED_MAX, arena);
        copy.list.count = groups->list.count;
        if (copy.list.count > 0)
                memcpy(copy.list.items, groups->list.items,
                        copy.list.count * sizeof(copy.list.items[0]));
        return copy;
}

struct value groups_copy_known(const struct value *groups, struct arena *arena) {
        struct value copy = value_dict();
        value_reserve(&copy, groups->list.count, arena);
        for (size_t i = 0; i + 1 < groups->list.count; i += 2) {
                if (groups->list.items[i + 1].type == VALUE_NONE)
                        continue;
                (void)value_append(&copy, groups->list.items[i], arena);
                (void)value_append(&copy, groups->list.items[i + 1], arena);
        }
        return copy;
}

/* One field at a time: a whole value would be built elsewhere and read back before it is written.
 */
static void set_text(struct value *v, struct slice text) {
        v->type = VALUE_STRING;
        v->origin = NULL;
        v->string = text;
}

static void set_group(
        struct value *v, struct slice subject, const struct pattern_match *match, size_t group) {
        size_t start;
        size_t end;
        v->type = VALUE_NONE;
        v->origin = NULL;
        if (!pattern_match_span(match, group, &start, &end))
                return;
        set_text(v, slice_sub(subject, start, end));
}

static struct value group_value(
        struct slice subject, const struct pattern_match *match, size_t group) {
        struct value v;
        set_group(&v, subject, match, group);
        return v;
}

/* The first alternative that has a text fills a target that has none. */
static void merge_alts(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct value *groups, struct arena *arena) {
        for (size_t i = 0; i < regex->alt_count; i++) {
                const struct failregex_merge *alt = &regex->alts[i];
                struct value v = group_value(subject, match, alt->group);
                if (groups_is_true(&v) && !groups_has(groups, alt->target))
                        groups_put(groups, alt->target, v, arena);
        }
}

/* Each part goes behind its target, which becomes a tuple with the first. */
static void merge_tuples(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct value *groups, struct arena *arena) {
        for (size_t i = 0; i < regex->tuple_count; i++) {
                const struct failregex_merge *part = &regex->tuples[i];
                const struct value *present = value_dict_get(groups, part->target);
                struct value tuple = value_tuple();
                if (present && present->type == VALUE_TUPLE)
                        tuple = *present;
                else
                        (void)value_append(&tuple, present ? *present : VALUE_OF_NONE, arena);
                (void)value_append(&tuple, group_value(subject, match, part->group), arena);
                groups_put(groups, part->target, tuple, arena);
        }
}

struct value groups_read(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena) {
        struct value groups = value_dict();
        value_reserve(&groups, 2 * regex->group_count + ADDED_MAX, arena);
        struct value *item = groups.list.items;
        for (size_t i = 0; i < regex->group_count; i++) {
                set_text(&item[0], regex->groups[i].name);
                set_group(&item[1], subject, match, regex->groups[i].number);
                item += 2;
        }
        groups.list.count = 2 * regex->group_count;
        merge_alts(regex, subject, match, &groups, arena);
        merge_tuples(regex, subject, match, &groups, arena);
        return groups;
}
