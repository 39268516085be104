/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process is a shell script that answers as each test needs it; every case by our own fork, and
 * by a runner. */
#include "enforce/python_link.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "enforce/runner_link.h"
#include "tests/support/runner_fixture.h"

/* Answers a request by what it does; "id" stands last in it. */
#define SCRIPT                                                                                     \
        "#!/bin/sh\n"                                                                              \
        "while read -r line; do\n"                                                                 \
        "id=${line##*\\\"id\\\": }; id=${id%\\}}\n"                                                \
        "case $line in\n"                                                                          \
        "*'\"do\": \"die\"'*) exit 3;;\n"                                                          \
        "*'\"do\": \"babble\"'*) echo 'no JSON';;\n"                                               \
        "*'\"do\": \"silent\"'*) ;;\n"                                                             \
        "*'\"do\": \"fail\"'*) echo \"{\\\"id\\\": $id, \\\"error\\\": [\\\"ValueError\\\", "      \
        "\\\"bad\\\"]}\";;\n"                                                                      \
        "*'\"do\": \"odd\"'*) echo \"{\\\"id\\\": $id, \\\"error\\\": [\\\"MyError\\\", "          \
        "\\\"bad\\\"]}\";;\n"                                                                      \
        "*'\"do\": \"log\"'*) echo '{\"log\": [20, \"fail2ban.Mine\", \"hello\"]}';"               \
        " echo \"{\\\"id\\\": $id, \\\"value\\\": 1}\";;\n"                                        \
        "*'\"do\": \"tag\"'*) echo \"{\\\"ask\\\": $id, \\\"tag\\\": \\\"ip\\\"}\"; read -r "      \
        "answer;"                                                                                  \
        " case $answer in *'\"value\": \"192.0.2.1\"'*) echo \"{\\\"id\\\": $id, \\\"value\\\": "  \
        "2}\";; esac;;\n"                                                                          \
        "*) echo \"{\\\"id\\\": $id, \\\"value\\\": 1}\";;\n"                                      \
        "esac; done\n"

