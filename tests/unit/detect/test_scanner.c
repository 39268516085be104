/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scanner in a child process, with the filter of tests/support/fake_filter.c; the test is its
 * server. */
#include "detect/scanner.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/sanitized.h"
#include "channel/channel.h"
#include "channel/record.h"
#include "channel/value_code.h"

#ifdef __GLIBC__
#define GIVES_BACK (!BASE_SANITIZED)
#else
#define GIVES_BACK false
#endif
#define WAIT_US 60000000
#define LOG 1
#define JAIL 4

struct test {
        struct loop *loop;
        struct channel *channel;
        struct buffer body;
        pid_t pid;
        int log_fd;
        int inotify_fd;
        bool ready, closed;
        unsigned batches, failures, drained, truncated;
        uint8_t flags; /* of all batches */
        uint64_t after;
        uint32_t generation;
        char reply[256];
};

static void take_batch(struct test *t, struct message_reader *in) {
        struct record record;
        (void)message_get_u32(in);
        t->generation = message_get_u32(in);
        (void)message_get_u64(in);
        t->after = message_get_u64(in);
        t->flags |= message_get_u8(in);
        (void)message_get_text(in);
        while (record_get(in, &record) == 1)
                t->failures += record.type == RECORD_FAILURE;
        t->batches++;
}

static void take_reply(struct test *t, struct message_reader *in) {
        struct arena arena = ARENA_INIT;
        uint32_t request = message_get_u32(in);
        struct slice kind = message_get_text(in);
        struct slice text = message_get_text(in);
        struct value value = value_get(in, &arena);
        (void)snprintf(t->reply, sizeof(t->reply), "%u|%.*s|%.*s|%.*s", request, SLICE_ARG(kind),
                SLICE_ARG(text), SLICE_ARG(value.type == VALUE_STRING ? value.string : SLICE("-")));
        arena_done(&arena);
}

static void on_message(void *user, struct message *message) {
        struct test *t = user;
        struct message_reader in = message_reader_of(message->body);
        t->ready = t->ready || message->type == MESSAGE_SCAN_READY;
        t->drained += message->type == MESSAGE_SCAN_DRAINED;
        t->truncated += message->type == MESSAGE_SCAN_TRUNCATED;
        if (message->type == MESSAGE_SCAN_BATCH)
                take_batch(t, &in);
        if (message->type == MESSAGE_SCAN_SET_REPLY)
                take_reply(t, &in);
}

