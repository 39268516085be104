/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front between a server that is played here and clients. */
#include "front/front.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "channel/channel.h"
#include "channel/value_code.h"

struct test {
        struct loop *loop;
        struct front *front;
        struct channel *server;
        unsigned ready, commands, taken, closed, diags;
        uint32_t connection, sequence;
        char command[4096];
        bool over;
};

static void read_command(struct test *t, struct slice body) {
        struct arena arena = ARENA_INIT;
        struct message_reader in = message_reader_of(body);
        t->connection = message_get_u32(&in);
        t->sequence = message_get_u32(&in);
        struct value command = value_get(&in, &arena);
        struct slice text = repr(&command, &arena);
        assert_true(message_read_end(&in));
        t->commands++;
        (void)snprintf(t->command, sizeof(t->command), "%.*s", SLICE_ARG(text));
        arena_done(&arena);
}

static void on_message(void *user, struct message *message) {
        struct test *t = user;
        if (message->type == MESSAGE_FRONT_READY)
                t->ready++;
        if (message->type == MESSAGE_FRONT_TAKEN)
                t->taken++;
        if (message->type == MESSAGE_FRONT_CLOSED)
                t->closed++;
        if (message->type == MESSAGE_FRONT_DIAG)
                t->diags++;
        if (message->type == MESSAGE_FRONT_COMMAND)
                read_command(t, message->body);
}

