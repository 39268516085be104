/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The children are shell scripts; every case by our own fork, and by a runner. */
#include "enforce/supervise.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "enforce/runner_link.h"
#include "tests/support/runner_fixture.h"

#define PATIENCE 4000 /* turns of at most 25 ms */

struct test {
        struct loop *loop;
        struct supervise *supervise;
        struct runner_fixture helper;
        struct runner_link *link; /* NULL: by fork */
        char folder[64];
        char path[96];
        unsigned starts, ends, messages;
        char how[128];
};

static void on_start(void *user, struct channel *channel) {
        struct test *t = user;
        assert_non_null(channel);
        t->starts++;
}

static void on_message(void *user, struct message *message) {
        struct test *t = user;
        (void)message;
        t->messages++;
}

static void on_end(void *user, const char *how) {
        struct test *t = user;
        t->ends++;
        (void)snprintf(t->how, sizeof(t->how), "%s", how);
}

static const struct supervise_ops ops = {on_start, on_message, on_end};

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        (void)text;
}

static int setup(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        (void)snprintf(t->folder, sizeof(t->folder), "/tmp/stockade-child-XXXXXX");
        assert_non_null(mkdtemp(t->folder));
        (void)snprintf(t->path, sizeof(t->path), "%s/child", t->folder);
        diag_set_sink(sink, NULL);
        t->loop = loop_new();
        *state = t;
        return 0;
}

static int setup_with_runner(void **state) {
        (void)setup(state);
        struct test *t = *state;
        runner_fixture_init(&t->helper);
        runner_fixture_start(&t->helper);
        t->link = runner_link_new(t->loop, t->helper.path);
        return 0;
}

static int teardown(void **state) {
        struct test *t = *state;
        t->supervise = supervise_free(t->supervise);
        if (t->link) {
                (void)runner_link_free(t->link);
                runner_fixture_done(&t->helper);
        }
        (void)loop_free(t->loop);
        (void)unlink(t->path);
        (void)rmdir(t->folder);
        diag_set_sink(NULL, NULL);
        free(t);
        return 0;
}

/* Writes the script and starts it. */
static void start(struct test *t, const char *script) {
        struct fault fault = FAULT_INIT;
        FILE *f = fopen(t->path, "w");
        assert_non_null(f);
        assert_true(fprintf(f, "#!/bin/sh\n%s\n", script) > 0);
        (void)fclose(f);
        assert_int_equal(chmod(t->path, 0700), 0);
        const struct supervise_config config = {.program = "none",
                .path = t->path,
                .label = "child",
                .role = CHANNEL_SCANNER,
                .ops = &ops,
                .user = t};
        t->supervise = supervise_new(t->loop, &config);
        supervise_set_runner(t->supervise, t->link);
        assert_int_equal(supervise_start(t->supervise, &fault), 0);
        assert_int_equal(supervise_start(t->supervise, &fault), -EALREADY);
        fault_done(&fault);
}

