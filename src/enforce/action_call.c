/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods of upstream's class CommandAction that clients call by name, with arguments in JSON
 * (fail2ban/server/action.py, 1.1). Those that do something become jobs of the action's queue, so
 * that they keep their place among the jail's own. A ban's aInfo becomes a ticket that is in no
 * book. */
#include <errno.h>

#include "base/memory.h"
#include "enforce/action_queue.h"
#include "enforce/store_json.h"

#define COMMAND_TIMEOUT_S 60

enum argument {
        ARGUMENT_NONE,
        ARGUMENT_INFO,    /* aInfo */
        ARGUMENT_COMMAND, /* realCmd, timeout */
        ARGUMENT_VALUE,   /* value */
        ARGUMENT_OTHER,   /* of what only Python code has a use for */
};

static const struct row {
        const char *method;
        enum argument argument;
        enum action_job_kind kind; /* ACTION_JOB_COUNT: no job */
} rows[] = {
        {"ban",                ARGUMENT_INFO,    ACTION_JOB_BAN    },
        {"clearAllParams",     ARGUMENT_NONE,    ACTION_JOB_COUNT  },
        {"consistencyCheck",   ARGUMENT_NONE,    ACTION_JOB_CHECK  },
        {"escapeTag",          ARGUMENT_VALUE,   ACTION_JOB_COUNT  },
        {"executeCmd",         ARGUMENT_COMMAND, ACTION_JOB_COUNT  },
        {"flush",              ARGUMENT_NONE,    ACTION_JOB_FLUSH  },
        {"invalidateBanEpoch", ARGUMENT_NONE,    ACTION_JOB_COUNT  },
        {"prolong",            ARGUMENT_INFO,    ACTION_JOB_PROLONG},
        {"reban",              ARGUMENT_INFO,    ACTION_JOB_REBAN  },
        {"reload",             ARGUMENT_NONE,    ACTION_JOB_RELOAD },
        {"replaceDynamicTags", ARGUMENT_OTHER,   ACTION_JOB_COUNT  },
        {"replaceTag",         ARGUMENT_OTHER,   ACTION_JOB_COUNT  },
        {"start",              ARGUMENT_NONE,    ACTION_JOB_START  },
        {"stop",               ARGUMENT_NONE,    ACTION_JOB_STOP   },
        {"unban",              ARGUMENT_INFO,    ACTION_JOB_UNBAN  },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct value action_methods(const struct action *action, struct arena *arena) {
        struct value names = value_list();
        (void)action;
        for (size_t i = 0; i < ROWS; i++)
                value_append(&names, value_text(rows[i].method), arena);
        return names;
}

static const struct row *row_of(struct slice method) {
        for (size_t i = 0; i < ROWS; i++)
                if (slice_is(method, rows[i].method))
                        return &rows[i];
        return NULL;
}

/* Arguments. */

static const char *required_name(enum argument argument) {
        switch (argument) {
        case ARGUMENT_INFO:
                return "aInfo";
        case ARGUMENT_COMMAND:
                return "realCmd";
        case ARGUMENT_VALUE:
                return "value";
        case ARGUMENT_NONE:
        case ARGUMENT_OTHER:
                break;
        }
        return NULL;
}

static bool is_taken(enum argument argument, struct slice name) {
        const char *required = required_name(argument);
        return (required && slice_is(name, required)) ||
               (argument == ARGUMENT_COMMAND && slice_is(name, "timeout"));
}

/* Returns 0, or negative errno with the TypeError that Python raises. */
static int check_names(const struct row *row, const struct value *arguments, struct fault *fault) {
        const char *required = required_name(row->argument);
        for (size_t i = 0; i + 1 < arguments->list.count; i += 2) {
                struct slice name = arguments->list.items[i].string; /* keys of JSON are texts */
                if (!is_taken(row->argument, name))
                        return fault_raise(fault, "TypeError",
                                "CommandAction.%s() got an unexpected keyword argument '%.*s'",
                                row->method, SLICE_ARG(name));
        }
        if (required && !value_dict_get(arguments, required))
                return fault_raise(fault, "TypeError",
                        "CommandAction.%s() missing 1 required positional argument: '%s'",
                        row->method, required);
        return 0;
}

static int read_arguments(const struct row *row, struct slice json, struct arena *arena,
        struct value *ret, struct fault *fault) {
        *ret = value_dict();
        if (json.len > 0 && store_json_get(json, arena, ret) < 0)
                return fault_raise(fault, "ValueError", "the arguments are no JSON object: %.*s",
                        SLICE_ARG(json));
        if (row->argument == ARGUMENT_OTHER)
                return fault_raise(fault, "NotImplementedError",
                        "method %s cannot be called from outside", row->method);
        return check_names(row, ret, fault);
}

static void take_text_matches(struct value *info, struct arena *arena) {
        const struct value *matches = value_dict_get(info, "matches");
        if (!matches || matches->type != VALUE_STRING)
                return;
        struct value list = value_list();
        struct slice rest = matches->string, line;
        while (slice_next_piece(&rest, '\n', &line))
                value_append(&list, value_string(line), arena);
        for (size_t i = 0; i + 1 < info->list.count; i += 2)
                if (slice_is(info->list.items[i].string, "matches"))
                        info->list.items[i + 1] = list;
}

/* Returns NULL with fault if there is no ip in it. */
static struct ticket *ticket_of(const struct action *action, const struct value *arguments,
        struct arena *arena, struct fault *fault) {
        const struct value *given = value_dict_get(arguments, "aInfo");
        const struct value *ip = given->type == VALUE_DICT ? value_dict_get(given, "ip") : NULL;
        struct address address = {.family = ADDRESS_NONE};
        if (!ip || ip->type != VALUE_STRING || ip->string.len == 0 ||
                ip->string.len > ACTION_PROP_NAME_MAX) {
                (void)fault_raise(fault, "KeyError", "ip");
                return NULL;
        }
        struct value info = value_copy(given, arena);
        take_text_matches(&info, arena);
        (void)address_parse(ip->string, &address);
        struct ticket *ticket =
                ticket_new(ip->string, address.family == ADDRESS_NONE ? NULL : &address,
                        clock_wall(action->list->env.clock));
        ticket_set_data(ticket, &info);
        return ticket;
}

/* Who asked for a method, until its job is through. */
struct call {
        struct action_list *list;
        struct slice name; /* of the action, which may be gone by then */
        bool is_ticket;
        action_done *done;
        void *user;
        struct arena arena;
};

static struct call *call_new(struct action *action, action_done *done, void *user) {
        struct call *call = memory_new(sizeof(*call));
        *call = (struct call){
                .list = action->list, .done = done, .user = user, .arena = ARENA_INIT};
        call->name = arena_copy(&call->arena, slice_of(action->name));
        return call;
}

static void call_end(struct call *call, const struct value *ret, const struct fault *fault) {
        call->done(call->user, fault ? NULL : ret, fault);
        arena_done(&call->arena);
        free(call);
}

static void on_order(void *user, unsigned failed) {
        struct call *call = user;
        struct fault fault = FAULT_INIT;
        struct value ret = call->is_ticket ? VALUE_OF_NONE : value_bool(true);
        const struct action *action = action_list_find(call->list, call->name, NULL);
        const struct fault *why = action && action->run ? action_run_fault(action->run) : NULL;
        if (failed > 0)
                fault_raise(&fault, "RuntimeError", "%s",
                        why && why->text ? why->text : "the action has failed, see the log");
        call_end(call, &ret, failed > 0 ? &fault : NULL);
        fault_done(&fault);
}

static int begin_job(struct action *action, const struct row *row, const struct value *arguments,
        action_done *done, void *user, struct fault *fault) {
        struct ticket *ticket = NULL;
        struct call *call = call_new(action, done, user);
        if (row->argument == ARGUMENT_INFO) {
                ticket = ticket_of(action, arguments, &call->arena, fault);
                if (!ticket) {
                        arena_done(&call->arena);
                        free(call);
                        return -EINVAL;
                }
        }
        call->is_ticket = ticket != NULL;
        struct action_order *order = action_order_new(on_order, call);
        action_queue_add(action, order, row->kind, ticket);
        action_order_close(action->list, order);
        if (ticket)
                (void)ticket_unref(ticket);
        return 0;
}

static void on_command(void *user, const struct process_result *result) {
        struct value ret = value_bool(result->status == 0);
        call_end(user, &ret, NULL);
}

static void begin_command(
        struct action *action, const struct value *arguments, action_done *done, void *user) {
        const struct value *command = value_dict_get(arguments, "realCmd");
        const struct value *timeout = value_dict_get(arguments, "timeout");
        struct process_request request = {.logger = "fail2ban.utils",
                .command = command->type == VALUE_STRING ? command->string : SLICE(""),
                .timeout_s = COMMAND_TIMEOUT_S};
        if (timeout && timeout->type == VALUE_INT)
                request.timeout_s = (double)timeout->integer;
        else if (timeout && timeout->type == VALUE_FLOAT)
                request.timeout_s = timeout->real;
        (void)process_run(
                action->list->env.runner, &request, on_command, call_new(action, done, user));
}

static void at_once(struct action *action, const struct row *row, const struct value *arguments,
        action_done *done, void *user) {
        struct call *call = call_new(action, done, user);
        struct value ret = VALUE_OF_NONE;
        if (row->argument == ARGUMENT_VALUE) {
                const struct value *value = value_dict_get(arguments, "value");
                ret = value_string(action_tags_escape(
                        value->type == VALUE_STRING ? value->string : SLICE(""), &call->arena));
        } else if (slice_is(SLICE("clearAllParams"), row->method)) {
                action_props_clear(&action->props);
                action_state_forget_commands(&action->state);
        } else {
                action->epoch = ++action->list->epoch;
        }
        call_end(call, &ret, NULL);
}

int action_call(struct action *action, struct slice method, struct slice json, action_done *done,
        void *user, struct fault *fault) {
        const struct row *row = row_of(method);
        struct arena arena = ARENA_INIT;
        struct value arguments;
        if (!row)
                return ACTION_E_NO_METHOD;
        int r = read_arguments(row, json, &arena, &arguments, fault);
        if (r == 0 && row->kind != ACTION_JOB_COUNT)
                r = begin_job(action, row, &arguments, done, user, fault);
        else if (r == 0 && row->argument == ARGUMENT_COMMAND)
                begin_command(action, &arguments, done, user);
        else if (r == 0)
                at_once(action, row, &arguments, done, user);
        arena_done(&arena);
        return r;
}
