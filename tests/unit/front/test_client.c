/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "front/client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"

struct test {
        struct loop *loop;
        struct client *client;
        int peer;
        unsigned commands;
        bool ended;
        unsigned garbage;
        size_t cap; /* refuse a client that holds more; 0: any */
        bool hold;  /* commands are not answered at once */
        char command[4096];
};

static void on_command(void *user, struct client *client, const struct value *command) {
        struct test *t = user;
        struct arena arena = ARENA_INIT;
        struct slice text = repr(command, &arena);
        t->commands++;
        (void)snprintf(t->command, sizeof(t->command), "%.*s", SLICE_ARG(text));
        arena_done(&arena);
        const struct pickle_reply reply = {
                .outcome = PICKLE_OK, .value = value_int((int64_t)t->commands)};
        if (!t->hold)
                client_reply(client, &reply);
}

static void on_end(void *user, struct client *client) {
        struct test *t = user;
        t->ended = true;
        t->client = client_free(client);
}

static void on_garbage(void *user, struct client *client, const char *reason) {
        struct test *t = user;
        (void)client;
        assert_true(strlen(reason) > 0);
        t->garbage++;
}

static void on_growth(void *user, struct client *client) {
        struct test *t = user;
        if (t->cap > 0 && client_held(client) > t->cap)
                client_refuse(client, "too much");
}

static const struct client_ops ops = {.on_command = on_command,
        .on_end = on_end,
        .on_garbage = on_garbage,
        .on_growth = on_growth};

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        int fds[2];
        *state = t;
        t->loop = loop_new();
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -1;
        t->peer = fds[1];
        t->client = client_new(t->loop, 7, fds[0], CLIENT_ADMIN, &ops, t);
        return t->client ? 0 : -1;
}

