/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side against a front that speaks plain lines (tests/support/fake_front.c). */
#include "enforce/front_link.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "base/memory.h"

#define WAIT_US 60000000

struct test {
        struct loop *loop;
        struct control_socket control;
        struct front_link *link;
        char folder[64];
        char path[100];
        struct call_list calls;
        unsigned commands;
        struct front_request held; /* a command that is not answered yet */
        bool hold;
        bool stopped;
};

static void on_answered(void *user, const struct call *call) {
        struct test *t = user;
        front_link_answer(t->link, &t->held, call);
}

/* "raise" fails, anything else is answered with its number of words. */
static void on_command(
        void *user, const struct front_request *request, const struct value *command) {
        struct test *t = user;
        t->commands++;
        t->held = *request;
        assert_int_equal(request->role, CALL_ADMIN);
        if (t->hold)
                return;
        struct call *call = call_new(&t->calls, NULL, on_answered, t);
        call->told = true;
        if (slice_is(value_item_text(command, 0), "raise"))
                call_raise(call, "ValueError", "bad");
        else if (slice_is(value_item_text(command, 0), "shutdown"))
                front_link_answer_shutdown(t->link, request);
        else
                call_return(call, value_int((int64_t)command->list.count));
        call_list_done(&t->calls);
}

static void on_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        (void)text;
}

static const struct front_link_ops ops = {on_command, on_message};

static unsigned complaints;

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        complaints += slice_has_prefix(text, SLICE("Accept socket error"));
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        struct fault fault = FAULT_INIT;
        *state = t;
        diag_set_sink(sink, NULL);
        (void)snprintf(t->folder, sizeof(t->folder), "/tmp/front_link_XXXXXX");
        if (!mkdtemp(t->folder))
                return -1;
        (void)snprintf(t->path, sizeof(t->path), "%s/sock", t->folder);
        t->loop = loop_new();
        t->control = CONTROL_SOCKET_NONE;
        if (control_socket_open(&t->control, t->path, CONTROL_CAREFUL, &fault) < 0)
                return -1;
        t->link = front_link_new(t->loop, FAKE_FRONT, &t->control, &ops, t);
        return front_link_start(t->link, &fault);
}

static int tear_down(void **state) {
        struct test *t = *state;
        t->link = front_link_free(t->link);
        control_socket_close(&t->control);
        call_list_done(&t->calls);
        t->loop = loop_free(t->loop);
        int r = rmdir(t->folder);
        free(t);
        return r;
}

static int client(const struct test *t) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", t->path);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void say(int fd, const char *line) {
        assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

/* What comes back, without the newline; "" at the end of the connection. */
static const char *hear(struct test *t, int fd) {
        static char line[4096];
        int64_t end = loop_now_us() + WAIT_US;
        ssize_t length = -1;
        while (length < 0 && loop_now_us() < end) {
                (void)loop_step(t->loop, 20000);
                length = read(fd, line, sizeof(line) - 1);
        }
        assert_true(length >= 0);
        line[length > 0 ? length - 1 : 0] = '\0';
        return line;
}

static void wait_for_connections(struct test *t, size_t count) {
        for (int i = 0; i < 3000 && front_link_connections(t->link) != count; i++)
                (void)loop_step(t->loop, 20000);
        assert_int_equal(front_link_connections(t->link), count);
}

static void commands_are_answered_on_their_connection(void **state) {
        struct test *t = *state;
        int first = client(t);
        int second = client(t);
        say(first, "a b c\n");
        assert_string_equal(hear(t, first), "0  3");
        say(second, "x\n");
        assert_string_equal(hear(t, second), "0  1");
        say(first, "raise\n");
        assert_string_equal(hear(t, first), "1 builtins.ValueError ['bad']");
        say(first, "shutdown\n");
        assert_string_equal(hear(t, first), "2  ['SHUTDOWN']");
        assert_int_equal(front_link_connections(t->link), 2);
        (void)close(first);
        (void)close(second);
        wait_for_connections(t, 0);
}

static void a_front_that_dies_comes_back_and_serves_new_clients(void **state) {
        struct test *t = *state;
        int fd = client(t);
        say(fd, "a\n");
        assert_string_equal(hear(t, fd), "0  1");
        pid_t before = front_link_pid(t->link);
        say(fd, "crash\n");
        assert_string_equal(hear(t, fd), "");
        (void)close(fd);
        fd = client(t);
        say(fd, "a b\n");
        assert_string_equal(hear(t, fd), "0  2");
        assert_int_not_equal(front_link_pid(t->link), before);
        (void)close(fd);
}

static void an_answer_that_comes_too_late_finds_nobody(void **state) {
        struct test *t = *state;
        t->hold = true;
        int fd = client(t);
        say(fd, "a\n");
        for (int i = 0; i < 3000 && t->commands == 0; i++)
                (void)loop_step(t->loop, 20000);
        struct front_request old = t->held;
        (void)kill(front_link_pid(t->link), SIGKILL);
        assert_string_equal(hear(t, fd), "");
        (void)close(fd);
        t->hold = false;
        front_link_answer_shutdown(t->link, &old);
        fd = client(t);
        say(fd, "a\n");
        assert_string_equal(hear(t, fd), "0  1");
        (void)close(fd);
}

