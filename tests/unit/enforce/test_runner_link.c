/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end is the test: a socket that listens, and messages by hand. */
#include "enforce/runner_link.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "channel/channel.h"
#include "tests/support/runner_fixture.h"

struct test {
        struct runner_fixture helper; /* its socket; no process */
        struct loop *loop;
        struct runner_link *link;
        int peer;
        struct buffer diags;
        struct runner_client clients[2];
        unsigned states, started, failed, ended;
        enum runner_link_state was;
        int number; /* pid, errno or status */
};

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct test *t = user;
        (void)logger;
        (void)buffer_printf(&t->diags, "%d %.*s\n", (int)level, SLICE_ARG(text));
}

static void on_state(void *user, enum runner_link_state was) {
        struct test *t = user;
        t->states++;
        t->was = was;
}

static void on_started(void *user, pid_t pid, int *pidfd) {
        struct test *t = user;
        t->started++;
        t->number = pid;
        assert_true(*pidfd >= 0);
}

static void on_failed(void *user, int error) {
        struct test *t = user;
        t->failed++;
        t->number = error;
}

static void on_ended(void *user, int status) {
        struct test *t = user;
        t->ended++;
        t->number = status;
}

static const struct runner_client_ops ops = {.on_state = on_state,
        .on_started = on_started,
        .on_failed = on_failed,
        .on_ended = on_ended};

static int set_up(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        assert_non_null(t);
        t->diags = BUFFER_INIT(1 << 16);
        diag_set_sink(on_diag, t);
        diag_set_threshold(DIAG_INFO);
        t->loop = loop_new();
        runner_fixture_init(&t->helper);
        for (size_t i = 0; i < 2; i++)
                t->clients[i] = (struct runner_client){.ops = &ops, .user = t};
        t->peer = -1;
        *state = t;
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        (void)runner_link_free(t->link);
        close_p(&t->peer);
        runner_fixture_done(&t->helper);
        (void)loop_free(t->loop);
        diag_set_sink(NULL, NULL);
        buffer_done(&t->diags);
        free(t);
        return 0;
}

static void accept_it(struct test *t) {
        close_p(&t->peer);
        t->peer = accept4(t->helper.listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(t->peer >= 0);
}

/* One message, with an fd (-1: none), and what comes of it. */
static void say(struct test *t, uint32_t type, struct slice body, int fd) {
        struct buffer out = BUFFER_INIT(1000);
        (void)message_put_u32(&out, (uint32_t)body.len);
        (void)message_put_u32(&out, type);
        (void)buffer_append(&out, body);
        struct slice view = buffer_view(&out);
        struct iovec piece = {.iov_base = (void *)(uintptr_t)view.data, .iov_len = view.len};
        char control[CMSG_SPACE(sizeof(int))] = {0};
        struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
        if (fd >= 0) {
                header.msg_control = control;
                header.msg_controllen = sizeof(control);
                struct cmsghdr *c = CMSG_FIRSTHDR(&header);
                *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(sizeof(int))};
                memcpy(CMSG_DATA(c), &fd, sizeof(int));
        }
        assert_int_equal(sendmsg(t->peer, &header, MSG_NOSIGNAL), (ssize_t)view.len);
        buffer_done(&out);
        assert_int_equal(loop_step(t->loop, 0), 0); /* it is there already */
}

static void say_numbers(
        struct test *t, uint32_t type, uint32_t a, uint32_t b, uint32_t c, size_t count, int fd) {
        struct buffer body = BUFFER_INIT(16);
        const uint32_t numbers[] = {a, b, c};
        for (size_t i = 0; i < count; i++)
                (void)message_put_u32(&body, numbers[i]);
        say(t, type, buffer_view(&body), fd);
        buffer_done(&body);
}

static void get_ready(struct test *t) {
        t->link = runner_link_new(t->loop, t->helper.path);
        accept_it(t);
        assert_int_equal(runner_link_state(t->link), RUNNER_COMING);
        say_numbers(t, MESSAGE_RUN_READY, CHANNEL_VERSION, 0, 0, 1, -1);
        assert_int_equal(runner_link_state(t->link), RUNNER_THERE);
}

static bool has_said(const struct test *t, const char *text) {
        struct slice said = buffer_view(&t->diags);
        return slice_find(said, slice_of(text), 0) < said.len;
}

