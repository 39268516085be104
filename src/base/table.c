/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing over an array in insertion order (as Python's dict): iteration is by order of insertion and cheap. Keys come from
 * logs, so the hash is seeded: nobody can choose keys that collide. SipHash-2-4: Aumasson, Bernstein 2012. */
#include "base/table.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sys/random.h>

#include "base/memory.h"

#define SLOTS_MIN 16

static uint64_t rotate(uint64_t x, int by) {
        return (x << by) | (x >> (64 - by));
}

static inline void sip_round(uint64_t v[4]) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word, int rounds) {
        v[3] ^= word;
        for (int i = 0; i < rounds; i++)
                sip_round(v);
        v[0] ^= word;
}

/* The last len % 8 bytes, and the length above them. */
static uint64_t sip_last(struct slice bytes) {
        uint64_t last = (uint64_t)(bytes.len & 0xff) << 56, word;
        size_t rest = bytes.len % 8;
        if (bytes.len >= 8 && rest > 0) {
                memcpy(&word, bytes.data + bytes.len - 8, 8);
                return last | le64toh(word) >> (64 - 8 * rest);
        }
        for (size_t i = 0; i < rest; i++)
                last |= (uint64_t)(unsigned char)bytes.data[bytes.len - rest + i] << (8 * i);
        return last;
}

static inline uint64_t siphash(
        const uint64_t seed[2], struct slice bytes, int word_rounds, int end_rounds) {
        uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
        for (size_t at = 0; at + 8 <= bytes.len; at += 8) {
                uint64_t word;
                memcpy(&word, bytes.data + at, 8);
                sip_word(v, le64toh(word), word_rounds);
        }
        sip_word(v, sip_last(bytes), word_rounds);
        v[2] ^= 0xff;
        for (int i = 0; i < end_rounds; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t table_siphash(const uint64_t seed[2], struct slice bytes) {
        return siphash(seed, bytes, 2, 4);
}

uint64_t table_siphash13(const uint64_t seed[2], struct slice bytes) {
        return siphash(seed, bytes, 1, 3);
}

void table_init(struct table *table, size_t max) {
        *table = (struct table){.max = max};
        if (getrandom(table->seed, sizeof(table->seed), 0) != (ssize_t)sizeof(table->seed))
                abort(); /* only before the kernel's pool is ready, which blocks instead */
}

void table_done(struct table *table) {
        for (size_t i = 0; i < table->used; i++)
                free((void *)(uintptr_t)table->entries[i].key.data);
        free(table->entries);
        free(table->slots);
        table->entries = NULL;
        table->slots = NULL;
        table->count = table->used = table->capacity = table->slot_count = 0;
}

/* The slot that holds key, or the free one where it belongs. */
static size_t slot_of(const struct table *table, struct slice key, uint64_t hash) {
        size_t mask = table->slot_count - 1;
        for (size_t slot = (size_t)hash & mask;; slot = (slot + 1) & mask) {
                uint32_t index = table->slots[slot];
                if (index == 0)
                        return slot;
                const struct table_entry *e = &table->entries[index - 1];
                if (e->value && e->hash == hash && slice_equal(e->key, key))
                        return slot;
        }
}

static void place(struct table *table, size_t index) {
        size_t mask = table->slot_count - 1;
        size_t slot = (size_t)table->entries[index].hash & mask;
        while (table->slots[slot] != 0)
                slot = (slot + 1) & mask;
        table->slots[slot] = (uint32_t)index + 1;
}

static void rebuild(struct table *table) {
        size_t living = 0;
        for (size_t i = 0; i < table->used; i++)
                if (table->entries[i].value)
                        table->entries[living++] = table->entries[i];
        table->used = living;
        size_t slots = SLOTS_MIN;
        while (slots < (living + 1) * 3)
                slots *= 2;
        table->slots = memory_resize(table->slots, slots, sizeof(*table->slots));
        memset(table->slots, 0, slots * sizeof(*table->slots));
        table->slot_count = slots;
        for (size_t i = 0; i < living; i++)
                place(table, i);
}

void *table_get(const struct table *table, struct slice key) {
        if (table->count == 0)
                return NULL;
        uint32_t index = table->slots[slot_of(table, key, table_siphash(table->seed, key))];
        return index ? table->entries[index - 1].value : NULL;
}

int table_put(struct table *table, struct slice key, void *value) {
        assert(value);
        uint64_t hash = table_siphash(table->seed, key);
        if (table->slot_count > 0) {
                uint32_t index = table->slots[slot_of(table, key, hash)];
                if (index) {
                        table->entries[index - 1].value = value;
                        return 1;
                }
        }
        if (table->count >= table->max)
                return -ENOBUFS;
        if ((table->used + 1) * 2 > table->slot_count)
                rebuild(table);
        memory_reserve(&table->entries, table->used, &table->capacity, sizeof(*table->entries));
        struct slice copy = {memory_copy_text(key), key.len};
        table->entries[table->used] = (struct table_entry){copy, value, hash};
        place(table, table->used++);
        table->count++;
        return 0;
}

/* The entry stays as a dead one, so that probing still finds what lies behind it. */
void *table_remove(struct table *table, struct slice key) {
        if (table->count == 0)
                return NULL;
        uint32_t index = table->slots[slot_of(table, key, table_siphash(table->seed, key))];
        if (index == 0)
                return NULL;
        struct table_entry *e = &table->entries[index - 1];
        void *value = e->value;
        e->value = NULL;
        free((void *)(uintptr_t)e->key.data);
        e->key = SLICE_NULL;
        table->count--;
        return value;
}

struct table_entry *table_next(const struct table *table, size_t *position) {
        while (*position < table->used) {
                struct table_entry *e = &table->entries[(*position)++];
                if (e->value)
                        return e;
        }
        return NULL;
}
