/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an action has done so far: which families are started and hold bans, and which commands were
 * run for which family, so that a command that is the same for two families runs once (spec
 * server.md 4.2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define ACTION_FAMILIES_MAX                                                                        \
        16 /* of an action; "", "inet4", "inet6", none, and names of property families */

#define ACTION_STARTED 1U
#define ACTION_HOLDS_BANS 2U
#define ACTION_LOST 4U /* what its start has set up was taken away (action_guard.h) */

enum action_operation {
        ACTION_OPERATION_START,
        ACTION_OPERATION_STOP,
        ACTION_OPERATION_FLUSH,
        ACTION_OPERATION_RELOAD,
        ACTION_OPERATION_COUNT
};

struct action_family {
        char *name;    /* owned; NULL: of ids that are no addresses */
        unsigned bits; /* ACTION_STARTED, ... */
        bool is_known; /* has ever been started since the last action_state_clear() */
        char *commands[ACTION_OPERATION_COUNT]; /* last run, or NULL */
};

struct action_state {
        struct action_family families[ACTION_FAMILIES_MAX]; /* in the order in which they came */
        size_t count;
};

void action_state_done(struct action_state *state);
unsigned action_state_bits(const struct action_state *state, const char *family);
bool action_state_knows(const struct action_state *state, const char *family);
/* A family beyond ACTION_FAMILIES_MAX is ignored: it counts as never started. */
void action_state_set(struct action_state *state, const char *family, unsigned bits);
/* No family is known any more; commands stay. */
void action_state_clear(struct action_state *state);
/* Whether another family has run this command. */
bool action_state_has_run(const struct action_state *state, enum action_operation operation,
        const char *family, struct slice command);
void action_state_remember(struct action_state *state, enum action_operation operation,
        const char *family, struct slice command);
/* Forgets what family has run, and the same command of the others. */
void action_state_forget(
        struct action_state *state, enum action_operation operation, const char *family);
/* Forgets all commands of an operation / of all. */
void action_state_forget_operation(struct action_state *state, enum action_operation operation);
void action_state_forget_commands(struct action_state *state);
