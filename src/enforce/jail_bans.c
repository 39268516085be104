/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans of a jail: made, found to exist already, ended, lifted. The book is changed, the database
 * written and the actions' orders queued in one step; the actions carry them out in that order.
 * Bans that have ended are lifted in chunks that grow while the actions keep up, so that thousands
 * of unbans do not keep a new ban waiting. Upstream: fail2ban/server/actions.py, 1.1. */
#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/jail_debug.h"
#include "enforce/jail_jobs.h"
#include "enforce/jail_state.h"
#include "enforce/resolver.h"

#define BUSY_RETRY_US 100000   /* look again when the actions are behind */
#define LOOK_AGAIN_US 60000000 /* the wall clock may jump */
#define CHECK_AFTER_S                                                                              \
        3.0 /* failures so long after the ban: something may be wrong with the actions */
#define WARN_AFTER_S 60.0

struct ticket *jail_ticket_of(struct slice id, double time) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        if (address_parse(id, &address) == 0)
                return ticket_new(address_print(&address, text), &address, time);
        return ticket_new(id, NULL, time);
}

static unsigned reban(struct jail *jail, struct ticket *known, action_list_done *done, void *user) {
        action_list_say_reban(jail->actions, known);
        action_list_reban(
                jail->actions, known, done, user); /* by the actions whose epoch is newer */
        known->ban_epoch = action_list_epoch(jail->actions);
        return 1;
}

/* Failures go on though the id is banned. */
static unsigned already_banned(struct jail *jail, const struct ticket *ticket, struct ticket *known,
        action_list_done *done, void *user) {
        double late_s = ticket->time - known->time;
        uint32_t epoch = action_list_epoch(jail->actions);
        enum diag_level level = late_s < CHECK_AFTER_S  ? DIAG_DEBUG
                                : late_s < WARN_AFTER_S ? DIAG_NOTICE
                                                        : DIAG_WARNING;
        diag(level, JAIL_LOG_ACTIONS, "[%s] %s already banned", jail->name, known->id);
        if (known->ban_epoch < epoch)
                return reban(jail, known, done, user);
        if (late_s > CHECK_AFTER_S)
                action_list_check(jail->actions, known);
        return 0;
}

static void refuse(struct jail *jail, const struct ticket *ticket) {
        if (jail->refused++ == 0)
                diag(DIAG_ERROR, JAIL_LOG_ACTIONS,
                        "[%s] cannot ban %s: %d addresses are banned already", jail->name,
                        ticket->id, JAIL_BANS_MAX);
}

/* When the ban of the ticket's id ends, if an action has to know; NAN: nobody has. */
static double end_to_follow(const struct jail *jail, const struct ticket *ticket) {
        const struct ticket *known = action_list_follows_ends(jail->actions)
                                             ? ban_book_find(&jail->book, ticket_id(ticket))
                                             : NULL;
        return known ? ticket_end(known, jail->book.jail_ban_time_s) : (double)NAN;
}

static void unban(struct jail *jail, struct ticket *ticket, action_list_done *done, void *user);

/* The single bans within a network that is now banned as a whole are needed no more; in some sets
 * they could not even stand beside it. Their rows stay in the database. */
static void absorb(struct jail *jail, const struct ticket *network) {
        size_t count;
        if (!ban_prefix_is_on(&jail->prefix))
                return;
        struct address net = ticket_address(network);
        if (address_is_single(&net) || net.family == ADDRESS_NONE)
                return;
        struct ticket **tickets = ban_book_by_ban(&jail->book, &count);
        for (size_t i = 0; i < count; i++) {
                struct address address = ticket_address(tickets[i]);
                if (tickets[i] != network && address_is_single(&address) &&
                        address_in(&address, &net))
                        unban(jail, ban_book_take(&jail->book, ticket_id(tickets[i])), NULL, NULL);
        }
        free(tickets);
}

/* In the place of an address whose network is banned: a ticket for that (the caller's), or NULL. */
static struct ticket *as_network(const struct jail *jail, const struct ticket *ticket) {
        struct address network, address;
        char text[ADDRESS_TEXT_MAX];
        if (!ban_prefix_is_on(&jail->prefix))
                return NULL;
        address = ticket_address(ticket);
        if (!ban_prefix_of(&jail->prefix, &address, &network) ||
                !ban_book_find(&jail->book, address_print(&network, text)))
                return NULL;
        struct ticket *whole = ticket_new(slice_of(text), &network, ticket->time);
        whole->ban_time_s = ticket->ban_time_s;
        whole->restored = ticket->restored;
        return whole;
}

