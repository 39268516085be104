/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries are a list, as they are shown; what can be decided at once (addresses, networks) is
 * in one set besides. A check goes through its steps in order and remembers where it is, so that it
 * can wait: for a name, for the command. When entries change meanwhile, the walk through them
 * begins anew. Upstream: fail2ban/server/filter.py _inIgnoreIPList(), 1.1. */
#include "enforce/ignore.h"

#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "base/table.h"
#include "enforce/action_info.h"
#include "enforce/address_set.h"
#include "enforce/ignore_cache.h"
#include "enforce/ignore_file.h"
#include "enforce/own_addresses.h"
#include "enforce/resolver.h"

#define LOGGER "fail2ban.filter"
#define COMMAND_TIMEOUT_S 60.0
#define COMMAND_NO_STATUS 1 /* exit status that means "not ignored" */

struct entry {
        char *text; /* normal form */
        struct address address;
        struct ignore_file *file; /* or NULL */
};

/* A check that has to wait. */
struct check {
        struct check *next;
        struct ignore *ignore;
        struct ticket *ticket;
        ignore_done *done;
        void *user;
        struct process *process; /* the command, while it runs */
        size_t at;               /* entry that is being asked about */
        unsigned generation;     /* of the entries */
        bool is_asking;          /* inside resolver_ask_addresses() */
        bool is_answered;        /* ... which has answered already */
        bool has_hit;            /* ... and the name has the ticket's address */
};

struct ignore {
        struct ignore_env env;
        struct entry **entries;
        size_t count;
        size_t capacity;
        struct table known; /* text -> entry */
        struct address_set set;
        unsigned generation; /* grows with each change of the entries */
        unsigned changes;    /* grows with each change of what else decides */
        size_t slow_count;   /* names and files among them */
        bool self;
        char *command; /* NULL: never set */
        struct ignore_cache cache;
        struct check *checks;
        size_t check_count;
};

struct ignore *ignore_new(const struct ignore_env *env) {
        struct ignore *ignore = memory_new(sizeof(*ignore));
        ignore->env = *env;
        ignore->self = true;
        table_init(&ignore->known, IGNORE_ENTRIES_MAX);
        ignore_cache_init(&ignore->cache);
        return ignore;
}

static void entry_free(struct entry *entry) {
        (void)ignore_file_free(entry->file);
        free(entry->text);
        free(entry);
}

void ignore_clear(struct ignore *ignore) {
        for (size_t i = 0; i < ignore->count; i++)
                entry_free(ignore->entries[i]);
        ignore->count = ignore->slow_count = 0;
        ignore->generation++;
        table_done(&ignore->known);
        address_set_clear(&ignore->set);
}

static void check_free(struct check *check) {
        struct check **place = &check->ignore->checks;
        while (*place != check)
                place = &(*place)->next;
        *place = check->next;
        check->ignore->check_count--;
        if (check->process)
                process_cancel(check->process);
        (void)ticket_unref(check->ticket);
        free(check);
}

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault);

static bool is_check_of(const void *check, const void *ignore) {
        return ((const struct check *)check)->ignore == ignore;
}

struct ignore *ignore_free(struct ignore *ignore) {
        if (!ignore)
                return NULL;
        if (ignore->env.resolver) /* in one look for all: there may be very many */
                resolver_forget_all(ignore->env.resolver, on_addresses, is_check_of, ignore);
        while (ignore->checks)
                check_free(ignore->checks);
        ignore_clear(ignore);
        free(ignore->entries);
        address_set_done(&ignore->set);
        ignore_cache_done(&ignore->cache);
        free(ignore->command);
        free(ignore);
        return NULL;
}

/* The entry that word stands for, in normal form. */
static struct entry *entry_of(const struct ignore *ignore, struct slice word) {
        struct entry *entry = memory_new(sizeof(*entry));
        char text[ADDRESS_TEXT_MAX];
        struct slice path;
        if (ignore_file_path(word, &path)) {
                entry->file = ignore_file_new(path, ignore->env.clock);
                entry->text = memory_copy_text(slice_of(ignore_file_name(entry->file)));
        } else if (address_parse(word, &entry->address) == 0) {
                entry->text = memory_copy_text(address_print(&entry->address, text));
        } else {
                entry->address = (struct address){0};
                entry->text = memory_copy_text(word);
        }
        return entry;
}

