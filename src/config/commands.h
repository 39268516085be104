/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the commands of a stream: ['set', JAIL, name, value] and the like. */
#pragma once

#include "base/arena.h"
#include "base/value.h"

/* ['set', jail, name] with the origin of value (or NULL), to be appended to. */
struct value command_set(
        struct slice jail, struct slice name, const struct value *source, struct arena *arena);
/* ['set', jail, name, *value]. */
struct value command_set_value(
        struct slice jail, struct slice name, const struct value *value, struct arena *arena);
/* ['config-error', text]. */
struct value command_config_error(
        struct slice text, const struct value_origin *origin, struct arena *arena);
/* Inserts item into list in front of index (at most its count). */
void commands_insert(struct value *list, size_t index, struct value item, struct arena *arena);
/* Appends the items of from. */
void commands_append_all(struct value *list, const struct value *from, struct arena *arena);
