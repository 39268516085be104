/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/server.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../support/server_fixture.h"

static int connect_to(const struct fixture *f) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static const char *hear(struct fixture *f, int fd) {
        static char line[4096];
        int64_t end = loop_now_us() + FIXTURE_WAIT_US;
        ssize_t length = -1;
        while (length < 0 && loop_now_us() < end) {
                (void)loop_step(f->loop, 20000);
                length = read(fd, line, sizeof(line) - 1);
        }
        line[length > 0 ? length : 0] = '\0';
        return line;
}

static void failures_in_a_log_become_a_ban(void **state) {
        struct fixture *f = *state;
        char stream[512];
        char action[256];
        (void)snprintf(action, sizeof(action), "echo ban <ip> >> %s", f->out);
        (void)ask(f, "add", "j", "polling", NULL);
        (void)ask(f, "set", "j", "addaction", "a", NULL);
        (void)ask(f, "set", "j", "action", "a", "actionban", action, NULL);
        (void)ask(f, "set", "j", "addlogpath", f->log, NULL);
        (void)ask(f, "start", "j", NULL);
        fixture_append(f->log, "fail 192.0.2.7\nfail 192.0.2.8\nfail 192.0.2.7\nfail 192.0.2.7\n");
        fixture_await(f, f->out, "ban 192.0.2.7\n");
        (void)snprintf(stream, sizeof(stream),
                "[('Filter', [('Currently failed', 1), ('Total failed', 4), ('File list', "
                "['%s'])]), ('Actions', [('Currently banned', 1), "
                "('Total banned', 1), ('Banned IP list', ['192.0.2.7'])])]",
                f->log);
        assert_string_equal(ask(f, "status", "j", NULL), stream);
}

static void clients_are_answered(void **state) {
        struct fixture *f = *state;
        int fd = connect_to(f);
        assert_int_equal(write(fd, "ping\n", 5), 5);
        assert_string_equal(hear(f, fd), "0  'pong'\n");
        assert_int_equal(write(fd, "status x\n", 9), 9);
        assert_string_equal(hear(f, fd), "1 fail2ban.exceptions.UnknownJailException ['x']\n");
        (void)close(fd);
}

static void stop_ends_everything_in_order(void **state) {
        struct fixture *f = *state;
        char path[100];
        char command[256];
        fixture_path(path, f, "db");
        (void)ask(f, "set", "dbfile", path, NULL);
        (void)snprintf(command, sizeof(command), "echo stopped >> %s", f->out);
        (void)ask(f, "add", "j", "polling", NULL);
        (void)ask(f, "set", "j", "addaction", "a", NULL);
        (void)ask(f, "set", "j", "action", "a", "actionstart", "true", NULL);
        (void)ask(f, "set", "j", "action", "a", "actionstop", command, NULL);
        (void)ask(f, "start", "j", NULL);
        assert_int_equal(access(f->pid_file, F_OK), 0);
        int fd = connect_to(f);
        assert_int_equal(write(fd, "ping\n", 5), 5);
        (void)hear(f, fd);
        assert_int_equal(write(fd, "stop\n", 5), 5);
        assert_int_equal(loop_run(f->loop), 0);
        char line[64] = "";
        assert_true(read(fd, line, sizeof(line) - 1) > 0);
        assert_string_equal(line, "0  None\n");
        assert_string_equal(fixture_read(f->out), "stopped\n");
        assert_int_equal(access(f->pid_file, F_OK), -1);
        assert_int_equal(access(f->socket, F_OK), -1);
        assert_null(f->server->store);
        const char *diag = fixture_read(f->diag);
        const char *begin = strstr(diag, "Shutdown in progress...");
        const char *stopping = strstr(diag, "Stopping all jails");
        const char *jail = strstr(diag, "Jail 'j' stopped");
        const char *exiting = strstr(diag, "Exiting Fail2ban");
        assert_true(begin && begin < stopping && stopping < jail && jail < exiting);
        (void)close(fd);
}

static void a_second_stop_waits_for_nothing(void **state) {
        struct fixture *f = *state;
        server_stop(f->server, NULL);
        server_stop(f->server, NULL);
        assert_int_equal(loop_run(f->loop), 0);
        assert_int_equal(f->server->state, SERVER_STOPPING);
}

static void a_second_server_does_not_start(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        struct server_config config = f->server->config;
        config.force = CONTROL_FORCE;
        struct server *second = server_new(f->loop, &f->clock, &config, &fault);
        assert_non_null(second);
        assert_int_equal(server_start(second, &fault), -EADDRINUSE);
        assert_string_equal(fault_text(&fault), "Server already running");
        second = server_free(second);
        assert_int_equal(access(f->socket, F_OK), 0);
        assert_int_equal(access(f->pid_file, F_OK), 0);
        fault_done(&fault);
}

/* Not freed twice at the end, either: the fixture ends the server. */
static void a_group_for_the_socket_is_kept_or_refused(void **state) {
        struct fixture *f = *state;
        const struct group *own = getgrgid(getegid());
        struct fault fault = FAULT_INIT;
        assert_int_equal(
                server_set_socket_group(f->server, SLICE("no such group"), &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "unknown group: no such group");
        assert_null(f->server->socket_group);
        fault_done(&fault);
        if (!own)
                skip(); /* a group without a name */
        assert_int_equal(server_set_socket_group(f->server, slice_of(own->gr_name), NULL), 0);
        assert_int_equal(server_set_socket_group(f->server, SLICE(""), NULL), 0);
        assert_null(f->server->socket_group);
        assert_int_equal(server_set_socket_group(f->server, slice_of(own->gr_name), NULL), 0);
        assert_string_equal(f->server->socket_group, own->gr_name);
}

static void bans_outlive_a_killed_server(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        char path[100];
        fixture_path(path, f, "db");
        (void)ask(f, "set", "dbfile", path, NULL);
        (void)ask(f, "add", "j", "polling", NULL);
        (void)ask(f, "start", "j", NULL);
        (void)ask(f, "set", "j", "banip", "192.0.2.9", NULL);
        struct server_config config = f->server->config;
        f->server = server_free(f->server); /* nothing is stopped in order */
        f->server = server_new(f->loop, &f->clock, &config, &fault);
        assert_int_equal(server_start(f->server, &fault), 0);
        (void)ask(f, "set", "dbfile", path, NULL);
        (void)ask(f, "add", "j", "polling", NULL);
        (void)ask(f, "start", "j", NULL);
        fixture_await(f, f->diag, "[j] Restore Ban 192.0.2.9");
        assert_string_equal(ask(f, "get", "j", "banned", NULL), "['192.0.2.9']");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        failures_in_a_log_become_a_ban, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(
                        clients_are_answered, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(
                        stop_ends_everything_in_order, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(
                        a_second_stop_waits_for_nothing, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(
                        a_second_server_does_not_start, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_group_for_the_socket_is_kept_or_refused,
                        fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(
                        bans_outlive_a_killed_server, fixture_set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
