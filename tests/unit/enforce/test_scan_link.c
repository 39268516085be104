/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side against a real scanner process with a predictable filter (tests/support/fake_filter.c). */
#include "enforce/scan_link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/number.h"

#define WAIT_US 60000000
#define STOP_MS 30000
#define REST_US INT64_C(60000) /* longer than SCAN_NOTIFY_REST_US of detect/scan_notify.h */
#define IDS 64

struct test {
        struct loop *loop;
        struct clock clock;
        struct scan_link *link;
        char directory[64];
        char path[128];
        int fd;
        unsigned total;
        unsigned counts[IDS]; /* failures of "idN" */
        unsigned old;
        uint64_t lines, dropped;
        uint64_t offset;
        unsigned positions;
        char hash[64];
        unsigned replies;
        char reply_error[256];
        char reply_value[256];
        unsigned diags;
        char diag[1024];
        unsigned jail_totals[8];
};

static void on_failure(void *user, uint32_t jail, const struct record *record) {
        struct test *t = user;
        uint32_t number;
        struct slice id = record->failure.id;
        if (slice_has_prefix(id, SLICE("id")) && number_parse_u32(slice_sub(id, 2, id.len), &number) == 0 && number < IDS)
                t->counts[number]++;
        if (slice_is(id, "old"))
                t->old++;
        t->jail_totals[jail]++;
        t->total++;
}

static void on_diag(void *user, uint32_t jail, const struct record *record) {
        struct test *t = user;
        (void)jail;
        t->diags++;
        (void)snprintf(t->diag, sizeof(t->diag), "%.*s", SLICE_ARG(record->diag.text));
}

static void on_count(void *user, uint32_t jail, uint64_t lines, uint64_t dropped) {
        struct test *t = user;
        (void)jail;
        t->lines += lines;
        t->dropped += dropped;
}

static void on_position(void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset) {
        struct test *t = user;
        (void)jail;
        assert_slice(path, t->path);
        t->offset = offset;
        t->positions++;
        (void)snprintf(t->hash, sizeof(t->hash), "%.*s", SLICE_ARG(hash));
}

static void on_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)fprintf(stderr, "%s: %.*s\n", logger, SLICE_ARG(text));
}

static const struct scan_link_ops ops = {on_failure, on_diag, on_count, on_position, on_message, NULL};

static void on_reply(void *user, const struct fault *fault, const struct value *value) {
        struct test *t = user;
        t->replies++;
        (void)snprintf(t->reply_error, sizeof(t->reply_error), "%s%s%s", fault && fault->kind ? fault->kind : "", fault ? ": " : "",
                fault ? fault_text(fault) : "");
        struct slice text = value->type == VALUE_STRING ? value->string : SLICE_NULL;
        (void)snprintf(t->reply_value, sizeof(t->reply_value), "%.*s", SLICE_ARG(text));
}

/* Runs the loop until condition holds. */
#define WAIT_FOR(t, condition)                                                                     \
        do {                                                                                       \
                int64_t end_ = loop_now_us() + WAIT_US;                                            \
                while (!(condition)) {                                                             \
                        if (loop_now_us() > end_)                                                  \
                                fail_msg("%s:%d: not reached: " #condition " (total %u, offset %llu)", \
                                        __FILE__, __LINE__, (t)->total, (unsigned long long)(t)->offset); \
                        assert_int_equal(loop_step((t)->loop, 20000), 0);                          \
                }                                                                                  \
        } while (0)

static void run_for(struct test *t, int64_t us) {
        int64_t end = loop_now_us() + us;
        for (int turns = 0; turns < 4 || loop_now_us() < end; turns++) /* what has come is looked at, however late it is */
                assert_int_equal(loop_step(t->loop, 5000), 0);
}

static void open_log(struct test *t) {
        t->fd = open(t->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        assert_true(t->fd >= 0);
}

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        t->loop = loop_new();
        (void)snprintf(t->directory, sizeof(t->directory), "/tmp/stockade-test-XXXXXX");
        assert_non_null(mkdtemp(t->directory));
        (void)snprintf(t->path, sizeof(t->path), "%s/log", t->directory);
        open_log(t);
        t->link = scan_link_new(t->loop, &t->clock, FAKE_SCANNER, &ops, t, NULL);
        assert_non_null(t->link);
        assert_int_equal(scan_link_jail_add(t->link, 1, SLICE("sshd")), 0);
        assert_int_equal(scan_link_jail_add(t->link, 1, SLICE("sshd")), -EEXIST);
        assert_int_equal(scan_link_start(t->link, NULL), 0);
        *state = t;
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        char command[128];
        (void)scan_link_free(t->link);
        (void)loop_free(t->loop);
        close(t->fd);
        (void)snprintf(command, sizeof(command), "rm -rf %s", t->directory);
        assert_int_equal(system(command), 0);
        free(t);
        return 0;
}

