/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action.h"

#include "../cmocka_include.h"
#include "base/repr.h"

struct fixture {
        struct loop *loop;
        struct clock clock;
        struct runner *runner;
        struct action_list *list;
        struct action *action;
        struct arena arena;
        struct fault fault;
        unsigned calls;
        char result[256];
};

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        *f = (struct fixture){
                .loop = loop_new(), .clock = CLOCK_INIT, .arena = ARENA_INIT, .fault = FAULT_INIT};
        f->runner = runner_new(f->loop, &f->clock);
        struct action_env env = {.loop = f->loop, .clock = &f->clock, .runner = f->runner};
        f->list = action_list_new(&env, SLICE("J"));
        assert_int_equal(action_list_add(f->list, SLICE("a"), NULL), 0);
        f->action = action_list_find(f->list, SLICE("a"), NULL);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        (void)action_list_free(f->list);
        (void)runner_free(f->runner);
        (void)loop_free(f->loop);
        arena_done(&f->arena);
        fault_done(&f->fault);
        free(f);
        return 0;
}

static void on_called(void *user, const struct value *ret, const struct fault *fault) {
        struct fixture *f = user;
        struct slice text = fault ? slice_of(fault_text(fault)) : repr(ret, &f->arena);
        (void)snprintf(
                f->result, sizeof(f->result), "%s%.*s", fault ? fault->kind : "", SLICE_ARG(text));
        f->calls++;
}

static void set(struct fixture *f, const char *property, const char *text) {
        struct value ret, value = value_text(text);
        assert_int_equal(
                action_set(f->action, slice_of(property), &value, &f->arena, &ret, &f->fault), 0);
}

/* What a call answers, or its fault when it is refused at once. */
static const char *call(struct fixture *f, const char *method, const char *json) {
        f->calls = 0;
        fault_done(&f->fault);
        int r = action_call(f->action, slice_of(method), slice_of(json), on_called, f, &f->fault);
        if (r < 0) {
                assert_int_equal(f->calls, 0);
                return fault_text(&f->fault);
        }
        assert_int_equal(r, 0);
        for (int i = 0; i < 20000 && f->calls == 0; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->calls, 1);
        return f->result;
}

static void methods_without_arguments_are_called(void **state) {
        struct fixture *f = *state;
        assert_int_equal(
                action_call(f->action, SLICE("port"), SLICE("{}"), on_called, f, &f->fault),
                ACTION_E_NO_METHOD);
        assert_string_equal(call(f, "start", "{}"), "True");
        assert_string_equal(call(f, "flush", ""), "True");
        assert_string_equal(call(f, "clearAllParams", "{}"), "None");
        assert_string_equal(call(f, "invalidateBanEpoch", "{}"), "None");
        assert_int_equal(action_list_epoch(f->list), 1);
        assert_int_equal(action_methods(f->action, &f->arena).list.count, 15);
}

static void arguments_are_checked_as_python_does(void **state) {
        struct fixture *f = *state;
        static const struct {
                const char *method, *json, *said;
        } rows[] = {
                {"ban",        "{}",
                 "CommandAction.ban() missing 1 required positional argument: 'aInfo'"                        },
                {"ban",        "{\"x\": 1}",      "CommandAction.ban() got an unexpected keyword argument 'x'"},
                {"ban",        "{\"aInfo\": {}}", "ip"                                                        },
                {"start",      "{\"x\": 1}",
                 "CommandAction.start() got an unexpected keyword argument 'x'"                               },
                {"start",      "nonsense",        "the arguments are no JSON object: nonsense"                },
                {"replaceTag", "{}",              "method replaceTag cannot be called from outside"           },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(call(f, rows[i].method, rows[i].json), rows[i].said);
}

static void bans_of_clients_run_the_commands(void **state) {
        struct fixture *f = *state;
        set(f, "actionban", "test '<ip> <failures> <matches>' = '192.0.2.1 7 one' ");
        assert_string_equal(call(f, "ban",
                                    "{\"aInfo\": {\"ip\": \"192.0.2.1\", \"failures\": 7, "
                                    "\"matches\": \"one\"}}"),
                "None");
        set(f, "actionunban", "exit 3");
        assert_string_equal(call(f, "unban", "{\"aInfo\": {\"ip\": \"192.0.2.1\"}}"),
                "RuntimeErrorError unbanning 192.0.2.1");
        assert_string_equal(call(f, "prolong", "{\"aInfo\": {\"ip\": \"192.0.2.1\"}}"),
                "RuntimeErrorError prolonging 192.0.2.1");
}

static void commands_and_escapes_answer(void **state) {
        struct fixture *f = *state;
        assert_string_equal(call(f, "executeCmd", "{\"realCmd\": \"true\"}"), "True");
        assert_string_equal(
                call(f, "executeCmd", "{\"realCmd\": \"exit 3\", \"timeout\": 5}"), "False");
        assert_string_equal(call(f, "escapeTag", "{\"value\": \"a;b\"}"), "'a\\\\;b'");
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(methods_without_arguments_are_called),
                CASE(arguments_are_checked_as_python_does),
                CASE(bans_of_clients_run_the_commands),
                CASE(commands_and_escapes_answer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
