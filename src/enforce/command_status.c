/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status, stats: lists of labels and figures in upstream's shapes, which exporters read by position
 * (spec server.md 2.2, 3.2). */
#include <stdlib.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/cymru.h"
#include "enforce/server.h"

#define FLAVORS "['short', 'basic', 'stats', 'cymru']"

enum flavor { FLAVOR_BASIC, FLAVOR_SHORT, FLAVOR_STATS, FLAVOR_CYMRU, FLAVOR_STOCKADE };

static enum flavor parse_flavor(struct slice word) {
        if (word.len == 0 || slice_is(word, "basic"))
                return FLAVOR_BASIC;
        if (slice_is(word, "short"))
                return FLAVOR_SHORT;
        if (slice_is(word, "stats"))
                return FLAVOR_STATS;
        if (slice_is(word, "cymru"))
                return FLAVOR_CYMRU;
        if (slice_is(word, "stockade"))
                return FLAVOR_STOCKADE;
        struct arena arena = ARENA_INIT;
        struct slice text = repr_text(word, &arena);
        diag(DIAG_WARNING, "fail2ban.actions",
                "Unsupported extended jail status flavor %.*s. Supported: " FLAVORS,
                SLICE_ARG(text));
        arena_done(&arena);
        return FLAVOR_BASIC;
}

static struct value pair(struct value first, struct value second, struct arena *arena) {
        struct value tuple = value_tuple();
        value_append(&tuple, first, arena);
        value_append(&tuple, second, arena);
        return tuple;
}

static void put(struct value *list, const char *label, struct value item, struct arena *arena) {
        value_append(list, pair(value_text(label), item, arena), arena);
}

