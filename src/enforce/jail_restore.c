/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At its start a jail bans again what the database says is banned, with times cut to what the jail
 * allows now (spec server.md 5.4). Rows are not rewritten. If the server was killed, bans that have
 * ended since were lifted by nobody, and the kernel would hold them for ever: the actions are told
 * of them and that they end, so that these find what they lift. Until they have done so the
 * database keeps in mind since when, for the case that this server is killed too.
 *
 * Many rows are read part by part, so that commands are answered meanwhile. New failures wait until
 * all are through (jail_intake.c); a command that bans or lifts has the rest read at once.
 * Upstream: fail2ban/server/database.py getCurrentBans(), jail.py restoreCurrentBans(), 1.1. */
#include "base/diag.h"
#include "base/memory.h"
#include "enforce/jail_state.h"

#define BAN_TIME_UNKNOWN (-2.0) /* rows of old databases */
#define WRITTEN_S 1.0           /* the database may be behind by so much */

/* Rows that have not been read yet. */
struct jail_restore {
        double now, since; /* bans that ended after since are to be lifted; now: there are none */
        struct store_list list;
        struct loop_timer timer; /* of the next part */
};

static double cut(const struct jail *jail, double ban_time_s) {
        double bantime_s = (double)jail->settings.bantime_s,
               max_s = escalate_max_s(jail->escalation, bantime_s);
        if (ban_time_s == BAN_TIME_UNKNOWN)
                return bantime_s;
        /* A maximum of 0 is none, as upstream's test of it reads. */
        if (max_s > 0 && (ban_time_s == TICKET_PERMANENT || ban_time_s > max_s))
                return max_s;
        return ban_time_s;
}

/* One more lift is done, or the search for them. */
static void end_lift(struct jail *jail) {
        if (jail->lifts > 0 && --jail->lifts == 0 && jail_store(jail))
                store_jail_lifted(jail_store(jail));
}

static void on_lifted(void *user, unsigned failed) {
        (void)failed;
        end_lift(user);
}

void jail_restore_stop(struct jail *jail) {
        if (jail->lifts == 0)
                return;
        jail->lifts = 1;
        end_lift(jail);
}

static void lift(struct jail *jail, const struct store_ban *row) {
        struct ticket *ticket = jail_ticket_of(row->id, row->time);
        ticket_set_data(ticket, &row->data);
        ticket->ban_count = row->count;
        ticket->restored = true;
        ticket->integral_time = true;
        diag(DIAG_NOTICE, JAIL_LOG_ACTIONS, "[%s] Unban %s", jail->name, ticket->id);
        action_list_ban(jail->actions, ticket, NULL, NULL);
        jail->lifts++;
        action_list_unban(jail->actions, ticket, on_lifted, jail);
        (void)ticket_unref(ticket);
}

static void on_row(void *user, const struct store_ban *row) {
        struct jail *jail = user;
        const struct jail_restore *restore = jail->restore;
        double ban_time_s = cut(jail, row->ban_time_s), end = row->time + ban_time_s;
        if (row->id.len == 0 || row->id.len > RECORD_ID_MAX)
                return;
        if (ban_time_s != TICKET_PERMANENT && end <= restore->now) {
                if (end >= restore->since && restore->since < restore->now)
                        lift(jail, row);
                return;
        }
        struct ticket *ticket = jail_ticket_of(row->id, row->time);
        ticket_set_data(ticket, &row->data);
        ticket_keep_matches(ticket, jail->settings.maxmatches);
        ticket->ban_time_s = ban_time_s;
        ticket->ban_count = row->count;
        ticket->restored = true;
        ticket->integral_time = true;
        jail_intake_restore(jail, ticket);
        (void)ticket_unref(ticket);
}

void jail_restore_done(struct jail *jail) {
        if (!jail->restore)
                return;
        loop_timer_cancel(jail->env.loop, &jail->restore->timer);
        store_list_done(&jail->restore->list);
        free(jail->restore);
        jail->restore = NULL;
        action_list_gather_end(jail->actions);
}

/* Reads the next part, and what follows with the last. */
static void read_part(struct jail *jail) {
        struct jail_restore *restore = jail->restore;
        if (store_bans_current(jail_store(jail), slice_of(jail->name), &restore->list,
                    JAIL_RESTORE_PART, on_row, jail))
                return;
        jail_restore_done(jail);
        end_lift(jail);
}

static void on_timer(void *user) {
        struct jail *jail = user;
        read_part(jail);
        if (jail->restore)
                loop_timer_set_in(jail->env.loop, &jail->restore->timer, 0, on_timer, jail);
        jail_intake_pump(jail);
}

void jail_restore_finish(struct jail *jail) {
        if (!jail->restore)
                return;
        while (jail->restore)
                read_part(jail);
        jail_intake_pump(jail);
}

void jail_restore(struct jail *jail) {
        double now = jail_now(jail), since = now, newer_than = 0, written_s;
        if (!jail_store(jail))
                return;
        bool was_killed = store_jail_was_killed(jail_store(jail), slice_of(jail->name), &written_s);
        if (was_killed && written_s < now)
                since = written_s - WRITTEN_S;
        if (was_killed)
                jail->lifts = 1; /* the search */
        if (!escalate_is_on(jail->escalation) && jail->settings.bantime_s != -1)
                newer_than = since - (double)jail->settings.bantime_s;
        jail->restore = memory_new(sizeof(*jail->restore));
        *jail->restore = (struct jail_restore){.now = now, .since = since};
        store_list_init(&jail->restore->list, since, newer_than);
        action_list_gather_begin(jail->actions);
        read_part(jail);
        if (jail->restore)
                loop_timer_set_in(jail->env.loop, &jail->restore->timer, 0, on_timer, jail);
}