static void answers_go_to_whom_they_are_about(void **state) {
        struct test *t = *state;
        get_ready(t);
        runner_link_add(t->link, &t->clients[0]);
        runner_link_add(t->link, &t->clients[1]);
        assert_int_not_equal(t->clients[0].number, t->clients[1].number);
        say_numbers(t, MESSAGE_RUN_STARTED, t->clients[0].number, 4711, 0, 2, 0);
        assert_int_equal(t->started, 1);
        assert_int_equal(t->number, 4711);
        say_numbers(t, MESSAGE_RUN_FAILED, t->clients[1].number, ENOENT, 0, 2, -1);
        assert_int_equal(t->number, ENOENT);
        say_numbers(t, MESSAGE_RUN_ENDED, t->clients[0].number, 3, 0, 3, -1);
        assert_int_equal(t->number, 3);
        say_numbers(t, MESSAGE_RUN_ENDED, t->clients[0].number, 0, SIGTERM, 3, -1);
        assert_int_equal(t->number, -SIGTERM);
        runner_link_remove(t->link, &t->clients[0]);
        say_numbers(
                t, MESSAGE_RUN_ENDED, t->clients[0].number, 1, 0, 3, -1); /* nobody's any more */
        assert_int_equal(t->ended, 2);
        assert_int_equal(t->states, 0);
        runner_link_remove(t->link, &t->clients[1]);
        assert_int_equal(buffer_len(&t->diags), 0);
}

static void requests_are_those_of_the_table(void **state) {
        struct test *t = *state;
        static const int fds[EXEC_FDS_MAX] = {-1, 1, -1, -1};
        static const char wanted[] = "\1\0\0\0"
                                     "\x00\0\0\0"
                                     "\1"
                                     "\4\0\0\0"
                                     "\x00\0\0\0"
                                     "body"
                                     "\x09\0\0\0"
                                     "\x00\0\0\0"
                                     "\1\0\0\0\x0f\0\0\0\1"
                                     "\4\0\0\0"
                                     "\x00\0\0\0"
                                     "\1\0\0\0";
        static const enum message_type types[] = {
                MESSAGE_RUN_FD, MESSAGE_RUN_START, MESSAGE_RUN_KILL, MESSAGE_RUN_RELEASE};
        static const size_t places[] = {4, 13, 25, 42};
        char expected[sizeof(wanted)], got[200];
        memcpy(expected, wanted, sizeof(wanted));
        for (size_t i = 0; i < 4; i++)
                expected[places[i]] = (char)types[i];
        get_ready(t);
        runner_link_add(t->link, &t->clients[0]);
        assert_int_equal(t->clients[0].number, 1);
        assert_int_equal(runner_link_start(t->link, SLICE("body"), fds), 0);
        runner_link_kill(t->link, &t->clients[0], SIGTERM, 1);
        runner_link_release(t->link, &t->clients[0]);
        runner_link_remove(t->link, &t->clients[0]);
        size_t len = 0;
        while (len < sizeof(wanted) - 1) {
                ssize_t r = read(t->peer, got + len, sizeof(got) - len);
                assert_true(r > 0);
                len += (size_t)r;
        }
        assert_int_equal(len, sizeof(wanted) - 1);
        assert_memory_equal(got, expected, len);
}

static void who_is_gone_is_followed_and_everybody_told(void **state) {
        struct test *t = *state;
        get_ready(t);
        runner_link_add(t->link, &t->clients[0]);
        close_p(&t->peer);
        assert_int_equal(loop_step(t->loop, 0), 0);
        assert_int_equal(t->states, 1);
        assert_int_equal(t->was, RUNNER_THERE);
        assert_int_equal(runner_link_state(t->link), RUNNER_COMING);
        accept_it(t);
        say_numbers(t, MESSAGE_RUN_READY, CHANNEL_VERSION, 0, 0, 1, -1);
        assert_int_equal(t->states, 2);
        assert_int_equal(t->was, RUNNER_COMING);
        assert_int_equal(runner_link_state(t->link), RUNNER_THERE);
        runner_link_remove(t->link, &t->clients[0]);
}