static void on_close(void *user, const struct fault *fault) {
        (void)fault;
        ((struct test *)user)->closed = true;
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

#define WAIT_FOR(t, condition)                                                                     \
        do {                                                                                       \
                int64_t end_ = loop_now_us() + WAIT_US;                                            \
                while (!(condition)) {                                                             \
                        if (loop_now_us() > end_)                                                  \
                                fail_msg("line %d: not reached: " #condition, __LINE__);           \
                        assert_int_equal(loop_step((t)->loop, 20000), 0);                          \
                }                                                                                  \
        } while (0)

static _Noreturn void be_scanner(int fd) {
        struct clock clock = CLOCK_INIT;
        struct loop *loop = loop_new();
        struct scanner *scanner = loop ? scanner_new(loop, &clock, fd) : NULL;
        int code = scanner ? scanner_run(scanner) : 99;
        (void)scanner_free(scanner);
        (void)loop_free(loop);
        _exit(code);
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        int fds[2];
        assert_int_equal(channel_pair(fds), 0);
        t->pid = fork();
        assert_true(t->pid >= 0);
        if (t->pid == 0) {
                close(fds[0]);
                be_scanner(fds[1]);
        }
        close(fds[1]);
        t->body = BUFFER_INIT(65536);
        t->loop = loop_new();
        t->channel = channel_new(t->loop, fds[0], CHANNEL_SERVER, CHANNEL_SCANNER, &channel_ops, t);
        t->log_fd = memfd_create("log", MFD_CLOEXEC);
        t->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        WAIT_FOR(t, t->ready);
        *state = t;
        return 0;
}

static int exit_code(struct test *t) {
        int status = 0;
        if (t->pid == 0)
                return -1;
        assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
        t->pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int tear_down(void **state) {
        struct test *t = *state;
        (void)channel_free(t->channel);
        if (t->pid > 0)
                assert_int_equal(exit_code(t), 0); /* a server that goes is no error */
        (void)loop_free(t->loop);
        buffer_done(&t->body);
        close(t->log_fd);
        close(t->inotify_fd);
        free(t);
        return 0;
}

static void send_fd(struct test *t, enum message_type type, int fd) {
        int r = fd < 0 ? channel_send(t->channel, type, buffer_view(&t->body))
                       : channel_send_fd(t->channel, type, buffer_view(&t->body), fd);
        assert_int_equal(r, 0);
        buffer_clear(&t->body);
}

static void put(struct test *t, uint32_t number) {
        assert_int_equal(message_put_u32(&t->body, number), 0);
}

static void say_hello(struct test *t, uint32_t version) {
        put(t, version);
        (void)message_put_u8(&t->body, DIAG_CRITICAL);
        send_fd(t, MESSAGE_SCAN_HELLO, t->inotify_fd);
}

static void add_jail(struct test *t, uint32_t id) {
        put(t, id);
        (void)message_put_text(&t->body, SLICE("sshd"));
        send_fd(t, MESSAGE_SCAN_JAIL_ADD, -1);
}

static void set_option(
        struct test *t, uint32_t request, uint32_t jail, const char *option, const char *text) {
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text(text), &arena);
        put(t, request);
        put(t, jail);
        (void)message_put_text(&t->body, slice_of(option));
        assert_int_equal(value_put(&t->body, &list), 0);
        send_fd(t, MESSAGE_SCAN_JAIL_SET, -1);
        arena_done(&arena);
}

static void add_log(struct test *t, uint64_t offset, uint8_t flags) {
        put(t, LOG);
        (void)message_put_text(&t->body, SLICE("/var/log/x"));
        put(t, GENERATION_FILE);
        (void)message_put_u64(&t->body, offset);
        (void)message_put_text(&t->body, SLICE_NULL);
        (void)message_put_u8(&t->body, flags);
        send_fd(t, MESSAGE_SCAN_LOG_ADD, t->log_fd);
}

static void attach(struct test *t, double seek_time) {
        put(t, LOG);
        put(t, JAIL);
        (void)message_put_f64(&t->body, seek_time);
        send_fd(t, MESSAGE_SCAN_LOG_ATTACH, -1);
}

static void tell_log(struct test *t, enum message_type type) {
        put(t, LOG);
        send_fd(t, type, -1);
}

static void append(struct test *t, int fd, const char *text) {
        (void)t;
        assert_int_equal(
                pwrite(fd, text, strlen(text), lseek(fd, 0, SEEK_END)), (ssize_t)strlen(text));
}

static void begin(struct test *t) {
        say_hello(t, CHANNEL_VERSION);
        add_jail(t, JAIL);
        add_log(t, 0, LOG_CATCH_UP);
        attach(t, 0);
        tell_log(t, MESSAGE_SCAN_LOG_START);
}

static void log_is_read_to_its_end_and_on_when_poked(void **state) {
        struct test *t = *state;
        append(t, t->log_fd, "fail a\nold\n");
        begin(t);
        WAIT_FOR(t, t->flags & BATCH_AT_END);
        assert_int_equal(t->failures, 2);
        assert_int_equal(t->after, 11);
        append(t, t->log_fd, "fail b\nold\n");
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        WAIT_FOR(t, t->failures == 3); /* in operation by now: "old" is none */
        assert_int_equal(t->generation, GENERATION_FILE);
}

static void what_comes_first_into_an_empty_log_may_be_old(void **state) {
        struct test *t = *state;
        begin(t);
        WAIT_FOR(t, t->flags & BATCH_AT_END);
        append(t, t->log_fd, "old\n");
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        WAIT_FOR(t, t->failures == 1);
        uint64_t size = 4;
        unsigned before;
        do { /* not for long */
                before = t->failures;
                append(t, t->log_fd, "old\nfail a\n");
                tell_log(t, MESSAGE_SCAN_LOG_POKE);
                WAIT_FOR(t, t->after == size + 11);
                size += 11;
        } while (t->failures == before + 2);
        assert_int_equal(t->failures, before + 1); /* in operation by now */
}

static void half_a_line_is_content(void **state) {
        struct test *t = *state;
        append(t, t->log_fd, "ha");
        begin(t);
        WAIT_FOR(t, t->flags & BATCH_AT_END);
        append(t, t->log_fd, "lf\nold\nfail a\n");
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        WAIT_FOR(t, t->after == 16);
        assert_int_equal(t->failures, 1);
}

static void added_log_is_told_before_it_is_started(void **state) {
        struct test *t = *state;
        append(t, t->log_fd, "fail a\n");
        say_hello(t, CHANNEL_VERSION);
        add_log(t, 7, 0);
        WAIT_FOR(t, t->batches == 1);
        assert_int_equal(t->after, 7);
        assert_int_equal(t->truncated, 0);
}

static void offset_beyond_the_end_begins_anew(void **state) {
        struct test *t = *state;
        append(t, t->log_fd, "fail a\n");
        say_hello(t, CHANNEL_VERSION);
        add_log(t, 8, 0);
        WAIT_FOR(t, t->batches == 1);
        assert_int_equal(t->truncated, 1);
        assert_int_equal(t->after, 0);
        assert_int_equal(t->generation, GENERATION_FILE + 1);
}

static void stopped_log_is_not_read(void **state) {
        struct test *t = *state;
        begin(t);
        WAIT_FOR(t, t->flags & BATCH_AT_END);
        tell_log(t, MESSAGE_SCAN_LOG_STOP);
        WAIT_FOR(t, t->flags & BATCH_STOPPED);
        append(t, t->log_fd, "fail a\n");
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        set_option(t, 1, 0, "", ""); /* a ping: what was said before it has been dealt with */
        WAIT_FOR(t, t->reply[0]);
        assert_int_equal(t->failures, 0);
        tell_log(t, MESSAGE_SCAN_LOG_START);
        WAIT_FOR(t, t->failures == 1);
}

static void rotated_log_is_drained_first(void **state) {
        struct test *t = *state;
        int next = memfd_create("next", MFD_CLOEXEC);
        append(t, t->log_fd, "fail a\n");
        append(t, next, "fail b\nfail c\n");
        begin(t);
        put(t, LOG);
        put(t, 2 * GENERATION_FILE);
        send_fd(t, MESSAGE_SCAN_LOG_ROTATE, next);
        WAIT_FOR(t, t->failures == 3);
        assert_int_equal(t->drained, 1);
        assert_int_equal(t->after, 14);
        assert_int_equal(t->generation, 2 * GENERATION_FILE);
        close(next);
}

static void options_are_answered(void **state) {
        static const struct {
                uint32_t request, jail;
                const char *option, *text, *reply;
        } rows[] = {
                {7, JAIL, "usedns", "warn", "7|||warn"                    },
                {8, JAIL, "bad",    "x",    "8|ValueError|bad value 'x'|-"},
                {9, 0,    "",       "",     "9|||-"                       },
        };
        struct test *t = *state;
        say_hello(t, CHANNEL_VERSION);
        add_jail(t, JAIL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                t->reply[0] = '\0';
                set_option(t, rows[i].request, rows[i].jail, rows[i].option, rows[i].text);
                WAIT_FOR(t, t->reply[0]);
                assert_string_equal(t->reply, rows[i].reply);
        }
}

static void state_of_a_former_scanner_is_taken_over(void **state) {
        struct test *t = *state;
        append(t, t->log_fd, "deny 1\n");
        say_hello(t, CHANNEL_VERSION);
        add_jail(t, JAIL);
        put(t, JAIL);
        (void)message_put_text(&t->body, SLICE("0"));
        (void)message_put_text(&t->body, SLICE("1 a"));
        send_fd(t, MESSAGE_SCAN_STATE_PUT, -1);
        add_log(t, 0, 0);
        attach(t, 0);
        tell_log(t, MESSAGE_SCAN_LOG_START);
        WAIT_FOR(t, t->failures == 1);
}

static void removed_jail_and_log_are_forgotten(void **state) {
        struct test *t = *state;
        begin(t);
        put(t, JAIL);
        send_fd(t, MESSAGE_SCAN_JAIL_DEL, -1);
        append(t, t->log_fd, "fail a\n");
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        tell_log(t, MESSAGE_SCAN_LOG_DEL);
        add_jail(t, JAIL); /* the number is free again */
        add_log(t, 0, 0);
        attach(t, 0);
        tell_log(t, MESSAGE_SCAN_LOG_START);
        WAIT_FOR(t, t->failures == 1);
}

/* "VmRSS" or "VmHWM" (the most it has been) of the scanner, in KiB. */
static long memory_of(const struct test *t, const char *which) {
        char path[64], line[256];
        long kib = 0;
        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)t->pid);
        FILE *status = fopen(path, "r");
        assert_non_null(status);
        while (fgets(line, sizeof(line), status))
                if (strncmp(line, which, strlen(which)) == 0)
                        kib = strtol(line + strlen(which) + 1, NULL, 10);
        (void)fclose(status);
        assert_true(kib > 0);
        return kib;
}

