/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash table from bytes to a pointer: seeded (SipHash), open addressing, insertion order kept for iteration, size capped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct table_entry {
        struct slice key; /* the table's own copy */
        void *value;      /* the caller's; never NULL while the entry lives */
        uint64_t hash;
};

struct table {
        struct table_entry *entries; /* in order of insertion; removed ones have value NULL until the next growth */
        uint32_t *slots;             /* index + 1 into entries; 0 = free */
        size_t count;                /* living entries */
        size_t used;                 /* entries, dead ones included */
        size_t capacity;             /* of entries */
        size_t slot_count;           /* power of two */
        size_t max;                  /* living entries at most */
        uint64_t seed[2];
};

/* max: entries at most (1 .. 2^30). The seed comes from the kernel. */
void table_init(struct table *table, size_t max);
/* Frees entries and keys, not values. */
void table_done(struct table *table);
/* The value, or NULL. */
void *table_get(const struct table *table, struct slice key);
/* Sets the value of key (not NULL). Returns 0; 1 if it replaced a value; -ENOBUFS if the table is full. */
int table_put(struct table *table, struct slice key, void *value);
/* Takes the key out and returns its value, or NULL. */
void *table_remove(struct table *table, struct slice key);
/* Iterates in order of insertion: start with *position 0. Removing the entry just returned is allowed, adding is not. Returns NULL
 * at the end. */
struct table_entry *table_next(const struct table *table, size_t *position);
/* SipHash-2-4 of bytes; and SipHash-1-3, which is enough for a table that nobody sees the hashes
 * of. */
uint64_t table_siphash(const uint64_t seed[2], struct slice bytes);
uint64_t table_siphash13(const uint64_t seed[2], struct slice bytes);
