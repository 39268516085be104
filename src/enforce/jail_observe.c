/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What upstream's observer thread does, here done at once: failures of ids that were banned before
 * weigh more, their bans become longer, and new bans are stored. Actions that can prolong a ban
 * hear of it a little later: the ban itself comes first. Upstream:
 * fail2ban/server/observer.py, 1.1. */
#include "base/diag.h"
#include "base/duration.h"
#include "base/memory.h"
#include "enforce/jail_state.h"

#define COUNT_MAX 20 /* of doublings */
#define PROLONG_DELAY_MAX_S 10.0
#define PROLONG_AHEAD_S 5.0

struct ticket *jail_observe_failure(struct jail *jail, struct ticket *ticket) {
        uint32_t count;
        double time, ban_time_s, maxretry = jail->settings.maxretry;
        char text[JAIL_TIME_TEXT_MAX];
        if (!jail->is_started || !escalate_is_on(jail->escalation) || !jail_store(jail) ||
                !store_ban_history(jail_store(jail), slice_of(jail->name), ticket_id(ticket),
                        &count, &time, &ban_time_s))
                return NULL;
        if (count < ticket->ban_count)
                count = ticket->ban_count;
        double weight = ldexp(1, count < COUNT_MAX ? (int)count : COUNT_MAX) / 2 + 1;
        bool is_clipped = weight > maxretry;
        if (is_clipped)
                weight = maxretry;
        /* Not later than the ban: the line has been read before, and what came of it is in the
         * database. */
        if (ticket->time <= time || weight <= 1)
                return NULL;
        diag(DIAG_INFO, JAIL_LOG_OBSERVER, "[%s] Found %s, bad - %s, %u # -> %.*f%s", jail->name,
                ticket->id, jail_time_text(ticket->time, text), count, is_clipped ? 0 : 1, weight,
                weight >= maxretry ? ", Ban" : "");
        double retry = window_add(&jail->window, ticket, weight - 1, WINDOW_FROM_OBSERVER);
        if (count > ticket->ban_count)
                ticket->ban_count = count;
        return retry >= maxretry ? window_take(&jail->window, ticket_id(ticket)) : NULL;
}

