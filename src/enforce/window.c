/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first ticket of an id is its entry: it gathers times, counts and matches of the later ones.
 * Nothing slides: of an id only first time, last time and count are known, and a failure after a
 * gap reduces the count in proportion, as upstream's does. Upstream:
 * fail2ban/server/failmanager.py, ticket.py, 1.1. */
#include "enforce/window.h"

#include <assert.h>

#include "base/memory.h"

#define FORGET_PART 16 /* of max_ids, when they are reached */

void window_init(struct window *window, uint32_t max_ids) {
        *window = (struct window){
                .findtime_s = 600, .maxretry = 3, .maxmatches = 5, .oldest = (double)INFINITY};
        window->next_cleanup = -(double)INFINITY;
        ticket_table_init(&window->table, max_ids);
}

void window_done(struct window *window) {
        ticket_table_done(&window->table);
}

/* A later failure at time: the span from the first one may not become longer than findtime. */
static void adjust_time(struct ticket *entry, double time, double findtime_s) {
        if (time <= entry->time)
                return;
        if (entry->first_time < time - findtime_s) {
                ticket_set_retry(
                        entry, rint(ticket_retry(entry) / (time - entry->first_time) * findtime_s));
                entry->first_time = time - findtime_s;
        }
        entry->time = time;
}

static double add_known(
        struct window *window, struct ticket *entry, struct ticket *ticket, double count) {
        if (ticket->time > entry->time)
                entry->integral_time = ticket->integral_time;
        adjust_time(entry, ticket->time, window->findtime_s);
        ticket_set_retry(entry, ticket_retry(entry) + count);
        if (entry == ticket) {
                entry->failures++;
        } else {
                entry->failures += ticket->failures > 0 ? ticket->failures : 1;
                if (window->maxmatches > 0)
                        ticket_add_matches(entry, ticket, window->maxmatches);
        }
        ticket_keep_matches(entry, window->maxmatches);
        return ticket_retry(entry);
}

struct ticket *window_find(const struct window *window, struct slice id, uint32_t hash) {
        if (hash != 0)
                return ticket_table_find_hashed(&window->table, id, hash);
        return ticket_table_find(&window->table, id);
}

double window_add_record(
        struct window *window, struct ticket *entry, double time, const struct record *record) {
        adjust_time(entry, time, window->findtime_s);
        ticket_add_retry(entry);
        entry->failures++;
        ticket_add_record(entry, record, window->maxmatches);
        window->total++;
        return ticket_retry(entry);
}

static int compare_times(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static void remove_until(struct window *window, double time) {
        uint32_t position = 0;
        struct ticket *ticket;
        window->oldest = (double)INFINITY;
        while ((ticket = ticket_table_next(&window->table, &position))) {
                if (ticket->time <= time)
                        (void)ticket_unref(ticket_table_take(&window->table, ticket_id(ticket)));
                else if (ticket->time < window->oldest)
                        window->oldest = ticket->time;
        }
}

/* Makes room: a whole part at once, so that the search for the oldest costs little for each. */
static void forget_oldest(struct window *window) {
        uint32_t count = 0, position = 0, before = window->table.count;
        double *times = memory_new_array(before, sizeof(*times));
        for (struct ticket *ticket; (ticket = ticket_table_next(&window->table, &position));)
                times[count++] = ticket->time;
        qsort(times, count, sizeof(*times), compare_times);
        double until = times[count / FORGET_PART];
        free(times);
        remove_until(window, until);
        window->forgotten += before - window->table.count;
}

double window_add(
        struct window *window, struct ticket *ticket, double count, enum window_source source) {
        uint32_t hash = ticket_table_hash(&window->table, ticket_id(ticket));
        return window_add_hashed(window, ticket, hash, count, source);
}

double window_add_hashed(struct window *window, struct ticket *ticket, uint32_t hash, double count,
        enum window_source source) {
        struct ticket *entry = ticket_table_find_hashed(&window->table, ticket_id(ticket), hash);
        if (entry) {
                window->total++;
                return add_known(window, entry, ticket, count);
        }
        if (source == WINDOW_FROM_OBSERVER)
                return ticket_retry(ticket);
        if (window->table.count >= window->table.max)
                forget_oldest(window);
        if (count > ticket->failures) {
                ticket_set_retry(ticket, count);
                if (ticket->failures == 0)
                        ticket->failures = 1;
        }
        int r = ticket_table_add_hashed(&window->table, ticket, hash);
        assert(r == 0);
        (void)r;
        ticket->first_time = ticket->time;
        if (ticket->time < window->oldest)
                window->oldest = ticket->time;
        window->total++;
        return ticket_retry(ticket);
}

bool window_has_passed(struct window *window, const struct ticket *ticket, unsigned epoch) {
        uint32_t position = 0;
        if (epoch == window->passed_epoch)
                return ticket->has_passed;
        for (struct ticket *entry; (entry = ticket_table_next(&window->table, &position));)
                entry->has_passed = false;
        window->passed_epoch = epoch;
        return false;
}

struct ticket *window_take(struct window *window, struct slice id) {
        struct ticket *entry = ticket_table_find(&window->table, id);
        if (!entry || ticket_retry(entry) < window->maxretry)
                return NULL;
        entry = ticket_table_take(&window->table, id);
        ticket_leave_window(entry);
        return entry;
}

void window_cleanup(struct window *window, double now) {
        if (now < window->next_cleanup && now > window->next_cleanup - 2 * WINDOW_CLEANUP_S)
                return;
        window->next_cleanup = now + WINDOW_CLEANUP_S;
        if (window->oldest <= now - window->findtime_s)
                remove_until(window, now - window->findtime_s);
}
