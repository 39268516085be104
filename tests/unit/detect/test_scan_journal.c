/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real journal and the filter of tests/support/fake_filter.c. */
#include "detect/scan_journal.h"

#include <stdio.h>

#include "../cmocka_include.h"
#include "support/fake_journal.h"

#include "channel/record.h"

#define START_US UINT64_C(1700000000000000)
#define WAIT_US 60000000

struct test {
        struct fake_journal fake;
        struct loop *loop;
        struct clock clock;
        struct pipeline pipeline;
        struct scan_jail *jails[2];
        struct scan_log *log;
        unsigned failures[2];
        uint64_t after;      /* the last batch's end */
        char cursor[256];    /* and its place */
        unsigned diags;
};

static void on_send(void *user, enum message_type type, struct slice head, struct slice rest) {
        struct test *t = user;
        struct message_reader in = message_reader_of(head);
        struct record record;
        assert_int_equal(type, MESSAGE_SCAN_BATCH);
        (void)message_get_u32(&in);
        (void)message_get_u32(&in);
        assert_true(message_get_u64(&in) == t->after);
        t->after = message_get_u64(&in);
        (void)message_get_u8(&in);
        struct slice place = message_get_text(&in);
        (void)snprintf(t->cursor, sizeof(t->cursor), "%.*s", SLICE_ARG(place));
        in = message_reader_of(rest);
        while (record_get(&in, &record) == 1) {
                if (record.type != RECORD_FAILURE)
                        continue;
                t->failures[record.jail - 1]++;
        }
}

static void on_sync(void *user) {
        (void)user;
}

static void on_filter_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        (void)text;
}

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct test *t = user;
        (void)level;
        (void)logger;
        (void)text;
        t->diags++;
}

/* A new log, as a process that was told the place would have it. */
static void begin_log(struct test *t, const char *cursor, uint64_t offset, double seek_time) {
        char path[160];
        (void)snprintf(path, sizeof(path), "systemd-journal[journalpath=\"%s\"]", t->fake.folder);
        t->log = scan_log_new(1, slice_of(path), -1, 7, offset);
        t->after = offset;
        assert_int_equal(scan_journal_attach(t->loop, t->log, slice_of(cursor), NULL), 0);
        for (size_t i = 0; i < 2; i++)
                if (t->jails[i])
                        scan_log_attach(t->log, t->jails[i], seek_time);
        t->log->started = true;
        t->log->ready = true;
}

static struct scan_jail *new_jail(const struct filter_env *env, uint32_t id, const char *match) {
        struct arena arena = ARENA_INIT;
        struct scan_jail *jail = scan_jail_new(id, SLICE("j"), env);
        struct value words = value_list();
        struct value ret;
        value_append(&words, value_text(match), &arena);
        assert_int_equal(scan_jail_set(jail, SLICE("addjournalmatch"), &words, &arena, &ret, NULL), 0);
        arena_done(&arena);
        return jail;
}

static void begin(struct test *t) {
        if (!fake_journal_is_possible())
                skip();
        *t = (struct test){0};
        fake_journal_begin(&t->fake);
        t->loop = loop_new();
        clock_fix(&t->clock, (int64_t)START_US + 1000000000);
        pipeline_init(&t->pipeline, &t->clock, on_send, on_sync, t);
        const struct filter_env env = {.clock = &t->clock, .diag = on_filter_diag};
        t->jails[0] = new_jail(&env, 1, "_SYSTEMD_UNIT=a");
        t->jails[1] = new_jail(&env, 2, "_SYSTEMD_UNIT=b");
        diag_set_sink(on_diag, t);
}

static void finish(struct test *t) {
        diag_set_sink(NULL, NULL);
        t->log = scan_log_free(t->log);
        (void)scan_jail_free(t->jails[0]);
        (void)scan_jail_free(t->jails[1]);
        pipeline_done(&t->pipeline);
        (void)loop_free(t->loop);
        fake_journal_end(&t->fake);
}

/* Serves the log until it is not ready any more, as the scanner does. */
static int serve(struct test *t) {
        int r = 0;
        while (t->log->ready)
                r = scan_journal_serve(t->log->journal, &t->pipeline);
        return r;
}

#define SERVE_UNTIL(t, condition)                                                                  \
        do {                                                                                       \
                int64_t end_ = loop_now_us() + WAIT_US;                                            \
                while (!(condition)) {                                                             \
                        assert_true(loop_now_us() < end_);                                         \
                        assert_int_equal(loop_step((t)->loop, 20000), 0);                          \
                        (void)serve(t);                                                            \
                }                                                                                  \
        } while (0)