static const struct scan_start head = {.at = SCAN_START_HEAD};

static void begin(struct test *t) {
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_INOTIFY, &head, NULL), 0);
        scan_link_jail_start(t->link, 1, 0);
}

static void append(struct test *t, const char *text) {
        assert_int_equal(write(t->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void lines_present_and_appended_are_counted(void **state) {
        struct test *t = *state;
        append(t, "fail id1\nnothing\nold\n");
        begin(t);
        WAIT_FOR(t, t->total == 2);
        WAIT_FOR(t, t->offset == 21);
        assert_int_equal(t->counts[1], 1);
        assert_int_equal(t->old, 1); /* not in operation yet */
        append(t, "fail id2\nold\n");
        WAIT_FOR(t, t->total == 3);
        assert_int_equal(t->counts[2], 1);
        assert_int_equal(t->old, 1);
        assert_int_equal(t->lines, 5);
        assert_string_equal(t->hash, "408b8d3acb6fb553e1c6ec09de3aa0f07c3fefdb");
}

static void options_are_answered_in_order(void **state) {
        struct test *t = *state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("warn"), &arena);
        assert_int_equal(scan_link_set(t->link, 1, SLICE("usedns"), &list,
                                 &(struct scan_asker){on_reply, t}, NULL),
                0);
        assert_int_equal(t->replies, 0);
        WAIT_FOR(t, t->replies == 1);
        assert_string_equal(t->reply_value, "warn");
        assert_string_equal(t->reply_error, "");
        assert_int_equal(scan_link_set(t->link, 1, SLICE("bad"), &list,
                                 &(struct scan_asker){on_reply, t}, NULL),
                0);
        WAIT_FOR(t, t->replies == 2);
        assert_string_equal(t->reply_error, "ValueError: bad value 'warn'");
        assert_int_equal(scan_link_set(t->link, 2, SLICE("bad"), &list,
                                 &(struct scan_asker){on_reply, t}, NULL),
                -ENOENT);
        arena_done(&arena);
}

static void option_that_kills_the_scanner_twice_fails(void **state) {
        struct test *t = *state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        assert_int_equal(scan_link_set(t->link, 1, SLICE("crash"), &list,
                                 &(struct scan_asker){on_reply, t}, NULL),
                0);
        assert_int_equal(scan_link_set(t->link, 1, SLICE("usedns"), &list,
                                 &(struct scan_asker){on_reply, t}, NULL),
                0);
        WAIT_FOR(t, t->replies == 1);
        assert_non_null(strstr(t->reply_error, "crash"));
        WAIT_FOR(t, t->replies == 2);
        assert_string_equal(t->reply_error, "");
        assert_int_equal(scan_link_starts(t->link), 3);
        arena_done(&arena);
}

static void write_sessions(struct test *t, unsigned from, unsigned count) {
        FILE *f = fdopen(dup(t->fd), "a");
        assert_non_null(f);
        for (unsigned i = from; i < from + count; i++)
                (void)fprintf(f, i % 2 ? "deny %u and some more text to make it long enough\n" : "session %u id%u for a while\n", i / 2,
                        i / 2 % IDS);
        (void)fclose(f);
}

static void kill_scanner(struct test *t, int number) {
        pid_t pid = scan_link_pid(t->link);
        if (pid > 0)
                assert_int_equal(kill(pid, number), 0);
}

/* 100,000 lines, each failure needing the state of the line before it; the process is killed ten times in between. */
static void killed_scanner_loses_and_doubles_nothing(void **state) {
        struct test *t = *state;
        const unsigned lines = 100000;
        write_sessions(t, 0, lines / 2);
        begin(t);
        unsigned written = lines / 2;
        for (unsigned i = 1; i <= 10; i++) {
                WAIT_FOR(t, t->total >= i * (lines / 2 / 11));
                /* Not one that is dead already: its successor may still be waited for. */
                WAIT_FOR(t, scan_link_starts(t->link) == i && scan_link_pid(t->link) > 0);
                kill_scanner(t, i % 2 ? SIGKILL : SIGTRAP); /* no signal that cmocka handles: before the exec that would be caught */
                write_sessions(t, written, lines / 20);
                written += lines / 20;
        }
        WAIT_FOR(t, t->total >= lines / 2);
        run_for(t, 200000);
        assert_int_equal(t->total, lines / 2);
        for (unsigned i = 0; i < IDS; i++)
                assert_int_equal(t->counts[i], lines / 2 / IDS + (i < lines / 2 % IDS ? 1 : 0));
        assert_int_equal(t->lines, lines);
        assert_int_equal(scan_link_starts(t->link), 11);
}

static void line_that_kills_is_skipped_and_the_others_count(void **state) {
        struct test *t = *state;
        append(t, "fail id1\nfail id2\ncrash\nfail id3\n");
        begin(t);
        WAIT_FOR(t, t->total == 3);
        assert_int_equal(t->counts[1], 1);
        assert_int_equal(t->counts[2], 1);
        assert_int_equal(t->counts[3], 1);
        assert_int_equal(t->dropped, 1);
        append(t, "fail id4\n");
        WAIT_FOR(t, t->counts[4] == 1);
}

static void failing_line_is_told_and_dropped(void **state) {
        struct test *t = *state;
        append(t, "error x\nfail id1\nsay hello\n");
        begin(t);
        WAIT_FOR(t, t->diags == 2);
        assert_string_equal(t->diag, "say hello");
        assert_int_equal(t->dropped, 1);
        assert_int_equal(t->counts[1], 1);
}

static void rotated_log_is_read_to_its_end_and_then_the_new_one(void **state) {
        struct test *t = *state;
        char moved[160];
        append(t, "fail id1\n");
        begin(t);
        WAIT_FOR(t, t->total == 1);
        (void)snprintf(moved, sizeof(moved), "%s.1", t->path);
        int old = t->fd;
        assert_int_equal(rename(t->path, moved), 0);
        open_log(t);
        assert_int_equal(write(old, "fail id2\n", 9), 9); /* the writer still has the old one */
        WAIT_FOR(t, t->total == 2);
        run_for(t, 50000);
        assert_int_equal(write(old, "fail id3\n", 9), 9);
        append(t, "fail id4\nold\n");
        WAIT_FOR(t, t->total == 4);
        WAIT_FOR(t, t->offset == 13);
        assert_int_equal(t->old, 0); /* still in operation */
        close(old);
        append(t, "fail id5\n");
        WAIT_FOR(t, t->total == 5);
}

static void many_rotations_while_the_scanner_is_dead_lose_nothing(void **state) {
        struct test *t = *state;
        char moved[160];
        begin(t);
        for (unsigned i = 0; i < 6; i++) {
                char line[32];
                (void)snprintf(line, sizeof(line), "fail id%u\n", i);
                kill_scanner(t, SIGKILL);
                append(t, line);
                (void)snprintf(moved, sizeof(moved), "%s.%u", t->path, i);
                assert_int_equal(rename(t->path, moved), 0);
                close(t->fd);
                open_log(t);
                run_for(t, 10000);
        }
        append(t, "fail id6\n");
        WAIT_FOR(t, t->total >= 7);
        run_for(t, 100000);
        for (unsigned i = 0; i <= 6; i++)
                assert_int_equal(t->counts[i], 1);
}

static void truncated_log_is_read_from_its_start(void **state) {
        struct test *t = *state;
        append(t, "fail id1\nfail id1\n");
        begin(t);
        WAIT_FOR(t, t->total == 2);
        assert_int_equal(ftruncate(t->fd, 0), 0);
        append(t, "fail id2\n");
        WAIT_FOR(t, t->total == 3);
        WAIT_FOR(t, t->offset == 9);
}

static void log_exchanged_in_place_while_no_scanner_ran_is_read_anew(void **state) {
        struct test *t = *state;
        append(t, "first\nfail id1\n");
        begin(t);
        WAIT_FOR(t, t->total == 1);
        WAIT_FOR(t, t->offset == 15);
        kill_scanner(t, SIGKILL);
        assert_int_equal(ftruncate(t->fd, 0), 0);
        append(t, "second\nfail id2\nfail id3\n");
        WAIT_FOR(t, t->total == 3);
        WAIT_FOR(t, t->offset == 25);
        assert_int_equal(t->counts[2], 1);
        assert_int_equal(t->counts[3], 1);
}

static void stored_offset_holds_only_for_the_same_first_line(void **state) {
        struct test *t = *state;
        struct scan_start start = {.at = SCAN_START_HEAD, .offset = 9};
        append(t, "fail id1\nfail id2\n");
        start.hash = SLICE("0123456789012345678901234567890123456789");
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_INOTIFY, &start, NULL), 0);
        WAIT_FOR(t, t->positions == 1);
        assert_int_equal(t->offset, 0);
        scan_link_jail_start(t->link, 1, 0);
        WAIT_FOR(t, t->total == 2);
        assert_int_equal(scan_link_jail_add(t->link, 2, SLICE("two")), 0);
        start.hash = slice_of(t->hash);
        scan_link_jail_start(t->link, 2, 0);
        assert_int_equal(scan_link_log_add(t->link, 2, slice_of(t->path), LOG_WATCH_INOTIFY, &start, NULL), 0);
        WAIT_FOR(t, t->jail_totals[2] == 1);
        assert_int_equal(t->counts[2], 2);
}