static bool is_slow(const struct entry *entry) {
        return entry->address.family == ADDRESS_NONE;
}

int ignore_add(struct ignore *ignore, struct slice word, struct fault *fault) {
        if (word.len == 0)
                return 0;
        if (word.len > 4096)
                return fault_raise(
                        fault, "ValueError", "too long to be ignored: %zu bytes", word.len);
        struct entry *entry = entry_of(ignore, word);
        int r = table_put(&ignore->known, slice_of(entry->text), entry);
        if (r == 0) {
                memory_reserve(
                        &ignore->entries, ignore->count, &ignore->capacity, sizeof(struct entry *));
                ignore->entries[ignore->count++] = entry;
                ignore->slow_count += is_slow(entry);
                ignore->generation++;
                address_set_add(&ignore->set, &entry->address);
                return 0;
        }
        if (r < 0) {
                entry_free(entry);
                return fault_raise(fault, "ValueError", "more than %d entries in ignoreip",
                        IGNORE_ENTRIES_MAX);
        }
        struct arena arena = ARENA_INIT;
        diag(DIAG_MSG, LOGGER, "  Ignore duplicate %.*s (%.*s), already in ignore list",
                SLICE_ARG(repr_text(slice_of(entry->text), &arena)),
                SLICE_ARG(repr_text(word, &arena)));
        arena_done(&arena);
        /* The table holds the new one now: it takes the place of the former. */
        for (size_t i = 0; i < ignore->count; i++) {
                if (!slice_is(slice_of(ignore->entries[i]->text), entry->text))
                        continue;
                entry_free(ignore->entries[i]);
                ignore->entries[i] = entry;
                break;
        }
        return 0;
}

int ignore_del(struct ignore *ignore, struct slice word, struct fault *fault) {
        struct entry *wanted = entry_of(ignore, word);
        struct entry *entry = table_remove(&ignore->known, slice_of(wanted->text));
        entry_free(wanted);
        if (!entry)
                return fault_raise(fault, "ValueError", "list.remove(x): x not in list");
        size_t kept = 0;
        address_set_clear(&ignore->set);
        for (size_t i = 0; i < ignore->count; i++) {
                if (ignore->entries[i] == entry)
                        continue;
                ignore->entries[kept++] = ignore->entries[i];
                address_set_add(&ignore->set, &ignore->entries[i]->address);
        }
        ignore->count = kept;
        ignore->slow_count -= is_slow(entry);
        ignore->generation++;
        entry_free(entry);
        return 0;
}

struct value ignore_list(const struct ignore *ignore, struct arena *arena) {
        struct value list = value_list();
        for (int single = 0; single < 2; single++)
                for (size_t i = 0; i < ignore->count; i++) {
                        const struct entry *entry = ignore->entries[i];
                        if ((!is_slow(entry) && address_is_single(&entry->address)) ==
                                (single == 1))
                                (void)value_append(&list,
                                        value_string(arena_copy(arena, slice_of(entry->text))),
                                        arena);
                }
        return list;
}

void ignore_set_self(struct ignore *ignore, bool on) {
        ignore->self = on;
        ignore->changes++;
}

bool ignore_self(const struct ignore *ignore) {
        return ignore->self;
}

void ignore_set_command(struct ignore *ignore, struct slice command) {
        free(ignore->command);
        ignore->command = memory_copy_text(command);
        ignore->changes++;
}

struct value ignore_command(const struct ignore *ignore, struct arena *arena) {
        return ignore->command ? value_string(arena_copy(arena, slice_of(ignore->command)))
                               : value_bool(false);
}

int ignore_set_cache(struct ignore *ignore, struct slice text, struct fault *fault) {
        ignore->changes++;
        return ignore_cache_set(&ignore->cache, text, fault);
}

struct value ignore_cache(const struct ignore *ignore, struct arena *arena) {
        return ignore_cache_settings(&ignore->cache, arena);
}