static struct value number(uint64_t count) {
        return value_int(count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static struct value stats_of(struct jail *jail, struct arena *arena) {
        struct jail_counts counts = jail_counts(jail);
        struct value stats = value_list();
        value_append(&stats, value_string(arena_copy(arena, slice_of(jail_backend(jail)))), arena);
        value_append(
                &stats, pair(number(counts.failing), number(counts.failed_total), arena), arena);
        value_append(
                &stats, pair(number(counts.banned), number(counts.banned_total), arena), arena);
        return stats;
}

static void put_cymru(struct value *list, const struct value *lists, struct arena *arena) {
        static const char *const labels[CYMRU_COUNT] = {
                "Banned ASN list", "Banned Country list", "Banned RIR list"};
        for (size_t i = 0; i < CYMRU_COUNT; i++)
                put(list, labels[i], value_copy(&lists[i], arena), arena);
}

/* LIST of one text: words parted by blanks, groups by " + ". */
static struct value journal_matches(const struct jail_entry *entry, struct arena *arena) {
        struct value groups = scan_options_get(&entry->options, SCAN_OPTION_JOURNALMATCH);
        struct value list = value_list();
        struct slice text = SLICE("");
        for (size_t i = 0; i < groups.list.count; i++) {
                const struct value *group = &groups.list.items[i];
                if (i > 0)
                        text = ARENA_JOIN(arena, text, SLICE(" + "));
                for (size_t k = 0; value_is_container(group) && k < group->list.count; k++)
                        text = ARENA_JOIN(
                                arena, text, k ? SLICE(" ") : SLICE(""), value_item_text(group, k));
        }
        value_append(&list, value_string(text), arena);
        return list;
}

/* Of each action whether what its bans rest on is in place: "NAME: yes", "no", or "unknown". */
static void put_enforced(struct value *list, const struct jail *jail, struct arena *arena) {
        struct action_list *actions = jail_actions((struct jail *)(uintptr_t)jail);
        struct value names = action_list_names(actions, arena), enforced = value_list();
        for (size_t i = 0; i < names.list.count; i++) {
                struct slice name = value_item_text(&names, i);
                struct action *action = action_list_find(actions, name, NULL);
                struct value hooked = VALUE_OF_NONE;
                if (action)
                        (void)action_get(action, SLICE("hooked"), arena, &hooked, NULL);
                const char *text = hooked.type != VALUE_BOOL ? "unknown"
                                   : hooked.boolean          ? "yes"
                                                             : "no";
                value_append(&enforced,
                        value_string(arena_printf(arena, "%.*s: %s", SLICE_ARG(name), text)),
                        arena);
        }
        put(list, "Enforced", enforced, arena);
}

/* cymru: what was answered, or NULL with another flavor. */
static struct value status_of(const struct jail_entry *entry, enum flavor flavor,
        const struct value *cymru, struct arena *arena) {
        struct jail *jail = entry->jail;
        struct jail_counts counts = jail_counts(jail);
        struct value filter = value_list();
        struct value actions = value_list();
        struct value status = value_list();
        if (flavor == FLAVOR_STATS)
                return stats_of(jail, arena);
        put(&filter, "Currently failed", number(counts.failing), arena);
        put(&filter, "Total failed", number(counts.failed_total), arena);
        if (jail_watch_backend(jail) == LOG_WATCH_JOURNAL)
                put(&filter, "Journal matches", journal_matches(entry, arena), arena);
        else
                put(&filter, "File list", jail_log_paths(jail, arena), arena);
        put(&actions, "Currently banned", number(counts.banned), arena);
        put(&actions, "Total banned", number(counts.banned_total), arena);
        if (flavor != FLAVOR_SHORT)
                put(&actions, "Banned IP list", jail_banned(jail, JAIL_BY_BAN, arena), arena);
        if (flavor == FLAVOR_CYMRU)
                put_cymru(&actions, cymru, arena);
        if (flavor == FLAVOR_STOCKADE)
                put_enforced(&actions, jail, arena);
        put(&status, "Filter", filter, arena);
        put(&status, "Actions", actions, arena);
        return status;
}

static int by_name(const void *a, const void *b) {
        struct jail_entry *const *x = a;
        struct jail_entry *const *y = b;
        return strcmp(jail_name((*x)->jail), jail_name((*y)->jail));
}

/* All jails by name; in the call's arena. */
static struct jail_entry **sorted(struct call *call, size_t *ret_count) {
        const struct jails *jails = &call->server->jails;
        size_t count = jails_count(jails);
        struct jail_entry **entries = arena_alloc_array(&call->arena, count + 1, sizeof(*entries));
        size_t position = 0;
        for (size_t i = 0; i < count; i++)
                entries[i] = jails_next(jails, &position);
        qsort(entries, count, sizeof(*entries), by_name);
        *ret_count = count;
        return entries;
}

static struct value status_of_each(
        struct call *call, struct jail_entry **entries, size_t count, enum flavor flavor) {
        struct value all = value_dict();
        for (size_t i = 0; i < count; i++) {
                struct slice name = arena_copy(&call->arena, slice_of(jail_name(entries[i]->jail)));
                value_dict_put(&all, value_string(name),
                        status_of(entries[i], flavor, NULL, &call->arena), &call->arena);
        }
        return all;
}

static struct slice join_names(struct call *call, struct jail_entry **entries, size_t count) {
        struct buffer out = BUFFER_INIT((size_t)JAILS_MAX * (JAILS_NAME_MAX + 2));
        for (size_t i = 0; i < count; i++)
                (void)buffer_printf(&out, "%s%s", i > 0 ? ", " : "",
                        jail_name(entries[i]->jail)); /* fits: names are short */
        struct slice text = arena_copy(&call->arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}

static struct value list_jails(struct call *call, struct jail_entry **entries, size_t count) {
        struct value status = value_list();
        put(&status, "Number of jail", value_int((int64_t)count), &call->arena);
        put(&status, "Jail list", value_string(join_names(call, entries, count)), &call->arena);
        return status;
}

/* The jails are asked for one after the other, as upstream does it; some may be gone meanwhile. */
struct cymru_round {
        struct call *call;
        struct value names, statuses; /* of the jails, by name; what is known by now */
        size_t at;
};

static void ask_next(struct cymru_round *round);

static void on_next(void *user, const struct value lists[static CYMRU_COUNT]) {
        struct cymru_round *round = user;
        struct arena *arena = &round->call->arena;
        struct slice name = value_item_text(&round->names, round->at++);
        const struct jail_entry *entry = jails_find(&round->call->server->jails, name);
        if (entry)
                value_dict_put(&round->statuses, value_string(name),
                        status_of(entry, FLAVOR_CYMRU, lists, arena), arena);
        ask_next(round);
}

static void ask_next(struct cymru_round *round) {
        struct call *call = round->call;
        for (; round->at < round->names.list.count; round->at++) {
                const struct jail_entry *entry =
                        jails_find(&call->server->jails, value_item_text(&round->names, round->at));
                if (!entry)
                        continue;
                struct value ids = jail_banned(entry->jail, JAIL_BY_BAN, &call->arena);
                cymru_ask(call->server->runner, &ids, on_next, round);
                return;
        }
        size_t count;
        struct jail_entry **entries = sorted(call, &count);
        struct value status = list_jails(call, entries, count);
        value_append(&status, round->statuses, &call->arena);
        call_return(call, status);
}

static void ask_cymru_for_all(struct call *call) {
        size_t count;
        struct jail_entry **entries = sorted(call, &count);
        struct cymru_round *round = arena_alloc(&call->arena, sizeof(*round));
        *round = (struct cymru_round){call, value_list(), value_dict(), 0};
        for (size_t i = 0; i < count; i++) {
                struct slice name = slice_of(jail_name(entries[i]->jail));
                value_append(
                        &round->names, value_string(arena_copy(&call->arena, name)), &call->arena);
        }
        ask_next(round);
}

static void status_of_all(struct call *call) {
        enum flavor flavor = parse_flavor(call_word(call, 2));
        size_t count;
        if (flavor == FLAVOR_CYMRU) {
                ask_cymru_for_all(call);
                return;
        }
        struct jail_entry **entries = sorted(call, &count);
        struct value each = status_of_each(call, entries, count, flavor);
        if (flavor == FLAVOR_STATS) {
                call_return(call, each);
                return;
        }
        struct value status = list_jails(call, entries, count);
        value_append(&status, each, &call->arena);
        call_return(call, status);
}

static void on_cymru(void *user, const struct value lists[static CYMRU_COUNT]) {
        struct call *call = user;
        const struct jail_entry *entry =
                jails_find(&call->server->jails, call_word(call, 1)); /* it may be gone by now */
        if (entry)
                call_return(call, status_of(entry, FLAVOR_CYMRU, lists, &call->arena));
        else
                call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(call_word(call, 1)));
}

static void ask_cymru(struct call *call, const struct jail_entry *entry) {
        struct value ids = jail_banned(entry->jail, JAIL_BY_BAN, &call->arena);
        cymru_ask(call->server->runner, &ids, on_cymru, call);
}

void command_status(struct call *call) {
        size_t count;
        if (call_count(call) > 3) {
                call_raise(call, "Exception", "Invalid command (no status)");
                return;
        }
        if (call_count(call) == 1) {
                struct jail_entry **entries = sorted(call, &count);
                call_return(call, list_jails(call, entries, count));
                return;
        }
        if (slice_is(call_word(call, 1), "--all")) {
                status_of_all(call);
                return;
        }
        struct jail_entry *entry = jails_find(&call->server->jails, call_word(call, 1));
        if (!entry) {
                struct slice name = repr_str(call_item(call, 1), &call->arena);
                call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(name));
                return;
        }
        enum flavor flavor = parse_flavor(call_word(call, 2));
        if (flavor == FLAVOR_CYMRU)
                ask_cymru(call, entry);
        else
                call_return(call, status_of(entry, flavor, NULL, &call->arena));
}

void command_stats(struct call *call) {
        size_t count;
        struct jail_entry **entries = sorted(call, &count);
        call_return(call, status_of_each(call, entries, count, FLAVOR_STATS));
}