static void on_close(void *user, const struct fault *fault) {
        struct test *t = user;
        (void)fault;
        t->over = true;
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

static void run(struct test *t) {
        for (int i = 0; i < 20; i++)
                (void)loop_step(t->loop, 0);
}

static void hello(struct test *t) {
        struct buffer body = BUFFER_INIT(64);
        (void)message_put_u32(&body, CHANNEL_VERSION);
        (void)message_put_u8(&body, DIAG_INFO);
        assert_int_equal(channel_send(t->server, MESSAGE_FRONT_HELLO, buffer_view(&body)), 0);
        buffer_done(&body);
        run(t);
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        int fds[2];
        *state = t;
        t->loop = loop_new();
        if (channel_pair(fds) < 0)
                return -1;
        t->server = channel_new(t->loop, fds[0], CHANNEL_SERVER, CHANNEL_FRONT, &channel_ops, t);
        t->front = front_new(t->loop, fds[1]);
        hello(t);
        return t->ready == 1 ? 0 : -1;
}

static int tear_down(void **state) {
        struct test *t = *state;
        t->front = front_free(t->front);
        t->server = channel_free(t->server);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

/* The client's end of a connection. */
static int add_client(struct test *t, uint32_t number) {
        struct buffer body = BUFFER_INIT(64);
        int fds[2];
        assert_int_equal(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        (void)message_put_u32(&body, number);
        (void)message_put_u8(&body, ROLE_ADMIN);
        assert_int_equal(
                channel_send_fd(t->server, MESSAGE_FRONT_CLIENT, buffer_view(&body), fds[0]), 0);
        buffer_done(&body);
        (void)close(fds[0]);
        run(t);
        return fds[1];
}

static void answer(struct test *t, uint32_t sequence, const char *text) {
        struct buffer body = BUFFER_INIT(4096);
        struct value value = value_text(text);
        (void)message_put_u32(&body, t->connection);
        (void)message_put_u32(&body, sequence);
        (void)message_put_u8(&body, REPLY_OK);
        (void)message_put_text(&body, SLICE_NULL);
        (void)value_put(&body, &value);
        assert_int_equal(channel_send(t->server, MESSAGE_FRONT_REPLY, buffer_view(&body)), 0);
        buffer_done(&body);
        run(t);
}

static void say(struct test *t, int fd, const char *line) {
        assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
        run(t);
}

static void assert_heard(int fd, const char *wanted) {
        char bytes[4096];
        ssize_t length = recv(fd, bytes, sizeof(bytes) - 1, 0);
        bytes[length > 0 ? length : 0] = '\0';
        assert_string_equal(bytes, wanted);
}

static void commands_and_answers_find_each_other(void **state) {
        struct test *t = *state;
        int first = add_client(t, 5);
        int second = add_client(t, 6);
        say(t, second, "[\"ping\"]\n");
        assert_int_equal(t->connection, 6);
        assert_string_equal(t->command, "['ping']");
        answer(t, t->sequence, "pong");
        assert_heard(second, "{\"ok\":true,\"result\":\"pong\"}\n");
        say(t, first, "[\"a\"]\n");
        assert_int_equal(t->connection, 5);
        answer(t, t->sequence, "b");
        assert_heard(first, "{\"ok\":true,\"result\":\"b\"}\n");
        (void)close(first);
        run(t);
        assert_int_equal(t->closed, 1);
        (void)close(second);
}

static void an_answer_to_another_command_is_dropped(void **state) {
        struct test *t = *state;
        int fd = add_client(t, 5);
        say(t, fd, "[\"a\"]\n");
        answer(t, t->sequence + 1, "no");
        assert_heard(fd, "");
        answer(t, t->sequence, "yes");
        assert_heard(fd, "{\"ok\":true,\"result\":\"yes\"}\n");
        (void)close(fd);
}

static void garbage_is_no_command_and_does_no_harm(void **state) {
        struct test *t = *state;
        int fd = add_client(t, 5);
        say(t, fd, "garbage<F2B_END_COMMAND>");
        assert_int_equal(t->commands, 0);
        say(t, fd, "[\"a\"]\n");
        assert_int_equal(t->commands, 1);
        (void)close(fd);
}

static void count(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct test *t = user;
        assert_int_equal(level, DIAG_ERROR);
        assert_string_equal(logger, "fail2ban.asyncserver");
        assert_true(slice_has_prefix(text, SLICE("PROTO-error: load message failed: ")));
        t->diags++;
}

static void garbage_is_told_once(void **state) {
        struct test *t = *state;
        int fd = add_client(t, 5);
        diag_set_sink(count, t);
        for (int i = 0; i < 5; i++)
                say(t, fd, "garbage<F2B_END_COMMAND>");
        diag_set_sink(NULL, NULL);
        assert_int_equal(t->diags, 1);
        (void)close(fd);
}

static void fill(struct test *t, int fd, size_t size) {
        static char block[65536];
        memset(block, 'x', sizeof(block));
        for (size_t sent = 0, idle = 0; sent < size && idle < 100000; idle++) {
                ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
                sent += n > 0 ? (size_t)n : 0;
                (void)loop_step(t->loop, 0);
        }
        run(t);
}

/* Half requests fill the memory for all: a large one is refused for the seventh, and another for
 * the small request that follows, which is served; the others go on. */
static void who_holds_most_pays_for_more(void **state) {
        struct test *t = *state;
        int fds[8];
        int refused = 0;
        for (uint32_t i = 0; i < 8; i++)
                fds[i] = add_client(t, i);
        diag_set_sink(count, t);
        for (int i = 0; i < 7; i++)
                fill(t, fds[i], (size_t)17 << 20);
        diag_set_sink(NULL, NULL);
        say(t, fds[7], "[\"ping\"]\n");
        assert_string_equal(t->command, "['ping']");
        for (int i = 0; i < 8; i++) {
                char bytes[256];
                ssize_t n = recv(fds[i], bytes, sizeof(bytes), 0);
                refused += n > 0 &&
                           memmem(bytes, (size_t)n, "ERROR: the front is short of memory", 35);
                (void)close(fds[i]);
        }
        assert_int_equal(refused, 2);
        run(t);
        assert_int_equal(t->closed, 8);
}

static void a_thousand_idle_clients_are_served(void **state) {
        struct test *t = *state;
        static int fds[FRONT_CLIENTS_MAX];
        struct rlimit files;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
        if (files.rlim_max < 4 * FRONT_CLIENTS_MAX)
                skip();
        files.rlim_cur = files.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
        for (uint32_t i = 0; i < FRONT_CLIENTS_MAX; i++)
                fds[i] = add_client(t, i);
        say(t, fds[FRONT_CLIENTS_MAX - 1], "[\"ping\"]\n");
        assert_int_equal(t->connection, FRONT_CLIENTS_MAX - 1);
        assert_int_equal(t->commands, 1);
        for (uint32_t i = 0; i < FRONT_CLIENTS_MAX; i++)
                (void)close(fds[i]);
        for (int i = 0; i < 100; i++)
                run(t);
        assert_int_equal(t->closed, FRONT_CLIENTS_MAX);
}

static void a_client_is_told_to_be_taken_before_it_is_read(void **state) {
        struct test *t = *state;
        int fd = add_client(t, 5);
        assert_int_equal(t->taken, 1);
        assert_int_equal(t->commands, 0);
        say(t, fd, "[\"ping\"]\n");
        assert_int_equal(t->commands, 1);
        assert_int_equal(t->taken, 1);
        (void)close(fd);
}

static void shutdown_answers_all_and_hangs_up(void **state) {
        struct test *t = *state;
        int waiting = add_client(t, 5);
        int idle = add_client(t, 6);
        say(t, waiting, "[\"a\"]\n");
        assert_int_equal(channel_send(t->server, MESSAGE_FRONT_SHUTDOWN, SLICE_NULL), 0);
        run(t);
        assert_heard(waiting,
                "{\"ok\":false,\"error\":{\"type\":\"Shutdown\",\"message\":\"the server shuts "
                "down\"}}\n");
        assert_int_equal(t->closed, 2);
        (void)close(waiting);
        (void)close(idle);
}

static void the_front_ends_with_its_server(void **state) {
        struct test *t = *state;
        int fd = add_client(t, 5);
        say(t, fd, "[\"a\"]\n");
        t->server = channel_free(t->server);
        assert_int_equal(front_run(t->front), 0);
        (void)close(fd);
}

static void a_server_that_makes_no_sense_is_left(void **state) {
        struct test *t = *state;
        struct buffer body = BUFFER_INIT(64);
        (void)message_put_u32(&body, CHANNEL_VERSION + 1);
        (void)message_put_u8(&body, DIAG_INFO);
        assert_int_equal(channel_send(t->server, MESSAGE_FRONT_HELLO, buffer_view(&body)), 0);
        buffer_done(&body);
        assert_int_equal(front_run(t->front), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        commands_and_answers_find_each_other, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_answer_to_another_command_is_dropped, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        garbage_is_no_command_and_does_no_harm, set_up, tear_down),
                cmocka_unit_test_setup_teardown(garbage_is_told_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(who_holds_most_pays_for_more, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_thousand_idle_clients_are_served, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_client_is_told_to_be_taken_before_it_is_read, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        shutdown_answers_all_and_hangs_up, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_front_ends_with_its_server, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_server_that_makes_no_sense_is_left, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