static void tail_starts_at_the_end(void **state) {
        struct test *t = *state;
        const struct scan_start tail = {.at = SCAN_START_TAIL};
        append(t, "fail id1\n");
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_INOTIFY, &tail, NULL), 0);
        scan_link_jail_start(t->link, 1, 0);
        append(t, "fail id2\nold\n");
        WAIT_FOR(t, t->total == 1);
        assert_int_equal(t->counts[2], 1);
}

static void absent_log_is_waited_for(void **state) {
        struct test *t = *state;
        struct fault fault = FAULT_INIT;
        close(t->fd);
        assert_int_equal(unlink(t->path), 0);
        (void)snprintf(t->path, sizeof(t->path), "%s/a/b/log", t->directory);
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_INOTIFY, &head, &fault), SCAN_LINK_E_ABSENT);
        assert_string_equal(fault.kind, "FileNotFoundError");
        assert_non_null(strstr(fault.text, "[Errno 2] No such file or directory: '/tmp/"));
        scan_link_jail_start(t->link, 1, 0);
        run_for(t, 20000);
        char command[160];
        (void)snprintf(command, sizeof(command), "mkdir -p %s/a/b", t->directory);
        assert_int_equal(system(command), 0);
        run_for(t, 20000);
        open_log(t);
        append(t, "fail id1\n");
        WAIT_FOR(t, t->total == 1);
        struct slice path;
        assert_int_equal(scan_link_log_at(t->link, 1, 0, &path), 0);
        assert_slice(path, t->path);
        assert_int_equal(scan_link_log_at(t->link, 1, 1, &path), -ENOENT);
        fault_done(&fault);
}