/* text with the ticket's tags replaced. Returns 0 or -E2BIG. */
static int expand(const struct ignore *ignore, struct slice text, struct ticket *ticket,
        struct arena *arena, struct action_script *ret) {
        struct action_env env = {.loop = ignore->env.loop,
                .clock = ignore->env.clock,
                .runner = ignore->env.runner,
                .resolver = ignore->env.resolver,
                .info = ignore->env.info,
                .user = ignore->env.user};
        struct action_info info;
        action_info_init(&info, &env, ticket, arena);
        struct action_dynamic_source source = action_info_source(&info);
        int r = action_dynamic_expand(text, &source, arena, ret);
        action_info_done(&info);
        return r;
}

/* What the cache knows the ticket by: the key's text, and the values that did not get into it. */
static struct slice cache_key(
        const struct ignore *ignore, struct ticket *ticket, struct arena *arena) {
        struct action_script script;
        if (expand(ignore, slice_of(ignore->cache.key), ticket, arena, &script) < 0)
                return ticket_id(ticket);
        if (script.values.list.count == 0)
                return script.command;
        struct slice values = repr(&script.values, arena);
        return arena_printf(arena, "%.*s %.*s", SLICE_ARG(script.command), SLICE_ARG(values));
}

static void remember(struct ignore *ignore, struct ticket *ticket, enum ignore_known known) {
        if (!ignore_cache_is_on(&ignore->cache))
                return;
        struct arena arena = ARENA_INIT;
        struct slice key = cache_key(ignore, ticket, &arena);
        ignore_cache_put(&ignore->cache, key, known, clock_wall(ignore->env.clock));
        arena_done(&arena);
}

static enum ignore_known recall(struct ignore *ignore, struct ticket *ticket) {
        if (!ignore_cache_is_on(&ignore->cache))
                return IGNORE_UNKNOWN;
        struct arena arena = ARENA_INIT;
        struct slice key = cache_key(ignore, ticket, &arena);
        enum ignore_known known =
                ignore_cache_get(&ignore->cache, key, clock_wall(ignore->env.clock));
        arena_done(&arena);
        return known;
}

/* Whether names, files or the command have to be asked. */
static bool is_slow_to_decide(const struct ignore *ignore) {
        return ignore->slow_count > 0 || (ignore->command && ignore->command[0]);
}

/* What needs no waiting and no search through the list. Returns true if it is decided. */
static bool decide_fast(struct ignore *ignore, struct ticket *ticket, const char **ret_source) {
        enum ignore_known known = recall(ignore, ticket);
        *ret_source = known == IGNORE_YES ? "" : NULL;
        if (known != IGNORE_UNKNOWN)
                return true;
        struct address address = ticket_address(ticket);
        bool has_address = address.family != ADDRESS_NONE;
        if (has_address && ignore->self && ignore->env.self &&
                own_addresses_has(ignore->env.self, &address)) {
                remember(ignore, ticket, IGNORE_YES);
                *ret_source = "ignoreself rule";
                return true;
        }
        const struct address *found = address_set_find(&ignore->set, &address);
        bool is_text_known = !has_address && table_get(&ignore->known, ticket_id(ticket));
        if (!found && !is_text_known) {
                if (is_slow_to_decide(ignore))
                        return false;
                remember(ignore, ticket, IGNORE_NO);
                return true;
        }
        if (found && !address_is_single(found))
                remember(ignore, ticket, IGNORE_YES);
        *ret_source = found ? "ip" : "dns";
        return true;
}

bool ignore_passes(struct ignore *ignore, const struct address *address) {
        if (is_slow_to_decide(ignore) || ignore_cache_is_on(&ignore->cache))
                return false;
        if (ignore->self && ignore->env.self && own_addresses_has(ignore->env.self, address))
                return false;
        return !address_set_find(&ignore->set, address);
}

/* Each part only grows, so their sum is the same only if all are. */
unsigned ignore_epoch(struct ignore *ignore) {
        struct own_addresses *own = ignore->env.self;
        if (own && ignore->self)
                own_addresses_refresh(own);
        return (own ? own_addresses_epoch(own) : 0) + ignore->generation + ignore->changes;
}

bool ignore_may_be_in(const struct ignore *ignore, const struct address *net) {
        if (is_slow_to_decide(ignore))
                return true;
        if (ignore->self && ignore->env.self && own_addresses_in(ignore->env.self, net))
                return true;
        for (size_t i = 0; i < ignore->count; i++) {
                const struct address *address = &ignore->entries[i]->address;
                if (address_in(address, net) || address_in(net, address))
                        return true;
        }
        return false;
}