/* A stopped process takes nothing, so each client is on its way when the front dies. */
static void whoever_was_on_the_way_to_a_dead_front_is_served_by_the_next(void **state) {
        struct test *t = *state;
        int taken = client(t);
        say(taken, "a\n");
        assert_string_equal(hear(t, taken), "0  1");
        (void)kill(front_link_pid(t->link), SIGSTOP);
        int first = client(t);
        say(first, "a b\n");
        int second = client(t);
        wait_for_connections(t, 3);
        (void)kill(front_link_pid(t->link), SIGKILL);
        assert_string_equal(hear(t, taken), "");
        assert_string_equal(hear(t, first), "0  2");
        say(second, "a b c\n");
        assert_string_equal(hear(t, second), "0  3");
        assert_int_equal(front_link_connections(t->link), 2);
        (void)close(taken);
        (void)close(first);
        (void)close(second);
        wait_for_connections(t, 0);
}

static void a_front_that_lies_about_connections_is_killed(void **state) {
        struct test *t = *state;
        int fd = client(t);
        say(fd, "forge\n");
        assert_string_equal(hear(t, fd), "");
        assert_int_equal(t->commands, 0);
        (void)close(fd);
        fd = client(t);
        say(fd, "a\n");
        assert_string_equal(hear(t, fd), "0  1");
        (void)close(fd);
}

static void a_front_that_takes_clients_before_it_is_ready_is_killed_and_loses_nobody(void **state) {
        struct test *t = *state;
        wait_for_connections(t, 0);
        int first = client(t);
        say(first, "a\n");
        assert_string_equal(hear(t, first), "0  1");
        (void)close(first);
        wait_for_connections(t, 0);
        pid_t before = front_link_pid(t->link);
        (void)kill(before, SIGSTOP);
        int second = client(t);
        wait_for_connections(t, 1);
        (void)setenv("LC_EARLY", "2", 1);
        (void)kill(before, SIGKILL);
        for (int i = 0; i < 3000 && (front_link_pid(t->link) == before || !front_link_pid(t->link));
                i++)
                (void)loop_step(t->loop, 20000);
        (void)unsetenv("LC_EARLY");
        say(second, "a b\n");
        assert_string_equal(hear(t, second), "0  2");
        (void)close(second);
}

static void connections_are_bounded_and_the_rest_waits(void **state) {
        struct test *t = *state;
        int fds[FRONT_CONNECTIONS_MAX + 10];
        const size_t count = sizeof(fds) / sizeof(fds[0]);
        for (size_t i = 0; i < count; i++) {
                fds[i] = client(t);
                for (int k = 0; k < 2; k++)
                        (void)loop_step(t->loop, 0);
                if (i >= FRONT_CONNECTIONS_MAX)
                        continue;
                for (int k = 0; k < 3000 && front_link_connections(t->link) <= i; k++)
                        (void)loop_step(t->loop, 20000);
        }
        assert_int_equal(front_link_connections(t->link), FRONT_CONNECTIONS_MAX);
        say(fds[count - 1], "a\n");
        (void)loop_step(t->loop, 20000);
        assert_int_equal(t->commands, 0);
        for (size_t i = 0; i < 20; i++)
                (void)close(fds[i]);
        assert_string_equal(hear(t, fds[count - 1]), "0  1");
        for (size_t i = 20; i < count; i++)
                (void)close(fds[i]);
}

static void limit_fds(rlim_t more, struct rlimit *ret_before) {
        int next = dup(STDIN_FILENO);
        assert_true(next >= 0);
        (void)close(next);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_before), 0);
        const struct rlimit few = {(rlim_t)next + more, ret_before->rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void who_cannot_be_handed_over_is_hung_up_on(void **state) {
        struct test *t = *state;
        struct rlimit before;
        int first = client(t);
        say(first, "a\n");
        assert_string_equal(hear(t, first), "0  1");
        int second = client(t);
        limit_fds(1, &before); /* it takes a second one to pass the first on */
        assert_string_equal(hear(t, second), "");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        wait_for_connections(t, 1);
        (void)close(second);
        say(first, "a b\n");
        assert_string_equal(hear(t, first), "0  2");
        (void)close(first);
        wait_for_connections(t, 0);
}

static void a_want_of_fds_is_said_once(void **state) {
        struct test *t = *state;
        struct rlimit before;
        int first = client(t);
        say(first, "a\n");
        assert_string_equal(hear(t, first), "0  1"); /* no fd becomes free any more */
        int second = client(t);
        limit_fds(0, &before);
        complaints = 0;
        for (int i = 0; i < 3000 && complaints == 0; i++)
                (void)loop_step(t->loop, 20000);
        int64_t end = loop_now_us() + 500000; /* some more tries */
        while (loop_now_us() < end)
                (void)loop_step(t->loop, 20000);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(complaints, 1);
        say(second, "a\n");
        assert_string_equal(hear(t, second), "0  1");
        (void)close(first);
        (void)close(second);
        wait_for_connections(t, 0);
}

static void on_stopped(void *user) {
        struct test *t = user;
        t->stopped = true;
}

static void the_end_comes_in_order(void **state) {
        struct test *t = *state;
        int fd = client(t);
        say(fd, "a\n");
        assert_string_equal(hear(t, fd), "0  1");
        front_link_stop(t->link, 2000, on_stopped, t);
        for (int i = 0; i < 3000 && !t->stopped; i++)
                (void)loop_step(t->loop, 20000);
        assert_true(t->stopped);
        assert_int_equal(front_link_pid(t->link), 0);
        (void)close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        commands_are_answered_on_their_connection, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_front_that_dies_comes_back_and_serves_new_clients, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_answer_that_comes_too_late_finds_nobody, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        whoever_was_on_the_way_to_a_dead_front_is_served_by_the_next, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        a_front_that_lies_about_connections_is_killed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        connections_are_bounded_and_the_rest_waits, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        who_cannot_be_handed_over_is_hung_up_on, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_want_of_fds_is_said_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_front_that_takes_clients_before_it_is_ready_is_killed_and_loses_nobody,
                        set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_end_comes_in_order, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
