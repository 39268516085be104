/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#define TEXT_MAX 500

static char shell[] = "sh", option[] = "-c", variable[] = "WORD=a b";
static char *const environment[] = {variable, NULL};

/* The script's output; with its fds beside stdout, and its status. */
static int run(const char *script, const int fds[EXEC_FDS_MAX], char text[static TEXT_MAX]) {
        int out[2], status;
        char *const words[] = {shell, option, (char *)(uintptr_t)script, NULL};
        struct exec exec = {.path = "/bin/sh", .words = words, .environment = environment};
        pid_t pid = 0;
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        memcpy(exec.fds, fds, sizeof(exec.fds));
        exec.fds[1] = out[1];
        assert_int_equal(exec_start(&exec, &pid), 0);
        assert_true(pid > 0);
        (void)close(out[1]);
        size_t len = 0;
        for (ssize_t got; (got = read(out[0], text + len, TEXT_MAX - 1 - len)) > 0;)
                len += (size_t)got;
        text[len] = '\0';
        (void)close(out[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const int none[] = EXEC_NO_FDS;

static void a_program_leads_its_own_session_with_what_it_was_given(void **state) {
        char text[TEXT_MAX];
        (void)state;
        assert_int_equal(run("read -r pid rest </proc/$$/stat; set -- $rest; "
                             "[ $pid = $4 ] && [ $pid = $5 ] && echo leader \"$WORD\"; exit 7",
                                 none, text),
                7);
        assert_string_equal(text, "leader a b\n");
}

static void fds_go_where_they_are_to_and_no_others_come_along(void **state) {
        char text[TEXT_MAX];
        (void)state;
        int kept = dup(0); /* not close-on-exec */
        assert_int_equal(
                run("echo $(ls /proc/self/fd); readlink /proc/$$/fd/0 /proc/$$/fd/2", none, text),
                0);
        (void)close(kept);
        assert_string_equal(text, "0 1 2 3\n/dev/null\n/dev/null\n"); /* 3: of ls itself */
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        const int fds[EXEC_FDS_MAX] = {-1, -1, -1, pipes[1]};
        assert_int_equal(run("echo three >&3", fds, text), 0);
        assert_int_equal(read(pipes[0], text, TEXT_MAX), 6);
        assert_memory_equal(text, "three\n", 6);
        (void)close(pipes[0]);
        (void)close(pipes[1]);
}

/* Each stands where another is to go. */
static void fds_in_each_others_places_are_not_mixed_up(void **state) {
        char text[TEXT_MAX];
        int saved[3], files[2];
        (void)state;
        assert_int_equal(pipe2(files, O_CLOEXEC), 0);
        for (int i = 0; i < 3; i++)
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 20);
        assert_int_equal(write(files[1], "in\n", 3), 3);
        assert_int_equal(
                dup2(files[0], 2), 2); /* what is to be 0 stands on 2, and the other way round */
        assert_int_equal(dup2(files[1], 0), 0);
        const int fds[EXEC_FDS_MAX] = {2, -1, 0, -1};
        int status = run("read -r word; echo \"got $word\"; echo out >&2", fds, text);
        for (int i = 0; i < 3; i++) {
                (void)dup2(saved[i], i);
                (void)close(saved[i]);
        }
        assert_int_equal(status, 0);
        assert_string_equal(text, "got in\n");
        assert_int_equal(read(files[0], text, TEXT_MAX), 4);
        assert_memory_equal(text, "out\n", 4);
        (void)close(files[0]);
        (void)close(files[1]);
}

static void signals_are_as_a_program_expects_them(void **state) {
        char text[TEXT_MAX];
        sigset_t blocked, before;
        (void)state;
        (void)signal(SIGPIPE, SIG_IGN);
        (void)sigfillset(&blocked);
        (void)sigprocmask(SIG_BLOCK, &blocked, &before);
        assert_int_equal(
                run("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t\\n'", none, text), 0);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        (void)signal(SIGPIPE, SIG_DFL);
        assert_memory_equal(text, "SigBlk:0000000000000000SigIgn:", 30);
        assert_int_equal(strtoul(text + 30, NULL, 16) & 0x1000, 0); /* SIGPIPE */
}

static void what_cannot_be_executed_is_told(void **state) {
        char *const words[] = {shell, NULL};
        struct exec exec = {.path = "/nonexistent/program",
                .words = words,
                .environment = environment,
                .fds = EXEC_NO_FDS};
        pid_t pid = 0;
        (void)state;
        assert_int_equal(exec_start(&exec, &pid), ENOENT);
        exec.path = "/dev/null";
        assert_int_equal(exec_start(&exec, &pid), EACCES);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_program_leads_its_own_session_with_what_it_was_given),
                cmocka_unit_test(fds_go_where_they_are_to_and_no_others_come_along),
                cmocka_unit_test(fds_in_each_others_places_are_not_mixed_up),
                cmocka_unit_test(signals_are_as_a_program_expects_them),
                cmocka_unit_test(what_cannot_be_executed_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
