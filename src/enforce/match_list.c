/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks with some matches each, in a ring. While an id has only one block, which is true of most,
 * it is as large as its matches, and made anew when one comes; further ones are made with room. So
 * a match costs its bytes and a few more where there are few of them, and where there are many,
 * none is copied again and again. Invariant: what all count for, together with what else the ticket
 * keeps, is at most TICKET_DATA_MAX. */
#include "enforce/match_list.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/pool.h"
#include "channel/value_pack.h"

#define UNIT_BYTES 16
#define CACHE_LINE 64
#define UNITS_MAX (TICKET_DATA_MAX / UNIT_BYTES - 1)
#define UNIT_MORE 12   /* what a match counts for besides its bytes */
#define NODE_BYTES 480 /* of matches, in a block of several */

/* One that is larger than NODE_BYTES, or several one behind the other. */
struct match_block {
        struct match_block *next; /* with the next newer ones; of the newest, the oldest */
        uint32_t start : 11;      /* where the oldest begins; what is before has been dropped */
        uint32_t has_room : 1;    /* for NODE_BYTES; else it ends where they do */
        uint32_t end : 20;
        char packed[];
};
static_assert(TICKET_DATA_MAX <= 1 << 20 && NODE_BYTES < 1 << 11, "they fit the fields");

static size_t size_of_node(size_t len) {
        return offsetof(struct match_block, packed) + len;
}

static uint32_t units_of(size_t size) {
        return (uint32_t)((size + UNIT_BYTES - 1) / UNIT_BYTES);
}

static struct message_reader reader_of(const struct match_block *node) {
        return message_reader_of(
                (struct slice){node->packed + node->start, node->end - node->start});
}

static uint32_t units_of_match(size_t len) {
        return units_of(UNIT_MORE + len);
}

static void free_node(struct match_block *node) {
        pool_free(node, size_of_node(node->has_room ? NODE_BYTES : node->end));
}

void match_list_drop(struct ticket *ticket) {
        struct match_block *newest = ticket->matches, *oldest = newest->next;
        struct arena arena = ARENA_INIT;
        struct message_reader in = reader_of(oldest);
        size_t before = in.rest.len;
        (void)value_unpack(&in, ticket_id(ticket), &arena);
        arena_done(&arena);
        ticket->match_count--;
        ticket->match_units =
                (uint16_t)(ticket->match_units - units_of_match(before - in.rest.len));
        oldest->start = (oldest->end - (uint32_t)in.rest.len) & 0x7ff;
        if (in.rest.len > 0)
                return;
        newest->next = oldest->next;
        if (oldest == newest)
                ticket->matches = NULL;
        free_node(oldest);
}

void match_list_clear(struct ticket *ticket) {
        while (ticket->matches) {
                struct match_block *oldest = ticket->matches->next;
                ticket->matches->next = oldest->next;
                if (oldest == ticket->matches)
                        ticket->matches = NULL;
                free_node(oldest);
        }
        ticket->match_count = ticket->match_units = 0;
}

/* A block that is the newest from now on, for matches of size bytes. */
static struct match_block *add_node(struct ticket *ticket, size_t size) {
        struct match_block *newest = ticket->matches;
        bool has_room = newest && size <= NODE_BYTES;
        struct match_block *node = pool_new_raw(size_of_node(has_room ? NODE_BYTES : size));
        *node = (struct match_block){.next = newest ? newest->next : node, .has_room = has_room};
        if (newest)
                newest->next = node;
        return ticket->matches = node;
}

/* The only block, anew with room for size bytes more. */
static struct match_block *grow_node(struct ticket *ticket, size_t size) {
        struct match_block *old = ticket->matches;
        uint32_t len = old->end - old->start;
        struct match_block *node = pool_new_raw(size_of_node(len + size));
        *node = (struct match_block){.next = node, .end = len & 0xfffff};
        memcpy(node->packed, old->packed + old->start, len);
        free_node(old);
        return ticket->matches = node;
}

/* The block that takes size bytes more behind its matches. */
static struct match_block *node_for(struct ticket *ticket, size_t size) {
        struct match_block *newest = ticket->matches;
        if (newest && newest->has_room && newest->end + size <= NODE_BYTES)
                return newest;
        if (newest && !newest->has_room && newest->next == newest &&
                newest->end - newest->start + size <= NODE_BYTES)
                return grow_node(ticket, size);
        return add_node(ticket, size);
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
        char *to = node->packed + node->end;
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
                walk->node = walk->node ? walk->node->next : ticket->matches->next;
                walk->in = reader_of(walk->node);
        }
        *ret = value_unpack(&walk->in, ticket_id(ticket), arena);
        return true;
}

void match_list_fetch(const struct ticket *ticket) {
        if (!ticket->matches)
                return;
        const char *end = ticket->matches->packed + ticket->matches->end;
        __builtin_prefetch(end, 1);
        __builtin_prefetch(end + CACHE_LINE, 1);
}

size_t match_list_bytes(const struct ticket *ticket) {
        size_t bytes = 0;
        for (const struct match_block *node = ticket->matches; node; node = node->next) {
                bytes += size_of_node(node->has_room ? NODE_BYTES : node->end);
                if (node->next == ticket->matches)
                        break;
        }
        return bytes;
}
