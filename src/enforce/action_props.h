/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The properties of an action: its commands, parameters and tags, by name (spec
 * server.md 3.3, 4.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/value.h"

#define ACTION_PROPS_MAX 512                   /* properties */
#define ACTION_PROP_NAME_MAX 256               /* bytes of a name */
#define ACTION_PROP_TEXT_MAX ((size_t)1 << 20) /* bytes of a value */
#define ACTION_TIMEOUT_S 60 /* of a command, unless property timeout says otherwise */

struct action_prop {
        char *name;
        struct value value; /* NONE, BOOL, INT, FLOAT or STRING, whose text is owned */
};

struct action_props {
        struct action_prop *items; /* sorted by name, bytewise */
        size_t count;
        size_t capacity;
        uint64_t version; /* grows with each change: what was made of them is made anew */
};

/* With the standard commands, empty, and timeout. */
void action_props_init(struct action_props *props);
void action_props_done(struct action_props *props);
/* Resets the standard commands and timeout, as a reload does; the others stay. */
void action_props_clear(struct action_props *props);
/* Sets a property; value is copied. "timeout" takes a time expression, "bantime" is ignored.
 * Returns 0, -EINVAL (AttributeError of a read-only property, ValueError beyond a cap) or what
 * duration_parse() says. */
int action_props_set(struct action_props *props, struct slice name, const struct value *value,
        struct fault *fault);
/* The value or NULL. */
const struct value *action_props_get(const struct action_props *props, struct slice name);
/* Text of a property; empty if it is not set or no text. */
struct slice action_props_text(const struct action_props *props, const char *name);
/* Whether it is set and true as Python sees it. */
bool action_props_is_true(const struct action_props *props, const char *name);
double action_props_timeout_s(const struct action_props *props);
/* Whether a property is conditional, "name?family=...". */
bool action_props_are_conditional(const struct action_props *props);
/* Whether a family is started with its first ban only. */
bool action_props_start_on_demand(const struct action_props *props);