/* Where nothing that was freed is given back, only what is read on counts. */
static void what_a_long_log_needed_is_given_back(void **state) {
        struct test *t = *state;
        struct buffer lines = BUFFER_INIT((size_t)2 << 20);
        while (buffer_len(&lines) < (size_t)1 << 20)
                (void)buffer_append(&lines, SLICE("fail a of a line that is not so short\n"));
        (void)buffer_append_char(&lines, '\0');
        append(t, t->log_fd, lines.bytes);
        begin(t);
        WAIT_FOR(t, t->flags & BATCH_AT_END);
        unsigned before = t->failures;
        if (GIVES_BACK)
                WAIT_FOR(t, memory_of(t, "VmHWM") - memory_of(t, "VmRSS") >= 400);
        append(t, t->log_fd, lines.bytes);
        tell_log(t, MESSAGE_SCAN_LOG_POKE);
        WAIT_FOR(t, t->failures == 2 * before);
        buffer_done(&lines);
}

/* The server is wrong: rather no scanner than one that guesses. */
static void wrong_messages_end_the_scanner(void **state) {
        struct test *t = *state;
        say_hello(t, CHANNEL_VERSION);
        tell_log(t, MESSAGE_SCAN_LOG_POKE); /* of no known log */
        WAIT_FOR(t, t->closed);
        assert_int_equal(exit_code(t), 1);
}