static unsigned ban_ticket(
        struct jail *jail, struct ticket *ticket, action_list_done *done, void *user) {
        struct ticket *known = NULL;
        double before = end_to_follow(jail, ticket);
        int r = ban_book_add(&jail->book, ticket, jail_now(jail), &known);
        if (r == BAN_BOOK_E_EXPIRED) {
                diag(DIAG_INFO, JAIL_LOG_ACTIONS, "[%s] Ignore %s, expired bantime", jail->name,
                        ticket->id);
                return 0;
        }
        if (r == BAN_BOOK_E_KNOWN) {
                if (!isnan(before) && before != end_to_follow(jail, ticket))
                        action_list_end_moved(jail->actions, known);
                unsigned count = already_banned(jail, ticket, known, done, user);
                jail_expire_arm(jail);
                return count;
        }
        if (r < 0) {
                refuse(jail, ticket);
                return 0;
        }
        absorb(jail, ticket);
        ticket->ban_epoch = action_list_epoch(jail->actions);
        diag(DIAG_NOTICE, JAIL_LOG_ACTIONS, "[%s] %sBan %s", jail->name,
                ticket->restored ? "Restore " : "", ticket->id);
        if (!ticket->restored)
                jail_observe_ban(jail, ticket);
        jail_debug_ban(jail, ticket);
        action_list_ban(jail->actions, ticket, done, user);
        jail_expire_arm(jail);
        if (jail->env.on_ban && !ticket->restored && !jail->counts_bans)
                jail->env.on_ban(jail->env.ban_user, jail, ticket);
        return 1;
}

unsigned jail_ban_ticket(
        struct jail *jail, struct ticket *ticket, action_list_done *done, void *user) {
        struct ticket *network = as_network(jail, ticket);
        unsigned count = ban_ticket(jail, network ? network : ticket, done, user);
        (void)ticket_unref(network);
        return count;
}

static void on_expire(void *user) {
        jail_expire(user);
}

void jail_expire_arm(struct jail *jail) {
        double end = ban_book_next_end(&jail->book);
        if (!jail_is_working(jail) || isinf(end)) {
                loop_timer_cancel(jail->env.loop, &jail->expire_timer);
                return;
        }
        /* The end of the second, so that all that end in it go together. */
        double wait_us = (floor(end) + 1 - jail_now(jail)) * 1e6;
        int64_t in_us = wait_us < 0               ? 0
                        : wait_us > LOOK_AGAIN_US ? LOOK_AGAIN_US
                                                  : (int64_t)wait_us + 1000;
        loop_timer_set_in(jail->env.loop, &jail->expire_timer, in_us, on_expire, jail);
}

static void unban(struct jail *jail, struct ticket *ticket, action_list_done *done, void *user) {
        diag(DIAG_NOTICE, JAIL_LOG_ACTIONS, "[%s] Unban %s", jail->name, ticket->id);
        jail_debug_unban(jail, ticket);
        action_list_unban(jail->actions, ticket, done, user);
        (void)ticket_unref(ticket);
}

void jail_expire(struct jail *jail) {
        double now = jail_now(jail);
        if (!jail_is_working(jail))
                return;
        if (action_list_pending(jail->actions) > JAIL_UNBAN_CHUNK &&
                ban_book_next_end(&jail->book) < now) {
                jail->unban_chunk = JAIL_UNBAN_CHUNK;
                loop_timer_set_in(
                        jail->env.loop, &jail->expire_timer, BUSY_RETRY_US, on_expire, jail);
                return;
        }
        uint32_t count = 0;
        for (struct ticket *ticket;
                count < jail->unban_chunk && (ticket = ban_book_take_expired(&jail->book, now));
                count++)
                unban(jail, ticket, NULL, NULL);
        jail_debug_expired(jail, count);
        if (count == jail->unban_chunk && jail->unban_chunk < JAIL_UNBAN_CHUNK_MAX)
                jail->unban_chunk *= 2;
        else if (count < jail->unban_chunk)
                jail->unban_chunk = JAIL_UNBAN_CHUNK;
        jail_expire_arm(jail);
}

void jail_ban_ids(struct jail *jail, const struct value *ids, jail_count_done *done, void *user) {
        jail_restore_finish(jail);
        struct jail_job *job = jail_job_new(jail, done, user);
        double now = jail_now(jail);
        for (size_t i = 0; i < ids->list.count; i++) {
                struct slice id = value_item_text(ids, i);
                if (id.len == 0 || id.len > RECORD_ID_MAX)
                        continue;
                struct ticket *ticket = jail_ticket_of(id, now);
                jail_job_hold(job);
                unsigned count = jail_ban_ticket(jail, ticket, jail_job_on_action, job);
                job->count += count;
                if (count == 0)
                        jail_job_release(job);
                (void)ticket_unref(ticket);
        }
        jail_job_release(job);
}

static void unban_in_job(struct jail_job *job, struct ticket *ticket) {
        job->count++;
        jail_job_hold(job);
        unban(job->jail, ticket, jail_job_on_action, job);
}