struct fixture {
        char folder[64], program[128];
        struct loop *loop;
        struct python_link *link;
        struct runner_fixture helper;
        struct runner_link *runner; /* NULL: by fork */
        struct python_watcher watcher;
        struct buffer diags;
        struct python_watcher leaver;
        unsigned answers, faults, restarts, leaves;
        char fault[256], kind[64];
        int64_t value;
};

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        (void)buffer_printf(&f->diags, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static void on_restart(void *user) {
        struct fixture *f = user;
        f->restarts++;
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/stockade-python-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->program, sizeof(f->program), "%s/program", f->folder);
        FILE *file = fopen(f->program, "w");
        assert_non_null(file);
        assert_true(fputs(SCRIPT, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(f->program, 0700), 0);
        f->loop = loop_new();
        f->link = python_link_new(f->loop, f->program);
        f->diags = BUFFER_INIT(1 << 16);
        f->watcher = (struct python_watcher){.on_restart = on_restart, .user = f};
        python_link_watch(f->link, &f->watcher);
        diag_set_sink(on_diag, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static int set_up_with_runner(void **state) {
        (void)set_up(state);
        struct fixture *f = *state;
        runner_fixture_init(&f->helper);
        runner_fixture_start(&f->helper);
        f->runner = runner_link_new(f->loop, f->helper.path);
        python_link_set_runner(f->link, f->runner);
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        (void)python_link_free(f->link);
        if (f->runner) {
                (void)runner_link_free(f->runner);
                runner_fixture_done(&f->helper);
        }
        (void)loop_free(f->loop);
        diag_set_sink(NULL, NULL);
        buffer_done(&f->diags);
        (void)unlink(f->program);
        (void)rmdir(f->folder);
        free(f);
        return 0;
}

static void on_done(void *user, const struct value *answer, const struct fault *fault) {
        struct fixture *f = user;
        assert_true((answer == NULL) != (fault == NULL));
        if (fault) {
                f->faults++;
                (void)snprintf(f->fault, sizeof(f->fault), "%s", fault_text(fault));
                (void)snprintf(f->kind, sizeof(f->kind), "%s", fault->kind);
                return;
        }
        f->answers++;
        const struct value *value = value_dict_get(answer, "value");
        f->value = value && value->type == VALUE_INT ? value->integer : -1;
}

static bool on_tag(void *user, struct slice tag, struct arena *arena, struct value *ret) {
        (void)user;
        (void)arena;
        assert_true(slice_is(tag, "ip"));
        *ret = value_text("192.0.2.1");
        return true;
}

static void ask(struct fixture *f, const char *what) {
        struct arena arena = ARENA_INIT;
        struct value message = value_dict();
        value_dict_put(&message, value_text("do"), value_text(what), &arena);
        python_link_ask(f->link, message, on_done, on_tag, f);
        arena_done(&arena);
}

static void wait_until(struct fixture *f, const unsigned *counter, unsigned wanted) {
        for (int i = 0; i < 20000 && *counter < wanted; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(*counter, wanted);
}

static bool has_said(struct fixture *f, const char *text) {
        struct slice said = buffer_view(&f->diags);
        return slice_find(said, slice_of(text), 0) < said.len;
}

static void nothing_runs_before_the_first_request(void **state) {
        struct fixture *f = *state;
        assert_int_equal(python_link_starts(f->link), 0);
        ask(f, "work");
        assert_int_equal(f->answers, 0); /* never from within */
        wait_until(f, &f->answers, 1);
        assert_int_equal(f->value, 1);
        ask(f, "work");
        wait_until(f, &f->answers, 2);
        assert_int_equal(python_link_starts(f->link), 1);
}

static void errors_keep_their_class_if_clients_know_it(void **state) {
        struct fixture *f = *state;
        ask(f, "fail");
        wait_until(f, &f->faults, 1);
        assert_string_equal(f->kind, "ValueError");
        assert_string_equal(f->fault, "bad");
        ask(f, "odd");
        wait_until(f, &f->faults, 2);
        assert_string_equal(f->kind, "RuntimeError");
        assert_string_equal(f->fault, "MyError: bad");
}

static void its_messages_stand_in_the_log(void **state) {
        struct fixture *f = *state;
        ask(f, "log");
        wait_until(f, &f->answers, 1);
        assert_true(has_said(f, "20 fail2ban.Mine hello\n"));
}

static void tags_are_answered_while_a_request_runs(void **state) {
        struct fixture *f = *state;
        ask(f, "tag");
        wait_until(f, &f->answers, 1);
        assert_int_equal(f->value, 2);
}

static void an_end_fails_what_was_asked_and_is_followed_by_a_start(void **state) {
        struct fixture *f = *state;
        ask(f, "work");
        wait_until(f, &f->answers, 1);
        ask(f, "silent");
        ask(f, "die");
        wait_until(f, &f->faults, 2);
        assert_string_equal(f->fault, "the process of the actions in Python has ended");
        assert_true(
                has_said(f, "40 fail2ban.server The process of the actions in Python has ended"));
        wait_until(f, &f->restarts, 1);
        ask(f, "work");
        wait_until(f, &f->answers, 2);
        assert_int_equal(python_link_starts(f->link), 2);
}

static void nobody_left_nothing_started(void **state) {
        struct fixture *f = *state;
        ask(f, "work");
        wait_until(f, &f->answers, 1);
        python_link_unwatch(f->link, &f->watcher);
        ask(f, "die");
        wait_until(f, &f->faults, 1);
        for (int i = 0; i < 3; i++)
                assert_int_equal(loop_step(f->loop, 500000), 0);
        assert_int_equal(python_link_starts(f->link), 1);
        assert_int_equal(f->restarts, 0);
}

static void nonsense_ends_the_process(void **state) {
        struct fixture *f = *state;
        ask(f, "babble");
        wait_until(f, &f->faults, 1);
        assert_string_equal(
                f->fault, "the process of the actions in Python has sent something else than JSON");
}

static void forgotten_requests_are_not_told(void **state) {
        struct fixture *f = *state;
        ask(f, "work");
        python_link_forget(f->link, f);
        for (int i = 0; i < 10; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->answers + f->faults, 0);
        ask(f, "work");
        wait_until(f, &f->answers, 1);
}

static void a_program_that_cannot_be_started_is_a_fault(void **state) {
        struct fixture *f = *state;
        assert_int_equal(unlink(f->program), 0);
        ask(f, "work");
        assert_int_equal(f->faults, 0);
        wait_until(f, &f->faults, 1);
        assert_string_equal(f->fault, "the process of the actions in Python cannot be started: No "
                                      "such file or directory");
        assert_string_equal(f->kind, "RuntimeError");
}

static void too_long_a_request_fails_alone(void **state) {
        struct fixture *f = *state;
        char *text = memory_new(PYTHON_LINE_MAX + 2);
        memset(text, 'x', PYTHON_LINE_MAX + 1);
        ask(f, "work");
        ask(f, text);
        ask(f, "work");
        free(text);
        wait_until(f, &f->faults, 1);
        assert_string_equal(
                f->fault, "the process of the actions in Python cannot take so much at once");
        wait_until(f, &f->answers, 2);
        assert_int_equal(python_link_starts(f->link), 1);
}

static void requests_beyond_the_limit_fail_at_once(void **state) {
        struct fixture *f = *state;
        for (unsigned i = 0; i < PYTHON_REQUESTS_MAX; i++)
                ask(f, "silent");
        ask(f, "work");
        wait_until(f, &f->faults, 1);
        assert_string_equal(f->fault, "the process of the actions in Python has too much to do");
        assert_int_equal(f->answers, 0);
        assert_int_equal(python_link_starts(f->link), 1);
}

static void on_leave(void *user) {
        struct fixture *f = user;
        f->leaves++;
        python_link_unwatch(f->link, &f->leaver);
}

static void a_watcher_that_leaves_hides_no_other(void **state) {
        struct fixture *f = *state;
        f->leaver = (struct python_watcher){.on_restart = on_leave, .user = f};
        python_link_watch(f->link, &f->leaver); /* it is told first */
        ask(f, "work");
        wait_until(f, &f->answers, 1);
        ask(f, "die");
        wait_until(f, &f->leaves, 1);
        wait_until(f, &f->restarts, 1);
}

/* One that ends by itself this early is followed after a pause. */
static void an_end_that_comes_of_the_runners_is_followed_at_once(void **state) {
        struct fixture *f = *state;
        ask(f, "work");
        wait_until(f, &f->answers, 1);
        assert_int_equal(runner_fixture_end(&f->helper, SIGKILL), -SIGKILL);
        for (int i = 0; i < 20000 && runner_link_state(f->runner) == RUNNER_THERE; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        ask(f, "die");
        wait_until(f, &f->faults, 1);
        assert_int_equal(python_link_starts(f->link), 2);
        runner_fixture_start(&f->helper);
        ask(f, "work");
        wait_until(f, &f->answers, 2);
}

int main(void) {
#define CASE(name)                                                                                 \
        cmocka_unit_test_setup_teardown(name, set_up, tear_down), {                                \
#name "_by_the_runner", name, set_up_with_runner, tear_down, NULL                  \
        }
#define RUNNER_CASE(name) cmocka_unit_test_setup_teardown(name, set_up_with_runner, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(nothing_runs_before_the_first_request),
                CASE(errors_keep_their_class_if_clients_know_it),
                CASE(its_messages_stand_in_the_log),
                CASE(tags_are_answered_while_a_request_runs),
                CASE(an_end_fails_what_was_asked_and_is_followed_by_a_start),
                CASE(nobody_left_nothing_started),
                CASE(too_long_a_request_fails_alone),
                CASE(requests_beyond_the_limit_fail_at_once),
                CASE(a_watcher_that_leaves_hides_no_other),
                CASE(nonsense_ends_the_process),
                RUNNER_CASE(an_end_that_comes_of_the_runners_is_followed_at_once),
                CASE(forgotten_requests_are_not_told),
                CASE(a_program_that_cannot_be_started_is_a_fault),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