static void finish(struct check *check, const char *source, enum ignore_known known) {
        struct ticket *ticket = ticket_ref(check->ticket);
        ignore_done *done = check->done;
        void *user = check->user;
        if (known != IGNORE_UNKNOWN)
                remember(check->ignore, ticket, known);
        check_free(check);
        done(user, ticket, source);
        (void)ticket_unref(ticket);
}

static void on_command(void *user, const struct process_result *result) {
        struct check *check = user;
        check->process = NULL;
        bool yes = !result->timed_out && result->status == 0;
        finish(check, yes ? "command" : NULL, yes ? IGNORE_YES : IGNORE_NO);
}

static void run_command(struct check *check) {
        struct ignore *ignore = check->ignore;
        struct arena arena = ARENA_INIT;
        struct action_script script;
        if (expand(ignore, slice_of(ignore->command), check->ticket, &arena, &script) < 0) {
                diag(DIAG_ERROR, LOGGER, "[%s] ignorecommand is too long for %s", ignore->env.jail,
                        check->ticket->id);
                arena_done(&arena);
                finish(check, NULL, IGNORE_NO);
                return;
        }
        struct process_request request = {.command = script.command,
                .values = script.values.list.count > 0 ? &script.values : NULL,
                .timeout_s = COMMAND_TIMEOUT_S,
                .logger = "fail2ban.utils",
                .quiet_status = COMMAND_NO_STATUS};
        check->process = process_run(ignore->env.runner, &request, on_command, check);
        arena_done(&arena);
}

static void walk(struct check *check);

static void on_addresses(
        void *user, const struct address *addresses, size_t count, const struct fault *fault) {
        struct check *check = user;
        struct address address = ticket_address(check->ticket);
        (void)fault; /* a name without addresses covers nobody; the resolver has said why */
        check->has_hit = false;
        for (size_t i = 0; i < count; i++)
                check->has_hit = check->has_hit || address_equal(&addresses[i], &address);
        check->is_answered = true;
        if (check->is_asking)
                return;
        if (check->has_hit)
                finish(check, "dns", IGNORE_YES);
        else
                walk(check);
}

/* Asks about the name; true if the answer is there and says no. */
static bool ask_name(struct check *check, const struct entry *entry) {
        check->is_asking = true;
        check->is_answered = false;
        resolver_ask_addresses(
                check->ignore->env.resolver, slice_of(entry->text), on_addresses, check);
        check->is_asking = false;
        if (!check->is_answered)
                return false;
        bool has_hit = check->has_hit;
        if (has_hit)
                finish(check, "dns", IGNORE_YES);
        return !has_hit;
}

/* Goes through names and files from check->at on, then to the command. */
static void walk(struct check *check) {
        struct ignore *ignore = check->ignore;
        if (check->generation != ignore->generation) {
                check->generation = ignore->generation;
                check->at = 0;
        }
        struct address address = ticket_address(check->ticket);
        bool has_address = address.family != ADDRESS_NONE;
        while (has_address && check->at < ignore->count) {
                struct entry *entry = ignore->entries[check->at++];
                if (entry->file && ignore_file_has(entry->file, &address)) {
                        finish(check, ignore_file_name(entry->file), IGNORE_YES);
                        return;
                }
                if (!is_slow(entry) || entry->file || !ignore->env.resolver)
                        continue;
                if (!ask_name(check, entry))
                        return;
        }
        if (ignore->command && ignore->command[0])
                run_command(check);
        else
                finish(check, NULL, IGNORE_NO);
}

void ignore_check(struct ignore *ignore, struct ticket *ticket, ignore_done *done, void *user) {
        const char *source;
        if (decide_fast(ignore, ticket, &source)) {
                done(user, ticket, source);
                return;
        }
        if (ignore->check_count >= IGNORE_CHECKS_MAX) {
                done(user, ticket, NULL);
                return;
        }
        struct check *check = memory_new(sizeof(*check));
        *check = (struct check){.next = ignore->checks,
                .ignore = ignore,
                .ticket = ticket_ref(ticket),
                .done = done,
                .user = user,
                .generation = ignore->generation};
        ignore->checks = check;
        ignore->check_count++;
        walk(check);
}
