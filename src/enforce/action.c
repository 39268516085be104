/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action as clients see it: an object with properties and methods of upstream's class
 * CommandAction. */
#include "enforce/action.h"

#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/action_queue.h"

#define LOGGER "fail2ban.CommandAction"

static const struct {
        const char *name;
        const char *text;
} constants[] = {
        {"ESCAPE_CRE",    "[\\\\#&;`|*?~<>\\^\\(\\)\\[\\]{}$'\"\\n\\r]"},
        {"ESCAPE_VN_CRE", "\\W"                                        },
};
#define CONSTANTS (sizeof(constants) / sizeof(constants[0]))

struct action *action_new(struct action_list *list, struct slice name) {
        struct action *action = memory_new(sizeof(*action));
        action->list = list;
        action->name = memory_copy_text(name);
        action_props_init(&action->props);
        action->tags = action_tags_new(&action->props);
        return action;
}

struct action *action_free(struct action *action) {
        action->run = action_run_free(action->run);
        action_guard_done(action);
        action->python = python_action_free(action->python);
        action->tags = action_tags_free(action->tags);
        action_state_done(&action->state);
        action_props_done(&action->props);
        free(action->name);
        free(action);
        return NULL;
}

struct python_action *action_python(const struct action *action) {
        return action->python;
}

static void say_set(struct slice property, const struct value *value) {
        struct arena arena = ARENA_INIT;
        if (!diag_enabled(DIAG_DEBUG))
                return;
        diag(DIAG_DEBUG, LOGGER, "  Set %.*s = %.*s", SLICE_ARG(property),
                SLICE_ARG(repr(value, &arena)));
        arena_done(&arena);
}

int action_set(struct action *action, struct slice property, const struct value *value,
        struct arena *arena, struct value *ret, struct fault *fault) {
        int r = action_props_set(&action->props, property, value, fault);
        if (r < 0)
                return r;
        action_state_forget_commands(&action->state);
        say_set(property, value);
        const struct value *now = action_props_get(&action->props, property);
        *ret = value_copy(now ? now : value, arena);
        return 0;
}

int action_get(const struct action *action, struct slice property, struct arena *arena,
        struct value *ret, struct fault *fault) {
        const struct value *value = action_props_get(&action->props, property);
        if (value) {
                *ret = value_copy(value, arena);
                return 0;
        }
        if (slice_is(property, "banEpoch")) {
                *ret = value_int(action->epoch);
                return 0;
        }
        if (slice_is(property, "hooked")) {
                enum action_guard_state state = action_guard_look(action);
                *ret = state == ACTION_GUARD_UNKNOWN ? VALUE_OF_NONE
                                                     : value_bool(state == ACTION_GUARD_GOOD);
                return 0;
        }
        for (size_t i = 0; i < CONSTANTS; i++)
                if (slice_is(property, constants[i].name)) {
                        *ret = value_text(constants[i].text);
                        return 0;
                }
        return fault_raise(fault, "AttributeError",
                "'CommandAction' object has no attribute '%.*s'", SLICE_ARG(property));
}

static int compare_names(const void *a, const void *b) {
        const struct value *left = a, *right = b;
        return slice_compare(left->string, right->string);
}

struct value action_properties(const struct action *action, struct arena *arena) {
        struct value names = value_list();
        for (size_t i = 0; i < CONSTANTS; i++)
                if (!action_props_get(&action->props, slice_of(constants[i].name)))
                        value_append(&names, value_text(constants[i].name), arena);
        value_append(&names, value_text("banEpoch"), arena);
        for (size_t i = 0; i < action->props.count; i++)
                if (action->props.items[i].name[0] != '_')
                        value_append(&names,
                                value_string(
                                        arena_copy(arena, slice_of(action->props.items[i].name))),
                                arena);
        qsort(names.list.items, names.list.count, sizeof(names.list.items[0]), compare_names);
        return names;
}
