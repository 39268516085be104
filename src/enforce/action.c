/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action as clients see it: an object with properties and methods of upstream's class
 * CommandAction. */
#include "enforce/action.h"

#include <errno.h>

#include "base/memory.h"
#include "enforce/action_queue.h"

static const char *const methods[] = {"ban", "clearAllParams", "consistencyCheck", "escapeTag",
        "executeCmd", "flush", "invalidateBanEpoch", "prolong", "reban", "reload",
        "replaceDynamicTags", "replaceTag", "start", "stop", "unban"};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

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

int action_set(struct action *action, struct slice property, const struct value *value,
        struct arena *arena, struct value *ret, struct fault *fault) {
        int r = action_props_set(&action->props, property, value, fault);
        if (r < 0)
                return r;
        action_state_forget_commands(&action->state);
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

struct value action_methods(const struct action *action, struct arena *arena) {
        struct value names = value_list();
        (void)action;
        for (size_t i = 0; i < METHODS; i++)
                value_append(&names, value_text(methods[i]), arena);
        return names;
}

/* Who asked for a method, until its job is through. */
struct call {
        action_done *done;
        void *user;
};

static void on_order(void *user, unsigned failed) {
        struct call *call = user;
        struct fault fault = FAULT_INIT;
        if (failed > 0)
                fault_raise(&fault, "RuntimeError", "the action has failed, see the log");
        call->done(call->user, failed > 0 ? &fault : NULL);
        fault_done(&fault);
        free(call);
}

/* Methods that are a job without a ticket; ACTION_JOB_COUNT: none of them. */
static enum action_job_kind job_of(struct slice method) {
        static const struct {
                const char *method;
                enum action_job_kind kind;
        } rows[] = {
                {"start",            ACTION_JOB_START },
                {"stop",             ACTION_JOB_STOP  },
                {"flush",            ACTION_JOB_FLUSH },
                {"reload",           ACTION_JOB_RELOAD},
                {"consistencyCheck", ACTION_JOB_CHECK },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (slice_is(method, rows[i].method))
                        return rows[i].kind;
        return ACTION_JOB_COUNT;
}

static bool is_method(struct slice name) {
        for (size_t i = 0; i < METHODS; i++)
                if (slice_is(name, methods[i]))
                        return true;
        return false;
}

int action_call(struct action *action, struct slice method, struct slice json, action_done *done,
        void *user, struct fault *fault) {
        enum action_job_kind kind = job_of(method);
        if (!is_method(method))
                return ACTION_E_NO_METHOD;
        if (slice_is(method, "clearAllParams")) {
                action_props_clear(&action->props);
                action_state_forget_commands(&action->state);
        } else if (slice_is(method, "invalidateBanEpoch")) {
                action->epoch = ++action->list->epoch;
        } else if (kind == ACTION_JOB_COUNT) {
                return fault_raise(fault, "NotImplementedError",
                        "method %.*s cannot be called from outside", SLICE_ARG(method));
        } else if (json.len > 0 && !slice_is(slice_trim(json), "{}")) {
                return fault_raise(
                        fault, "TypeError", "method %.*s takes no arguments", SLICE_ARG(method));
        }
        struct call *call = memory_new(sizeof(*call));
        *call = (struct call){done, user};
        struct action_order *order = action_order_new(on_order, call);
        if (kind != ACTION_JOB_COUNT)
                action_queue_add(action, order, kind, NULL);
        action_order_close(action->list, order);
        return 0;
}
