/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell scripts; every case by our own fork, and by a runner. */
#include "enforce/child.h"

#include <fcntl.h>

#include "../cmocka_include.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "tests/support/runner_fixture.h"

#define PATIENCE 4000 /* turns of at most 25 ms */

struct test {
        struct runner_fixture helper;
        struct runner_link *link; /* NULL: by fork */
        struct loop *loop;
        struct child *child;
        unsigned started, failed, ended;
        int number; /* errno or status */
        int out;    /* what the child writes */
};

static void on_started(void *user) {
        struct test *t = user;
        t->started++;
        assert_true(child_pid(t->child) > 0);
}

static void on_failed(void *user, int error) {
        struct test *t = user;
        t->failed++;
        t->number = error;
        t->child = child_free(t->child);
}

static void on_ended(void *user, int status) {
        struct test *t = user;
        t->ended++;
        t->number = status;
}

static const struct child_ops ops = {
        .on_started = on_started, .on_failed = on_failed, .on_ended = on_ended};

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user, (void)level, (void)logger, (void)text;
}

static int set_up(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        assert_non_null(t);
        diag_set_sink(sink, NULL);
        t->loop = loop_new();
        t->out = -1;
        *state = t;
        return 0;
}

static int set_up_with_runner(void **state) {
        (void)set_up(state);
        struct test *t = *state;
        runner_fixture_init(&t->helper);
        runner_fixture_start(&t->helper);
        t->link = runner_link_new(t->loop, t->helper.path);
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        (void)child_free(t->child);
        if (t->link) {
                (void)runner_link_free(t->link);
                runner_fixture_done(&t->helper);
        }
        close_p(&t->out);
        (void)loop_free(t->loop);
        diag_set_sink(NULL, NULL);
        free(t);
        return 0;
}

static void step(struct test *t) {
        assert_int_equal(loop_step(t->loop, 25000), 0);
}

static void wait_until(struct test *t, const unsigned *counter) {
        for (int i = 0; i < PATIENCE && *counter == 0; i++)
                step(t);
        assert_int_equal(*counter, 1);
}

static void wait_for_start(struct test *t) {
        for (int i = 0; i < PATIENCE && child_pid(t->child) == 0; i++)
                step(t);
        assert_true(child_pid(t->child) > 0);
}

static int start_at(struct test *t, const char *path, const char *script, enum child_reach reach) {
        static char shell[] = "sh", option[] = "-c";
        char *const words[] = {shell, option, (char *)(uintptr_t)script, NULL};
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        t->out = pipes[0];
        const struct child_request request = {
                .path = path, .words = words, .fds = {-1, -1, -1, pipes[1]},
                        .reach = reach
        };
        int error = child_start(t->loop, t->link, &request, &ops, t, &t->child);
        (void)close(pipes[1]);
        return error;
}

static void start(struct test *t, const char *script, enum child_reach reach) {
        assert_int_equal(start_at(t, "/bin/sh", script, reach), 0);
}

/* Whether everybody who had the other end of the pipe is gone, when they have written what is
 * expected. */
static void assert_written(const struct test *t, const char *expected) {
        char text[200];
        size_t len = 0;
        for (ssize_t got; (got = read(t->out, text + len, sizeof(text) - len)) > 0;)
                len += (size_t)got;
        assert_int_equal(len, strlen(expected));
        assert_memory_equal(text, expected, len);
}

static void starts_and_ends_are_told_once(void **state) {
        struct test *t = *state;
        start(t, "echo here >&3; exit 9", CHILD_GROUP);
        assert_int_equal(t->started + t->ended, 0); /* never from within */
        wait_until(t, &t->ended);
        assert_int_equal(t->started, t->link ? 1 : 0);
        assert_int_equal(t->number, 9);
        assert_written(t, "here\n");
        for (int i = 0; i < 3; i++)
                assert_int_equal(loop_step(t->loop, 1000), 0);
        assert_int_equal(t->ended, 1);
}

static void signals_reach_the_group_even_behind_its_leader(void **state) {
        struct test *t = *state;
        start(t, "sleep 600 & exit 0", CHILD_GROUP);
        wait_until(t, &t->ended);
        child_kill(t->child, SIGTERM);
        assert_written(t, ""); /* the sleeper had it */
}

static void signals_for_the_leader_spare_the_others(void **state) {
        struct test *t = *state;
        start(t, "(trap 'echo hit >&3' TERM; echo ready >&3; sleep 600 3>&- & wait; exit 0) & wait",
                CHILD_LEADER);
        char ready[6];
        for (int i = 0; i < PATIENCE && child_pid(t->child) == 0; i++)
                step(t);
        assert_int_equal(read(t->out, ready, 6), 6);
        pid_t group = child_pid(t->child);
        child_kill(t->child, SIGTERM);
        wait_until(t, &t->ended);
        assert_int_equal(t->number, -SIGTERM);
        t->child = child_free(t->child);
        assert_int_equal(kill(-group, SIGKILL), 0); /* somebody was left */
        assert_written(t, "");
}

