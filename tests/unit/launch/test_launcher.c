/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launcher in a process of its own; the test is the server, and speaks by hand. */
#include "launch/launcher.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/pidfd.h"
#include "channel/channel.h"
#include "channel/program.h"
#include "tests/support/runner_fixture.h"

#define PATIENCE 4000 /* turns of at most 25 ms */
#define SEEN_MAX 4000

struct seen {
        enum message_type type;
        uint32_t numbers[3];
        int fd;
};

struct test {
        struct runner_fixture helper;
        struct loop *loop;
        struct channel *channel;
        bool is_closed;
        struct seen seen[SEEN_MAX];
        size_t count, at;
};

static void on_message(void *user, struct message *message) {
        struct test *t = user;
        struct message_reader in = message_reader_of(message->body);
        struct seen *seen = &t->seen[t->count++];
        assert_true(t->count < SEEN_MAX);
        seen->type = message->type;
        for (size_t i = 0; i < 3 && in.rest.len > 0; i++)
                seen->numbers[i] = message_get_u32(&in);
        assert_true(message_read_end(&in));
        seen->fd = steal_fd(&message->fds[0]);
}

static void on_close(void *user, const struct fault *fault) {
        struct test *t = user;
        (void)fault;
        t->is_closed = true;
}

static const struct channel_ops ops = {.on_message = on_message, .on_close = on_close};

static int connect_to(const struct test *t) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        memcpy(address.sun_path, t->helper.path, strlen(t->helper.path) + 1);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static int set_up(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        assert_non_null(t);
        runner_fixture_init(&t->helper);
        runner_fixture_start(&t->helper);
        t->loop = loop_new();
        t->channel = channel_new(t->loop, connect_to(t), CHANNEL_SERVER, CHANNEL_RUNNER, &ops, t);
        assert_non_null(t->channel);
        *state = t;
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        (void)channel_free(t->channel);
        for (size_t i = 0; i < t->count; i++)
                close_p(&t->seen[i].fd);
        (void)loop_free(t->loop);
        runner_fixture_done(&t->helper);
        free(t);
        return 0;
}