static void each_jail_gets_what_it_matches(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 3, START_US);
        fake_journal_append(&t.fake, "b", "fail x", 5, START_US + 10);
        fake_journal_append(&t.fake, "c", "fail x", 7, START_US + 20);
        begin_log(&t, "", 0, 0);
        assert_int_equal(serve(&t), 0);
        assert_int_equal(t.failures[0], 3);
        assert_int_equal(t.failures[1], 5);
        finish(&t);
}

static void entries_before_the_seek_time_are_for_nobody(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 3, START_US);
        fake_journal_append(&t.fake, "a", "fail x", 2, START_US + 10000000);
        begin_log(&t, "", 0, (double)START_US / 1e6 + 5);
        assert_int_equal(serve(&t), 0);
        assert_int_equal(t.failures[0], 2);
        scan_journal_begin_operation(t.log);
        fake_journal_append(&t.fake, "a", "fail x", 1, START_US + 20000000);
        SERVE_UNTIL(&t, t.failures[0] == 3);
        finish(&t);
}

static void another_process_goes_on_behind_the_cursor(void **state) {
        struct test t;
        char cursor[256];
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 3, START_US);
        begin_log(&t, "", 0, 0);
        assert_int_equal(serve(&t), 0);
        memcpy(cursor, t.cursor, sizeof(cursor));
        assert_true(strlen(cursor) > 50);
        uint64_t offset = t.after;
        t.log = scan_log_free(t.log);
        fake_journal_append(&t.fake, "a", "fail x", 4, START_US + 10);
        begin_log(&t, cursor, offset, 0);
        assert_int_equal(serve(&t), 0);
        assert_int_equal(t.failures[0], 7);
        finish(&t);
}

static void broken_cursor_falls_back_to_its_time(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 3, START_US);
        fake_journal_append(&t.fake, "a", "fail x", 2, START_US + 0x1000);
        char cursor[64];
        (void)snprintf(cursor, sizeof(cursor), "nonsense;t=%llx", (unsigned long long)START_US + 0x1000);
        begin_log(&t, cursor, 0, 0);
        assert_int_equal(serve(&t), 0);
        assert_int_equal(t.failures[0], 2);
        finish(&t);
}

static void rotations_are_followed(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 1, START_US);
        begin_log(&t, "", 0, 0);
        assert_int_equal(serve(&t), 0);
        for (unsigned turn = 1; turn <= 3; turn++) {
                fake_journal_append(&t.fake, "a", "fail x", 2, START_US + turn * 100);
                fake_journal_rotate(&t.fake);
                fake_journal_append(&t.fake, "a", "fail x", 3, START_US + turn * 100 + 50);
        }
        SERVE_UNTIL(&t, t.failures[0] >= 16);
        assert_int_equal(t.failures[0], 16);
        finish(&t);
}

static void absent_journal_is_said_once_and_waited_for(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        begin_log(&t, "", 0, 0);
        assert_int_equal(serve(&t), SCAN_JOURNAL_E_ABSENT);
        t.log->ready = true;
        assert_int_equal(serve(&t), SCAN_JOURNAL_E_ABSENT);
        assert_int_equal(t.diags, 1);
        fake_journal_append(&t.fake, "a", "fail x", 2, START_US);
        SERVE_UNTIL(&t, t.failures[0] == 2);
        finish(&t);
}

static void new_match_is_obeyed(void **state) {
        struct test t;
        struct arena arena = ARENA_INIT;
        struct value words = value_list();
        struct value ret;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "fail x", 1, START_US);
        begin_log(&t, "", 0, 0);
        assert_int_equal(serve(&t), 0);
        value_append(&words, value_text("_SYSTEMD_UNIT=c"), &arena);
        assert_int_equal(scan_jail_set(t.jails[1], SLICE("addjournalmatch"), &words, &arena, &ret, NULL), 0);
        fake_journal_append(&t.fake, "c", "fail x", 4, START_US + 10);
        SERVE_UNTIL(&t, t.failures[1] == 4);
        assert_int_equal(t.failures[0], 1);
        arena_done(&arena);
        finish(&t);
}

static void skipped_entry_is_counted_and_passed(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "crash", 1, START_US);
        fake_journal_append(&t.fake, "a", "fail x", 1, START_US + 10);
        begin_log(&t, "", 0, 0);
        t.log->skip_at = 0;
        assert_int_equal(serve(&t), 0);
        assert_int_equal(t.failures[0], 1);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_jail_gets_what_it_matches),
                cmocka_unit_test(entries_before_the_seek_time_are_for_nobody),
                cmocka_unit_test(another_process_goes_on_behind_the_cursor),
                cmocka_unit_test(broken_cursor_falls_back_to_its_time),
                cmocka_unit_test(rotations_are_followed),
                cmocka_unit_test(absent_journal_is_said_once_and_waited_for),
                cmocka_unit_test(new_match_is_obeyed),
                cmocka_unit_test(skipped_entry_is_counted_and_passed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
