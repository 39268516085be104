/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each case detaches in a child of its own, whose exit status says what the starter saw. */
#include "main/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#define WAIT_MS 120000

/* What the server's side does; it ends the process. */
typedef void server_side(int report, const char *path);

static int detach_and_wait(server_side *serve, const char *path, int timeout_ms) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
                enum daemon_side side;
                int report;
                if (daemon_detach(&side, &report, NULL) < 0)
                        _exit(77);
                if (side == DAEMON_SERVER)
                        serve(report, path);
                _exit(daemon_wait(report, timeout_ms));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void serve_and_report(int report, const char *path) {
        (void)path;
        daemon_report(&report, 3);
        _exit(report == -1 ? 0 : 1);
}

static void serve_and_die(int report, const char *path) {
        (void)report;
        (void)path;
        _exit(0);
}

static void serve_and_look(int report, const char *path) {
        char folder[64] = "";
        bool detached = getsid(0) != getpid() && getpgrp() != getpid() &&
                        strcmp(getcwd(folder, sizeof(folder)), "/") == 0 && !isatty(0) &&
                        fcntl(9, F_GETFD) < 0 && access(path, F_OK) == 0;
        daemon_report(&report, detached ? 0 : 1);
        _exit(0);
}

static void the_starter_exits_with_what_the_server_reports(void **state) {
        (void)state;
        assert_int_equal(detach_and_wait(serve_and_report, NULL, WAIT_MS), 3);
}

static void a_server_that_dies_is_a_failure(void **state) {
        (void)state;
        assert_int_equal(detach_and_wait(serve_and_die, NULL, WAIT_MS), 255);
}

static void the_server_is_on_its_own(void **state) {
        (void)state;
        assert_int_equal(dup2(0, 9), 9);
        assert_int_equal(detach_and_wait(serve_and_look, "/proc/self", WAIT_MS), 0);
        (void)close(9);
}

static void the_name_can_be_set(void **state) {
        (void)state;
        char name[32] = "";
        daemon_set_name("my-name");
        (void)prctl(PR_GET_NAME, name, 0, 0, 0);
        assert_string_equal(name, "my-name");
}

static void reporting_to_nobody_does_nothing(void **state) {
        (void)state;
        int report = -1;
        daemon_report(&report, 0);
        assert_int_equal(report, -1);
}

static rlim_t fds_after(rlim_t soft, rlim_t hard) {
        struct rlimit before, after;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        if (hard > before.rlim_max)
                skip();
        int pipes[2], status;
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) {
                const struct rlimit limit = {soft, hard};
                (void)setrlimit(RLIMIT_NOFILE, &limit);
                daemon_raise_fds();
                (void)getrlimit(RLIMIT_NOFILE, &after);
                _exit(write(pipes[1], &after, sizeof(after)) != sizeof(after));
        }
        (void)close(pipes[1]);
        assert_int_equal(read(pipes[0], &after, sizeof(after)), sizeof(after));
        (void)close(pipes[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(after.rlim_max, hard);
        return after.rlim_cur;
}

static void fds_are_as_many_as_the_server_needs(void **state) {
        (void)state;
        assert_int_equal(fds_after(256, 512), 512);
        assert_int_equal(fds_after(1024, 10000), DAEMON_FDS_MAX);
        assert_int_equal(fds_after(9000, 10000), 9000); /* never fewer */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fds_are_as_many_as_the_server_needs),
                cmocka_unit_test(the_starter_exits_with_what_the_server_reports),
                cmocka_unit_test(a_server_that_dies_is_a_failure),
                cmocka_unit_test(the_server_is_on_its_own),
                cmocka_unit_test(the_name_can_be_set),
                cmocka_unit_test(reporting_to_nobody_does_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
