/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process holds the object; here stands what is needed to make it again. The lists of an action
 * decide by its properties whether it can flush or prolong, so these are kept as the process
 * reports them with each answer. Costly tags are asked for by the process when the action looks at
 * them. Upstream: fail2ban/server/actions.py, action.py ActionBase, 1.1. */
#include "enforce/python_action.h"

#include <assert.h>
#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "enforce/action_info.h"
#include "enforce/action_report.h"
#include "enforce/store_json.h"

#define LOGGER "fail2ban.actions"
#define FLAG SLICE("in Python") /* value of a property that only says that it is there */

struct question {
        struct python_action *action;
        char *name, *value; /* to be set, or NULL */
        python_action_done *done;
        void *user;
        struct question *previous, *next;
};

struct setting {
        char *name, *value;
};

struct python_action {
        const struct action_env *env;
        struct python_link *link;
        struct python_watcher watcher;
        struct action_props *props;
        char *jail, *name, *file, *json;
        uint64_t number;
        bool is_made;    /* it was told to be made */
        bool is_started; /* and to start */
        bool can_check, can_reload;
        struct setting settings[PYTHON_SETTINGS_MAX];
        size_t setting_count;
        struct question *questions;
        /* The job. */
        bool is_busy;
        enum action_job_kind kind;
        struct action_info info;
        bool has_info;
        struct arena arena;
        action_run_done *done;
        void *user;
};

/* Messages. */

static void put(struct value *message, const char *key, struct value value, struct arena *arena) {
        value_dict_put(message, value_text(key), value, arena);
}

static struct value message_of(
        const struct python_action *action, const char *what, struct arena *arena) {
        struct value message = value_dict();
        put(&message, "do", value_text(what), arena);
        put(&message, "action", value_int((int64_t)action->number), arena);
        return message;
}

static struct value number_or_text(struct slice text) {
        int64_t whole;
        double real;
        if (number_parse_i64(text, &whole) == 0)
                return value_int(whole);
        if (number_parse_double(text, &real) == 0)
                return value_float(real);
        return slice_is(text, "None") ? VALUE_OF_NONE : value_string(text);
}

