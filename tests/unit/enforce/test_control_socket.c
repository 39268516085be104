/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"

static char folder[64];
static char path[100];
static char logged[1024];

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        size_t used = strlen(logged);
        (void)snprintf(logged + used, sizeof(logged) - used, "%.*s|", SLICE_ARG(text));
}

static int set_up(void **state) {
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/control_XXXXXX");
        logged[0] = '\0';
        diag_set_sink(sink, NULL);
        if (!mkdtemp(folder))
                return -1;
        (void)snprintf(path, sizeof(path), "%s/run/sock", folder);
        return 0;
}

static int tear_down(void **state) {
        char run[80];
        (void)state;
        (void)unlink(path);
        (void)snprintf(run, sizeof(run), "%s/run", folder);
        (void)rmdir(run);
        return rmdir(folder);
}

static int connect_to(const char *where) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", where);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void only_the_owner_may_use_it(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        struct stat info;
        mode_t old = umask(0);
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        assert_int_equal(umask(old), 0);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0700);
        control_socket_close(&control);
        assert_int_equal(access(path, F_OK), -1);
}

static void the_peers_user_comes_from_the_kernel(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        int fd;
        uid_t uid = 12345;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        assert_int_equal(control_socket_accept(&control, &fd, &uid), -EAGAIN);
        int client = connect_to(path);
        assert_int_equal(control_socket_accept(&control, &fd, &uid), 0);
        assert_int_equal(uid, geteuid());
        (void)close(fd);
        (void)close(client);
        control_socket_close(&control);
}

static void a_living_server_is_left_alone_even_with_force(void **state) {
        (void)state;
        struct control_socket first;
        struct control_socket second;
        struct fault fault = FAULT_INIT;
        assert_int_equal(control_socket_open(&first, path, CONTROL_CAREFUL, &fault), 0);
        assert_true(control_socket_is_alive(path));
        assert_int_equal(control_socket_open(&second, path, CONTROL_FORCE, &fault), -EADDRINUSE);
        assert_string_equal(fault_text(&fault), "Server already running");
        assert_string_equal(logged, "Fail2ban seems to be already running|");
        assert_int_equal(second.fd, -1);
        assert_true(control_socket_is_alive(path));
        control_socket_close(&first);
        fault_done(&fault);
}

static void a_stale_socket_needs_force(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        (void)close(control.fd); /* as a killed server leaves it */
        free(control.path);
        assert_false(control_socket_is_alive(path));
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), -EADDRINUSE);
        logged[0] = '\0';
        assert_int_equal(control_socket_open(&control, path, CONTROL_FORCE, &fault), 0);
        assert_string_equal(
                logged, "Fail2ban seems to be already running|Forcing execution of the server|");
        control_socket_close(&control);
        fault_done(&fault);
}

static void what_a_killed_server_had_forked_is_no_server(void **state) {
        (void)state;
        struct control_socket control;
        struct control_socket next;
        struct fault fault = FAULT_INIT;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        pid_t pid = fork(); /* holds the socket until somebody has found it open */
        if (pid == 0) {
                struct pollfd connected = {.fd = control.fd, .events = POLLIN};
                _exit(poll(&connected, 1, -1) == 1 ? 0 : 1);
        }
        (void)close(control.fd);
        free(control.path);
        assert_false(control_socket_is_alive(path));
        assert_int_equal(control_socket_open(&next, path, CONTROL_FORCE, &fault), 0);
        control_socket_close(&next);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        fault_done(&fault);
}

static void nothing_but_a_socket_is_removed(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        control_socket_close(&control);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        (void)fclose(file);
        assert_int_equal(control_socket_open(&control, path, CONTROL_FORCE, &fault), -EADDRINUSE);
        assert_int_equal(access(path, F_OK), 0);
        fault_done(&fault);
}

static void a_path_that_is_too_long_is_refused(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        char longer[300];
        memset(longer, 'a', sizeof(longer));
        longer[0] = '/';
        longer[sizeof(longer) - 1] = '\0';
        assert_int_equal(
                control_socket_open(&control, longer, CONTROL_CAREFUL, &fault), -ENAMETOOLONG);
        assert_false(control_socket_is_alive(longer));
        fault_done(&fault);
}

static void an_activated_socket_is_used_and_kept(void **state) {
        (void)state;
        struct control_socket made;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        char pid[32];
        assert_int_equal(control_socket_open(&made, path, CONTROL_CAREFUL, &fault), 0);
        int saved = dup(4);
        assert_int_equal(dup2(made.fd, 4), 4);
        (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "2", 1);
        (void)setenv("LISTEN_FDNAMES", "other:fail2ban", 1);
        assert_true(control_socket_is_handed_over());
        assert_int_equal(
                control_socket_open(&control, "/no/such/folder/sock", CONTROL_CAREFUL, &fault), 0);
        assert_int_equal(control.fd, 4);
        assert_null(control.path);
        assert_null(getenv("LISTEN_FDS"));
        assert_false(control_socket_is_handed_over());
        control_socket_close(&control);
        if (saved >= 0) {
                (void)dup2(saved, 4);
                (void)close(saved);
        }
        assert_int_equal(access(path, F_OK), 0);
        control_socket_close(&made);
}

static void sockets_for_another_process_are_ignored(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        (void)setenv("LISTEN_PID", "1", 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        assert_false(control_socket_is_handed_over());
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        assert_non_null(control.path);
        control_socket_close(&control);
}

static void group_opens_it_and_none_closes_it(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        struct stat info;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        assert_int_equal(control_socket_set_group(&control, getegid(), &fault), 0);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0770);
        assert_int_equal(info.st_gid, getegid());
        assert_int_equal(control_socket_set_group(&control, CONTROL_NO_GROUP, &fault), 0);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0700);
        control_socket_close(&control);
        assert_int_equal(
                control_socket_set_group(&control, getegid(), &fault), 0); /* nothing of ours */
}

static void peers_are_known_by_their_groups(void **state) {
        (void)state;
        struct control_socket control;
        struct fault fault = FAULT_INIT;
        uid_t uid;
        int fd;
        assert_int_equal(control_socket_open(&control, path, CONTROL_CAREFUL, &fault), 0);
        int client = connect_to(path);
        assert_int_equal(control_socket_accept(&control, &fd, &uid), 0);
        assert_true(control_socket_peer_is_in(fd, getegid()));
        assert_false(control_socket_peer_is_in(fd, 54321));
        assert_false(control_socket_peer_is_in(fd, CONTROL_NO_GROUP));
        assert_false(control_socket_peer_is_in(-1, getegid()));
        (void)close(fd);
        (void)close(client);
        control_socket_close(&control);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(only_the_owner_may_use_it, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        the_peers_user_comes_from_the_kernel, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_living_server_is_left_alone_even_with_force, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_stale_socket_needs_force, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_a_killed_server_had_forked_is_no_server, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_but_a_socket_is_removed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_path_that_is_too_long_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_activated_socket_is_used_and_kept, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        sockets_for_another_process_are_ignored, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        group_opens_it_and_none_closes_it, set_up, tear_down),
                cmocka_unit_test_setup_teardown(peers_are_known_by_their_groups, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
