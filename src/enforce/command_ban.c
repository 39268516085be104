/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans by hand, their end, and who is banned. Answers come when the actions have run. */
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/command_value.h"
#include "enforce/server.h"

#define HELD_TEXT_MAX 4096 /* bytes of names of networks in an answer */

/* The words from index on as LIST of texts. */
static struct value words_from(struct call *call, size_t index) {
        struct value words = value_list();
        for (size_t i = index; i < call_count(call); i++)
                value_append(&words, value_string(repr_str(call_item(call, i), &call->arena)),
                        &call->arena);
        return words;
}

static void on_count(void *user, uint64_t count, const struct value *absent) {
        (void)absent;
        call_return(user, value_int((int64_t)count));
}

void command_set_banip(struct call *call) {
        struct value ids = words_from(call, 3);
        jail_ban_ids(call->entry->jail, &ids, on_count, call);
}

void command_attempt(struct call *call) {
        if (call_count(call) < 4) {
                call_raise(call, "TypeError",
                        "Filter.addAttempt() missing 1 required positional argument: 'ip'");
                return;
        }
        struct value matches = words_from(call, 4);
        jail_attempt(call->entry->jail, repr_str(call_item(call, 3), &call->arena), &matches,
                on_count, call);
}

/* " (1.2.3.4 is banned with 1.2.3.0/24)"; empty if nobody is. */
static struct slice held_by_networks(struct call *call, const struct value *absent) {
        struct slice held = SLICE("");
        struct address network;
        char text[ADDRESS_TEXT_MAX];
        for (size_t i = 0; i < absent->list.count && held.len < HELD_TEXT_MAX; i++) {
                struct slice id = value_item_text(absent, i);
                if (!jail_network_of(call->entry->jail, id, &network))
                        continue;
                struct slice whole = address_print(&network, text);
                held = arena_printf(&call->arena, "%.*s%s%.*s is banned with %.*s", SLICE_ARG(held),
                        held.len > 0 ? ", " : " (", SLICE_ARG(id), SLICE_ARG(whole));
        }
        return held.len > 0 ? ARENA_JOIN(&call->arena, held, SLICE(")")) : held;
}

static void on_unban_reported(void *user, uint64_t count, const struct value *absent) {
        struct call *call = user;
        if (!absent || absent->list.count == 0) {
                call_return(call, value_int((int64_t)count));
                return;
        }
        struct slice text = repr(absent, &call->arena), held = held_by_networks(call, absent);
        call_raise(call, "ValueError", "not banned: %.*s%.*s", SLICE_ARG(text), SLICE_ARG(held));
}

void command_set_unbanip(struct call *call) {
        bool report = slice_is(call_word(call, 3), "--report-absent");
        struct value ids = words_from(call, report ? 4 : 3);
        jail_unban_ids(call->entry->jail, &ids, report ? on_unban_reported : on_count, call);
}

/* In all jails. */

struct unban_all {
        struct call *call;
        size_t pending; /* jails that have not answered, plus one while they are being asked */
        uint64_t count;
};

static void finish_unban(struct unban_all *unban) {
        if (--unban->pending == 0)
                call_return(unban->call, value_int((int64_t)unban->count));
}

static void on_unban_jail(void *user, uint64_t count, const struct value *absent) {
        struct unban_all *unban = user;
        (void)absent;
        unban->count += count;
        finish_unban(unban);
}

void command_unban(struct call *call) {
        if (call_count(call) < 2) {
                call_raise(call, "Exception", "Invalid command");
                return;
        }
        bool all = call_count(call) == 2 && slice_is(call_word(call, 1), "--all");
        struct value ids = words_from(call, 1);
        struct unban_all *unban = arena_alloc(&call->arena, sizeof(*unban));
        *unban = (struct unban_all){.call = call, .pending = 1};
        size_t position = 0;
        for (struct jail_entry *entry; (entry = jails_next(&call->server->jails, &position));) {
                unban->pending++;
                if (all)
                        jail_unban_all(entry->jail, JAIL_UNBAN_WITH_ROWS, on_unban_jail, unban);
                else
                        jail_unban_ids(entry->jail, &ids, on_unban_jail, unban);
        }
        finish_unban(unban);
}

/* Who is banned. */

static struct value banned_everywhere(struct call *call) {
        struct value result = value_list();
        size_t position = 0;
        for (struct jail_entry *entry; (entry = jails_next(&call->server->jails, &position));) {
                struct value row = value_dict();
                struct slice name = arena_copy(&call->arena, slice_of(jail_name(entry->jail)));
                value_dict_put(&row, value_string(name),
                        jail_banned(entry->jail, JAIL_BY_BAN, &call->arena), &call->arena);
                value_append(&result, row, &call->arena);
        }
        return result;
}

static struct value jails_that_ban(struct call *call, struct slice id) {
        struct value names = value_list();
        size_t position = 0;
        for (struct jail_entry *entry; (entry = jails_next(&call->server->jails, &position));)
                if (jail_is_banned(entry->jail, id)) {
                        struct slice name =
                                arena_copy(&call->arena, slice_of(jail_name(entry->jail)));
                        value_append(&names, value_string(name), &call->arena);
                }
        return names;
}

void command_banned(struct call *call) {
        if (call_count(call) < 2) {
                call_return(call, banned_everywhere(call));
                return;
        }
        struct value result = value_list();
        for (size_t i = 1; i < call_count(call); i++)
                value_append(&result,
                        jails_that_ban(call, repr_str(call_item(call, i), &call->arena)),
                        &call->arena);
        call_return(call, result);
}

void command_jail_banned(struct call *call) {
        const struct jail *jail = call->entry->jail;
        struct value result = value_list();
        if (call_count(call) == 3) {
                call_return(call, jail_banned(jail, JAIL_BY_BAN, &call->arena));
                return;
        }
        for (size_t i = 3; i < call_count(call); i++)
                value_append(&result,
                        value_int(jail_is_banned(jail, repr_str(call_item(call, i), &call->arena))),
                        &call->arena);
        call_return(call, result.list.count == 1 ? result.list.items[0] : result);
}

void command_get_banip(struct call *call) {
        const struct jail *jail = call->entry->jail;
        if (slice_is(call_word(call, 3), "--with-time"))
                call_return(call, jail_banned_with_time(jail, &call->arena));
        else
                call_return(call, jail_banned(jail, JAIL_BY_END, &call->arena));
}
