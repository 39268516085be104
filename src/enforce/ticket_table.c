/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Like base/table, but the key lies in the ticket: no copy of it, and four bytes of hash instead of
 * eight. A removed ticket leaves its place behind, so that probing still finds what lies beyond;
 * growth sweeps these out. The hash is seeded: ids come from logs, and nobody may choose ids that
 * collide. */
#include "enforce/ticket_table.h"

#include <errno.h>
#include <sys/random.h>

#include "base/memory.h"
#include "base/table.h"

#define SLOTS_MIN 16
#define CACHE_LINE 64

void ticket_table_init(struct ticket_table *table, uint32_t max) {
        *table = (struct ticket_table){.max = max};
        if (getrandom(table->seed, sizeof(table->seed), 0) != (ssize_t)sizeof(table->seed))
                abort(); /* only before the kernel's pool is ready, which blocks instead */
}

void ticket_table_done(struct ticket_table *table) {
        for (uint32_t i = 0; i < table->used; i++)
                (void)ticket_unref(table->items[i]);
        free(table->items);
        free(table->hashes);
        free(table->slots);
        *table = (struct ticket_table){
                .max = table->max, .seed = {table->seed[0], table->seed[1]}
        };
}

uint32_t ticket_table_hash(const struct ticket_table *table, struct slice id) {
        uint32_t hash = (uint32_t)table_siphash(table->seed, id);
        return hash > 0 ? hash : 1;
}

/* The slot that holds id, or the free one where it belongs. */
static uint32_t slot_of(const struct ticket_table *table, struct slice id, uint32_t hash) {
        uint32_t mask = table->slot_count - 1;
        uint32_t slot = hash & mask;
        for (; table->slots[slot]; slot = (slot + 1) & mask) {
                uint32_t index = table->slots[slot] - 1;
                if (table->hashes[index] == hash && table->items[index] &&
                        slice_equal(ticket_id(table->items[index]), id))
                        break;
        }
        return slot;
}

static void place(struct ticket_table *table, uint32_t index) {
        uint32_t mask = table->slot_count - 1;
        uint32_t slot = table->hashes[index] & mask;
        while (table->slots[slot])
                slot = (slot + 1) & mask;
        table->slots[slot] = index + 1;
}

/* Sweeps out the dead and makes room for half as many again. */
static void rebuild(struct ticket_table *table) {
        uint32_t living = 0;
        for (uint32_t i = 0; i < table->used; i++) {
                if (!table->items[i])
                        continue;
                table->items[living] = table->items[i];
                table->hashes[living++] = table->hashes[i];
        }
        table->used = living;
        table->capacity = living + living / 2 + SLOTS_MIN / 2;
        table->items = memory_resize(table->items, table->capacity, sizeof(struct ticket *));
        table->hashes = memory_resize(table->hashes, table->capacity, sizeof(*table->hashes));
        uint32_t slots = SLOTS_MIN;
        while (slots / 4 * 3 < table->capacity)
                slots *= 2;
        free(table->slots);
        table->slots = memory_new_array(slots, sizeof(*table->slots));
        table->slot_count = slots;
        for (uint32_t i = 0; i < living; i++)
                place(table, i);
}

struct ticket *ticket_table_find_hashed(
        const struct ticket_table *table, struct slice id, uint32_t hash) {
        if (table->count == 0)
                return NULL;
        uint32_t index = table->slots[slot_of(table, id, hash)];
        return index ? table->items[index - 1] : NULL;
}

struct ticket *ticket_table_find(const struct ticket_table *table, struct slice id) {
        return ticket_table_find_hashed(table, id, ticket_table_hash(table, id));
}

/* The ticket that stands at the hash's own place: mostly the one with the hash. Where another id
 * stands in the way, that one is looked at. */
static uint32_t index_at(const struct ticket_table *table, uint32_t hash) {
        return table->slots[hash & (table->slot_count - 1)];
}

void ticket_table_fetch(
        const struct ticket_table *table, uint32_t hash, enum ticket_table_step step) {
        if (table->count == 0)
                return;
        if (step == TICKET_TABLE_FETCH_SLOT) {
                __builtin_prefetch(&table->slots[hash & (table->slot_count - 1)]);
                return;
        }
        uint32_t index = index_at(table, hash);
        if (index == 0)
                return;
        if (step == TICKET_TABLE_FETCH_PLACE) {
                __builtin_prefetch(&table->hashes[index - 1]);
                __builtin_prefetch(&table->items[index - 1]);
                return;
        }
        const struct ticket *ticket = table->items[index - 1];
        if (!ticket)
                return;
        if (step == TICKET_TABLE_FETCH_TICKET) {
                __builtin_prefetch(ticket, 1);
                __builtin_prefetch((const char *)ticket + CACHE_LINE, 1);
        } else if (ticket->matches) {
                __builtin_prefetch(ticket->matches, 1);
        }
}

int ticket_table_add(struct ticket_table *table, struct ticket *ticket) {
        uint32_t hash = ticket_table_hash(table, ticket_id(ticket));
        if (table->count > 0 && table->slots[slot_of(table, ticket_id(ticket), hash)])
                return -EEXIST;
        if (table->count >= table->max)
                return -ENOBUFS;
        if (table->used >= table->capacity)
                rebuild(table);
        table->items[table->used] = ticket_ref(ticket);
        table->hashes[table->used] = hash;
        place(table, table->used++);
        table->count++;
        return 0;
}

struct ticket *ticket_table_take(struct ticket_table *table, struct slice id) {
        if (table->count == 0)
                return NULL;
        uint32_t index = table->slots[slot_of(table, id, ticket_table_hash(table, id))];
        if (index == 0)
                return NULL;
        struct ticket *ticket = table->items[index - 1];
        table->items[index - 1] = NULL;
        if (--table->count == 0)
                ticket_table_done(table);
        return ticket;
}

struct ticket *ticket_table_next(const struct ticket_table *table, uint32_t *position) {
        while (*position < table->used) {
                struct ticket *ticket = table->items[(*position)++];
                if (ticket)
                        return ticket;
        }
        return NULL;
}

size_t ticket_table_bytes(const struct ticket_table *table) {
        return table->capacity * (sizeof(*table->items) + sizeof(*table->hashes)) +
               table->slot_count * sizeof(*table->slots);
}
