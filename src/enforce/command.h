/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and runs the handler of a command (commands.def). */
#pragma once

#include "enforce/call.h"

enum command_scope { COMMAND_TOP, COMMAND_GET, COMMAND_SET, COMMAND_JAIL_GET, COMMAND_JAIL_SET };

/* Handlers end the call. Jail scopes have call->entry set. */
typedef void command_handler(struct call *call);

struct command {
        enum command_scope scope;
        const char *word;
        size_t words_min;
        enum call_role role;
        command_handler *handler;
};

/* Several rows may have the same handler. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#define COMMAND(scope, word, words, role, handler, doc) command_handler handler;
#include "enforce/commands.def"
#undef COMMAND
#pragma GCC diagnostic pop

/* Carries out call->command. The call may have ended when this returns, or ends later. */
void command_run(struct call *call);
/* NULL if there is no such command. */
const struct command *command_find(enum command_scope scope, struct slice word);
/* The jail that a command is about; the empty slice if it is about none. */
struct slice command_jail(const struct value *command);