static bool is_number(struct slice tag) {
        static const char *const names[] = {"failures", "time", "bantime", "bancount", "restored",
                "ipfailures", "ipjailfailures", "jail.banned", "jail.banned_total", "jail.found",
                "jail.found_total"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (slice_is(tag, names[i]))
                        return true;
        return false;
}

static bool tag_value(
        struct action_info *info, struct slice tag, struct arena *arena, struct value *ret) {
        struct action_dynamic_source source = action_info_source(info);
        struct slice text;
        if (!source.tag(source.user, tag, arena, &text))
                return false;
        *ret = is_number(tag) ? number_or_text(text) : value_string(text);
        return true;
}

/* Those that cost nothing. */
static struct value info_of(struct action_info *info, struct arena *arena) {
        static const char *const tags[] = {"ip", "family", "ip-rev", "fid", "failures", "time",
                "bantime", "bancount", "matches", "restored", "raw-ticket", "jail.name",
                "jail.banned", "jail.banned_total", "jail.found", "jail.found_total"};
        struct value dict = value_dict(), value;
        uint32_t used = info->used;
        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
                if (tag_value(info, slice_of(tags[i]), arena, &value))
                        put(&dict, tags[i], value, arena);
        put(&dict, "F-*", ticket_data(info->ticket, arena), arena);
        info->used = used;
        return dict;
}

static struct value ban_time(const struct python_action *action, struct arena *arena) {
        struct address none = {.family = ADDRESS_NONE};
        struct ticket *nobody = ticket_new(SLICE(""), &none, 0);
        struct slice text = SLICE("0");
        if (action->env->info)
                (void)action->env->info->tag(
                        action->env->user, nobody, SLICE("bantime"), arena, &text);
        (void)ticket_unref(nobody);
        return number_or_text(text);
}

static struct value arguments_of(const struct python_action *action, struct arena *arena) {
        struct value arguments = value_dict();
        (void)store_json_get(slice_of(action->json), arena, &arguments); /* it was checked */
        return arguments;
}

static struct value new_message(const struct python_action *action, struct arena *arena) {
        struct value message = message_of(action, "new", arena);
        put(&message, "jail", value_text(action->jail), arena);
        put(&message, "name", value_text(action->name), arena);
        put(&message, "file", value_text(action->file), arena);
        put(&message, "arguments", arguments_of(action, arena), arena);
        put(&message, "bantime", ban_time(action, arena), arena);
        return message;
}

/* What the action is able to do. */

static void set_flag(struct action_props *props, const char *name, bool is_set) {
        struct value value = is_set ? value_string(FLAG) : value_text("");
        (void)action_props_set(props, slice_of(name), &value, NULL);
}

static bool is_true(const struct value *facts, const char *name) {
        const struct value *value = value_dict_get(facts, name);
        return value && value->type == VALUE_BOOL && value->boolean;
}

static void take_facts(struct python_action *action, const struct value *answer) {
        const struct value *facts = answer ? value_dict_get(answer, "facts") : NULL;
        if (!facts || facts->type != VALUE_DICT)
                return;
        struct value norestored = value_bool(is_true(facts, "norestored"));
        set_flag(action->props, "actionflush", is_true(facts, "flush"));
        set_flag(action->props, "actionprolong", is_true(facts, "prolong"));
        (void)action_props_set(action->props, SLICE("norestored"), &norestored, NULL);
        action->can_check = is_true(facts, "check");
        action->can_reload = is_true(facts, "reload");
}

/* Jobs. */

static const char *method_of(enum action_job_kind kind) {
        static const char *const methods[ACTION_JOB_COUNT] = {
                [ACTION_JOB_START] = "start",
                [ACTION_JOB_BAN] = "ban",
                [ACTION_JOB_REBAN] = "reban",
                [ACTION_JOB_PROLONG] = "prolong",
                [ACTION_JOB_UNBAN] = "unban",
                [ACTION_JOB_FLUSH] = "flush",
                [ACTION_JOB_FLUSH_TO_STOP] = "flush",
                [ACTION_JOB_STOP] = "stop",
                [ACTION_JOB_RELOAD] = "reload",
                [ACTION_JOB_CHECK] = "consistencyCheck",
        };
        return methods[kind];
}

static void end_job(struct python_action *action) {
        if (action->has_info)
                action_info_done(&action->info);
        action->has_info = false;
        action->is_busy = false;
        arena_reset(&action->arena);
}

static void on_job(void *user, const struct value *answer, const struct fault *fault) {
        struct python_action *action = user;
        take_facts(action, answer);
        if (fault) {
                struct slice info = action->has_info
                                            ? action_info_repr(&action->info, &action->arena)
                                            : SLICE_NULL;
                action_report_failure(action->kind, slice_of(action->jail), action->name, info,
                        fault_text(fault));
        }
        end_job(action);
        action->done(action->user, fault);
}

static bool on_job_tag(void *user, struct slice tag, struct arena *arena, struct value *ret) {
        struct python_action *action = user;
        return action->has_info && tag_value(&action->info, tag, arena, ret);
}

static bool has_job(const struct python_action *action, enum action_job_kind kind) {
        if (kind == ACTION_JOB_CHECK)
                return action->can_check;
        if (kind == ACTION_JOB_RESTORE)
                return false; /* of sets that the server itself looks after */
        return kind != ACTION_JOB_RELOAD || action->can_reload;
}

int python_action_start(struct python_action *action, enum action_job_kind kind,
        struct ticket *ticket, action_run_done *done, void *user) {
        if (!has_job(action, kind))
                return 0;
        struct value message =
                message_of(action, kind == ACTION_JOB_RELOAD ? "reload" : "job", &action->arena);
        put(&message, "job", value_text(method_of(kind)), &action->arena);
        put(&message, "bantime", ban_time(action, &action->arena), &action->arena);
        if (kind == ACTION_JOB_RELOAD)
                put(&message, "arguments", arguments_of(action, &action->arena), &action->arena);
        if (ticket) {
                action_info_init(&action->info, action->env, ticket, &action->arena);
                action->has_info = true;
                put(&message, "info", info_of(&action->info, &action->arena), &action->arena);
        }
        if (kind == ACTION_JOB_START || kind == ACTION_JOB_STOP)
                action->is_started = kind == ACTION_JOB_START;
        action->kind = kind;
        action->done = done;
        action->user = user;
        action->is_busy = true;
        python_link_ask(action->link, message, on_job, on_job_tag, action);
        return ACTION_RUN_WAITS;
}

void python_action_cancel(struct python_action *action) {
        if (!action->is_busy)
                return;
        python_link_forget(action->link, action);
        end_job(action);
}

/* Questions of clients. */

static struct question *first_question(const struct python_action *action) {
        assert(!action->questions || !action->questions->previous);
        return action->questions;
}

static void unlink_question(struct python_action *action, struct question *question) {
        if (question->next)
                question->next->previous = question->previous;
        if (question->previous)
                question->previous->next = question->next;
        else
                action->questions = question->next;
}

static void free_question(struct question *question) {
        free(question->name);
        free(question->value);
        free(question);
}

static void question_end(struct python_action *action, struct question *question,
        const struct value *ret, const struct fault *fault) {
        unlink_question(action, question);
        question->done(question->user, ret, fault);
        free_question(question);
}

static void remember(struct python_action *action, const char *name, const char *value) {
        size_t i = 0;
        while (i < action->setting_count && strcmp(name, action->settings[i].name) != 0)
                i++;
        if (i == PYTHON_SETTINGS_MAX)
                return;
        if (i == action->setting_count)
                action->settings[action->setting_count++].name = memory_copy_text(slice_of(name));
        free(action->settings[i].value);
        action->settings[i].value = memory_copy_text(slice_of(value));
}

static void on_answer(void *user, const struct value *answer, const struct fault *fault) {
        static const struct value none = {.type = VALUE_NONE};
        struct question *question = user;
        take_facts(question->action, answer);
        const struct value *ret = answer ? value_dict_get(answer, "value") : NULL;
        if (answer && question->value && is_true(answer, "was_set"))
                remember(question->action, question->name, question->value);
        question_end(question->action, question, fault ? NULL : ret ? ret : &none, fault);
}

void python_action_ask(struct python_action *action, const char *what, struct slice property,
        const struct value *value, python_action_done *done, void *user) {
        struct arena arena = ARENA_INIT;
        struct question *question = memory_new(sizeof(*question));
        bool is_new = slice_is(SLICE("new"), what);
        *question = (struct question){
                .action = action, .done = done, .user = user, .next = action->questions};
        if (action->questions)
                action->questions->previous = question;
        action->questions = question;
        struct value message =
                is_new ? new_message(action, &arena) : message_of(action, what, &arena);
        action->is_made = action->is_made || is_new;
        if (property.len > 0)
                put(&message, "property", value_string(property), &arena);
        if (value)
                put(&message, "value", *value, &arena);
        if (value && value->type == VALUE_STRING) {
                question->name = memory_copy_text(property);
                question->value = memory_copy_text(value->string);
        }
        python_link_ask(action->link, message, on_answer, NULL, question);
        arena_done(&arena);
}

/* Life. */

static void on_made_again(void *user, const struct value *answer, const struct fault *fault) {
        struct python_action *action = user;
        take_facts(action, answer);
        if (fault)
                diag(DIAG_ERROR, LOGGER, "Failed to start jail '%s' action '%s': %s", action->jail,
                        action->name, fault_text(fault));
}

static void say_again(struct python_action *action, struct value message) {
        python_link_ask(action->link, message, on_made_again, NULL, action);
}

static void on_restart(void *user) {
        struct python_action *action = user;
        struct arena arena = ARENA_INIT;
        if (!action->is_made)
                return;
        say_again(action, new_message(action, &arena));
        for (size_t i = 0; i < action->setting_count; i++) {
                struct value message = message_of(action, "set", &arena);
                put(&message, "property", value_text(action->settings[i].name), &arena);
                put(&message, "value", value_text(action->settings[i].value), &arena);
                say_again(action, message);
        }
        if (action->is_started) {
                struct value message = message_of(action, "job", &arena);
                put(&message, "job", value_text("start"), &arena);
                say_again(action, message);
        }
        arena_done(&arena);
}

struct python_action *python_action_new(
        const struct python_action_config *config, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct value arguments;
        int r = store_json_get(config->json, &arena, &arguments);
        arena_done(&arena);
        if (r < 0) {
                (void)fault_raise(fault, "ValueError",
                        "the arguments of action %.*s are no JSON object", SLICE_ARG(config->name));
                return NULL;
        }
        struct python_action *action = memory_new(sizeof(*action));
        *action = (struct python_action){.env = config->env,
                .link = config->env->python,
                .props = config->props,
                .jail = memory_copy_text(config->jail),
                .name = memory_copy_text(config->name),
                .file = memory_copy_text(config->file),
                .json = memory_copy_text(config->json),
                .arena = ARENA_INIT};
        action->number = python_link_number(action->link);
        action->watcher = (struct python_watcher){.on_restart = on_restart, .user = action};
        python_link_watch(action->link, &action->watcher);
        return action;
}

void python_action_dismiss(struct python_action *action) {
        struct fault fault = FAULT_INIT;
        (void)fault_raise(&fault, "RuntimeError", "action %s is gone", action->name);
        struct question *question;
        while ((question = first_question(action))) {
                python_link_forget(action->link, question);
                question_end(action, question, NULL, &fault);
        }
        fault_done(&fault);
}

struct python_action *python_action_free(struct python_action *action) {
        struct arena arena = ARENA_INIT;
        if (!action)
                return NULL;
        python_link_unwatch(action->link, &action->watcher);
        python_link_forget(action->link, action);
        end_job(action);
        struct question *question;
        while ((question = first_question(action))) {
                python_link_forget(action->link, question);
                unlink_question(action, question);
                free_question(question);
        }
        python_link_tell(action->link, message_of(action, "drop", &arena));
        arena_done(&arena);
        arena_done(&action->arena);
        for (size_t i = 0; i < action->setting_count; i++) {
                free(action->settings[i].name);
                free(action->settings[i].value);
        }
        free(action->jail);
        free(action->name);
        free(action->file);
        free(action->json);
        free(action);
        return NULL;
}

bool python_action_is_same(
        const struct python_action *action, struct slice file, struct slice json) {
        return slice_is(file, action->file) && slice_is(json, action->json);
}
