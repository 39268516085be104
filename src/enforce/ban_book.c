/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of tickets, and a binary heap of their ends. A ban whose end moves, or that is lifted
 * early, leaves its old place in the heap: an end there counts only while the id's ban is still the
 * same ticket with the same end. When most places are void the heap is made anew, so it holds at
 * most about twice the bans. Permanent bans are not in it. */
#include "enforce/ban_book.h"

#include <errno.h>

#include "base/memory.h"

#define HEAP_SLACK 64

struct ban_end {
        double end;
        struct ticket *ticket; /* a reference */
};

static void heap_up(struct ban_book *book, size_t at) {
        struct ban_end moved = book->heap[at];
        while (at > 0 && book->heap[(at - 1) / 2].end > moved.end) {
                book->heap[at] = book->heap[(at - 1) / 2];
                at = (at - 1) / 2;
        }
        book->heap[at] = moved;
}

static void heap_down(struct ban_book *book, size_t at) {
        struct ban_end moved = book->heap[at];
        for (size_t child; (child = at * 2 + 1) < book->heap_count; at = child) {
                if (child + 1 < book->heap_count &&
                        book->heap[child + 1].end < book->heap[child].end)
                        child++;
                if (book->heap[child].end >= moved.end)
                        break;
                book->heap[at] = book->heap[child];
        }
        book->heap[at] = moved;
}

static void heap_push(struct ban_book *book, struct ticket *ticket) {
        double end = ticket_end(ticket, book->jail_ban_time_s);
        if (isinf(end))
                return;
        memory_reserve(&book->heap, book->heap_count, &book->heap_capacity, sizeof(*book->heap));
        book->heap[book->heap_count] = (struct ban_end){end, ticket_ref(ticket)};
        heap_up(book, book->heap_count++);
}

static void heap_pop(struct ban_book *book) {
        (void)ticket_unref(book->heap[0].ticket);
        book->heap[0] = book->heap[--book->heap_count];
        if (book->heap_count > 0)
                heap_down(book, 0);
}

static void heap_clear(struct ban_book *book) {
        for (size_t i = 0; i < book->heap_count; i++)
                (void)ticket_unref(book->heap[i].ticket);
        book->heap_count = 0;
}

static void heap_rebuild(struct ban_book *book) {
        uint32_t position = 0;
        heap_clear(book);
        for (struct ticket *ticket; (ticket = ticket_table_next(&book->table, &position));)
                heap_push(book, ticket);
}

static void heap_trim(struct ban_book *book) {
        if (book->heap_count > (size_t)book->table.count * 2 + HEAP_SLACK)
                heap_rebuild(book);
}

static bool counts(const struct ban_book *book, const struct ban_end *place) {
        return ban_book_find(book, ticket_id(place->ticket)) == place->ticket &&
               ticket_end(place->ticket, book->jail_ban_time_s) == place->end;
}

void ban_book_init(struct ban_book *book, uint32_t max, double jail_ban_time_s) {
        *book = (struct ban_book){.jail_ban_time_s = jail_ban_time_s};
        ticket_table_init(&book->table, max);
}

void ban_book_done(struct ban_book *book) {
        heap_clear(book);
        free(book->heap);
        book->heap = NULL;
        book->heap_capacity = 0;
        ticket_table_done(&book->table);
}

void ban_book_set_ban_time(struct ban_book *book, double jail_ban_time_s) {
        if (book->jail_ban_time_s == jail_ban_time_s)
                return;
        book->jail_ban_time_s = jail_ban_time_s;
        heap_rebuild(book);
}

/* The new ban's end holds for the old one too if it is later: the old one's time stays, its length
 * grows. */
static void prolong(struct ban_book *book, struct ticket *old, const struct ticket *ticket) {
        if (ticket_end(ticket, book->jail_ban_time_s) <= ticket_end(old, book->jail_ban_time_s))
                return;
        double ban_time_s = isnan(ticket->ban_time_s) ? book->jail_ban_time_s : ticket->ban_time_s;
        if (ban_time_s != TICKET_PERMANENT && ticket->time > old->time)
                ban_time_s += ticket->time - old->time;
        old->ban_time_s = ban_time_s;
        ban_book_moved(book, old);
}

int ban_book_add(
        struct ban_book *book, struct ticket *ticket, double now, struct ticket **ret_known) {
        if (ticket_end(ticket, book->jail_ban_time_s) < now)
                return BAN_BOOK_E_EXPIRED;
        struct ticket *old = ban_book_find(book, ticket_id(ticket));
        if (old) {
                prolong(book, old, ticket);
                *ret_known = old;
                return BAN_BOOK_E_KNOWN;
        }
        int r = ticket_table_add(&book->table, ticket);
        if (r < 0)
                return r;
        book->total++;
        ticket->ban_count++;
        heap_push(book, ticket);
        return 0;
}

struct ticket *ban_book_find(const struct ban_book *book, struct slice id) {
        return ticket_table_find(&book->table, id);
}

void ban_book_moved(struct ban_book *book, struct ticket *ticket) {
        heap_push(book, ticket);
        heap_trim(book);
}

struct ticket *ban_book_take(struct ban_book *book, struct slice id) {
        struct ticket *ticket = ticket_table_take(&book->table, id);
        if (ticket)
                heap_trim(book);
        return ticket;
}

double ban_book_next_end(struct ban_book *book) {
        while (book->heap_count > 0 && !counts(book, &book->heap[0]))
                heap_pop(book);
        return book->heap_count > 0 ? book->heap[0].end : (double)INFINITY;
}

struct ticket *ban_book_take_expired(struct ban_book *book, double now) {
        if (!(ban_book_next_end(book) < now))
                return NULL;
        struct ticket *ticket = ticket_table_take(&book->table, ticket_id(book->heap[0].ticket));
        heap_pop(book);
        return ticket;
}

struct ticket **ban_book_by_ban(const struct ban_book *book, size_t *ret_count) {
        uint32_t position = 0;
        struct ticket **list = memory_new_array(book->table.count + 1u, sizeof(struct ticket *));
        *ret_count = 0;
        for (struct ticket *ticket; (ticket = ticket_table_next(&book->table, &position));)
                list[(*ret_count)++] = ticket;
        return list;
}

struct ordered {
        double end;
        size_t place;
        struct ticket *ticket;
};

static int compare_ends(const void *a, const void *b) {
        const struct ordered *x = a, *y = b;
        if (x->end != y->end)
                return x->end < y->end ? -1 : 1;
        return (x->place > y->place) - (x->place < y->place);
}

struct ticket **ban_book_by_end(const struct ban_book *book, size_t *ret_count) {
        struct ticket **list = ban_book_by_ban(book, ret_count);
        struct ordered *order = memory_new_array(*ret_count + 1, sizeof(*order));
        for (size_t i = 0; i < *ret_count; i++)
                order[i] = (struct ordered){ticket_end(list[i], book->jail_ban_time_s), i, list[i]};
        qsort(order, *ret_count, sizeof(*order), compare_ends);
        for (size_t i = 0; i < *ret_count; i++)
                list[i] = order[i].ticket;
        free(order);
        return list;
}
