/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ordered dictionary: an array in insertion order, and an open-addressing index beside it once a
 * linear search is no longer cheaper. Python's dict semantics, because the order of options in a
 * command stream comes from them. Nothing is ever removed. The hash is not seeded: keys come from
 * the administrator's own files, and their number is capped by the file size. */
#include "config/dict.h"

#define SMALL 8 /* entries that are searched linearly */

static uint32_t hash_of(struct slice key) {
        uint32_t hash = 2166136261u; /* FNV-1a */
        for (size_t i = 0; i < key.len; i++)
                hash = (hash ^ (unsigned char)key.data[i]) * 16777619u;
        return hash;
}

static bool is_entry(const struct dict_entry *entry, struct slice key, uint32_t hash) {
        return entry->hash == hash && slice_equal(entry->key, key);
}

static struct dict_entry *find(const struct dict *dict, struct slice key, uint32_t hash) {
        if (!dict->slots) {
                for (size_t i = 0; i < dict->count; i++)
                        if (is_entry(&dict->entries[i], key, hash))
                                return &dict->entries[i];
                return NULL;
        }
        for (size_t i = hash & (dict->slot_count - 1); dict->slots[i] != 0;
                i = (i + 1) & (dict->slot_count - 1))
                if (is_entry(&dict->entries[dict->slots[i] - 1], key, hash))
                        return &dict->entries[dict->slots[i] - 1];
        return NULL;
}

static void index_entry(struct dict *dict, size_t index) {
        size_t i = dict->entries[index].hash & (dict->slot_count - 1);
        while (dict->slots[i] != 0)
                i = (i + 1) & (dict->slot_count - 1);
        dict->slots[i] = (uint32_t)index + 1;
}

/* Keeps the index at most half full. */
static void reindex(struct dict *dict, struct arena *arena) {
        dict->slot_count = dict->capacity * 2;
        dict->slots = arena_alloc_array(arena, dict->slot_count, sizeof(*dict->slots));
        for (size_t i = 0; i < dict->count; i++)
                index_entry(dict, i);
}

static void grow(struct dict *dict, size_t wanted, struct arena *arena) {
        size_t capacity = dict->capacity ? dict->capacity : SMALL;
        while (capacity < wanted)
                capacity *= 2;
        struct dict_entry *entries = arena_alloc_array(arena, capacity, sizeof(*entries));
        if (dict->count > 0)
                memcpy(entries, dict->entries, dict->count * sizeof(*entries));
        dict->entries = entries;
        dict->capacity = capacity;
        if (capacity > SMALL)
                reindex(dict, arena);
}

struct value *dict_get(const struct dict *dict, struct slice key) {
        struct dict_entry *entry = find(dict, key, hash_of(key));
        return entry ? &entry->value : NULL;
}

static void put_hashed(struct dict *dict, struct slice key, uint32_t hash, struct value value,
        struct arena *arena) {
        struct dict_entry *entry = find(dict, key, hash);
        if (entry) {
                entry->value = value;
                return;
        }
        if (dict->count == dict->capacity)
                grow(dict, dict->count + 1, arena);
        dict->entries[dict->count] = (struct dict_entry){.key = key, .hash = hash, .value = value};
        if (dict->slots)
                index_entry(dict, dict->count);
        dict->count++;
}

void dict_put(struct dict *dict, struct slice key, struct value value, struct arena *arena) {
        put_hashed(dict, key, hash_of(key), value, arena);
}

void dict_merge(struct dict *dict, const struct dict *from, struct arena *arena) {
        for (size_t i = 0; i < from->count; i++)
                put_hashed(dict, from->entries[i].key, from->entries[i].hash,
                        from->entries[i].value, arena);
}

struct dict dict_copy(const struct dict *dict, struct arena *arena) {
        struct dict copy = {.count = 0};
        if (dict->count > 0)
                grow(&copy, dict->count, arena);
        dict_merge(&copy, dict, arena);
        return copy;
}
