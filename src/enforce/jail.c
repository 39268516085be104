/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A jail's life and settings, and its logs. What happens to failures is in jail_intake.c, to bans
 * in jail_bans.c, with ban times that grow in jail_observe.c. Everything runs in the loop's one
 * thread, so a failure, the ban that follows and its row in the database are one step. Upstream:
 * fail2ban/server/jail.py, 1.1. */
#include "enforce/jail.h"

#include <errno.h>
#include <sys/random.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/flow_cut.h"
#include "enforce/jail_debug.h"
#include "enforce/jail_jobs.h"
#include "enforce/jail_state.h"
#include "enforce/resolver.h"

double jail_now(const struct jail *jail) {
        return clock_wall(jail->env.clock);
}

struct store *jail_store(const struct jail *jail) {
        return jail->env.store ? *jail->env.store : NULL;
}

void jail_count_bans(struct jail *jail) {
        jail->counts_bans = true;
}

bool jail_counts_bans(const struct jail *jail) {
        return jail->counts_bans;
}

bool jail_is_working(const struct jail *jail) {
        return !jail->is_idle && !jail->is_stopping;
}

static struct ignore *make_ignore(struct jail *jail) {
        struct ignore_env env = {.loop = jail->env.loop,
                .clock = jail->env.clock,
                .runner = jail->env.runner,
                .resolver = jail->env.resolver,
                .self = jail->env.self,
                .jail = jail->name,
                .info = &jail_info_ops,
                .user = jail};
        return ignore_new(&env);
}

/* Restored bans too: who is banned could come in while no server was there. */
static void on_held(void *user, const struct ticket *ticket) {
        const struct jail *jail = user;
        if (!jail->settings.cuts_flows || !jail->env.flows)
                return;
        struct address address = ticket_address(ticket);
        flow_cut_add(jail->env.flows, &address);
}

static struct action_list *make_actions(struct jail *jail) {
        struct action_env env = {.loop = jail->env.loop,
                .clock = jail->env.clock,
                .runner = jail->env.runner,
                .resolver = jail->env.resolver,
                .nft = jail->env.nft,
                .python = jail->env.python,
                .info = &jail_info_ops,
                .held = on_held,
                .user = jail,
                .has_ipv6 = !jail->env.has_ipv6 || *jail->env.has_ipv6};
        return action_list_new(&env, slice_of(jail->name));
}

static struct slice make_found_head(const char *name) {
        char *text;
        int len = asprintf(&text, "[%s] Found ", name);
        if (len < 0)
                abort();
        return (struct slice){text, (size_t)len};
}

struct jail *jail_new(const struct jail_env *env, uint32_t id, struct slice name,
        enum log_watch_backend backend, struct slice backend_name, struct fault *fault) {
        int r = scan_link_jail_add(env->scan, id, name);
        if (r < 0) {
                (void)fault_set_errno(fault, r, "jail '%.*s'", SLICE_ARG(name));
                return NULL;
        }
        struct jail *jail = memory_new(sizeof(*jail));
        jail->env = *env;
        jail->id = id;
        jail->name = memory_copy_text(name);
        jail->found_head = make_found_head(jail->name);
        jail->backend_name = memory_copy_text(backend_name);
        jail->backend = backend;
        jail->settings = (struct jail_settings){.findtime_s = 600,
                .findtime_integral = true,
                .bantime_s = 600,
                .maxretry = 3,
                .maxmatches = 5,
                .usedns = memory_copy_text(SLICE("warn"))};
        jail->told_findtime_s = (double)NAN;
        jail->told_keep_matches = -1;
        jail->unban_chunk = JAIL_UNBAN_CHUNK;
        jail->escalation = escalate_new();
        jail->ignore = make_ignore(jail);
        jail->actions = make_actions(jail);
        window_init(&jail->window, JAIL_IDS_MAX);
        ban_book_init(&jail->book, JAIL_BANS_MAX, 600);
        ban_prefix_init(&jail->prefix);
        if (getrandom(&jail->random, sizeof(jail->random), 0) < 0)
                jail->random = (uint64_t)loop_now_us();
        if (jail_store(jail))
                store_jail_add(jail_store(jail), name);
        return jail;
}

static void free_paths(struct jail_path **list) {
        while (*list) {
                struct jail_path *path = *list;
                *list = path->next;
                free(path->path);
                free(path);
        }
}

