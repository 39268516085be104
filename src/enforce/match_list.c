/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks that are as large as the matches in them. While an id has few matches, which is true of
 * most, all are in one block, which is made anew when one comes; those that come later have blocks
 * of their own, in a ring. So a match costs its bytes and a few more, and where there are many,
 * none is copied again and again. A block with room for later ones was tried: most of the room
 * stayed empty, and new memory costs more than what is written to it. Invariant: what all count
 * for, together with what else the ticket keeps, is at most TICKET_DATA_MAX. */
#include "enforce/match_list.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/pool.h"
#include "channel/value_pack.h"

#define CACHE_LINE 64
#define UNITS_MAX (TICKET_DATA_MAX / MATCH_LIST_UNIT_BYTES - 1)
#define UNIT_MORE 16    /* what a match counts for besides its bytes */
#define ALONE_BYTES 384 /* of matches in the only block, if they are several */

/* In front of one match, or of several one behind the other. */
struct match_block {
        uint32_t start : 9;     /* where the oldest begins; what is before has been dropped */
        uint32_t is_ringed : 1; /* a struct ringed, in a ring; else it is the only one */
        uint32_t end : 20;
};
struct ringed {
        struct match_block block;
        struct match_block *next; /* with the next newer ones; of the newest, the oldest */
        char packed[];
};
static_assert(TICKET_DATA_MAX <= 1 << 20 && ALONE_BYTES < 1 << 9, "they fit the fields");

static struct ringed *ringed_of(const struct match_block *node) {
        return (struct ringed *)(uintptr_t)node;
}

static char *packed_of(const struct match_block *node) {
        return node->is_ringed ? ringed_of(node)->packed : (char *)(uintptr_t)(node + 1);
}

static struct match_block *next_of(const struct match_block *node) {
        return node->is_ringed ? ringed_of(node)->next : (struct match_block *)(uintptr_t)node;
}

static size_t size_of_node(const struct match_block *node) {
        return (node->is_ringed ? offsetof(struct ringed, packed) : sizeof(*node)) + node->end;
}

static uint32_t units_of(size_t size) {
        return (uint32_t)((size + MATCH_LIST_UNIT_BYTES - 1) / MATCH_LIST_UNIT_BYTES);
}

static struct message_reader reader_of(const struct match_block *node) {
        return message_reader_of(
                (struct slice){packed_of(node) + node->start, node->end - node->start});
}

static uint32_t units_of_match(size_t len) {
        return units_of(UNIT_MORE + len);
}

static void free_node(struct match_block *node) {
        pool_free(node, size_of_node(node));
}

static void take_oldest(struct ticket *ticket) {
        struct match_block *newest = ticket->matches, *oldest = next_of(newest);
        if (oldest == newest)
                ticket->matches = NULL;
        else
                ringed_of(newest)->next = next_of(oldest);
        free_node(oldest);
}

void match_list_drop(struct ticket *ticket) {
        struct match_block *oldest = next_of(ticket->matches);
        struct arena arena = ARENA_INIT;
        struct message_reader in = reader_of(oldest);
        size_t before = in.rest.len;
        (void)value_unpack(&in, ticket_id(ticket), &arena);
        arena_done(&arena);
        ticket->match_count--;
        ticket->match_units =
                (uint16_t)(ticket->match_units - units_of_match(before - in.rest.len));
        oldest->start = (oldest->end - (uint32_t)in.rest.len) & 0x1ff;
        if (in.rest.len > 0)
                return;
        take_oldest(ticket);
}

void match_list_clear(struct ticket *ticket) {
        while (ticket->matches)
                take_oldest(ticket);
        ticket->match_count = ticket->match_units = 0;
}

static struct match_block *make_alone(size_t len) {
        struct match_block *node = pool_new_raw(sizeof(*node) + len);
        *node = (struct match_block){.end = 0};
        return node;
}

/* In a ring of its own. */
static struct match_block *make_ringed(size_t len) {
        struct ringed *node = pool_new_raw(offsetof(struct ringed, packed) + len);
        node->block = (struct match_block){.is_ringed = 1};
        return node->next = &node->block;
}

/* The only block's matches go to another one, which takes its place. */
static struct match_block *move_to(struct ticket *ticket, struct match_block *node) {
        struct match_block *old = ticket->matches;
        uint32_t len = old->end - old->start;
        memcpy(packed_of(node), packed_of(old) + old->start, len);
        node->end = len & 0xfffff;
        free_node(old);
        return ticket->matches = node;
}

/* A block that is the newest of several from now on, for a match of size bytes. */
static struct match_block *add_node(struct ticket *ticket, size_t size) {
        struct match_block *newest = ticket->matches;
        if (!newest->is_ringed)
                newest = move_to(ticket, make_ringed(newest->end - newest->start));
        struct match_block *node = make_ringed(size);
        ringed_of(node)->next = next_of(newest);
        ringed_of(newest)->next = node;
        return ticket->matches = node;
}

/* The block that takes size bytes more behind its matches. */
static struct match_block *node_for(struct ticket *ticket, size_t size) {
        struct match_block *newest = ticket->matches;
        if (!newest)
                return ticket->matches = make_alone(size);
        size_t len = newest->end - newest->start + size;
        if (newest->is_ringed || len > ALONE_BYTES)
                return add_node(ticket, size);
        return move_to(ticket, make_alone(len));
}

char *match_list_push(struct ticket *ticket, size_t size, uint32_t max, size_t others) {
        if (size > TICKET_DATA_MAX || max == 0)
                return NULL;
        uint32_t units = units_of_match(size), room = UNITS_MAX - units_of(others);
        if (units > room)
                return NULL;
        while (ticket->matches &&
                (ticket->match_count >= max || ticket->match_units + units > room))
                match_list_drop(ticket);
        struct match_block *node = node_for(ticket, size);
        char *to = packed_of(node) + node->end;
        node->end = (node->end + (uint32_t)size) & 0xfffff;
        ticket->match_count++;
        ticket->match_units = (uint16_t)(ticket->match_units + units);
        return to;
}

struct match_list_walk match_list_walk(const struct ticket *ticket) {
        return (struct match_list_walk){.ticket = ticket, .in = message_reader_of(SLICE_NULL)};
}

bool match_list_next(struct match_list_walk *walk, struct arena *arena, struct value *ret) {
        const struct ticket *ticket = walk->ticket;
        if (walk->in.rest.len == 0) {
                if (!ticket->matches || walk->node == ticket->matches)
                        return false;
                walk->node = next_of(walk->node ? walk->node : ticket->matches);
                walk->in = reader_of(walk->node);
        }
        *ret = value_unpack(&walk->in, ticket_id(ticket), arena);
        return true;
}

void match_list_fetch(const struct ticket *ticket) {
        if (!ticket->matches || ticket->matches->is_ringed)
                return;
        const char *end = packed_of(ticket->matches) + ticket->matches->end;
        __builtin_prefetch(end, 1);
        __builtin_prefetch(end + CACHE_LINE, 1);
}

size_t match_list_bytes(const struct ticket *ticket) {
        size_t bytes = 0;
        const struct match_block *node = ticket->matches;
        do
                bytes += node ? size_of_node(node) : 0;
        while (node && (node = next_of(node)) != ticket->matches);
        return bytes;
}
