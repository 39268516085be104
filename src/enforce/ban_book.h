/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All bans of a jail and when they end (spec server.md 4.1). */
#pragma once

#include "enforce/ticket_table.h"

struct ban_end; /* a place in the heap of ends */

struct ban_book {
        struct ticket_table table; /* in the order of the bans */
        struct ban_end *heap; /* earliest end first; may hold ends that do not count any more */
        size_t heap_count;
        size_t heap_capacity;
        double jail_ban_time_s; /* of tickets without an own one */
        uint64_t total;         /* bans since the start */
};

void ban_book_init(struct ban_book *book, uint32_t max, double jail_ban_time_s);
void ban_book_done(struct ban_book *book);
/* Ends of tickets without an own ban time move. */
void ban_book_set_ban_time(struct ban_book *book, double jail_ban_time_s);

/* Adds a ban (another reference) and counts it in ticket->ban_count. BAN_BOOK_E_EXPIRED: its end is
 * before now, nothing is done; BAN_BOOK_E_KNOWN: the id is banned already, *ret_known is that ban,
 * whose end has been moved to the new one if that is later; -ENOBUFS: the book is full. */
enum { BAN_BOOK_E_EXPIRED = 1, BAN_BOOK_E_KNOWN = 2 };
int ban_book_add(
        struct ban_book *book, struct ticket *ticket, double now, struct ticket **ret_known);
/* The ban of id (borrowed), or NULL. */
struct ticket *ban_book_find(const struct ban_book *book, struct slice id);
/* To be called after ticket->ban_time_s of a ban in the book has been changed. */
void ban_book_moved(struct ban_book *book, struct ticket *ticket);
/* Takes a ban out: the reference becomes the caller's. NULL if id is not banned. */
struct ticket *ban_book_take(struct ban_book *book, struct slice id);
/* Takes out a ban whose end is before now, the earliest first; NULL if there is none. */
struct ticket *ban_book_take_expired(struct ban_book *book, double now);
/* The earliest end; INFINITY if none ends. */
double ban_book_next_end(struct ban_book *book);
/* All bans in the order of their ends, permanent ones last (a stable order); free() the array. */
struct ticket **ban_book_by_end(const struct ban_book *book, size_t *ret_count);
/* All bans in the order in which they were made (borrowed); free() the array. */
struct ticket **ban_book_by_ban(const struct ban_book *book, size_t *ret_count);