struct jail *jail_free(struct jail *jail) {
        if (!jail)
                return NULL;
        scan_link_jail_del(jail->env.scan, jail->id);
        loop_timer_cancel(jail->env.loop, &jail->expire_timer);
        jail_restore_done(jail);
        jail->actions = action_list_free(jail->actions);
        jail->ignore = ignore_free(jail->ignore);
        jail_intake_done(jail);
        jail_observe_done(jail);
        jail_jobs_done(jail);
        jail->escalation = escalate_free(jail->escalation);
        window_done(&jail->window);
        ban_book_done(&jail->book);
        ban_prefix_done(&jail->prefix);
        free_paths(&jail->unannounced);
        free_paths(&jail->unnamed);
        free(jail->settings.usedns);
        free(jail->journal);
        free(jail->backend_name);
        free((void *)(uintptr_t)jail->found_head.data);
        free(jail->name);
        free(jail);
        return NULL;
}

void jail_set_journal(struct jail *jail, struct slice source) {
        free(jail->journal);
        if (asprintf(&jail->journal, "systemd-journal%.*s", SLICE_ARG(source)) < 0)
                abort();
}

uint32_t jail_id(const struct jail *jail) {
        return jail->id;
}

const char *jail_name(const struct jail *jail) {
        return jail->name;
}

const char *jail_backend(const struct jail *jail) {
        return jail->backend_name;
}

enum log_watch_backend jail_watch_backend(const struct jail *jail) {
        return jail->backend;
}

struct scan_link *jail_scan(const struct jail *jail) {
        return jail->env.scan;
}

struct jail_settings *jail_settings(struct jail *jail) {
        return &jail->settings;
}

struct escalate_settings *jail_escalation(struct jail *jail) {
        return jail->escalation;
}

struct ban_prefix *jail_prefix(struct jail *jail) {
        return &jail->prefix;
}

struct ignore *jail_ignore(struct jail *jail) {
        return jail->ignore;
}

struct action_list *jail_actions(struct jail *jail) {
        return jail->actions;
}

/* Matched lines travel and are kept only where somebody uses them. Those of the first failure are
 * cut to maxmatches with the second. */
static bool wants_matches(const struct jail *jail) {
        const struct store *store = jail_store(jail);
        const struct jail_settings *settings = &jail->settings;
        return action_list_wants_matches(jail->actions) ||
               (store && store_max_matches(store) != 0 &&
                       (settings->maxmatches > 0 || settings->maxretry <= 1));
}

static void tell_scanner(struct jail *jail, const char *option, struct value v) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value arguments = value_list();
        (void)value_append(&arguments, v, &arena);
        int r = scan_link_set(jail->env.scan, jail->id, slice_of(option), &arguments, NULL, &fault);
        if (r < 0)
                diag(DIAG_ERROR, JAIL_LOG_FILTER, "[%s] cannot set %s: %s", jail->name, option,
                        fault_text(&fault));
        fault_done(&fault);
        arena_done(&arena);
}

/* The ends of bans without a time of their own follow the jail's. */
static void set_ban_time(struct jail *jail) {
        double before_s = jail->book.jail_ban_time_s, now_s = (double)jail->settings.bantime_s;
        size_t count;
        ban_book_set_ban_time(&jail->book, now_s);
        if (before_s == now_s || !action_list_follows_ends(jail->actions))
                return;
        struct ticket **tickets = ban_book_by_ban(&jail->book, &count);
        for (size_t i = 0; i < count; i++)
                if (isnan(tickets[i]->ban_time_s))
                        action_list_end_moved(jail->actions, tickets[i]);
        free(tickets);
}

void jail_settings_changed(struct jail *jail) {
        struct jail_settings *settings = &jail->settings;
        jail->window.findtime_s = settings->findtime_s;
        jail->window.maxretry = settings->maxretry;
        jail->window.maxmatches = settings->maxmatches;
        jail->prefix.window.findtime_s = settings->findtime_s;
        jail->prefix.window.maxretry = settings->maxretry;
        jail->prefix.window.maxmatches = settings->maxmatches;
        set_ban_time(jail);
        if (!(jail->told_findtime_s == settings->findtime_s)) {
                jail->told_findtime_s = settings->findtime_s;
                tell_scanner(jail, "findtime",
                        settings->findtime_integral ? value_int((int64_t)settings->findtime_s)
                                                    : value_float(settings->findtime_s));
        }
        if (jail->told_keep_matches != wants_matches(jail)) {
                jail->told_keep_matches = wants_matches(jail);
                tell_scanner(jail, "keepmatches", value_bool(jail->told_keep_matches));
        }
        jail_expire_arm(jail);
}

