/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures on their way to a ban. They are worked on strictly in the order of the log, but what
 * they wait for (host names, the command of ignorecommand) is asked ahead: names at once, ignoreip
 * for the first JAIL_CHECKS_AHEAD. A failure that nothing waits for, and that is in nobody's way,
 * counts at once. The place in the log is one of the items, so it is written only
 * when all before it has been decided: what is not decided when the server dies is read again.
 * Bans that are restored come before all of that. Above JAIL_INTAKE_PAUSE items the scanner is told
 * to wait. Nothing moves while the jail is idle:
 * during a reload there is no ignoreip. Upstream: fail2ban/server/filter.py processLineAndAdd(),
 * addAttempt(), 1.1. */
#include <assert.h>
#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/jail_debug.h"
#include "enforce/jail_jobs.h"
#include "enforce/jail_state.h"
#include "enforce/resolver.h"

static_assert(SCAN_AHEAD_STEPS == TICKET_TABLE_FETCH_STEPS, "each step is one of the table's");

enum intake_kind { INTAKE_FAILURE, INTAKE_ATTEMPT, INTAKE_RESTORE, INTAKE_POSITION };
enum intake_state { INTAKE_NAMING, INTAKE_NEW, INTAKE_CHECKING, INTAKE_DECIDED };

struct intake_item {
        struct intake_item *next;
        struct jail *jail;
        enum intake_kind kind;
        enum intake_state state;
        bool is_ignored;
        struct ticket *ticket; /* NULL: a position */
        double weight;         /* towards maxretry */
        char *source;          /* by what it is ignored */
        struct jail_job *job;  /* of an attempt */
        char *path, *hash;     /* of a position */
        uint64_t offset;
};

static void tell_scanner(struct jail *jail) {
        scan_link_jail_set_state(jail->env.scan, jail->id,
                jail->is_idle || jail->intake.is_paused ? SCAN_JAIL_IDLE : SCAN_JAIL_ACTIVE);
}

/* before: NULL for the first place. */
static struct intake_item *push_after(struct jail *jail, struct intake_item *before,
        enum intake_kind kind, struct ticket *ticket) {
        struct intake *intake = &jail->intake;
        struct intake_item *item = memory_new(sizeof(*item));
        *item = (struct intake_item){.jail = jail, .kind = kind, .state = INTAKE_NEW, .weight = 1};
        if (ticket)
                item->ticket = ticket_ref(ticket);
        item->next = before ? before->next : intake->first;
        if (before)
                before->next = item;
        else
                intake->first = item;
        if (!item->next)
                intake->last = item;
        intake->count++;
        if (intake->count > JAIL_INTAKE_PAUSE && !intake->is_paused) {
                intake->is_paused = true;
                tell_scanner(jail);
        }
        return item;
}

static struct intake_item *push(struct jail *jail, enum intake_kind kind, struct ticket *ticket) {
        return push_after(jail, jail->intake.last, kind, ticket);
}

static void item_free(struct intake_item *item) {
        (void)ticket_unref(item->ticket);
        free(item->source);
        free(item->path);
        free(item->hash);
        free(item);
}

static struct intake_item *pop(struct jail *jail) {
        struct intake *intake = &jail->intake;
        struct intake_item *item = intake->first;
        intake->first = item->next;
        if (!intake->first)
                intake->last = NULL;
        if (intake->last_restored == item)
                intake->last_restored = NULL;
        intake->count--;
        if (intake->is_paused && intake->count < JAIL_INTAKE_RESUME) {
                intake->is_paused = false;
                tell_scanner(jail);
        }
        return item;
}

void jail_intake_stop(struct jail *jail) {
        for (struct intake_item *item = jail->intake.first; item; item = item->next) {
                if (item->job)
                        jail_job_release(item->job);
                item->job = NULL;
        }
}

/* Bans what has been taken out of the window; gives up the reference. */
static void ban_taken(struct jail *jail, struct ticket *ticket) {
        if (!ticket)
                return;
        (void)jail_ban_ticket(jail, ticket, NULL, NULL);
        (void)ticket_unref(ticket);
}

static void say_forgotten(struct jail *jail) {
        if (jail->window.forgotten == 0 || jail->intake.said_forgotten)
                return;
        jail->intake.said_forgotten = true;
        diag(DIAG_WARNING, JAIL_LOG_FILTER,
                "[%s] more than %u addresses have failed within findtime: the oldest are forgotten",
                jail->name, jail->window.table.max);
}

