/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors come in upstream's order: too few words, unknown option, unknown jail. Who may do what is
 * decided here and nowhere else. */
#include "enforce/command.h"

#include "base/repr.h"
#include "enforce/server.h"

#define INDEX_ERROR "list index out of range"

static const struct command commands[] = {
#define COMMAND(scope, word, words, role, handler, doc)                                            \
        {COMMAND_##scope, word, words, CALL_##role, handler},
#include "enforce/commands.def"
#undef COMMAND
};

static bool is_word(const struct command *row, struct slice word) {
        struct slice own = slice_of(row->word);
        if (slice_has_suffix(own, SLICE(".")))
                return slice_has_prefix(word, own);
        return slice_equal(word, own);
}

const struct command *command_find(enum command_scope scope, struct slice word) {
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                if (commands[i].scope == scope && is_word(&commands[i], word))
                        return &commands[i];
        return NULL;
}

static bool is_set(struct slice word) {
        return slice_is(word, "set") || slice_is(word, "multi-set");
}

struct slice command_jail(const struct value *command) {
        if (command->type != VALUE_LIST && command->type != VALUE_TUPLE)
                return SLICE_NULL;
        struct slice first = value_item_text(command, 0);
        struct slice second = value_item_text(command, 1);
        if (slice_is(first, "add") || slice_is(first, "start"))
                return second;
        if (slice_is(first, "stop") && !slice_is(second, "--all"))
                return second;
        if (is_set(first) && !command_find(COMMAND_SET, second))
                return second;
        if (slice_is(first, "get") && !command_find(COMMAND_GET, second))
                return second;
        return SLICE_NULL;
}

static void run_row(struct call *call, const struct command *row) {
        if (call->role == CALL_READER && row->role != CALL_READER) {
                call_raise(call, "PermissionError", "Permission denied: '%s' is for administrators",
                        row->word);
                return;
        }
        if (call_count(call) < row->words_min) {
                call_raise(call, "IndexError", INDEX_ERROR);
                return;
        }
        row->handler(call);
}

static void raise_unknown(struct call *call, bool sets) {
        if (!sets) {
                call_raise(call, "Exception",
                        "Invalid command (no get action or not yet implemented)");
                return;
        }
        struct slice word = repr(call_item(call, 2), &call->arena);
        call_raise(call, "Exception", "Invalid command %.*s (no set action or not yet implemented)",
                SLICE_ARG(word));
}

static void run_jail_option(struct call *call, bool sets) {
        if (call_count(call) < 3) {
                call_raise(call, "IndexError", INDEX_ERROR);
                return;
        }
        const struct command *row =
                command_find(sets ? COMMAND_JAIL_SET : COMMAND_JAIL_GET, call_word(call, 2));
        if (!row) {
                raise_unknown(call, sets);
                return;
        }
        struct jail_entry *entry = jails_find(&call->server->jails, call_word(call, 1));
        if (!entry && call_count(call) >= row->words_min) {
                struct slice name = repr_str(call_item(call, 1), &call->arena);
                call_raise(call, "UnknownJailException", "%.*s", SLICE_ARG(name));
                return;
        }
        call->entry = entry;
        run_row(call, row);
}

static void run_option(struct call *call, bool sets) {
        if (call_count(call) < 2) {
                call_raise(call, "IndexError", INDEX_ERROR);
                return;
        }
        const struct command *row =
                command_find(sets ? COMMAND_SET : COMMAND_GET, call_word(call, 1));
        if (row)
                run_row(call, row);
        else
                run_jail_option(call, sets);
}

void command_run(struct call *call) {
        struct slice first = call_word(call, 0);
        bool is_list = call->command.type == VALUE_LIST || call->command.type == VALUE_TUPLE;
        if (is_list && call_count(call) == 0) {
                call_raise(call, "IndexError", INDEX_ERROR);
                return;
        }
        if (is_list && is_set(first)) {
                run_option(call, true);
                return;
        }
        if (is_list && slice_is(first, "get")) {
                run_option(call, false);
                return;
        }
        const struct command *row = is_list ? command_find(COMMAND_TOP, first) : NULL;
        if (row)
                run_row(call, row);
        else
                call_raise(call, "Exception", "Invalid command");
}