static void polled_log_is_followed(void **state) {
        struct test *t = *state;
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_POLL, &head, NULL), 0);
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_POLL, &head, NULL), SCAN_LINK_E_KNOWN);
        scan_link_jail_start(t->link, 1, 0);
        append(t, "fail id1\n");
        WAIT_FOR(t, t->total == 1);
        append(t, "fail id2\n");
        WAIT_FOR(t, t->total == 2);
}

static void idle_jail_gets_later_what_was_written_meanwhile(void **state) {
        struct test *t = *state;
        assert_int_equal(scan_link_jail_add(t->link, 2, SLICE("two")), 0);
        assert_int_equal(scan_link_log_add(t->link, 2, slice_of(t->path), LOG_WATCH_INOTIFY, &head, NULL), 0);
        scan_link_jail_start(t->link, 2, 0);
        begin(t);
        append(t, "fail id1\n");
        WAIT_FOR(t, t->total == 2);
        scan_link_jail_set_state(t->link, 1, SCAN_JAIL_IDLE);
        append(t, "fail id2\n");
        WAIT_FOR(t, t->jail_totals[2] == 2);
        run_for(t, 50000);
        assert_int_equal(t->jail_totals[1], 1);
        kill_scanner(t, SIGKILL);
        append(t, "fail id3\n");
        scan_link_jail_set_state(t->link, 1, SCAN_JAIL_ACTIVE);
        WAIT_FOR(t, t->total == 6);
        run_for(t, 50000);
        assert_int_equal(t->jail_totals[1], 3);
        assert_int_equal(t->jail_totals[2], 3);
}