static void what_cannot_be_executed_is_told(void **state) {
        struct test *t = *state;
        int error = start_at(t, "/nonexistent/program", "", CHILD_GROUP);
        if (t->link) {
                assert_int_equal(error, 0);
                wait_until(t, &t->failed);
                error = t->number;
        }
        assert_int_equal(error, ENOENT);
        assert_null(t->child);
}

static void who_is_freed_is_killed_and_who_is_forgotten_goes_on(void **state) {
        struct test *t = *state;
        start(t, "sleep 600", CHILD_GROUP);
        wait_for_start(t);
        t->child = child_free(t->child);
        assert_written(t, "");
        close_p(&t->out);
        start(t, "sleep 0.1; echo on >&3", CHILD_GROUP);
        wait_for_start(t);
        t->child = child_forget(t->child);
        assert_written(t, "on\n");
        assert_int_equal(t->ended, 0);
}

static void who_is_freed_before_it_has_started_never_does(void **state) {
        struct test *t = *state;
        start(t, "echo on >&3; sleep 600", CHILD_GROUP);
        assert_int_equal(child_pid(t->child), 0); /* the runner has not said that it is ready */
        t->child = child_free(t->child);
        assert_written(t, "");
        for (int i = 0; i < PATIENCE && runner_link_state(t->link) != RUNNER_THERE; i++)
                step(t);
        start(t, "echo on >&3; sleep 600", CHILD_GROUP);
        t->child = child_free(t->child); /* asked, not answered: killed as soon as it is */
        char text[10];
        while (read(t->out, text, sizeof(text)) > 0)
                continue; /* it ends */
        assert_int_equal(t->started + t->failed + t->ended, 0);
}

static void the_next_runner_starts_what_the_last_one_has_not(void **state) {
        struct test *t = *state;
        for (int i = 0; i < PATIENCE && runner_link_state(t->link) != RUNNER_THERE; i++)
                step(t);
        assert_int_equal(kill(t->helper.pid, SIGSTOP), 0);
        start(t, "echo once >&3", CHILD_GROUP);
        assert_int_equal(runner_fixture_end(&t->helper, SIGKILL), -SIGKILL);
        runner_fixture_start(&t->helper);
        wait_until(t, &t->ended);
        assert_int_equal(t->number, 0);
        assert_written(t, "once\n");
}

static void who_outlives_its_runner_is_still_watched_and_killed(void **state) {
        struct test *t = *state;
        start(t, "sleep 600 & wait", CHILD_GROUP);
        wait_for_start(t);
        assert_int_equal(runner_fixture_end(&t->helper, SIGKILL), -SIGKILL);
        for (int i = 0; i < PATIENCE && runner_link_state(t->link) == RUNNER_THERE; i++)
                step(t);
        assert_int_equal(t->ended, 0);
        child_kill(t->child, SIGTERM);
        wait_until(t, &t->ended);
        assert_int_equal(t->number, -SIGKILL); /* how, nobody knows */
        assert_written(t, "");
        child_kill(
                t->child, SIGTERM); /* the number may be somebody else's by now: nothing is sent */
}

static void without_any_runner_it_is_our_own(void **state) {
        struct test *t = *state;
        runner_fixture_close(&t->helper);
        start(t, "echo $PPID >&3", CHILD_GROUP);
        assert_int_equal(runner_fixture_end(&t->helper, SIGKILL), -SIGKILL);
        wait_until(t, &t->ended);
        char expected[20];
        (void)snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
        assert_written(t, expected);
        assert_int_equal(t->started, 1);
}

int main(void) {
#define CASE(name)                                                                                 \
        cmocka_unit_test_setup_teardown(name, set_up, tear_down), {                                \
#name "_by_the_runner", name, set_up_with_runner, tear_down, NULL                  \
        }
#define RUNNER_CASE(name) cmocka_unit_test_setup_teardown(name, set_up_with_runner, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(starts_and_ends_are_told_once),
                CASE(signals_reach_the_group_even_behind_its_leader),
                CASE(signals_for_the_leader_spare_the_others),
                CASE(what_cannot_be_executed_is_told),
                CASE(who_is_freed_is_killed_and_who_is_forgotten_goes_on),
                RUNNER_CASE(who_is_freed_before_it_has_started_never_does),
                RUNNER_CASE(the_next_runner_starts_what_the_last_one_has_not),
                RUNNER_CASE(who_outlives_its_runner_is_still_watched_and_killed),
                RUNNER_CASE(without_any_runner_it_is_our_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
