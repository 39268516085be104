/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as lists. Each carries the origin of the value it was made from, so that whoever refuses
 * the value can say where it is written. */
#include "config/commands.h"

#include <assert.h>

struct value command_set(
        struct slice jail, struct slice name, const struct value *source, struct arena *arena) {
        struct value command = value_list();
        command.origin = source ? source->origin : NULL;
        (void)value_append(&command, value_text("set"), arena);
        (void)value_append(&command, value_string(jail), arena);
        (void)value_append(&command, value_string(name), arena);
        return command;
}

struct value command_set_value(
        struct slice jail, struct slice name, const struct value *value, struct arena *arena) {
        struct value command = command_set(jail, name, value, arena);
        (void)value_append(&command, *value, arena);
        return command;
}

struct value command_config_error(
        struct slice text, const struct value_origin *origin, struct arena *arena) {
        struct value command = value_list();
        command.origin = origin;
        (void)value_append(&command, value_text("config-error"), arena);
        (void)value_append(&command, value_string(text), arena);
        return command;
}

void commands_insert(struct value *list, size_t index, struct value item, struct arena *arena) {
        assert(index <= list->list.count);
        (void)value_append(list, item, arena);
        struct value *items = list->list.items;
        memmove(items + index + 1, items + index, (list->list.count - 1 - index) * sizeof(*items));
        items[index] = item;
}

void commands_append_all(struct value *list, const struct value *from, struct arena *arena) {
        for (size_t i = 0; i < from->list.count; i++)
                (void)value_append(list, from->list.items[i], arena);
}
