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
#include "enforce/match_list.h"

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
        uint32_t hash = (uint32_t)table_siphash13(table->seed, id);
        return hash > 0 ? hash : 1;
}

/* A slot's bits above those of the index are the hash's: nearly all that is in the way is passed
 * over without a look at its ticket, and memory is slow. */
static uint32_t index_in(const struct ticket_table *table, uint32_t content) {
        return (content & (table->slot_count - 1)) - 1;
}

static bool may_be(const struct ticket_table *table, uint32_t content, uint32_t hash) {
        return ((content ^ hash) & ~(table->slot_count - 1)) == 0;
}

/* The slot that holds id, or the free one where it belongs. */
static uint32_t slot_of(const struct ticket_table *table, struct slice id, uint32_t hash) {
        uint32_t mask = table->slot_count - 1;
        uint32_t slot = hash & mask;
        for (uint32_t content; (content = table->slots[slot]); slot = (slot + 1) & mask) {
                if (!may_be(table, content, hash))
                        continue;
                const struct ticket *ticket = table->items[index_in(table, content)];
                if (ticket && slice_equal(ticket_id(ticket), id))
                        break;
        }
        return slot;
}

static void place(struct ticket_table *table, uint32_t index) {
        uint32_t mask = table->slot_count - 1;
        uint32_t slot = table->hashes[index] & mask;
        while (table->slots[slot])
                slot = (slot + 1) & mask;
        table->slots[slot] = (table->hashes[index] & ~mask) | (index + 1);
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
        uint32_t content = table->slots[slot_of(table, id, hash)];
        return content ? table->items[index_in(table, content)] : NULL;
}

struct ticket *ticket_table_find(const struct ticket_table *table, struct slice id) {
        return ticket_table_find_hashed(table, id, ticket_table_hash(table, id));
}

/* The first item that may be that of the hash, or NULL. */
static struct ticket **item_of(const struct ticket_table *table, uint32_t hash) {
        uint32_t mask = table->slot_count - 1;
        uint32_t slot = hash & mask;
        for (uint32_t content; (content = table->slots[slot]); slot = (slot + 1) & mask)
                if (may_be(table, content, hash))
                        return &table->items[index_in(table, content)];
        return NULL;
}

static const struct ticket *ticket_of(const struct ticket_table *table, uint32_t hash) {
        struct ticket **item = item_of(table, hash);
        return item ? *item : NULL;
}

static void fetch_ticket(const struct ticket *ticket) {
        __builtin_prefetch(ticket, 1);
        __builtin_prefetch((const char *)ticket + CACHE_LINE, 1);
}

void ticket_table_fetch(const struct ticket_table *table, const uint32_t *hashes, size_t count,
        enum ticket_table_step step) {
        const struct ticket *ticket;
        uint32_t mask = table->slot_count - 1;
        if (table->count == 0)
                return;
        switch (step) {
        case TICKET_TABLE_FETCH_SLOT:
                for (size_t i = 0; i < count; i++)
                        __builtin_prefetch(&table->slots[hashes[i] & mask]);
                break;
        case TICKET_TABLE_FETCH_PLACE:
                for (size_t i = 0; i < count; i++)
                        __builtin_prefetch(item_of(table, hashes[i]));
                break;
        case TICKET_TABLE_FETCH_TICKET:
                for (size_t i = 0; i < count; i++)
                        fetch_ticket(ticket_of(table, hashes[i]));
                break;
        case TICKET_TABLE_FETCH_MATCHES:
                for (size_t i = 0; i < count; i++)
                        if ((ticket = ticket_of(table, hashes[i])))
                                __builtin_prefetch(ticket->matches, 1);
                break;
        case TICKET_TABLE_FETCH_END:
                for (size_t i = 0; i < count; i++)
                        if ((ticket = ticket_of(table, hashes[i])))
                                match_list_fetch(ticket);
                break;
        case TICKET_TABLE_FETCH_STEPS:
                break;
        }
}

int ticket_table_add(struct ticket_table *table, struct ticket *ticket) {
        uint32_t hash = ticket_table_hash(table, ticket_id(ticket));
        if (table->count > 0 && table->slots[slot_of(table, ticket_id(ticket), hash)])
                return -EEXIST;
        return ticket_table_add_hashed(table, ticket, hash);
}

int ticket_table_add_hashed(struct ticket_table *table, struct ticket *ticket, uint32_t hash) {
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
        uint32_t content = table->slots[slot_of(table, id, ticket_table_hash(table, id))];
        if (content == 0)
                return NULL;
        uint32_t index = index_in(table, content);
        struct ticket *ticket = table->items[index];
        table->items[index] = NULL;
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