static void wait_until(struct test *t, const unsigned *counter, unsigned wanted) {
        for (int i = 0; i < PATIENCE && *counter < wanted; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_true(*counter >= wanted);
}

static pid_t wait_for_pid(struct test *t) {
        for (int i = 0; i < PATIENCE && supervise_pid(t->supervise) == 0; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_true(supervise_pid(t->supervise) > 0);
        return supervise_pid(t->supervise);
}

/* The channel does not block: cat fails until something is there, or the end. */
#define LIVES_WITH_ITS_CHANNEL "until cat <&3 >/dev/null 2>&1; do sleep 0.01; done"

static void a_child_that_ends_is_started_again(void **state) {
        struct test *t = *state;
        start(t, "exit 3");
        wait_until(t, &t->ends, 1);
        assert_string_equal(t->how, "exit code 3");
        wait_until(t, &t->starts, 3);
        assert_true(supervise_starts(t->supervise) >= 3);
}

static void restarts_wait_longer_and_longer(void **state) {
        struct test *t = *state;
        start(t, "exit 0");
        wait_until(t, &t->starts, 2); /* at once */
        int64_t begin = loop_now_us();
        wait_until(t, &t->starts, 4);
        assert_true(loop_now_us() - begin >= 2 * SUPERVISE_BACKOFF_MIN_MS * INT64_C(1000));
}

static void the_end_of_a_signal_is_told(void **state) {
        struct test *t = *state;
        start(t, LIVES_WITH_ITS_CHANNEL);
        wait_until(t, &t->starts, 1);
        pid_t first = wait_for_pid(t);
        assert_int_equal(kill(first, SIGKILL), 0);
        wait_until(t, &t->ends, 1);
        assert_string_equal(t->how, "killed by signal 9");
        wait_until(t, &t->starts, 2);
        assert_int_not_equal(wait_for_pid(t), first);
}

static void what_breaks_the_protocol_is_killed(void **state) {
        struct test *t = *state;
        start(t, "echo this is no message >&3; " LIVES_WITH_ITS_CHANNEL);
        wait_until(t, &t->ends, 1);
        assert_non_null(strstr(t->how, "is not permitted here"));
        assert_int_equal(t->messages, 0);
}

static void a_violation_found_by_the_owner_ends_it(void **state) {
        struct test *t = *state;
        start(t, LIVES_WITH_ITS_CHANNEL);
        wait_until(t, &t->starts, 1);
        supervise_violation(t->supervise, "wrong offset");
        wait_until(t, &t->ends, 1);
        assert_non_null(strstr(t->how, "wrong offset"));
        wait_until(t, &t->starts, 2);
}

static void one_that_hangs_can_be_killed(void **state) {
        struct test *t = *state;
        start(t, "trap '' TERM; " LIVES_WITH_ITS_CHANNEL);
        wait_until(t, &t->starts, 1);
        supervise_kill(t->supervise, "it hangs");
        wait_until(t, &t->ends, 1);
        wait_until(t, &t->starts, 2);
}

static void stopping_closes_the_channel_and_starts_no_more(void **state) {
        struct test *t = *state;
        start(t, LIVES_WITH_ITS_CHANNEL);
        wait_until(t, &t->starts, 1);
        supervise_stop(t->supervise, 5000);
        wait_until(t, &t->ends, 1);
        assert_int_equal(supervise_pid(t->supervise), 0);
        for (int i = 0; i < 8; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_int_equal(t->starts, 1);
}

static void one_that_does_not_stop_is_killed(void **state) {
        struct test *t = *state;
        start(t, "exec 3>&-; exec sleep 60");
        wait_until(t, &t->starts, 1);
        supervise_stop(t->supervise, 100);
        wait_until(t, &t->ends, 1);
        assert_int_equal(supervise_pid(t->supervise), 0);
}

static void a_child_holds_only_what_it_is_given(void **state) {
        struct test *t = *state;
        int extra = dup(STDIN_FILENO);
        /* In a shell without other files, fd 4 and above are free: something there makes it end
         * with 1. */
        start(t, "[ -S /proc/self/fd/3 ] || exit 2; [ \"$(readlink /proc/$$/fd/0)\" = /dev/null ] "
                 "|| exit 3;"
                 "for n in 4 5 6 7 8 9 20; do [ -e /proc/$$/fd/$n ] && exit 1; done; exit 42");
        wait_until(t, &t->ends, 1);
        assert_string_equal(t->how, "exit code 42");
        (void)close(extra);
}

static void a_program_that_is_missing_is_a_fault(void **state) {
        struct test *t = *state;
        struct fault fault = FAULT_INIT;
        const struct supervise_config config = {.program = "none",
                .path = "/nonexistent/child",
                .label = "child",
                .role = CHANNEL_SCANNER,
                .ops = &ops,
                .user = t};
        t->supervise = supervise_new(t->loop, &config);
        assert_true(supervise_start(t->supervise, &fault) < 0);
        assert_non_null(strstr(fault_text(&fault), "/nonexistent/child"));
        fault_done(&fault);
}

int main(void) {
#define CASE(name)                                                                                 \
        cmocka_unit_test_setup_teardown(name, setup, teardown), {                                  \
                #name "_by_the_runner", name, setup_with_runner, teardown, NULL                    \
        }
        const struct CMUnitTest tests[] = {
                CASE(a_child_that_ends_is_started_again),
                CASE(restarts_wait_longer_and_longer),
                CASE(the_end_of_a_signal_is_told),
                CASE(what_breaks_the_protocol_is_killed),
                CASE(a_violation_found_by_the_owner_ends_it),
                CASE(one_that_hangs_can_be_killed),
                CASE(stopping_closes_the_channel_and_starts_no_more),
                CASE(one_that_does_not_stop_is_killed),
                CASE(a_child_holds_only_what_it_is_given),
                CASE(a_program_that_is_missing_is_a_fault),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