/* Whether the network may be banned as a whole. */
static bool may_ban(struct jail *jail, const struct ticket *network) {
        struct address address = ticket_address(network);
        if (!ignore_may_be_in(jail->ignore, &address))
                return true;
        if (!jail->said_no_prefix)
                diag(DIAG_WARNING, JAIL_LOG_FILTER,
                        "[%s] %s is not banned as a whole, nor are others: somebody who is ignored "
                        "may be in it",
                        jail->name, network->id);
        jail->said_no_prefix = true;
        return false;
}

/* A failure that counts now. Its ticket is its own; or, where its id has failed before and nobody
 * looks at it alone, that of the window, which takes in what the record tells. */
struct counted {
        struct ticket *ticket;
        const struct record *record; /* NULL: the ticket is its own */
        double time;
        double weight;
        uint32_t hash;    /* of its id in the window, or 0: not known */
        bool is_integral; /* its time, see ticket.h */
};

static double add_to_window(struct jail *jail, const struct counted *failure) {
        struct ticket *ticket = failure->ticket;
        if (failure->record) {
                if (failure->time > ticket->time)
                        ticket->integral_time = failure->is_integral;
                return window_add_record(&jail->window, ticket, failure->time, failure->record);
        }
        if (failure->hash != 0)
                return window_add_hashed(
                        &jail->window, ticket, failure->hash, failure->weight, WINDOW_FROM_LOG);
        return window_add(&jail->window, ticket, failure->weight, WINDOW_FROM_LOG);
}

static void count_failure(struct jail *jail, const struct counted *failure) {
        struct ticket *ticket = failure->ticket, *reached = NULL;
        struct ticket *network = ban_prefix_count(&jail->prefix, ticket, failure->weight);
        double retry = add_to_window(jail, failure);
        jail_debug_failures(jail);
        if (retry >= jail->settings.maxretry)
                reached = window_take(&jail->window, ticket_id(ticket));
        /* Looks into the database before the ban is there. */
        struct ticket *bad = jail_observe_failure(jail, ticket);
        if (network && may_ban(jail, network)) {
                ban_taken(jail, network);
                (void)ticket_unref(reached);
                (void)ticket_unref(bad);
        } else {
                (void)ticket_unref(network);
                ban_taken(jail, reached);
                ban_taken(jail, bad);
        }
        say_forgotten(jail);
        double now = jail_now(jail);
        window_cleanup(&jail->window, now);
        ban_prefix_cleanup(&jail->prefix, now);
}

/* One a failure: it is written where it is to be, if there is such a place, which is so nearly
 * always. */
static void say_found(
        struct jail *jail, enum intake_kind kind, const struct ticket *ticket, double time) {
        static const char gap[] = {' ', '-', ' '};
        struct slice head = jail->found_head, id = ticket_id(ticket), when = jail_time_short(time);
        char *to = NULL;
        if (kind != INTAKE_ATTEMPT)
                to = diag_room(DIAG_INFO, JAIL_LOG_FILTER, head.len + id.len + sizeof(gap) + when.len);
        if (!to) {
                const char *what = kind == INTAKE_ATTEMPT ? "Attempt" : "Found";
                diag(DIAG_INFO, JAIL_LOG_FILTER, "[%s] %s %s - %s", jail->name, what, id.data,
                        when.data);
                return;
        }
        memcpy(to, head.data, head.len);
        memcpy(to += head.len, id.data, id.len);
        memcpy(to += id.len, gap, sizeof(gap));
        memcpy(to + sizeof(gap), when.data, when.len);
}

static void count_found(struct jail *jail, const struct counted *failure, enum intake_kind kind) {
        jail_debug_line(failure->ticket);
        if (diag_enabled(DIAG_INFO))
                say_found(jail, kind, failure->ticket, failure->time);
        count_failure(jail, failure);
}

/* The time that a cursor tells: "...;t=" and microseconds in hex. Returns 0 if there is none. */
static uint64_t cursor_time(struct slice cursor) {
        const char *mark = strstr(cursor.data, ";t=");
        uint64_t us = mark ? strtoull(mark + 3, NULL, 16) : 0;
        return us < UINT64_C(1) << 60 ? us : 0;
}

/* Upstream's row tells the time; ours beside it the exact place. */
static void put_journal_place(struct jail *jail, struct slice cursor) {
        char iso[CLOCK_ISO_MAX];
        struct slice name = slice_of(jail->name);
        uint64_t us = cursor_time(cursor);
        if (us == 0 || !jail_store(jail))
                return;
        store_log_put_time(jail_store(jail), name, SLICE(STORE_JOURNAL_PATH),
                slice_of(clock_iso_text(us, iso)), (double)us / 1e6);
        store_log_put(jail_store(jail), name, SLICE(STORE_CURSOR_PATH), cursor, us);
}

