/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A jail that is being stopped stays in the table, so that its name is taken until its actions have
 * run, but is not found. Ids grow and are never used again: the array is sorted by itself. */
#include "enforce/jails.h"

#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/journal_link.h"

#define LOGGER "fail2ban.jail"
#define NAME_WARN 26 /* what fits a chain of iptables behind "f2b-" */
#define BACKENDS "['pyinotify', 'polling', 'systemd'] or 'auto'"

struct jail_stopper {
        jails_stopped *done;
        void *user;
        struct jail_stopper *next;
};

static void on_ban(void *user, const struct jail *jail, const struct ticket *ticket) {
        const struct jails *jails = user;
        for (size_t i = 0; i < jails->count; i++)
                if (jail_counts_bans(jails->items[i]->jail))
                        jail_other_banned(jails->items[i]->jail, jail, ticket);
}

void jails_init(struct jails *jails, const struct jail_env *env) {
        *jails = (struct jails){.env = *env};
        jails->env.on_ban = on_ban;
        jails->env.ban_user = jails;
        table_init(&jails->names, JAILS_MAX);
}

static void free_entry(struct jail_entry *entry) {
        entry->jail = jail_free(entry->jail);
        scan_options_done(&entry->options);
        arena_done(&entry->config_arena);
        while (entry->stoppers) {
                struct jail_stopper *stopper = entry->stoppers;
                entry->stoppers = stopper->next;
                free(stopper);
        }
        free(entry->backend);
        free(entry);
}

void jails_done(struct jails *jails) {
        for (size_t i = 0; i < jails->count; i++)
                free_entry(jails->items[i]);
        free(jails->items);
        table_done(&jails->names);
        *jails = (struct jails){0};
}

/* The backend that a name stands for; "[...]" behind it are options, of which the two that follow
 * files have none. */
static int parse_backend(struct slice text, enum log_watch_backend *ret, const char **ret_name,
        struct fault *fault) {
        struct slice name = slice_trim(slice_sub(text, 0, slice_find_char(text, '[', 0)));
        if (slice_equal_nocase(name, SLICE("auto")) ||
                slice_equal_nocase(name, SLICE("pyinotify"))) {
                *ret = LOG_WATCH_INOTIFY;
                *ret_name = "pyinotify";
                return 0;
        }
        if (slice_equal_nocase(name, SLICE("polling"))) {
                *ret = LOG_WATCH_POLL;
                *ret_name = "polling";
                return 0;
        }
        if (slice_equal_nocase(name, SLICE("bans"))) {
                *ret = LOG_WATCH_POLL; /* of nothing */
                *ret_name = "bans";
                return 0;
        }
        if (slice_equal_nocase(name, SLICE("systemd"))) {
                *ret = LOG_WATCH_JOURNAL;
                *ret_name = "systemd";
                return 0;
        }
        diag(DIAG_ERROR, LOGGER, "Unknown backend %.*s. Must be among " BACKENDS, SLICE_ARG(name));
        return fault_raise(fault, "ValueError", "Unknown backend %.*s. Must be among " BACKENDS,
                SLICE_ARG(name));
}

/* Finds the journal's process for a jail that is to be. *ret_text (in arena) tells readers apart. */
static struct scan_link *use_journal(struct jails *jails, struct slice name, struct slice backend,
        struct arena *arena, struct slice *ret_text, struct fault *fault) {
        struct journal_source source;
        struct fault why = FAULT_INIT;
        struct scan_link *scan = NULL;
        struct slice options = slice_sub(backend, slice_find_char(backend, '[', 0), backend.len);
        if (journal_source_parse(options, getenv("F2B_SYSTEMD_DEFAULT_FLAGS"), arena, &source,
                    &why) == 0) {
                *ret_text = journal_source_text(&source, arena);
                scan = jails->env.journal ? journal_link_use(jails->env.journal, &source, &why)
                                          : NULL;
        }
        if (!scan) {
                diag(DIAG_ERROR, LOGGER, "Backend 'systemd' failed to initialize due to %s",
                        fault_text(&why));
                (void)fault_raise(fault, "RuntimeError",
                        "Failed to initialize any backend for Jail '%.*s'", SLICE_ARG(name));
        }
        fault_done(&why);
        return scan;
}

static void say_new(const char *name, const char *backend, struct slice options) {
        struct arena arena = ARENA_INIT;
        struct journal_source source;
        struct slice given = SLICE("{}");
        if (strcmp(backend, "systemd") == 0 &&
                journal_source_parse(options, NULL, &arena, &source, NULL) == 0)
                given = repr(&source.given, &arena);
        diag(DIAG_INFO, LOGGER, "Jail '%s' uses %s %.*s", name,
                strcmp(backend, "polling") == 0 ? "poller" : backend, SLICE_ARG(given));
        arena_done(&arena);
        diag(DIAG_INFO, LOGGER, "Initiated '%s' backend", backend);
}

static void keep(struct jails *jails, struct jail_entry *entry, struct slice name) {
        memory_reserve(&jails->items, jails->count, &jails->capacity, sizeof(struct jail_entry *));
        jails->items[jails->count++] = entry;
        (void)table_put(&jails->names, name, entry); /* fits: counted before */
}

