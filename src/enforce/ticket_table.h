/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tickets by id, in order of insertion: about 24 bytes a ticket besides the ticket itself. */
#pragma once

#include <stddef.h>

#include "enforce/ticket.h"

struct ticket_table {
        struct ticket *
                *items;   /* in order of insertion; removed ones are NULL until the next growth */
        uint32_t *hashes; /* of items */
        uint32_t *slots;  /* index + 1 into items, and bits of the hash; 0 = free */
        uint32_t count;   /* living items */
        uint32_t used;    /* items, dead ones included */
        uint32_t capacity;
        uint32_t slot_count; /* power of two */
        uint32_t max;
        uint64_t seed[2];
};

/* max: tickets at most, 1 .. 2^30. */
void ticket_table_init(struct ticket_table *table, uint32_t max);
/* Gives up the references. */
void ticket_table_done(struct ticket_table *table);
/* The ticket (borrowed), or NULL. */
struct ticket *ticket_table_find(const struct ticket_table *table, struct slice id);
/* The hash of an id in this table, never 0; and the same search for who has it. */
uint32_t ticket_table_hash(const struct ticket_table *table, struct slice id);
struct ticket *ticket_table_find_hashed(
        const struct ticket_table *table, struct slice id, uint32_t hash);
/* Fetches into the processor's cache what finding the ids with these hashes will look at, and their
 * tickets' matches. Each step needs what the one before it has fetched; between them other ids may
 * have their turn, as memory is slow. Changes nothing. */
enum ticket_table_step {
        TICKET_TABLE_FETCH_SLOT,
        TICKET_TABLE_FETCH_PLACE,
        TICKET_TABLE_FETCH_TICKET,
        TICKET_TABLE_FETCH_MATCHES,
        TICKET_TABLE_FETCH_END,
        TICKET_TABLE_FETCH_STEPS
};
void ticket_table_fetch(const struct ticket_table *table, const uint32_t *hashes, size_t count,
        enum ticket_table_step step);
/* Takes another reference. Returns 0, -EEXIST, or -ENOBUFS if the table is full. */
int ticket_table_add(struct ticket_table *table, struct ticket *ticket);
/* The same for a ticket whose id is not there, and has that hash. */
int ticket_table_add_hashed(struct ticket_table *table, struct ticket *ticket, uint32_t hash);
/* Takes the ticket out; the reference becomes the caller's. Returns NULL if it is not there. */
struct ticket *ticket_table_take(struct ticket_table *table, struct slice id);
/* Iterates in order of insertion: start with *position 0. Taking out the ticket just returned is
 * allowed, adding is not. NULL at the end. */
struct ticket *ticket_table_next(const struct ticket_table *table, uint32_t *position);
/* Bytes of the table itself. */
size_t ticket_table_bytes(const struct ticket_table *table);