static void apply_position(struct jail *jail, struct intake_item *item) {
        window_cleanup(&jail->window, jail_now(jail));
        if (jail->journal)
                put_journal_place(jail, slice_of(item->hash));
        else if (jail_store(jail))
                store_log_put(jail_store(jail), slice_of(jail->name), slice_of(item->path),
                        slice_of(item->hash), item->offset);
}

static void apply(struct jail *jail, struct intake_item *item) {
        struct counted failure = {.ticket = item->ticket, .weight = item->weight};
        if (item->is_ignored && item->source && item->source[0])
                diag(DIAG_INFO, JAIL_LOG_FILTER, "[%s] Ignore %s by %s", jail->name,
                        item->ticket->id, item->source);
        if (item->is_ignored)
                return;
        switch (item->kind) {
        case INTAKE_FAILURE:
        case INTAKE_ATTEMPT:
                failure.time = item->ticket->time;
                count_found(jail, &failure, item->kind);
                break;
        case INTAKE_RESTORE:
                (void)jail_ban_ticket(jail, item->ticket, NULL, NULL);
                break;
        case INTAKE_POSITION:
                apply_position(jail, item);
                break;
        }
}

static void on_ignore(void *user, struct ticket *ticket, const char *source) {
        struct intake_item *item = user;
        (void)ticket;
        item->state = INTAKE_DECIDED;
        item->is_ignored = source != NULL;
        if (source)
                item->source = memory_copy_text(slice_of(source));
        jail_intake_pump(item->jail);
}

static void check_ahead(struct jail *jail) {
        struct intake_item *item = jail->intake.first;
        for (unsigned i = 0; item && i < JAIL_CHECKS_AHEAD; i++, item = item->next) {
                if (item->state != INTAKE_NEW)
                        continue;
                item->state = INTAKE_CHECKING;
                if (item->ticket)
                        ignore_check(jail->ignore, item->ticket, on_ignore, item);
                else
                        item->state = INTAKE_DECIDED;
        }
}

/* Whether what comes next has to wait for bans that are still to be restored. */
static bool is_held(const struct jail *jail) {
        return jail->restore && jail->intake.first->kind != INTAKE_RESTORE;
}

void jail_intake_pump(struct jail *jail) {
        struct intake *intake = &jail->intake;
        if (intake->is_pumping)
                return;
        intake->is_pumping = true;
        diag_begin_batch();
        while (jail_is_working(jail) && intake->first && !is_held(jail)) {
                check_ahead(jail);
                if (intake->first->state != INTAKE_DECIDED)
                        break;
                struct intake_item *item = pop(jail);
                apply(jail, item);
                if (item->job) {
                        item->job->count = !item->is_ignored;
                        jail_job_release(item->job);
                }
                item_free(item);
        }
        diag_end_batch();
        intake->is_pumping = false;
}

static bool has_room(struct jail *jail) {
        if (jail->intake.count < JAIL_INTAKE_MAX)
                return true;
        jail->intake.dropped++;
        if (!jail->intake.said_dropped)
                diag(DIAG_ERROR, JAIL_LOG_FILTER,
                        "[%s] more than %d failures wait: further ones are dropped", jail->name,
                        JAIL_INTAKE_MAX);
        jail->intake.said_dropped = true;
        return false;
}

/* The failure with id an address that its name has. */
static struct ticket *with_address(
        const struct ticket *named, const struct address *address, struct arena *arena) {
        char text[ADDRESS_TEXT_MAX];
        struct ticket *ticket = ticket_new(address_print(address, text), address, named->time);
        struct value data = ticket_data(named, arena);
        ticket_set_data(ticket, &data);
        return ticket;
}

static void say_determined(const struct jail *jail, const struct ticket *named,
        const struct address *addresses, size_t count) {
        struct arena arena = ARENA_INIT;
        struct value set = value_set();
        if (strcmp(jail->settings.usedns, "warn") == 0) {
                for (size_t i = 0; i < count; i++) {
                        char text[ADDRESS_TEXT_MAX];
                        (void)value_append(&set,
                                value_string(
                                        arena_copy(&arena, address_print(&addresses[i], text))),
                                &arena);
                }
                diag(DIAG_WARNING, "fail2ban.ipdns", "Determined IP using DNS Lookup: %s = %.*s",
                        named->id, SLICE_ARG(repr(&set, &arena)));
        }
        arena_done(&arena);
}