static double random_part(struct jail *jail) {
        uint64_t x = jail->random += 0x9e3779b97f4a7c15u; /* splitmix64 (Steele, Lea, Flood 2014) */
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

static struct slice duration_text(double s, struct arena *arena) {
        struct value v = s == rint(s) && fabs(s) < 9e15 ? value_int((int64_t)s) : value_float(s);
        return duration_print(&v, arena);
}

/* The ban time of an id that has been banned before. */
static double increased(struct jail *jail, struct ticket *ticket, double base_s) {
        uint32_t count;
        double time, old_s, ban_time_s = base_s;
        struct slice where =
                escalate_over_all_jails(jail->escalation) ? SLICE_NULL : slice_of(jail->name);
        if (!store_ban_history(jail_store(jail), where, ticket_id(ticket), &count, &time, &old_s))
                return base_s;
        if (count >= ticket->ban_count)
                ticket->ban_count = count + 1;
        struct fault fault = FAULT_INIT;
        if (count > 0 && escalate_ban_time(jail->escalation, base_s, count, random_part(jail),
                                 &ban_time_s, &fault) < 0) {
                diag(DIAG_ERROR, JAIL_LOG_OBSERVER, "%s", fault_text(&fault));
                fault_done(&fault);
                return base_s;
        }
        ticket->ban_time_s = ban_time_s;
        if (ticket->time <= time) {
                ticket->restored = true; /* read twice: it is in the database already */
                return ban_time_s;
        }
        struct arena arena = ARENA_INIT;
        char text[JAIL_TIME_TEXT_MAX];
        diag(DIAG_INFO, JAIL_LOG_OBSERVER, "[%s] IP %s is bad: %u # last %s - incr %.*s to %.*s",
                jail->name, ticket->id, count, jail_time_text(time, text),
                SLICE_ARG(duration_text(base_s, &arena)),
                SLICE_ARG(duration_text(ban_time_s, &arena)));
        arena_done(&arena);
        return ban_time_s;
}

static void arm_prolongs(struct jail *jail);

static void prolong(struct jail *jail, struct ticket *ticket) {
        if (ban_book_find(&jail->book, ticket_id(ticket)) == ticket)
                action_list_prolong(jail->actions, ticket);
}

static void on_prolong(void *user) {
        struct jail *jail = user;
        int64_t now_us = loop_now_us();
        while (jail->prolongs && jail->prolongs->due_us <= now_us) {
                struct jail_prolong *item = jail->prolongs;
                jail->prolongs = item->next;
                jail->prolong_count--;
                prolong(jail, item->ticket);
                (void)ticket_unref(item->ticket);
                free(item);
        }
        arm_prolongs(jail);
}

static void arm_prolongs(struct jail *jail) {
        if (jail->prolongs)
                loop_timer_set(jail->env.loop, &jail->prolong_timer, jail->prolongs->due_us,
                        on_prolong, jail);
        else
                jail->prolongs_last = NULL;
}

/* Most wait the longest time, so the place is found from the end at once. */
static void prolong_later(struct jail *jail, struct ticket *ticket, double in_s) {
        if (!action_list_can_prolong(jail->actions))
                return;
        if (jail->prolong_count >= JAIL_PROLONGS_MAX) {
                prolong(jail, ticket);
                return;
        }
        struct jail_prolong *item = memory_new(sizeof(*item)), **place = &jail->prolongs;
        *item = (struct jail_prolong){
                .due_us = loop_now_us() + (int64_t)(in_s * 1e6), .ticket = ticket_ref(ticket)};
        if (jail->prolongs_last && jail->prolongs_last->due_us <= item->due_us)
                place = &jail->prolongs_last->next;
        while (*place && (*place)->due_us <= item->due_us)
                place = &(*place)->next;
        item->next = *place;
        *place = item;
        if (!item->next)
                jail->prolongs_last = item;
        jail->prolong_count++;
        arm_prolongs(jail);
}

static void store_ban(struct jail *jail, const struct ticket *ticket) {
        struct arena arena = ARENA_INIT;
        struct store_ban row = {.jail = slice_of(jail->name),
                .id = ticket_id(ticket),
                .time = ticket->time,
                .ban_time_s = isnan(ticket->ban_time_s) ? (double)jail->settings.bantime_s
                                                        : ticket->ban_time_s,
                .count = ticket->ban_count,
                .data = ticket_data(ticket, &arena)};
        store_ban_add(jail_store(jail), &row);
        arena_done(&arena);
}

static void say_increase(struct jail *jail, const struct ticket *ticket, double ban_time_s) {
        struct arena arena = ARENA_INIT;
        char text[JAIL_TIME_TEXT_MAX];
        if (ban_time_s == TICKET_PERMANENT)
                diag(DIAG_NOTICE, JAIL_LOG_OBSERVER,
                        "[%s] Increase Ban %s (%u # permanent -> infinite)", jail->name, ticket->id,
                        ticket->ban_count);
        else
                diag(DIAG_NOTICE, JAIL_LOG_OBSERVER, "[%s] Increase Ban %s (%u # %.*s -> %s)",
                        jail->name, ticket->id, ticket->ban_count,
                        SLICE_ARG(duration_text(ban_time_s, &arena)),
                        jail_time_text(ticket->time + ban_time_s, text));
        arena_done(&arena);
}

void jail_observe_ban(struct jail *jail, struct ticket *ticket) {
        double base_s = isnan(ticket->ban_time_s) ? (double)jail->settings.bantime_s
                                                  : ticket->ban_time_s,
               ban_time_s = base_s;
        if (base_s > 0 && isnan(ticket->ban_time_s) && jail_store(jail) &&
                escalate_is_on(jail->escalation))
                ban_time_s = increased(jail, ticket, base_s);
        if (ban_time_s != base_s) {
                ban_book_moved(&jail->book, ticket);
                if (ban_time_s != TICKET_PERMANENT && ticket->time + ban_time_s < jail_now(jail))
                        return;
                say_increase(jail, ticket, ban_time_s);
                double wait_s = ban_time_s - base_s - PROLONG_AHEAD_S;
                prolong_later(jail, ticket,
                        wait_s < 0                     ? 0
                        : wait_s > PROLONG_DELAY_MAX_S ? PROLONG_DELAY_MAX_S
                                                       : wait_s);
        }
        if (jail_store(jail) && !ticket->restored)
                store_ban(jail, ticket);
}

void jail_observe_done(struct jail *jail) {
        loop_timer_cancel(jail->env.loop, &jail->prolong_timer);
        while (jail->prolongs) {
                struct jail_prolong *item = jail->prolongs;
                jail->prolongs = item->next;
                (void)ticket_unref(item->ticket);
                free(item);
        }
        jail->prolong_count = 0;
}