static void other_version_ends_the_scanner(void **state) {
        struct test *t = *state;
        say_hello(t, CHANNEL_VERSION + 1);
        WAIT_FOR(t, t->closed);
        assert_int_equal(exit_code(t), 1);
}

static void anything_before_the_hello_ends_the_scanner(void **state) {
        struct test *t = *state;
        add_jail(t, JAIL);
        WAIT_FOR(t, t->closed);
        assert_int_equal(exit_code(t), 1);
}

static void body_with_a_rest_ends_the_scanner(void **state) {
        struct test *t = *state;
        say_hello(t, CHANNEL_VERSION);
        (void)message_put_u8(&t->body, DIAG_CRITICAL);
        (void)message_put_u8(&t->body, 0);
        send_fd(t, MESSAGE_SCAN_THRESHOLD, -1);
        WAIT_FOR(t, t->closed);
        assert_int_equal(exit_code(t), 1);
}

static void jail_added_twice_ends_the_scanner(void **state) {
        struct test *t = *state;
        say_hello(t, CHANNEL_VERSION);
        add_jail(t, JAIL);
        add_jail(t, JAIL);
        WAIT_FOR(t, t->closed);
        assert_int_equal(exit_code(t), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(log_is_read_to_its_end_and_on_when_poked),
                TEST(what_comes_first_into_an_empty_log_may_be_old),
                TEST(half_a_line_is_content),
                TEST(added_log_is_told_before_it_is_started),
                TEST(offset_beyond_the_end_begins_anew),
                TEST(stopped_log_is_not_read),
                TEST(rotated_log_is_drained_first),
                TEST(options_are_answered),
                TEST(state_of_a_former_scanner_is_taken_over),
                TEST(removed_jail_and_log_are_forgotten),
                TEST(what_a_long_log_needed_is_given_back),
                TEST(wrong_messages_end_the_scanner),
                TEST(other_version_ends_the_scanner),
                TEST(anything_before_the_hello_ends_the_scanner),
                TEST(body_with_a_rest_ends_the_scanner),
                TEST(jail_added_twice_ends_the_scanner),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
