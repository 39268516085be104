/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action of a jail: action.d/NAME, or a Python file, and its parameters to commands. */
#pragma once

#include "base/fault.h"
#include "base/value.h"
#include "config/definition.h"

struct action_conf {
        struct conf_store *store;
        struct definition definition;
        struct slice jail;
        struct slice name;                 /* unique in the jail */
        const struct value_origin *origin; /* where the jail names it, or NULL */
        struct value command;              /* of a Python action, complete; otherwise VALUE_NONE */
};

/* An action of jail, named at origin (or NULL), that is still to be opened. */
void action_conf_init(struct action_conf *action, struct conf_store *store, struct slice jail,
        const struct value_origin *origin);
/* Opens the action called file with params (copied). Returns as definition_open(); for a Python
 * action nothing is opened. */
int action_conf_open(struct action_conf *action, struct slice file, const struct dict *params,
        struct fault *fault);
/* Whether the action's files could be read. */
bool action_conf_is_read(const struct action_conf *action);
int action_conf_read(
        struct action_conf *action, const struct dict *jail_options, struct fault *fault);
/* Appends the action's commands. Returns 0 or negative errno. */
int action_conf_stream(struct action_conf *action, struct value *stream, struct fault *fault);