/* The item becomes one item for each address; without any it is dropped. */
static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct intake_item *item = user, *last = item;
        struct jail *jail = item->jail;
        struct ticket *named = item->ticket;
        struct arena arena = ARENA_INIT;
        (void)fault; /* the resolver says once why a name has no address */
        item->state = INTAKE_NEW;
        if (count == 0) {
                item->state = INTAKE_DECIDED;
                item->is_ignored = true;
        } else {
                say_determined(jail, named, addresses, count);
                item->ticket = with_address(named, &addresses[0], &arena);
                for (size_t i = 1; i < count; i++) {
                        struct ticket *ticket = with_address(named, &addresses[i], &arena);
                        last = push_after(jail, last, INTAKE_FAILURE, ticket);
                        (void)ticket_unref(ticket);
                }
                (void)ticket_unref(named);
        }
        arena_done(&arena);
        jail_intake_pump(jail);
}

static void resolve(struct jail *jail, struct ticket *ticket) {
        if (jail->env.resolver) {
                struct intake_item *item = push(jail, INTAKE_FAILURE, ticket);
                item->state = INTAKE_NAMING;
                resolver_ask_addresses(jail->env.resolver, ticket_id(ticket), on_addresses, item);
                return;
        }
        if (!jail->intake.said_no_resolver)
                diag(DIAG_WARNING, "fail2ban.ipdns",
                        "[%s] Unable to find a corresponding IP address for %s: no resolver",
                        jail->name, ticket->id);
        jail->intake.said_no_resolver = true;
}

static bool is_item_of(const void *item, const void *jail) {
        return ((const struct intake_item *)item)->jail == jail;
}

void jail_intake_done(struct jail *jail) {
        if (jail->env.resolver)
                resolver_forget_all(jail->env.resolver, on_addresses, is_item_of, jail);
        while (jail->intake.first) {
                struct intake_item *item = jail->intake.first;
                jail->intake.first = item->next;
                item_free(item);
        }
        jail->intake.last = jail->intake.last_restored = NULL;
        jail->intake.count = 0;
}

/* Whether nothing is in front of a failure. */
static bool is_next(const struct jail *jail) {
        return !jail->intake.first && !jail->intake.is_pumping && jail_is_working(jail) &&
               !jail->restore;
}

/* Whether it is known at once that nobody ignores it. */
static bool passes(struct jail *jail, struct ticket *ticket) {
        unsigned epoch = ignore_epoch(jail->ignore);
        if (window_has_passed(&jail->window, ticket, epoch))
                return true;
        struct address address = ticket_address(ticket);
        ticket->has_passed = ignore_passes(jail->ignore, &address);
        return ticket->has_passed;
}

/* Counts it, if there is nothing to wait for. */
static bool count_at_once(struct jail *jail, const struct counted *failure) {
        if (!is_next(jail) || ticket_family(failure->ticket) == ADDRESS_NONE)
                return false;
        if (!passes(jail, failure->ticket))
                return false;
        jail->intake.is_pumping = true;
        count_found(jail, failure, INTAKE_FAILURE);
        jail->intake.is_pumping = false;
        return true;
}

/* The window's ticket, if it can stand for that of a further failure. */
static struct ticket *known_ticket(struct jail *jail, const struct record *record) {
        bool is_special = record->failure.flags & (FAILURE_RAW_ID | FAILURE_NEEDS_DNS);
        if (is_special || diag_enabled(DIAG_DEBUG) || ban_prefix_is_on(&jail->prefix) ||
                escalate_is_on(jail->escalation))
                return NULL;
        return window_find(&jail->window, record->failure.id, record->failure.hash);
}

static bool is_integral(const struct record *record, double time) {
        return (record->failure.flags & FAILURE_INTEGRAL_TIME) && !(time < record->failure.time);
}

static struct ticket *own_ticket(const struct record *record, double time) {
        struct slice id = record->failure.id;
        bool is_text = record->failure.flags & (FAILURE_RAW_ID | FAILURE_NEEDS_DNS);
        struct ticket *ticket = is_text ? ticket_new(id, NULL, time) : jail_ticket_of(id, time);
        ticket->integral_time = is_integral(record, time);
        ticket_set_record(ticket, record);
        return ticket;
}

