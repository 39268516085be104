/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real commands, each of a fraction of a second; every case by our own fork, and by a runner. */
#include "enforce/process.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "enforce/runner_link.h"
#include "tests/support/runner_fixture.h"

struct fixture {
        struct runner_fixture helper;
        bool has_helper;
        struct runner_link *link;
        struct loop *loop;
        struct clock clock;
        struct runner *runner;
        struct buffer diags;
        unsigned calls;
        struct process_result result;
        char output[256], errors[256];
};

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        (void)buffer_printf(&f->diags, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        f->loop = loop_new();
        f->clock = CLOCK_INIT;
        f->diags = BUFFER_INIT(1 << 20);
        f->runner = runner_new(f->loop, &f->clock);
        diag_set_sink(on_diag, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static int set_up_with_runner(void **state) {
        (void)set_up(state);
        struct fixture *f = *state;
        f->has_helper = true;
        runner_fixture_init(&f->helper);
        runner_fixture_start(&f->helper);
        f->link = runner_link_new(f->loop, f->helper.path);
        runner_set_link(f->runner, f->link);
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        (void)runner_free(f->runner);
        (void)runner_link_free(f->link);
        if (f->has_helper)
                runner_fixture_done(&f->helper);
        (void)loop_free(f->loop);
        diag_set_sink(NULL, NULL);
        buffer_done(&f->diags);
        free(f);
        return 0;
}

static void on_done(void *user, const struct process_result *result) {
        struct fixture *f = user;
        f->calls++;
        f->result = *result;
        (void)snprintf(
                f->output, sizeof(f->output), "%.*s", SLICE_ARG(slice_sub(result->output, 0, 200)));
        (void)snprintf(
                f->errors, sizeof(f->errors), "%.*s", SLICE_ARG(slice_sub(result->errors, 0, 200)));
}

static void run_with(struct fixture *f, struct slice command, const struct value *values,
        double timeout_s, int quiet) {
        struct process_request request = {command, values, timeout_s, "fail2ban.utils", quiet};
        f->calls = 0;
        (void)process_run(f->runner, &request, on_done, f);
        assert_int_equal(f->calls, 0); /* never from within */
        for (int i = 0; i < 20000 && f->calls == 0; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->calls, 1);
}

static void run(struct fixture *f, const char *command) {
        run_with(f, slice_of(command), NULL, 60, 0);
}

static void assert_said(struct fixture *f, const char *text) {
        if (slice_find(buffer_view(&f->diags), slice_of(text), 0) == buffer_len(&f->diags))
                fail_msg("not said: %s\nbut: %.*s", text, SLICE_ARG(buffer_view(&f->diags)));
}

static int atoi_text(const char *text) {
        int number = -1;
        assert_int_equal(sscanf(text, "%d", &number), 1);
        return number;
}

static void both_outputs_and_status_come_back(void **state) {
        struct fixture *f = *state;
        run(f, "echo out; echo err >&2; exit 4");
        assert_int_equal(f->result.status, 4);
        assert_string_equal(f->output, "out\n");
        assert_string_equal(f->errors, "err\n");
        assert_said(f, "40 fail2ban.utils 1 -- exec: echo out; echo err >&2; exit 4\n40 "
                       "fail2ban.utils 1 -- stdout: 'out'\n"
                       "40 fail2ban.utils 1 -- stderr: 'err'\n40 fail2ban.utils 1 -- returned 4\n");
}

static void success_is_said_to_nobody(void **state) {
        struct fixture *f = *state;
        run(f, "true; echo x");
        assert_int_equal(f->result.status, 0);
        run_with(f, SLICE("exit 1"), NULL, 5, 1);
        assert_int_equal(f->result.status, 1);
        assert_int_equal(buffer_len(&f->diags), 0);
}

static void plain_commands_need_no_shell(void **state) {
        struct fixture *f = *state;
        run(f, "cat /proc/self/stat");
        assert_int_equal(f->result.status, 0);
        int pid = 0, parent = 0;
        assert_int_equal(sscanf(f->output, "%d (cat) %*c %d", &pid, &parent), 2);
        assert_int_equal(parent, f->has_helper ? f->helper.pid : getpid());
}

static void missing_commands_get_a_hint(void **state) {
        struct fixture *f = *state;
        run(f, "no-such-command-here x");
        assert_int_equal(f->result.status, 127);
        assert_said(f, "-- stderr: '/bin/sh: "); /* the shell has the name that fail2ban gives it */
        assert_said(f, "20 fail2ban.utils HINT on 127: \"Command not found\".  Make sure that all "
                       "commands in 'no-such-command-here x' are");
}

static void values_travel_as_they_are(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value values = value_list();
        value_append(&values, value_text("a'b\"$(id)`x`\\"), &arena);
        value_append(&values, value_text("*\n;?"), &arena);
        run_with(f, SLICE("printf '%s|%s' \"$0\" \"$1\""), &values, 5, 0);
        assert_string_equal(f->output, "a'b\"$(id)`x`\\|*\n;?");
        run_with(f, SLICE("exit 2"), &values, 5, 0);
        assert_said(f, "exec: ['exit 2', 'a\\'b\"$(id)`x`\\\\', '*\\n;?']");
        arena_done(&arena);
}

static void nul_bytes_are_refused(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value values = value_list();
        run_with(f, SLICE("true\0false"), NULL, 5, 0);
        assert_int_equal(f->result.status, PROCESS_NOT_RUN);
        value_append(&values, value_string(SLICE("a\0b")), &arena);
        run_with(f, SLICE("true"), &values, 5, 0);
        assert_int_equal(f->result.status, PROCESS_NOT_RUN);
        assert_said(f, "-- failed with [Errno 22]");
        arena_done(&arena);
}

static void hanging_commands_are_ended(void **state) {
        struct fixture *f = *state;
        run_with(f, SLICE("sleep 20; true"), NULL, 0.1, 0);
        assert_int_equal(f->result.status, -SIGTERM);
        assert_true(f->result.timed_out);
        assert_said(f, "-- timed out after 0.1 seconds.");
        assert_said(f, "-- killed with SIGTERM (return code: -15)");
        /* The shell must have come to its trap when the time is over, however slow the machine. */
        f->result.status = -SIGTERM;
        for (double limit_s = 0.1; f->result.status == -SIGTERM && limit_s < 60; limit_s *= 4)
                run_with(f, SLICE("trap '' TERM; while :; do sleep 0.05; done"), NULL, limit_s, 0);
        assert_int_equal(f->result.status, -SIGKILL);
        assert_said(f, "-- killed with SIGKILL (return code: -9)");
}

static void output_is_capped_and_never_blocks(void **state) {
        struct fixture *f = *state;
        run(f, "head -c 1000000 /dev/zero | tr '\\0' x");
        assert_int_equal(f->result.status, 0);
        assert_int_equal(f->result.output.len, PROCESS_OUTPUT_MAX);
        assert_int_equal(runner_dropped_bytes(f->runner), 1000000 - PROCESS_OUTPUT_MAX);
}

static void background_children_are_not_waited_for(void **state) {
        struct fixture *f = *state;
        int pid = 0;
        run_with(f, SLICE("sleep 600 & echo $!"), NULL, 60, 0);
        assert_int_equal(f->result.status, 0);
        assert_false(f->result.timed_out);
        assert_int_equal(sscanf(f->output, "%d", &pid), 1);
        assert_true(pid > 1);
        assert_int_equal(kill(pid, SIGKILL), 0); /* it has been running all the time */
}

static void more_than_may_run_wait_their_turn(void **state) {
        struct fixture *f = *state;
        struct process_request request = {SLICE("exit 0; :"), NULL, 5, "fail2ban.utils", 0};
        for (unsigned i = 0; i < PROCESS_RUNNING_MAX + 10; i++)
                (void)process_run(f->runner, &request, on_done, f);
        for (int i = 0; i < 20000 && f->calls < PROCESS_RUNNING_MAX + 10; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->calls, PROCESS_RUNNING_MAX + 10);
}

/* No fd is to be had: neither pipes nor a pidfd. */
static void take_all_fds(struct rlimit *ret_before) {
        int free_fd = dup(0);
        assert_true(free_fd >= 0);
        (void)close(free_fd);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_before), 0);
        struct rlimit none = {(rlim_t)free_fd, ret_before->rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void a_start_is_tried_again_while_the_machine_is_short_of_something(void **state) {
        struct fixture *f = *state;
        struct process_request request = {SLICE("echo late"), NULL, 60, "fail2ban.utils", 0};
        struct rlimit before;
        take_all_fds(&before);
        (void)process_run(f->runner, &request, on_done, f);
        for (int i = 0; i < 3; i++)
                assert_int_equal(loop_step(f->loop, 30000), 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(f->calls, 0);
        for (int i = 0; i < 20000 && f->calls == 0; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->result.status, 0);
        assert_string_equal(f->output, "late\n");
        assert_int_equal(buffer_len(&f->diags), 0);
}

static void a_start_is_given_up_at_the_time_limit(void **state) {
        struct fixture *f = *state;
        struct rlimit before;
        take_all_fds(&before);
        run_with(f, SLICE("echo never"), NULL, 0.1, 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(f->result.status, PROCESS_NOT_RUN);
        assert_said(f, "failed with [Errno 24]");
}

static void cancelled_commands_say_nothing(void **state) {
        struct fixture *f = *state;
        struct process_request request = {SLICE("sleep 20"), NULL, 5, "fail2ban.utils", 0};
        process_cancel(process_run(f->runner, &request, on_done, f));
        assert_int_equal(loop_step(f->loop, 1000), 0);
        assert_int_equal(f->calls, 0);
}

static void what_is_no_program_to_the_kernel_is_one_to_the_shell(void **state) {
        struct fixture *f = *state;
        char path[] = "/tmp/process_XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "echo from $0\n", 13), 13);
        assert_int_equal(fchmod(fd, 0700), 0);
        (void)close(fd);
        run(f, path);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(f->result.status, 0);
        assert_true(strstr(f->output, "from ") != NULL);
}

static void commands_have_our_mask_folder_and_variables_and_no_more_fds(void **state) {
        struct fixture *f = *state;
        char folder[PATH_MAX], expected[PATH_MAX + 100];
        mode_t before = umask(0027);
        assert_non_null(getcwd(folder, sizeof(folder)));
        assert_int_equal(setenv("PROCESS_TEST", "a b", 1), 0);
        run(f, "umask; pwd -P; echo \"$PROCESS_TEST\"; cd /proc/self/fd && echo *");
        (void)umask(before);
        (void)snprintf(expected, sizeof(expected), "0027\n%s\na b\n", folder);
        assert_memory_equal(f->output, expected, strlen(expected));
        assert_memory_equal(f->output + strlen(expected), "0 1 2", 5);
        assert_null(
                strstr(f->output + strlen(expected), " 4")); /* 3: the folder of the shell's * */
}

static void a_killed_runner_loses_nothing_that_waits(void **state) {
        struct fixture *f = *state;
        run(f, "echo before");
        assert_string_equal(f->output, "before\n");
        assert_int_equal(runner_fixture_end(&f->helper, SIGKILL), -SIGKILL);
        struct process_request request = {SLICE("echo $PPID; :"), NULL, 600, "fail2ban.utils", 0};
        f->calls = 0;
        for (unsigned i = 0; i < 5; i++)
                (void)process_run(f->runner, &request, on_done, f);
        for (int i = 0; i < 10; i++)
                assert_int_equal(loop_step(f->loop, 1000), 0);
        assert_int_equal(f->calls, 0); /* nobody is there */
        runner_fixture_start(&f->helper);
        for (int i = 0; i < 20000 && f->calls < 5; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->calls, 5);
        assert_int_equal(atoi_text(f->output), f->helper.pid);
        assert_said(f,
                "30 fail2ban.server The connection to stockade-runner has ended (closed), it "
                "is made anew\n");
}

static void what_runs_when_the_runner_dies_counts_as_killed_when_it_ends(void **state) {
        struct fixture *f = *state;
        char path[] = "/tmp/process_XXXXXX", command[200];
        assert_non_null(mkdtemp(path));
        (void)snprintf(command, sizeof(command),
                "echo begun; until [ -e %s/go ]; do sleep 0.02; done; echo done", path);
        struct process_request request = {slice_of(command), NULL, 600, "fail2ban.utils", 0};
        f->calls = 0;
        (void)process_run(f->runner, &request, on_done, f);
        run(f, "true"); /* what was asked before has been answered */
        assert_int_equal(runner_fixture_end(&f->helper, SIGKILL), -SIGKILL);
        runner_fixture_start(&f->helper);
        run(f, "echo other");
        assert_string_equal(f->output, "other\n");
        f->calls = 0;
        (void)snprintf(command, sizeof(command), "%s/go", path);
        assert_int_equal(mkdir(command, 0700), 0);
        for (int i = 0; i < 20000 && f->calls == 0; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->result.status, -SIGKILL);
        assert_false(f->result.timed_out);
        assert_string_equal(f->output, "begun\ndone\n");
        (void)rmdir(command);
        (void)rmdir(path);
}

static void without_a_runner_commands_are_our_own(void **state) {
        struct fixture *f = *state;
        run(f, "echo $PPID; :");
        assert_int_equal(atoi_text(f->output), f->helper.pid);
        runner_fixture_close(&f->helper);
        assert_int_equal(runner_fixture_end(&f->helper, SIGKILL), -SIGKILL);
        run(f, "echo $PPID; :");
        assert_int_equal(f->result.status, 0);
        assert_int_equal(atoi_text(f->output), getpid());
        assert_said(f, "40 fail2ban.server stockade-runner cannot be reached at /tmp/runner_");
        assert_said(f, "(Connection refused): programs of actions are run by the server itself, "
                       "closed in as it is, so that some may fail\n");
}

int main(void) {
#define CASE(name)                                                                                 \
        cmocka_unit_test_setup_teardown(name, set_up, tear_down), {                                \
#name "_by_the_runner", name, set_up_with_runner, tear_down, NULL                  \
        }
#define RUNNER_CASE(name) cmocka_unit_test_setup_teardown(name, set_up_with_runner, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(both_outputs_and_status_come_back),
                CASE(success_is_said_to_nobody),
                CASE(plain_commands_need_no_shell),
                CASE(missing_commands_get_a_hint),
                CASE(values_travel_as_they_are),
                CASE(nul_bytes_are_refused),
                CASE(hanging_commands_are_ended),
                CASE(output_is_capped_and_never_blocks),
                CASE(background_children_are_not_waited_for),
                CASE(more_than_may_run_wait_their_turn),
                CASE(a_start_is_tried_again_while_the_machine_is_short_of_something),
                CASE(a_start_is_given_up_at_the_time_limit),
                CASE(cancelled_commands_say_nothing),
                CASE(what_is_no_program_to_the_kernel_is_one_to_the_shell),
                CASE(commands_have_our_mask_folder_and_variables_and_no_more_fds),
                RUNNER_CASE(a_killed_runner_loses_nothing_that_waits),
                RUNNER_CASE(what_runs_when_the_runner_dies_counts_as_killed_when_it_ends),
                RUNNER_CASE(without_a_runner_commands_are_our_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
