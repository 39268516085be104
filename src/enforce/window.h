/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has failed how often within findtime, and is not banned (spec filter.md 3.8). */
#pragma once

#include "enforce/ticket_table.h"

#define WINDOW_CLEANUP_S 5.0 /* expired ids are looked for this often at most */

struct window {
        struct ticket_table table;
        double findtime_s;
        uint32_t maxretry;
        uint32_t maxmatches;
        uint64_t total;        /* failures counted */
        uint64_t forgotten;    /* ids given up because there were too many */
        double oldest;         /* no entry's last failure is older */
        double next_cleanup;   /* time before which no cleanup is done */
        unsigned passed_epoch; /* of what tickets with has_passed have passed, see
                                  window_has_passed() */
};

/* max_ids: cap; beyond it the longest silent sixteenth is forgotten, and counted. findtime 600 s,
 * maxretry 3, maxmatches 5. */
void window_init(struct window *window, uint32_t max_ids);
void window_done(struct window *window);

enum window_source {
        WINDOW_FROM_LOG,
        WINDOW_FROM_OBSERVER, /* more weight for a failure already counted: an id that is gone
                                 meanwhile is not added again */
};
/* Counts a failure: count is what it weighs towards maxretry, ticket->failures (at least 1) what it
 * is in truth. A new id's ticket is kept (another reference), of later ones the matches. A gap that
 * makes the id's time span longer than findtime turns its count into an estimate from the rate.
 * Returns the id's count. */
double window_add(
        struct window *window, struct ticket *ticket, double count, enum window_source source);
/* hash: that of the ticket's id, as ticket_table_hash() has it. */
double window_add_hashed(struct window *window, struct ticket *ticket, uint32_t hash, double count,
        enum window_source source);
/* The id's ticket (borrowed), or NULL. hash: as ticket_table_hash() has it, or 0. */
struct ticket *window_find(const struct window *window, struct slice id, uint32_t hash);
/* One failure more of the id that entry, which window_find() has found, stands for: what
 * window_add() does with a ticket of that time with the record's data, which need not be made. */
double window_add_record(
        struct window *window, struct ticket *entry, double time, const struct record *record);
/* The ticket's has_passed, which is the caller's, so that who has been looked at once need not be
 * looked at again until what he is looked up in has changed, and with it epoch: if that is not the
 * one of the last call, it is false, as is that of every ticket then. The ticket is in the window,
 * or new and on its way there. */
bool window_has_passed(struct window *window, const struct ticket *ticket, unsigned epoch);
/* Takes the id out if it has reached maxretry: its ticket, now the caller's; else NULL. */
struct ticket *window_take(struct window *window, struct slice id);
/* Forgets ids whose last failure is findtime or longer ago. Does nothing within WINDOW_CLEANUP_S of
 * the last time. */
void window_cleanup(struct window *window, double now);
