/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about the actions of a jail and their properties. */
#include <errno.h>

#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/python_action.h"
#include "enforce/server.h"

#define NO_ARGUMENTS SLICE("{}")

void command_get_actions(struct call *call) {
        call_return(call, action_list_names(jail_actions(call->entry->jail), &call->arena));
}

/* The action of word 3, or NULL when the call has ended. */
static struct action *find(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct action *action =
                action_list_find(jail_actions(call->entry->jail), call_word(call, 3), &fault);
        if (!action)
                call_raise_fault(call, &fault);
        return action;
}

static void on_result(void *user, const struct value *ret, const struct fault *fault) {
        struct call *call = user;
        if (fault)
                call_raise(
                        call, fault->kind ? fault->kind : "RuntimeError", "%s", fault_text(fault));
        else
                call_return(call, value_copy(ret, &call->arena));
}

void command_get_action(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct value value;
        struct action *action = find(call);
        if (!action)
                return;
        if (action_python(action)) {
                python_action_ask(
                        action_python(action), "get", call_word(call, 4), NULL, on_result, call);
                return;
        }
        if (action_get(action, call_word(call, 4), &call->arena, &value, &fault) < 0)
                call_raise_fault(call, &fault);
        else
                call_return(call, value);
}

void command_get_actionproperties(struct call *call) {
        struct action *action = find(call);
        if (action && action_python(action))
                python_action_ask(
                        action_python(action), "properties", SLICE_NULL, NULL, on_result, call);
        else if (action)
                call_return(call, action_properties(action, &call->arena));
}

void command_get_actionmethods(struct call *call) {
        struct action *action = find(call);
        if (action && action_python(action))
                python_action_ask(
                        action_python(action), "methods", SLICE_NULL, NULL, on_result, call);
        else if (action)
                call_return(call, action_methods(action, &call->arena));
}

static bool is_os_error(int code) {
        return code == -ENOENT || code == -EACCES || code == -EISDIR || code == -ENOTDIR;
}

/* An action that could not be made is none. */
static void on_made(void *user, const struct value *ret, const struct fault *fault) {
        struct call *call = user;
        struct action_list *list = jail_actions(call->entry->jail);
        (void)ret;
        if (!fault) {
                call_return(call, *call_item(call, 3));
                return;
        }
        (void)action_list_del(list, call_word(call, 3), NULL);
        call_raise(call, fault->kind ? fault->kind : "RuntimeError", "%s", fault_text(fault));
}

static void make_python(struct call *call, struct action_list *list) {
        struct action *action = action_list_find(list, call_word(call, 3), NULL);
        python_action_ask(action_python(action), "new", SLICE_NULL, NULL, on_made, call);
}

void command_addaction(struct call *call) {
        struct fault fault = FAULT_INIT;
        struct action_list *list = jail_actions(call->entry->jail);
        int r;
        if (call_count(call) == 5) {
                call_raise(call, "IndexError", "list index out of range");
                return;
        }
        if (call_count(call) > 5)
                r = action_list_add_python(
                        list, call_word(call, 3), call_word(call, 4), call_word(call, 5), &fault);
        else
                r = action_list_add(list, call_word(call, 3), &fault);
        if (r < 0 && call_count(call) > 5 && is_os_error(r)) {
                fault_done(&fault);
                call_raise_os(call, r, call_word(call, 4));
        } else if (r < 0) {
                call_raise_fault(call, &fault);
        } else if (r == 0 && call_count(call) > 5) {
                make_python(call, list);
        } else {
                call_return(call, *call_item(call, 3));
        }
}

void command_delaction(struct call *call) {
        struct fault fault = FAULT_INIT;
        if (action_list_del(jail_actions(call->entry->jail), call_word(call, 3), &fault) < 0)
                call_raise_fault(call, &fault);
        else
                call_return(call, VALUE_OF_NONE);
}

/* Several properties at once: [[name, value], ...]. */
static void set_many(struct call *call, struct action *action) {
        const struct value *pairs = call_item(call, 4);
        struct fault fault = FAULT_INIT;
        struct value ignored;
        for (size_t i = 0; pairs && value_is_container(pairs) && i < pairs->list.count; i++) {
                const struct value *pair = &pairs->list.items[i];
                const struct value *value = value_item(pair, 1);
                if (!value) {
                        call_raise(call, "IndexError", "list index out of range");
                        return;
                }
                if (action_set(action, value_item_text(pair, 0), value, &call->arena, &ignored,
                            &fault) < 0) {
                        call_raise_fault(call, &fault);
                        return;
                }
        }
        call_return(call, value_bool(true));
}

static void set_one(struct call *call, struct action *action) {
        struct fault fault = FAULT_INIT;
        struct value value = VALUE_OF_NONE;
        struct slice json = call_count(call) > 5 ? call_word(call, 5) : NO_ARGUMENTS;
        int r = action_call(action, call_word(call, 4), json, on_result, call, &fault);
        if (r == 0)
                return;
        if (r == ACTION_E_NO_METHOD && call_count(call) < 6) {
                call_raise(call, "IndexError", "list index out of range");
                return;
        }
        if (r == ACTION_E_NO_METHOD)
                r = action_set(action, call_word(call, 4), call_item(call, 5), &call->arena, &value,
                        &fault);
        if (r < 0)
                call_raise_fault(call, &fault);
        else
                call_return(call, value);
}

/* No configuration sets many: arguments of an action in Python come with it. */
static void set_python(struct call *call, struct python_action *action) {
        const struct value *pairs = call_item(call, 4);
        bool is_many = slice_is(call_word(call, 0), "multi-set");
        const struct value *pair = is_many && pairs ? value_item(pairs, 0) : NULL;
        if (!is_many) {
                python_action_ask(action, "set", call_word(call, 4),
                        call_count(call) > 5 ? call_item(call, 5) : NULL, on_result, call);
                return;
        }
        if (!pair || pairs->list.count > 1) {
                call_raise(call, "NotImplementedError",
                        "properties of an action in Python are set one by one");
                return;
        }
        python_action_ask(
                action, "set", value_item_text(pair, 0), value_item(pair, 1), on_result, call);
}

void command_set_action(struct call *call) {
        struct action *action = find(call);
        if (!action)
                return;
        if (call_count(call) < 5)
                call_raise(call, "IndexError", "list index out of range");
        else if (action_python(action))
                set_python(call, action_python(action));
        else if (slice_is(call_word(call, 0), "multi-set"))
                set_many(call, action);
        else
                set_one(call, action);
}