struct jail_entry *jails_add(
        struct jails *jails, struct slice name, struct slice backend, struct fault *fault) {
        enum log_watch_backend kind = LOG_WATCH_INOTIFY;
        const char *kind_name = NULL;
        if (name.len == 0 || name.len > JAILS_NAME_MAX) {
                (void)fault_raise(
                        fault, "ValueError", "a jail's name has 1 to %d bytes", JAILS_NAME_MAX);
                return NULL;
        }
        if (table_get(&jails->names, name)) {
                (void)fault_raise(fault, "DuplicateJailException", "%.*s", SLICE_ARG(name));
                return NULL;
        }
        if (jails->names.count >= JAILS_MAX) {
                (void)fault_raise(fault, "RuntimeError", "more than %d jails", JAILS_MAX);
                return NULL;
        }
        if (name.len >= NAME_WARN)
                diag(DIAG_WARNING, LOGGER,
                        "Jail name '%.*s' might be too long and some commands might not function "
                        "correctly. Please shorten",
                        SLICE_ARG(name));
        diag(DIAG_INFO, LOGGER, "Creating new jail '%.*s'", SLICE_ARG(name));
        struct arena arena = ARENA_INIT;
        struct slice journal = SLICE("");
        struct jail_env env = jails->env;
        struct jail *jail = NULL;
        int r = parse_backend(backend, &kind, &kind_name, fault);
        if (r == 0 && kind == LOG_WATCH_JOURNAL)
                env.scan = use_journal(jails, name, backend, &arena, &journal, fault);
        if (r == 0 && env.scan)
                jail = jail_new(&env, jails->last_id + 1, name, kind, slice_of(kind_name),
                        fault);
        if (jail && kind == LOG_WATCH_JOURNAL)
                jail_set_journal(jail, journal);
        if (jail && strcmp(kind_name, "bans") == 0)
                jail_count_bans(jail);
        arena_done(&arena);
        if (!jail)
                return NULL;
        struct jail_entry *entry = memory_new(sizeof(*entry));
        *entry = (struct jail_entry){.jail = jail,
                .id = ++jails->last_id,
                .backend = memory_copy_text(backend),
                .config = value_list(),
                .jails = jails};
        scan_options_init(&entry->options);
        keep(jails, entry, name);
        say_new(jail_name(jail), kind_name,
                slice_sub(backend, slice_find_char(backend, '[', 0), backend.len));
        return entry;
}

struct jail_entry *jails_find(const struct jails *jails, struct slice name) {
        struct jail_entry *entry = table_get(&jails->names, name);
        return entry && !entry->stopping ? entry : NULL;
}

static size_t place_of(const struct jails *jails, uint32_t id) {
        size_t low = 0;
        size_t high = jails->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (jails->items[middle]->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct jail_entry *jails_find_id(const struct jails *jails, uint32_t id) {
        size_t place = place_of(jails, id);
        return place < jails->count && jails->items[place]->id == id ? jails->items[place] : NULL;
}

struct jail_entry *jails_next(const struct jails *jails, size_t *position) {
        while (*position < jails->count) {
                struct jail_entry *entry = jails->items[(*position)++];
                if (!entry->stopping)
                        return entry;
        }
        return NULL;
}

size_t jails_count(const struct jails *jails) {
        size_t position = 0;
        size_t count = 0;
        while (jails_next(jails, &position))
                count++;
        return count;
}

static void on_stopped(void *user, struct jail *jail) {
        struct jail_entry *entry = user;
        struct jails *jails = entry->jails;
        size_t place = place_of(jails, entry->id);
        struct jail_stopper *stoppers = entry->stoppers;
        (void)table_remove(&jails->names, slice_of(jail_name(jail)));
        jails->count--;
        for (size_t i = place; i < jails->count; i++)
                jails->items[i] = jails->items[i + 1];
        entry->stoppers = NULL;
        free_entry(entry);
        while (stoppers) {
                struct jail_stopper *stopper = stoppers;
                stoppers = stopper->next;
                stopper->done(stopper->user);
                free(stopper);
        }
}

static void wait_stopped(struct jail_entry *entry, jails_stopped *done, void *user) {
        struct jail_stopper **end = &entry->stoppers;
        while (*end)
                end = &(*end)->next;
        *end = memory_new(sizeof(**end));
        **end = (struct jail_stopper){.done = done, .user = user};
}

void jails_stop(struct jails *jails, struct jail_entry *entry, enum jail_stop how,
        jails_stopped *done, void *user) {
        (void)jails;
        wait_stopped(entry, done, user);
        if (entry->stopping)
                return;
        entry->stopping = true;
        jail_stop(entry->jail, how, on_stopped, entry);
}

bool jails_wait_stopped(struct jails *jails, struct slice name, jails_stopped *done, void *user) {
        struct jail_entry *entry = table_get(&jails->names, name);
        if (!entry || !entry->stopping)
                return false;
        wait_stopped(entry, done, user);
        return true;
}

/* They point into an arena that will not live as long. */
static void drop_origins(struct value *value) {
        value->origin = NULL;
        for (size_t i = 0; value_is_container(value) && i < value->list.count; i++)
                drop_origins(&value->list.items[i]);
}

void jail_entry_keep_config(struct jail_entry *entry, const struct value *commands) {
        struct arena arena = ARENA_INIT;
        struct value copy = value_copy(commands, &arena);
        drop_origins(&copy);
        arena_done(&entry->config_arena);
        entry->config_arena = arena;
        entry->config = copy;
}

void jails_reload_begin(struct jail_entry *entry) {
        struct value matches = scan_options_get(&entry->options, SCAN_OPTION_JOURNALMATCH);
        if (value_is_container(&matches) && matches.list.count > 0)
                diag(DIAG_INFO, "fail2ban.filtersystemd", "[%s] Removed journal match for: '*'",
                        jail_name(entry->jail));
        scan_options_begin_reload(&entry->options);
        jail_reload_begin(entry->jail);
}