/* The next message. */
static const struct seen *next(struct test *t, enum message_type type) {
        for (int i = 0; i < PATIENCE && t->at == t->count && !t->is_closed; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_true(t->at < t->count);
        assert_int_equal(t->seen[t->at].type, type);
        return &t->seen[t->at++];
}

static void wait_for_close(struct test *t) {
        for (int i = 0; i < PATIENCE && !t->is_closed; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_true(t->is_closed);
}

static void send_numbers(
        struct test *t, enum message_type type, const uint32_t *numbers, size_t count) {
        struct buffer body = BUFFER_INIT(16);
        for (size_t i = 0; i < count; i++)
                (void)message_put_u32(&body, numbers[i]);
        if (type == MESSAGE_RUN_KILL)
                (void)message_put_u8(&body, (uint8_t)numbers[count]);
        assert_int_equal(channel_send(t->channel, type, buffer_view(&body)), 0);
        buffer_done(&body);
}

static void send_fd(struct test *t, uint8_t which, int fd) {
        const char byte = (char)which;
        assert_int_equal(
                channel_send_fd(t->channel, MESSAGE_RUN_FD, (struct slice){&byte, 1}, fd), 0);
}

static void send_program(struct test *t, const struct program *program) {
        struct buffer body = BUFFER_INIT(PROGRAM_BYTES_MAX);
        assert_int_equal(program_put(&body, program), 0);
        assert_int_equal(channel_send(t->channel, MESSAGE_RUN_START, buffer_view(&body)), 0);
        buffer_done(&body);
}

static void send_script(struct test *t, uint32_t number, uint8_t fds, const char *script) {
        static char shell[] = "sh", option[] = "-c";
        char *const words[] = {shell, option, (char *)(uintptr_t)script, NULL};
        send_program(t, &(struct program){.number = number,
                                .mask = 027,
                                .fds = fds,
                                .folder = "/tmp",
                                .path = "/bin/sh",
                                .words = words,
                                .environment = environ});
}

static void programs_run_as_they_are_described(void **state) {
        struct test *t = *state;
        int out[2];
        char text[200] = "";
        assert_int_equal(next(t, MESSAGE_RUN_READY)->numbers[0], CHANNEL_VERSION);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        send_fd(t, 1, out[1]);
        (void)close(out[1]);
        send_script(t, 7, 2, "umask; pwd; echo $PPID $$; exit 3");
        const struct seen *started = next(t, MESSAGE_RUN_STARTED);
        assert_int_equal(started->numbers[0], 7);
        assert_true(started->fd >= 0 && pidfd_send_signal(started->fd, 0, NULL, 0) == 0);
        const struct seen *ended = next(t, MESSAGE_RUN_ENDED);
        assert_int_equal(ended->numbers[0], 7);
        assert_int_equal(ended->numbers[1], 3);
        assert_int_equal(ended->numbers[2], 0);
        assert_true(read(out[0], text, sizeof(text) - 1) > 0);
        (void)close(out[0]);
        int parent = 0, pid = 0;
        assert_int_equal(sscanf(text, "0027\n/tmp\n%d %d", &parent, &pid), 2);
        assert_int_equal(parent, t->helper.pid);
        assert_int_equal(pid, started->numbers[1]);
}

static void what_cannot_be_started_is_told(void **state) {
        struct test *t = *state;
        static char word[] = "x";
        char *const words[] = {word, NULL};
        struct program program = {.number = 1,
                .folder = "/",
                .path = "/nonexistent/x",
                .words = words,
                .environment = environ};
        (void)next(t, MESSAGE_RUN_READY);
        send_program(t, &program);
        assert_int_equal(next(t, MESSAGE_RUN_FAILED)->numbers[1], ENOENT);
        program.folder = "/nonexistent";
        program.path = "/bin/sh";
        send_program(t, &program); /* the number is free again */
        assert_int_equal(next(t, MESSAGE_RUN_FAILED)->numbers[1], ENOENT);
}

static void fds_of_a_start_that_came_to_nothing_are_not_the_next_ones(void **state) {
        struct test *t = *state;
        int out[2];
        char byte;
        (void)next(t, MESSAGE_RUN_READY);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        send_fd(t, 3, out[1]);
        (void)close(out[1]);
        send_script(t, 1, 0, "if (: >&3) 2>/dev/null; then exit 5; fi; exit 6");
        (void)next(t, MESSAGE_RUN_STARTED);
        assert_int_equal(next(t, MESSAGE_RUN_ENDED)->numbers[1], 6);
        assert_int_equal(read(out[0], &byte, 1), 0); /* closed */
        (void)close(out[0]);
}

static void a_dead_leaders_group_can_be_killed_until_it_is_released(void **state) {
        struct test *t = *state;
        int out[2];
        char byte;
        (void)next(t, MESSAGE_RUN_READY);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        send_fd(t, 1, out[1]);
        (void)close(out[1]);
        send_script(t, 1, 2, "sleep 600 & exit 0"); /* that one keeps the pipe */
        pid_t pid = (pid_t)next(t, MESSAGE_RUN_STARTED)->numbers[1];
        (void)next(t, MESSAGE_RUN_ENDED);
        assert_int_equal(kill(pid, 0), 0); /* a zombie */
        send_numbers(t, MESSAGE_RUN_KILL, (const uint32_t[]){1, SIGKILL, 1}, 2);
        assert_int_equal(read(out[0], &byte, 1), 0);
        (void)close(out[0]);
        send_numbers(t, MESSAGE_RUN_RELEASE, (const uint32_t[]){1}, 1);
        for (int i = 0; i < PATIENCE && kill(pid, 0) == 0; i++)
                (void)loop_step(t->loop, 1000);
        assert_int_equal(kill(pid, 0), -1);
        send_numbers(t, MESSAGE_RUN_KILL, (const uint32_t[]){1, SIGKILL, 1},
                2); /* heard, and nobody is meant */
        send_script(t, 1, 0, "kill -KILL $$");
        (void)next(t, MESSAGE_RUN_STARTED);
        assert_int_equal(next(t, MESSAGE_RUN_ENDED)->numbers[2], SIGKILL);
}

static void what_is_released_early_goes_on_and_is_reaped(void **state) {
        struct test *t = *state;
        int in[2];
        (void)next(t, MESSAGE_RUN_READY);
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        send_fd(t, 0, in[0]);
        (void)close(in[0]);
        send_script(t, 1, 1, "read x");
        pid_t pid = (pid_t)next(t, MESSAGE_RUN_STARTED)->numbers[1];
        send_numbers(t, MESSAGE_RUN_RELEASE, (const uint32_t[]){1}, 1);
        send_script(t, 1, 0, "exit 0"); /* another of that number */
        (void)next(t, MESSAGE_RUN_STARTED);
        (void)next(t, MESSAGE_RUN_ENDED);
        assert_int_equal(kill(pid, 0), 0);
        (void)close(in[1]);
        for (int i = 0; i < PATIENCE && kill(pid, 0) == 0; i++)
                (void)loop_step(t->loop, 1000);
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(t->at, t->count);
}

static void there_is_an_end_to_how_many_run(void **state) {
        struct test *t = *state;
        (void)next(t, MESSAGE_RUN_READY);
        static char word[] = "true";
        char *const words[] = {word, NULL};
        struct program program = {
                .folder = "/", .path = "/bin/true", .words = words, .environment = environ};
        for (program.number = 1; program.number <= LAUNCHER_PROGRAMS_MAX + 1; program.number++)
                send_program(t, &program);
        for (unsigned failed = 0; failed == 0;) {
                for (int i = 0; i < PATIENCE && t->at == t->count; i++)
                        assert_int_equal(loop_step(t->loop, 25000), 0);
                assert_true(t->at < t->count);
                const struct seen *seen = &t->seen[t->at++];
                close_p(&t->seen[t->at - 1].fd);
                failed = seen->type == MESSAGE_RUN_FAILED;
                if (failed) {
                        assert_int_equal(seen->numbers[0], LAUNCHER_PROGRAMS_MAX + 1);
                        assert_int_equal(seen->numbers[1], EAGAIN);
                }
        }
}

static void a_second_server_waits_and_the_end_of_the_first_is_ours(void **state) {
        struct test *t = *state;
        (void)next(t, MESSAGE_RUN_READY);
        int second = connect_to(t);
        char bytes[12];
        send_script(t, 1, 0, "exit 0");
        (void)next(t, MESSAGE_RUN_STARTED);
        (void)next(t, MESSAGE_RUN_ENDED);
        assert_int_equal(recv(second, bytes, sizeof(bytes), MSG_DONTWAIT), -1); /* not a word */
        t->channel = channel_free(t->channel);
        assert_int_equal(runner_fixture_end(&t->helper, 0), 0);
        assert_int_equal(recv(second, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
        runner_fixture_start(&t->helper); /* as the socket would */
        assert_int_equal(fcntl(second, F_SETFL, 0), 0);
        assert_int_equal(recv(second, bytes, sizeof(bytes), 0), 12);
        (void)close(second);
        assert_int_equal(runner_fixture_end(&t->helper, 0), 0);
}

static void who_breaks_the_protocol_is_left(void **state) {
        struct test *t = *state;
        const struct {
                enum message_type type;
                struct slice body;
        } cases[] = {
                {MESSAGE_RUN_START,   SLICE("x")                         },
                {MESSAGE_RUN_KILL,    SLICE("\1\0\0\0\0\0\0\0\1")        },
                {MESSAGE_RUN_KILL,    SLICE("\1\0\0\0\x0f\0\0\0\2")      },
                {MESSAGE_RUN_KILL,    SLICE("\1\0\0\0\xff\xff\xff\x7f\0")},
                {MESSAGE_RUN_RELEASE, SLICE("\1\0\0")                    },
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                (void)next(t, MESSAGE_RUN_READY);
                assert_int_equal(channel_send(t->channel, cases[i].type, cases[i].body), 0);
                wait_for_close(t);
                assert_int_equal(runner_fixture_end(&t->helper, 0), 1);
                runner_fixture_start(&t->helper);
                (void)channel_free(t->channel);
                t->is_closed = false;
                t->channel = channel_new(
                        t->loop, connect_to(t), CHANNEL_SERVER, CHANNEL_RUNNER, &ops, t);
        }
        (void)next(t, MESSAGE_RUN_READY);
        send_script(t, 1, 2, "exit 0"); /* of an fd that has not come */
        wait_for_close(t);
        assert_int_equal(runner_fixture_end(&t->helper, 0), 1);
}

static void strangers_are_refused(void **state) {
        struct test *t = *state;
        if (geteuid() != 0)
                skip();
        (void)next(t, MESSAGE_RUN_READY);
        t->channel = channel_free(t->channel);
        assert_int_equal(runner_fixture_end(&t->helper, 0), 0);
        assert_int_equal(seteuid(65534), 0); /* who connects is known by it */
        int stranger = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(chmod(t->helper.folder, 0755), 0);
        assert_int_equal(chmod(t->helper.path, 0777), 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path, t->helper.path, strlen(t->helper.path) + 1);
        assert_int_equal(seteuid(65534), 0);
        int r = connect(stranger, (const struct sockaddr *)&address, sizeof(address));
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(r, 0);
        runner_fixture_start(&t->helper);
        char byte;
        assert_int_equal(recv(stranger, &byte, 1, 0), 0);
        (void)close(stranger);
        int own = connect_to(t); /* it goes on */
        assert_int_equal(fcntl(own, F_SETFL, 0), 0);
        assert_int_equal(recv(own, &byte, 1, 0), 1);
        (void)close(own);
}

static void who_is_asked_by_nobody_ends(void **state) {
        struct test *t = *state;
        struct runner_fixture lonely;
        runner_fixture_init(&lonely);
        struct launcher *launcher = launcher_new(t->loop, lonely.listener);
        assert_non_null(launcher);
        assert_int_equal(launcher_run(launcher, 1), 0);
        (void)launcher_free(launcher);
        runner_fixture_done(&lonely);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(programs_run_as_they_are_described),
                CASE(what_cannot_be_started_is_told),
                CASE(fds_of_a_start_that_came_to_nothing_are_not_the_next_ones),
                CASE(a_dead_leaders_group_can_be_killed_until_it_is_released),
                CASE(what_is_released_early_goes_on_and_is_reaped),
                CASE(there_is_an_end_to_how_many_run),
                CASE(a_second_server_waits_and_the_end_of_the_first_is_ours),
                CASE(who_breaks_the_protocol_is_left),
                CASE(strangers_are_refused),
                CASE(who_is_asked_by_nobody_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