bool jail_is_started(const struct jail *jail) {
        return jail->is_started;
}

/* The place is a cursor, which is good as long as nobody else (upstream) has read on and stored a later time. */
static void add_journal(struct jail *jail) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct scan_start start = {.at = SCAN_START_HEAD};
        struct store *store = jail_store(jail);
        uint64_t at_us;
        double stored = 0;
        if (store && store_log_get(store, slice_of(jail->name), SLICE(STORE_CURSOR_PATH), &arena, &start.hash, &at_us) &&
                store_log_get_time(store, slice_of(jail->name), SLICE(STORE_JOURNAL_PATH), &stored) &&
                stored > (double)at_us / 1e6 + 0.001)
                start.hash = SLICE_NULL;
        if (!start.hash.data && stored == 0 && store)
                (void)store_log_get_time(store, slice_of(jail->name), SLICE(STORE_JOURNAL_PATH), &stored);
        jail->journal_time = start.hash.len > 0 ? 0 : stored;
        if (scan_link_log_add(jail->env.scan, jail->id, slice_of(jail->journal), jail->backend, &start, &fault) < 0)
                diag(DIAG_ERROR, JAIL_LOG_FILTER, "[%s] cannot read the journal: %s", jail->name, fault_text(&fault));
        fault_done(&fault);
        arena_done(&arena);
}

void jail_start(struct jail *jail) {
        if (jail->is_stopping)
                return;
        jail_settings_changed(jail);
        if (!jail->is_started) {
                diag(DIAG_DEBUG, JAIL_LOG_JAIL, "Starting jail '%s'", jail->name);
                jail->is_started = true;
                action_list_start(jail->actions, NULL, NULL);
                jail_restore(jail);
                if (jail->journal)
                        add_journal(jail);
                scan_link_jail_start(jail->env.scan, jail->id,
                        fmax(jail->journal_time, jail_now(jail) - jail->settings.findtime_s));
                diag(DIAG_INFO, JAIL_LOG_JAIL, "Jail '%s' started", jail->name);
        }
        jail_set_state(jail, JAIL_ACTIVE);
}

static void on_stopped(void *user, unsigned failed) {
        struct jail *jail = user;
        (void)failed; /* the actions have said it */
        if (jail_store(jail) && jail->stop_how == JAIL_STOP_SERVER)
                store_jail_disable(jail_store(jail), slice_of(jail->name));
        diag(DIAG_INFO, JAIL_LOG_JAIL, "Jail '%s' stopped", jail->name);
        if (jail->stop_done)
                jail->stop_done(jail->stop_user, jail); /* which may free it */
}

void jail_stop(struct jail *jail, enum jail_stop how, jail_done *done, void *user) {
        size_t count;
        if (jail->is_stopping)
                return;
        jail_restore_finish(jail);
        jail->is_stopping = true;
        jail->stop_done = done;
        jail->stop_user = user;
        jail->stop_how = how;
        jail_debug_stop(jail);
        scan_link_jail_del(jail->env.scan, jail->id);
        loop_timer_cancel(jail->env.loop, &jail->expire_timer);
        jail_intake_stop(jail);
        if (jail_store(jail) && how == JAIL_STOP_ALONE)
                store_jail_disable(jail_store(jail), slice_of(jail->name));
        if (how == JAIL_STOP_ALONE)
                jail_restore_stop(jail);
        struct ticket **tickets = ban_book_by_ban(&jail->book, &count);
        action_list_stop(jail->actions,
                how == JAIL_STOP_SERVER ? ACTION_STOP_SERVER : ACTION_STOP_ALONE, tickets, count,
                on_stopped, jail);
        for (size_t i = 0; i < count; i++)
                diag(DIAG_NOTICE, JAIL_LOG_ACTIONS, "[%s] Repeal Ban %s", jail->name,
                        tickets[i]->id);
        free(tickets);
        ban_book_done(&jail->book);
        jail_debug_flush(jail, count);
}

static bool has_waiting_scanner(const struct jail *jail) {
        return jail->is_idle || jail->intake.is_paused;
}