/* One that says nonsense is nobody to rely on. */
static void nonsense_ends_the_connection(void **state) {
        struct test *t = *state;
        static const struct {
                enum message_type type;
                uint32_t numbers[3];
                size_t count;
        } cases[] = {
                {MESSAGE_RUN_READY,  {CHANNEL_VERSION, 0, 0}, 1}, /* twice */
                {MESSAGE_RUN_FAILED, {1, 0, 0},               2},
                {MESSAGE_RUN_FAILED, {1, 0x80000000U, 0},     2},
                {MESSAGE_RUN_ENDED,  {1, 0, 0},               2},
                {MESSAGE_RUN_START,  {1, 0, 0},               3}, /* ours to say */
        };
        get_ready(t);
        runner_link_add(t->link, &t->clients[0]);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                say_numbers(t, cases[i].type, cases[i].numbers[0], cases[i].numbers[1],
                        cases[i].numbers[2], cases[i].count, -1);
                assert_int_equal(runner_link_state(t->link), RUNNER_COMING);
                accept_it(t);
                say_numbers(t, MESSAGE_RUN_READY, CHANNEL_VERSION, 0, 0, 1, -1);
                assert_int_equal(runner_link_state(t->link), RUNNER_THERE);
        }
        say_numbers(t, MESSAGE_RUN_STARTED, 1, 0, 0, 2, 0);
        assert_int_equal(runner_link_state(t->link), RUNNER_COMING);
        assert_int_equal(t->started + t->failed + t->ended, 0);
        runner_link_remove(t->link, &t->clients[0]);
}

static void one_of_another_version_or_that_never_comes_is_done_without(void **state) {
        struct test *t = *state;
        t->link = runner_link_new(t->loop, t->helper.path);
        runner_link_add(t->link, &t->clients[0]);
        accept_it(t);
        say_numbers(t, MESSAGE_RUN_READY, CHANNEL_VERSION + 1, 0, 0, 1, -1);
        assert_int_equal(t->states, 1);
        assert_int_equal(t->was, RUNNER_COMING);
        runner_link_remove(t->link, &t->clients[0]);
        assert_true(has_said(t, "40 stockade-runner cannot be reached at /tmp/runner_"));
        assert_true(has_said(t, "another version"));
}

static void one_that_cannot_be_reached_is_said_once_and_tried_on_demand(void **state) {
        struct test *t = *state;
        runner_fixture_close(&t->helper);
        t->link = runner_link_new(t->loop, t->helper.path);
        assert_int_equal(runner_link_state(t->link), RUNNER_AWAY);
        size_t len = buffer_len(&t->diags);
        assert_true(len > 0);
        assert_int_equal(unlink(t->helper.path), 0);
        assert_int_equal(rmdir(t->helper.folder), 0);
        runner_fixture_init(&t->helper);
        (void)runner_link_free(t->link);
        t->link = runner_link_new(t->loop, "/nonexistent/socket");
        for (int i = 0; i < 5; i++) {
                assert_int_equal(runner_link_state(t->link), RUNNER_AWAY);
                assert_int_equal(loop_step(t->loop, 1000), 0);
        }
        struct slice said = buffer_view(&t->diags);
        size_t first = slice_find(said, SLICE("cannot be reached"), len);
        assert_true(first < said.len);
        assert_int_equal(slice_find(said, SLICE("cannot be reached"), first + 1), said.len);
}

static void when_it_is_back_that_is_said(void **state) {
        struct test *t = *state;
        char moved[100];
        (void)snprintf(moved, sizeof(moved), "%s.moved", t->helper.folder);
        assert_int_equal(rename(t->helper.path, moved), 0);
        t->link = runner_link_new(t->loop, t->helper.path);
        assert_int_equal(runner_link_state(t->link), RUNNER_AWAY);
        assert_int_equal(rename(moved, t->helper.path), 0);
        for (int i = 0; i < 4000 && runner_link_state(t->link) == RUNNER_AWAY; i++)
                assert_int_equal(loop_step(t->loop, 25000), 0);
        assert_int_equal(runner_link_state(t->link), RUNNER_COMING);
        accept_it(t);
        say_numbers(t, MESSAGE_RUN_READY, CHANNEL_VERSION, 0, 0, 1, -1);
        assert_true(has_said(t, "25 stockade-runner is there again\n"));
}

static void without_a_link_it_is_away(void **state) {
        (void)state;
        assert_int_equal(runner_link_state(NULL), RUNNER_AWAY);
        assert_null(runner_link_free(NULL));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(answers_go_to_whom_they_are_about),
                CASE(requests_are_those_of_the_table),
                CASE(who_is_gone_is_followed_and_everybody_told),
                CASE(nonsense_ends_the_connection),
                CASE(one_of_another_version_or_that_never_comes_is_done_without),
                CASE(one_that_cannot_be_reached_is_said_once_and_tried_on_demand),
                CASE(when_it_is_back_that_is_said),
                cmocka_unit_test(without_a_link_it_is_away),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