static int tear_down(void **state) {
        struct test *t = *state;
        t->client = client_free(t->client);
        (void)close(t->peer);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

static void say(struct test *t, const char *bytes, size_t length) {
        assert_int_equal(send(t->peer, bytes, length, MSG_NOSIGNAL), length);
        for (int i = 0; i < 10; i++)
                (void)loop_step(t->loop, 0);
}

static const char *hear(struct test *t) {
        static char bytes[65536];
        ssize_t length = recv(t->peer, bytes, sizeof(bytes) - 1, 0);
        bytes[length > 0 ? length : 0] = '\0';
        return bytes;
}

static void a_line_of_json_is_a_command(void **state) {
        struct test *t = *state;
        say(t, "[\"get\",\"loglevel\"]\n", 19);
        assert_string_equal(t->command, "['get', 'loglevel']");
        assert_string_equal(hear(t), "{\"ok\":true,\"result\":1}\n");
        say(t, "{\"command\":[\"ping\"]}\n", 21);
        assert_string_equal(t->command, "['ping']");
        assert_string_equal(hear(t), "{\"ok\":true,\"result\":2}\n");
}

static void a_pickle_is_a_command(void **state) {
        struct test *t = *state;
        static const char request[] = "\x80\x04]\x94\x8c\x04ping\x94"
                                      "a.<F2B_END_COMMAND>";
        say(t, request, sizeof(request) - 1);
        assert_string_equal(t->command, "['ping']");
        const char *reply = hear(t);
        assert_memory_equal(reply, "\x80\x04", 2);
}

static void requests_may_come_in_pieces_and_ahead(void **state) {
        struct test *t = *state;
        say(t, "[\"a\"", 4);
        assert_int_equal(t->commands, 0);
        say(t, "]\n[\"b\"]\n[\"c", 11);
        assert_int_equal(t->commands, 2);
        say(t, "\"]\n", 3);
        assert_int_equal(t->commands, 3);
        assert_string_equal(hear(t), "{\"ok\":true,\"result\":1}\n{\"ok\":true,\"result\":2}\n{"
                                     "\"ok\":true,\"result\":3}\n");
}

static void one_command_at_a_time(void **state) {
        struct test *t = *state;
        t->hold = true;
        say(t, "[\"a\"]\n[\"b\"]\n", 12);
        assert_int_equal(t->commands, 1);
        assert_true(client_is_waiting(t->client));
        struct value text = value_text("bad");
        struct value arguments = value_list();
        arguments.list.items = &text;
        arguments.list.count = 1;
        const struct pickle_reply reply = {.outcome = PICKLE_ERROR,
                .value = arguments,
                .error_class = SLICE("builtins.ValueError")};
        client_reply(t->client, &reply);
        assert_int_equal(t->commands, 2);
        assert_string_equal(hear(t), "{\"ok\":false,\"error\":{\"type\":\"builtins.ValueError\","
                                     "\"message\":\"bad\"}}\n");
}

static void what_is_no_request_is_answered_and_forgiven(void **state) {
        struct test *t = *state;
        say(t, "[1\n", 3);
        assert_non_null(strstr(hear(t),
                "{\"ok\":false,\"error\":{\"type\":\"ProtocolError\",\"message\":\"ERROR: "));
        say(t, "garbage<F2B_END_COMMAND>", 24);
        (void)hear(t);
        say(t, "[\"a\"]\n", 6);
        assert_int_equal(t->commands, 1);
        assert_int_equal(t->garbage, 2);
        assert_false(t->ended);
}

static void close_ends_the_connection(void **state) {
        struct test *t = *state;
        say(t, "<F2B_CLOSE_COMMAND><F2B_END_COMMAND>", 36);
        assert_true(t->ended);
        assert_int_equal(t->commands, 0);
}

static void a_client_that_hangs_up_ends_it_too(void **state) {
        struct test *t = *state;
        (void)shutdown(t->peer, SHUT_RDWR);
        for (int i = 0; i < 10; i++)
                (void)loop_step(t->loop, 0);
        assert_true(t->ended);
}

/* Sends bytes without an end until size have been taken, or nobody takes them any more. */
static size_t flood(struct test *t, size_t size) {
        static char block[65536];
        size_t sent = 0;
        memset(block, 'x', sizeof(block));
        while (!t->ended && sent < size) {
                ssize_t n = send(t->peer, block, sizeof(block), MSG_NOSIGNAL);
                if (n > 0)
                        sent += (size_t)n;
                else if (errno != EAGAIN)
                        break;
                (void)loop_step(t->loop, 0);
                if (t->client)
                        assert_true(client_held(t->client) <= 2 * FRAME_REQUEST_MAX);
        }
        return sent;
}

/* The client comes to read why, although it writes on. */
/* Sends, hangs up, and lets the client see both at once. */
static void say_and_go(struct test *t, const char *bytes) {
        assert_int_equal(send(t->peer, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
        (void)close(t->peer);
        t->peer = -1;
        for (int i = 0; i < 20; i++)
                (void)loop_step(t->loop, 0);
}

static void what_was_sent_before_hanging_up_is_carried_out(void **state) {
        struct test *t = *state;
        say_and_go(t, "[\"a\"]\n[\"b\"]\n[\"c\"]\n[\"never ends\"");
        assert_int_equal(t->commands, 3);
        assert_string_equal(t->command, "['c']");
        assert_true(t->ended);
}

static void commands_of_who_has_gone_wait_for_each_other(void **state) {
        struct test *t = *state;
        const struct pickle_reply reply = {.outcome = PICKLE_OK, .value = value_int(1)};
        t->hold = true;
        say_and_go(t, "[\"a\"]\n[\"b\"]\n");
        assert_int_equal(t->commands, 1);
        assert_false(t->ended);
        client_reply(t->client, &reply);
        for (int i = 0; i < 10; i++)
                (void)loop_step(t->loop, 0);
        assert_int_equal(t->commands, 2);
        assert_true(t->ended); /* nobody waits for the last reply */
}

/* More than one read takes, so that most of it is still with the kernel when the client has gone. */
static void what_the_kernel_still_holds_is_carried_out_too(void **state) {
        struct test *t = *state;
        char bytes[4096];
        unsigned sent = 0;
        t->hold = true;
        for (int k = 0; k < 15; k++) {
                bytes[0] = '\0';
                while (strlen(bytes) + 8 < sizeof(bytes)) {
                        (void)snprintf(bytes + strlen(bytes), 8, "[\"a\"]\n");
                        sent++;
                }
                assert_int_equal(send(t->peer, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
        }
        say_and_go(t, "[\"last\"]\n");
        t->hold = false;
        const struct pickle_reply reply = {.outcome = PICKLE_OK, .value = value_int(1)};
        client_reply(t->client, &reply);
        for (unsigned i = 0; i < 4 * sent && !t->ended; i++)
                (void)loop_step(t->loop, 0);
        assert_true(t->ended);
        assert_int_equal(t->commands, sent + 1);
        assert_string_equal(t->command, "['last']");
}

static void who_goes_after_closing_is_done_with(void **state) {
        struct test *t = *state;
        say_and_go(t, "<F2B_CLOSE_COMMAND><F2B_END_COMMAND>[\"late\"]\n");
        assert_true(t->ended);
        assert_int_equal(t->commands, 0);
}

static void a_reader_may_ask_little(void **state) {
        struct test *t = *state;
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        t->client = client_free(t->client);
        (void)close(t->peer);
        t->peer = fds[1];
        t->client = client_new(t->loop, 8, fds[0], CLIENT_READER, &ops, t);
        say(t, "[\"status\"]\n", 11);
        assert_string_equal(hear(t), "{\"ok\":true,\"result\":1}\n");
        char bytes[16384];
        memset(bytes, ' ', sizeof(bytes));
        bytes[0] = '[';
        for (size_t sent = 0; sent <= CLIENT_READER_MAX; sent += sizeof(bytes))
                say(t, bytes, sizeof(bytes));
        assert_non_null(strstr(hear(t), "request too large"));
        assert_int_equal(t->commands, 1);
}

static void a_request_that_is_too_large_is_refused_and_the_rest_dropped(void **state) {
        struct test *t = *state;
        const size_t size = (size_t)100 << 20;
        assert_true(flood(t, size) >= size);
        assert_false(t->ended);
        assert_true(client_held(t->client) <= 4096);
        assert_non_null(memmem(hear(t), 200, "ERROR: request too large", 24));
        assert_int_equal(recv(t->peer, &(char){0}, 1, 0), 0);
        (void)shutdown(t->peer, SHUT_WR);
        for (int i = 0; i < 10; i++)
                (void)loop_step(t->loop, 0);
        assert_true(t->ended);
        assert_int_equal(t->commands, 0);
        assert_int_equal(t->garbage, 1);
}

static void dropping_has_an_end(void **state) {
        struct test *t = *state;
        t->cap = 1;
        (void)flood(t, CLIENT_LINGER_MAX + ((size_t)8 << 20));
        assert_true(t->ended);
}

static void a_refused_client_is_told_in_its_form(void **state) {
        struct test *t = *state;
        t->hold = true;
        say(t, "[\"a\"]\n", 6);
        client_refuse(t->client, "too much");
        assert_false(client_is_waiting(t->client));
        for (int i = 0; i < 10; i++)
                (void)loop_step(t->loop, 0);
        assert_string_equal(hear(t),
                "{\"ok\":false,\"error\":{\"type\":\"ProtocolError\",\"message\":"
                "\"ERROR: too much\"}}\n");
        assert_false(t->ended);
}

static void who_is_idle_holds_nothing(void **state) {
        struct test *t = *state;
        static char line[200001];
        memset(line, 'x', sizeof(line));
        memcpy(line, "[\"", 2);
        memcpy(line + sizeof(line) - 4, "\"]\n", 4);
        for (size_t sent = 0; sent < sizeof(line) - 1;) {
                ssize_t n = send(t->peer, line + sent, sizeof(line) - 1 - sent, MSG_NOSIGNAL);
                sent += n > 0 ? (size_t)n : 0;
                (void)loop_step(t->loop, 0);
        }
        for (int i = 0; i < 100; i++)
                (void)loop_step(t->loop, 0);
        assert_int_equal(t->commands, 1);
        assert_int_equal(client_held(t->client), 0);
}

/* Garbage that came in one piece takes a turn a request (and one when it comes), so that others get
 * theirs between; nothing more is read meanwhile. */
static void one_request_a_turn(void **state) {
        struct test *t = *state;
        static char garbage[60000];
        for (size_t i = 0; i < sizeof(garbage); i += 2)
                memcpy(garbage + i, "[\n", 2);
        assert_int_equal(send(t->peer, garbage, sizeof(garbage), MSG_NOSIGNAL), sizeof(garbage));
        for (unsigned last = 0; last < 100; last = t->garbage) {
                (void)loop_step(t->loop, 0);
                assert_in_range(t->garbage, last + 1, last + 2);
                assert_true(client_held(t->client) < 65536);
        }
}

static void shutting_down_answers_who_waits(void **state) {
        struct test *t = *state;
        t->hold = true;
        say(t, "[\"a\"]\n", 6);
        client_shut_down(t->client);
        assert_true(t->ended);
        assert_string_equal(hear(t),
                "{\"ok\":false,\"error\":{\"type\":\"Shutdown\",\"message\":\"the "
                "server shuts down\"}}\n");
}

static void a_large_reply_waits_for_the_client(void **state) {
        struct test *t = *state;
        const size_t size = 4u << 20;
        char *text = memory_new(size);
        memset(text, 'y', size);
        t->hold = true;
        say(t, "[\"a\"]\n[\"b\"]\n", 12);
        const struct pickle_reply reply = {
                .outcome = PICKLE_OK, .value = value_string((struct slice){text, size})};
        client_reply(t->client, &reply);
        assert_true(client_has_output(t->client));
        assert_int_equal(t->commands, 1);
        size_t got = 0;
        for (int i = 0; i < 1000 && t->commands == 1; i++) {
                static char bytes[262144];
                ssize_t n = recv(t->peer, bytes, sizeof(bytes), 0);
                got += n > 0 ? (size_t)n : 0;
                (void)loop_step(t->loop, 0);
        }
        assert_int_equal(t->commands, 2);
        assert_true(got > size / 2);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_line_of_json_is_a_command, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_pickle_is_a_command, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        requests_may_come_in_pieces_and_ahead, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_command_at_a_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_is_no_request_is_answered_and_forgiven, set_up, tear_down),
                cmocka_unit_test_setup_teardown(close_ends_the_connection, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_client_that_hangs_up_ends_it_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_request_that_is_too_large_is_refused_and_the_rest_dropped, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(dropping_has_an_end, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_refused_client_is_told_in_its_form, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_was_sent_before_hanging_up_is_carried_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        commands_of_who_has_gone_wait_for_each_other, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_the_kernel_still_holds_is_carried_out_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        who_goes_after_closing_is_done_with, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_reader_may_ask_little, set_up, tear_down),
                cmocka_unit_test_setup_teardown(who_is_idle_holds_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_request_a_turn, set_up, tear_down),
                cmocka_unit_test_setup_teardown(shutting_down_answers_who_waits, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_large_reply_waits_for_the_client, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