static void is_absent(struct jail_job *job, struct slice id) {
        struct address network;
        char text[ADDRESS_TEXT_MAX];
        diag(DIAG_MSG, JAIL_LOG_ACTIONS, "%.*s is not banned", SLICE_ARG(id));
        if (jail_network_of(job->jail, id, &network)) {
                struct slice whole = address_print(&network, text);
                diag(DIAG_WARNING, JAIL_LOG_ACTIONS,
                        "[%s] %.*s stays banned with its network: unbanip %.*s lifts that",
                        job->jail->name, SLICE_ARG(id), SLICE_ARG(whole));
        }
        (void)value_append(&job->absent, value_string(arena_copy(&job->arena, id)), &job->arena);
}

static void delete_rows(struct jail *jail, struct slice id) {
        if (jail_store(jail))
                (void)store_ban_del(jail_store(jail), slice_of(jail->name), id);
}

/* Lifts the bans of all that lie in net. */
static uint64_t unban_net(struct jail_job *job, const struct address *net) {
        uint64_t before = job->count;
        size_t count;
        struct ticket **tickets = ban_book_by_ban(&job->jail->book, &count);
        for (size_t i = 0; i < count; i++) {
                struct address address = ticket_address(tickets[i]);
                if (!address_in(&address, net))
                        continue;
                delete_rows(job->jail, ticket_id(tickets[i]));
                unban_in_job(job, ban_book_take(&job->jail->book, ticket_id(tickets[i])));
        }
        free(tickets);
        return job->count - before;
}

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct jail_asked *asked = user;
        uint64_t lifted = 0;
        (void)fault; /* then the name covers nobody */
        for (size_t i = 0; i < count; i++)
                lifted += unban_net(asked->job, &addresses[i]);
        if (lifted == 0)
                is_absent(asked->job, asked->name);
        jail_job_release(asked->job);
}

static bool is_of(const void *asked, const void *jail) {
        return ((const struct jail_asked *)asked)->job->jail == jail;
}

void jail_bans_forget_names(struct jail *jail) {
        if (jail->env.resolver)
                resolver_forget_all(jail->env.resolver, on_addresses, is_of, jail);
}

static void unban_id(struct jail_job *job, struct slice id) {
        struct jail *jail = job->jail;
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        bool is_address = address_parse(id, &address) == 0;
        struct slice normal = is_address ? address_print(&address, text) : id;
        delete_rows(jail, id);
        if (!slice_equal(normal, id))
                delete_rows(jail, normal);
        struct ticket *ticket = ban_book_take(&jail->book, normal);
        if (ticket) {
                unban_in_job(job, ticket);
                return;
        }
        if (is_address && !address_is_single(&address) && unban_net(job, &address) > 0)
                return;
        /* Where nobody is banned, nobody need be asked who the name is. */
        if (is_address || !jail->env.resolver || jail->book.table.count == 0) {
                is_absent(job, id);
                return;
        }
        struct jail_asked *asked = arena_alloc(&job->arena, sizeof(*asked));
        *asked = (struct jail_asked){job, arena_copy(&job->arena, id)};
        jail_job_hold(job);
        resolver_ask_addresses(jail->env.resolver, asked->name, on_addresses, asked);
}

void jail_unban_ids(struct jail *jail, const struct value *ids, jail_count_done *done, void *user) {
        jail_restore_finish(jail);
        struct jail_job *job = jail_job_new(jail, done, user);
        for (size_t i = 0; i < ids->list.count; i++) {
                struct slice id = value_item_text(ids, i);
                if (id.len > 0 && id.len <= RECORD_ID_MAX)
                        unban_id(job, id);
        }
        jail_job_release(job);
        jail_expire_arm(jail);
}

void jail_unban_all(
        struct jail *jail, enum jail_unban_scope scope, jail_count_done *done, void *user) {
        jail_restore_finish(jail);
        struct jail_job *job = jail_job_new(jail, done, user);
        size_t count;
        struct ticket **tickets = ban_book_by_ban(&jail->book, &count);
        job->count = count;
        if (scope == JAIL_UNBAN_WITH_ROWS && jail_store(jail))
                (void)store_ban_del_all(jail_store(jail), slice_of(jail->name));
        jail_job_hold(job);
        action_list_flush(jail->actions, tickets, count, jail_job_on_action, job);
        for (size_t i = 0; i < count; i++) {
                diag(DIAG_NOTICE, JAIL_LOG_ACTIONS, "[%s] Unban %s", jail->name, tickets[i]->id);
                (void)ticket_unref(ban_book_take(&jail->book, ticket_id(tickets[i])));
        }
        free(tickets);
        jail_debug_flush(jail, count);
        jail_job_release(job);
        jail_expire_arm(jail);
}