void jail_set_state(struct jail *jail, enum jail_state state) {
        bool was_waiting = has_waiting_scanner(jail);
        jail->is_idle = state == JAIL_IDLE;
        if (was_waiting != has_waiting_scanner(jail))
                scan_link_jail_set_state(jail->env.scan, jail->id,
                        jail->is_idle ? SCAN_JAIL_IDLE : SCAN_JAIL_ACTIVE);
        if (jail_is_working(jail)) {
                jail_intake_pump(jail);
                jail_expire_arm(jail);
        }
}

enum jail_state jail_state(const struct jail *jail) {
        return jail->is_idle ? JAIL_IDLE : JAIL_ACTIVE;
}

static void push_path(struct jail_path **list, struct slice path) {
        struct jail_path *item = memory_new(sizeof(*item));
        *item = (struct jail_path){*list, memory_copy_text(path)};
        *list = item;
}

static bool take_path(struct jail_path **list, struct slice path) {
        for (; *list; list = &(*list)->next) {
                struct jail_path *item = *list;
                if (!slice_is(path, item->path))
                        continue;
                *list = item->next;
                free(item->path);
                free(item);
                return true;
        }
        return false;
}

void jail_reload_begin(struct jail *jail) {
        struct slice path;
        jail->is_reloading = true;
        jail_set_state(jail, JAIL_IDLE);
        ignore_clear(jail->ignore);
        action_list_reload_begin(jail->actions);
        struct value none = value_list();
        (void)scan_link_set(jail->env.scan, jail->id, SLICE("begin"), &none, NULL,
                NULL); /* the jail is known */
        free_paths(&jail->unnamed);
        for (size_t i = 0; !jail->journal && scan_link_log_at(jail->env.scan, jail->id, i, &path) == 0; i++)
                push_path(&jail->unnamed, path);
}

static void on_reloaded(void *user, unsigned failed) {
        struct jail *jail = user;
        jail_done *done = jail->reload_done;
        (void)failed; /* the actions have said it */
        jail->reload_done = NULL;
        if (done)
                done(jail->reload_user, jail);
}

void jail_reload_end(struct jail *jail, jail_done *done, void *user) {
        size_t count;
        while (jail->unnamed) {
                struct jail_path *path = jail->unnamed;
                jail->unnamed = path->next;
                (void)jail_log_del(jail, slice_of(path->path));
                free(path->path);
                free(path);
        }
        jail->is_reloading = false;
        jail->reload_done = done;
        jail->reload_user = user;
        struct ticket **tickets = ban_book_by_ban(&jail->book, &count);
        action_list_reload_end(jail->actions, tickets, count, on_reloaded, jail);
        free(tickets);
        jail_settings_changed(jail);
}

bool jail_is_reloading(const struct jail *jail) {
        return jail->is_reloading;
}

int jail_log_add(struct jail *jail, struct slice path, enum scan_start_at at, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct scan_start start = {.at = at};
        if (jail->counts_bans || jail->journal) /* upstream takes and forgets it, too */
                return 0;
        if (at == SCAN_START_HEAD && jail_store(jail) &&
                !store_log_get(jail_store(jail), slice_of(jail->name), path, &arena, &start.hash,
                        &start.offset))
                start = (struct scan_start){.at = at};
        int r = scan_link_log_add(jail->env.scan, jail->id, path, jail->backend, &start, fault);
        arena_done(&arena);
        bool was_unnamed = take_path(&jail->unnamed, path);
        if (r == SCAN_LINK_E_KNOWN) {
                if (!was_unnamed)
                        diag(DIAG_ERROR, JAIL_LOG_FILTER, "%.*s already exists", SLICE_ARG(path));
                return 0;
        }
        if (r >= 0)
                push_path(&jail->unannounced, path);
        return r;
}

int jail_log_undo(struct jail *jail, struct slice path) {
        if (jail->journal)
                return -ENOENT;
        (void)take_path(&jail->unannounced, path);
        return scan_link_log_del(jail->env.scan, jail->id, path);
}

int jail_log_del(struct jail *jail, struct slice path) {
        struct arena arena = ARENA_INIT;
        int r = jail_log_undo(jail, path);
        if (r == 0)
                diag(DIAG_INFO, JAIL_LOG_FILTER, "Removed logfile: %.*s",
                        SLICE_ARG(repr_text(path, &arena)));
        arena_done(&arena);
        return r;
}