static void take_in(struct jail *jail, const struct record *record, double time) {
        struct counted failure = {.ticket = known_ticket(jail, record),
                .record = record,
                .time = time,
                .weight = 1,
                .is_integral = is_integral(record, time)};
        if (failure.ticket && count_at_once(jail, &failure))
                return;
        failure.ticket = own_ticket(record, time);
        failure.record = NULL;
        if (slice_equal(ticket_id(failure.ticket), record->failure.id))
                failure.hash = record->failure.hash;
        if (record->failure.flags & FAILURE_NEEDS_DNS)
                resolve(jail, failure.ticket);
        else if (!count_at_once(jail, &failure))
                (void)push(jail, INTAKE_FAILURE, failure.ticket);
        (void)ticket_unref(failure.ticket);
}

void jail_failure(struct jail *jail, const struct record *record) {
        double now = jail_now(jail), time = record->failure.time < now ? record->failure.time : now;
        struct slice id = record->failure.id;
        if (jail->is_stopping || id.len == 0 || id.len > RECORD_ID_MAX || !has_room(jail))
                return;
        take_in(jail, record, time);
        if (jail->intake.first)
                jail_intake_pump(jail);
}

void jail_failures_ahead(struct jail *jail, struct record *records, size_t count, unsigned step) {
        const struct ticket_table *table = &jail->window.table;
        uint32_t hashes[SCAN_AHEAD_MAX];
        assert(count <= SCAN_AHEAD_MAX);
        for (size_t i = 0; step == 0 && i < count; i++)
                records[i].failure.hash = ticket_table_hash(table, records[i].failure.id);
        for (size_t i = 0; i < count; i++)
                hashes[i] = records[i].failure.hash;
        ticket_table_fetch(table, hashes, count, (enum ticket_table_step)step);
}

/* As a line of our own log would be, for a jail that read it. */
void jail_other_banned(struct jail *jail, const struct jail *other, const struct ticket *banned) {
        struct arena arena = ARENA_INIT;
        if (jail->is_stopping || !has_room(jail))
                return;
        struct ticket *ticket = jail_ticket_of(ticket_id(banned), jail_now(jail));
        struct value data = value_dict(), matches = value_list();
        value_append(&matches,
                value_string(arena_printf(&arena, "[%s] Ban %s", other->name, banned->id)), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        ticket_set_data(ticket, &data);
        (void)push(jail, INTAKE_FAILURE, ticket);
        (void)ticket_unref(ticket);
        arena_done(&arena);
        jail_intake_pump(jail);
}

/* "Added logfile" comes when it is known where reading begins. */
static void announce(struct jail *jail, struct slice path, struct slice hash, uint64_t offset) {
        for (struct jail_path **place = &jail->unannounced; *place; place = &(*place)->next) {
                struct jail_path *item = *place;
                if (!slice_is(path, item->path))
                        continue;
                struct arena arena = ARENA_INIT;
                diag(DIAG_INFO, JAIL_LOG_FILTER, "Added logfile: %.*s (pos = %llu, hash = %.*s)",
                        SLICE_ARG(repr_text(path, &arena)), (unsigned long long)offset,
                        SLICE_ARG(hash));
                arena_done(&arena);
                *place = item->next;
                free(item->path);
                free(item);
                return;
        }
}

void jail_position(struct jail *jail, struct slice path, struct slice hash, uint64_t offset) {
        if (jail->is_stopping)
                return;
        announce(jail, path, hash, offset);
        struct intake_item *item = push(jail, INTAKE_POSITION, NULL);
        item->path = memory_copy_text(path);
        item->hash = memory_copy_text(hash);
        item->offset = offset;
        jail_intake_pump(jail);
}

void jail_intake_restore(struct jail *jail, struct ticket *ticket) {
        struct intake *intake = &jail->intake;
        intake->last_restored = push_after(jail, intake->last_restored, INTAKE_RESTORE, ticket);
}

void jail_attempt(struct jail *jail, struct slice id, const struct value *matches,
        jail_count_done *done, void *user) {
        struct jail_job *job = jail_job_new(jail, done, user);
        if (id.len == 0 || id.len > RECORD_ID_MAX || !has_room(jail)) {
                jail_job_release(job);
                return;
        }
        struct ticket *ticket = jail_ticket_of(id, jail_now(jail));
        struct value data = value_dict();
        value_dict_put(&data, value_text("matches"), *matches, &job->arena);
        ticket_set_data(ticket, &data);
        struct intake_item *item = push(jail, INTAKE_ATTEMPT, ticket);
        item->job = job;
        if (value_is_container(matches) && matches->list.count > 1)
                item->weight = (double)matches->list.count;
        (void)ticket_unref(ticket);
        jail_intake_pump(jail);
}