static void seek_time_passes_over_older_lines(void **state) {
        struct test *t = *state;
        for (unsigned i = 0; i < 20000; i++) {
                char line[64];
                (void)snprintf(line, sizeof(line), i % 2 ? "fail id1\n" : "date %u\n", 1000 + i);
                append(t, line);
        }
        assert_int_equal(scan_link_log_add(t->link, 1, slice_of(t->path), LOG_WATCH_INOTIFY, &head, NULL), 0);
        scan_link_jail_start(t->link, 1, 1000 + 19000);
        WAIT_FOR(t, t->total >= 500);
        run_for(t, 50000);
        /* What stands behind the last older dated line may be looked at, too. */
        assert_in_range(t->total, 500, 501);
}

static void removed_jail_gets_nothing(void **state) {
        struct test *t = *state;
        begin(t);
        append(t, "fail id1\n");
        WAIT_FOR(t, t->total == 1);
        scan_link_jail_del(t->link, 1);
        append(t, "fail id1\n");
        run_for(t, 50000);
        assert_int_equal(t->total, 1);
        assert_int_equal(scan_link_starts(t->link), 1);
}

static void count_stop(void *user) {
        struct test *t = user;
        t->replies++;
}

/* What stands in the log has been read: a write is known by inotify when it returns, and after its rest the scanner
 * sees it in the round of its loop that answers, or in the one before. */
static void let_it_read(struct test *t) {
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("warn"), &arena);
        run_for(t, REST_US);
        for (int i = 0; i < 3; i++) {
                unsigned replies = t->replies;
                assert_int_equal(scan_link_set(t->link, 1, SLICE("usedns"), &list,
                                         &(struct scan_asker){on_reply, t}, NULL),
                        0);
                WAIT_FOR(t, t->replies == replies + 1);
        }
        arena_done(&arena);
}

static void stop_tells_the_last_positions(void **state) {
        struct test *t = *state;
        begin(t);
        append(t, "nothing\n");
        let_it_read(t);
        append(t, "nothing more\n");
        let_it_read(t);
        unsigned replies = t->replies;
        scan_link_stop(t->link, STOP_MS, count_stop, t);
        WAIT_FOR(t, t->replies == replies + 1);
        assert_int_equal(t->offset, 21);
        assert_int_equal(scan_link_pid(t->link), 0);
}

static void status_field(pid_t pid, const char *name, char *ret, size_t size) {
        char path[64];
        char line[256];
        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        ret[0] = '\0';
        while (fgets(line, sizeof(line), f))
                if (strncmp(line, name, strlen(name)) == 0)
                        (void)snprintf(ret, size, "%s", line + strlen(name));
        (void)fclose(f);
}

static void scanner_is_confined(void **state) {
        struct test *t = *state;
        char text[256];
        begin(t);
        append(t, "fail id1\n");
        WAIT_FOR(t, t->total == 1);
        pid_t pid = scan_link_pid(t->link);
        status_field(pid, "Seccomp:\t", text, sizeof(text));
        assert_string_equal(text, "2\n");
        status_field(pid, "NoNewPrivs:\t", text, sizeof(text));
        assert_string_equal(text, "1\n");
        status_field(pid, "CapEff:\t", text, sizeof(text));
        assert_string_equal(text, "0000000000000000\n");
        status_field(pid, "Uid:\t", text, sizeof(text));
        if (geteuid() == 0)
                assert_true(strncmp(text, "0\t", 2) != 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(lines_present_and_appended_are_counted),
                TEST(options_are_answered_in_order),
                TEST(option_that_kills_the_scanner_twice_fails),
                TEST(killed_scanner_loses_and_doubles_nothing),
                TEST(line_that_kills_is_skipped_and_the_others_count),
                TEST(failing_line_is_told_and_dropped),
                TEST(rotated_log_is_read_to_its_end_and_then_the_new_one),
                TEST(many_rotations_while_the_scanner_is_dead_lose_nothing),
                TEST(truncated_log_is_read_from_its_start),
                TEST(log_exchanged_in_place_while_no_scanner_ran_is_read_anew),
                TEST(stored_offset_holds_only_for_the_same_first_line),
                TEST(tail_starts_at_the_end),
                TEST(absent_log_is_waited_for),
                TEST(polled_log_is_followed),
                TEST(idle_jail_gets_later_what_was_written_meanwhile),
                TEST(seek_time_passes_over_older_lines),
                TEST(removed_jail_gets_nothing),
                TEST(stop_tells_the_last_positions),
                TEST(scanner_is_confined),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
