/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/input_journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "support/fake_journal.h"

#define START_US UINT64_C(1700000000000000)

struct test {
        struct fake_journal fake;
        struct input_journal *journal;
        struct arena arena;
};

static void begin(struct test *t) {
        char source[128];
        if (!fake_journal_is_possible())
                skip();
        *t = (struct test){.arena = ARENA_INIT};
        fake_journal_begin(&t->fake);
        (void)snprintf(source, sizeof(source), "[journalpath=\"%s\"]", t->fake.folder);
        t->journal = input_journal_new(slice_of(source), NULL);
        assert_non_null(t->journal);
}

static void finish(struct test *t) {
        t->journal = input_journal_free(t->journal);
        fake_journal_end(&t->fake);
        arena_done(&t->arena);
}

/* Entries from here to the end; *ret_last: the last one's message. */
static unsigned count(struct test *t, struct slice *ret_last) {
        struct journal_entry entry;
        unsigned n = 0;
        int r;
        while ((r = input_journal_next(t->journal, &t->arena, &entry)) > 0) {
                n++;
                if (ret_last)
                        *ret_last = journal_entry_field(&entry, SLICE("MESSAGE"));
        }
        assert_int_equal(r, 0);
        return n;
}

static void entries_come_with_their_fields_and_times(void **state) {
        struct test t;
        struct journal_entry entry;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "sshd", "hello", 2, START_US);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        assert_int_equal(input_journal_next(t.journal, &t.arena, &entry), 1);
        assert_slice(journal_entry_field(&entry, SLICE("MESSAGE")), "hello");
        assert_slice(journal_entry_field(&entry, SLICE("_SYSTEMD_UNIT")), "sshd");
        assert_true(entry.realtime_us == START_US);
        assert_int_equal(entry.monotonic_us, 1000);
        assert_int_equal(count(&t, NULL), 1);
        finish(&t);
}

static void cursor_leads_behind_its_entry(void **state) {
        struct test t;
        struct journal_entry entry;
        struct slice last;
        char cursor[INPUT_JOURNAL_CURSOR_MAX];
        uint64_t time;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "sshd", "one", 1, START_US);
        fake_journal_append(&t.fake, "sshd", "two", 1, START_US + 10);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        assert_int_equal(input_journal_next(t.journal, &t.arena, &entry), 1);
        assert_int_equal(input_journal_cursor(t.journal, cursor), 0);
        assert_int_equal(input_journal_cursor_time(slice_of(cursor), &time), 0);
        assert_true(time == START_US);
        assert_int_equal(input_journal_seek_cursor(t.journal, cursor), 0);
        assert_int_equal(count(&t, &last), 1);
        assert_slice(last, "two");
        assert_true(input_journal_seek_cursor(t.journal, "nonsense") < 0);
        finish(&t);
}

/* As journald does when it moves what it has in /run to /var. */
static void cursor_leads_behind_a_copy_of_its_entry(void **state) {
        struct test t;
        struct journal_entry entry;
        struct slice last;
        char cursor[INPUT_JOURNAL_CURSOR_MAX], copied[INPUT_JOURNAL_CURSOR_MAX];
        (void)state;
        begin(&t);
        uint64_t tick = t.fake.tick;
        for (int i = 0; i < 2; i++) {
                t.fake.tick = tick;
                fake_journal_append(&t.fake, "sshd", "one", 1, START_US);
                fake_journal_append(&t.fake, "sshd", "two", 1, START_US + 10);
                assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
                assert_int_equal(input_journal_next(t.journal, &t.arena, &entry), 1);
                assert_int_equal(input_journal_cursor(t.journal, i == 0 ? cursor : copied), 0);
                assert_int_equal(input_journal_seek_cursor(t.journal, cursor), 0);
                assert_int_equal(count(&t, &last), 1);
                assert_slice(last, "two");
                assert_int_equal(unlink(t.fake.file), 0);
        }
        assert_string_not_equal(cursor, copied);
        finish(&t);
}

static void time_leads_to_the_first_entry_from_then_on(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "sshd", "x", 10, START_US);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        assert_int_equal(input_journal_seek_time(t.journal, START_US + 7), 0);
        assert_int_equal(count(&t, NULL), 3);
        assert_int_equal(input_journal_seek_time(t.journal, START_US + 100), 0);
        assert_int_equal(count(&t, NULL), 0);
        finish(&t);
}

static void union_of_matches_is_given(void **state) {
        struct test t;
        struct journal_match a = JOURNAL_MATCH_INIT;
        struct journal_match b = JOURNAL_MATCH_INIT;
        struct journal_match all = JOURNAL_MATCH_INIT;
        const struct journal_match *matches[] = {&a, &b, &all};
        struct value words = value_list();
        (void)state;
        begin(&t);
        value_append(&words, value_text("_SYSTEMD_UNIT=a"), &t.arena);
        assert_int_equal(journal_match_add(&a, &words, NULL), 0);
        words.list.items[0] = value_text("_SYSTEMD_UNIT=b");
        assert_int_equal(journal_match_add(&b, &words, NULL), 0);
        fake_journal_append(&t.fake, "a", "x", 1, START_US);
        fake_journal_append(&t.fake, "b", "x", 2, START_US + 10);
        fake_journal_append(&t.fake, "c", "x", 4, START_US + 20);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        static const unsigned wanted[] = {1, 3, 7};
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(input_journal_set_matches(t.journal, matches, i + 1), 0);
                assert_int_equal(input_journal_seek_time(t.journal, START_US), 0);
                assert_int_equal(count(&t, NULL), wanted[i]);
        }
        journal_match_done(&a);
        journal_match_done(&b);
        finish(&t);
}

static void appended_entries_wake_and_come(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "x", 1, START_US);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        struct pollfd fd = {.fd = input_journal_fd(t.journal), .events = POLLIN};
        assert_true(fd.fd >= 0);
        assert_int_equal(count(&t, NULL), 1);
        fake_journal_append(&t.fake, "a", "x", 5, START_US + 10);
        assert_int_equal(poll(&fd, 1, 10000), 1);
        (void)input_journal_process(t.journal);
        assert_int_equal(count(&t, NULL), 5);
        finish(&t);
}

/* Two rotations at once: the file between was never seen. */
static void files_rotated_since_are_read(void **state) {
        struct test t;
        struct journal_entry entry;
        char cursor[INPUT_JOURNAL_CURSOR_MAX];
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "x", 1, START_US);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        assert_int_equal(input_journal_next(t.journal, &t.arena, &entry), 1);
        assert_int_equal(input_journal_cursor(t.journal, cursor), 0);
        assert_false(input_journal_has_moved(t.journal, UINT64_MAX));
        fake_journal_append(&t.fake, "a", "x", 2, START_US + 10);
        fake_journal_rotate(&t.fake);
        fake_journal_append(&t.fake, "a", "x", 4, START_US + 20);
        fake_journal_rotate(&t.fake);
        fake_journal_append(&t.fake, "a", "x", 8, START_US + 30);
        assert_true(input_journal_has_moved(t.journal, START_US));
        assert_int_equal(input_journal_open(t.journal, START_US, NULL), 0);
        assert_int_equal(input_journal_seek_cursor(t.journal, cursor), 0);
        assert_int_equal(count(&t, NULL), 14);
        assert_int_equal(input_journal_open(t.journal, UINT64_MAX, NULL), 0);
        assert_int_equal(count(&t, NULL), 8); /* as upstream: no rotated ones */
        finish(&t);
}

static void what_cannot_be_read_is_said(void **state) {
        struct test t;
        struct fault fault = FAULT_INIT;
        (void)state;
        begin(&t);
        assert_int_equal(input_journal_open(t.journal, 0, &fault), INPUT_JOURNAL_E_EMPTY);
        assert_non_null(strstr(fault_text(&fault), "there are no journal files"));
        fake_journal_append(&t.fake, "a", "x", 1, START_US);
        assert_true(input_journal_has_moved(t.journal, 0));
        assert_int_equal(input_journal_open(t.journal, 0, NULL), 0);
        if (geteuid() != 0) { /* root may read everything */
                assert_int_equal(chmod(t.fake.file, 0), 0);
                assert_int_equal(input_journal_open(t.journal, 0, &fault), INPUT_JOURNAL_E_EMPTY);
                assert_non_null(strstr(fault_text(&fault), "unreadable"));
        }
        fault_done(&fault);
        finish(&t);
}

static void damaged_file_ends_nothing(void **state) {
        struct test t;
        struct fault fault = FAULT_INIT;
        (void)state;
        begin(&t);
        fake_journal_append(&t.fake, "a", "x", 100, START_US);
        assert_int_equal(truncate(t.fake.file, 4096), 0);
        int r = input_journal_open(t.journal, 0, &fault); /* whatever libsystemd makes of it */
        if (r >= 0) {
                struct journal_entry entry;
                for (unsigned i = 0; i < 1000 && input_journal_next(t.journal, &t.arena, &entry) > 0; i++)
                        assert_true(entry.count <= JOURNAL_FIELDS_MAX);
        }
        fault_done(&fault);
        finish(&t);
}

static void time_of_a_cursor_is_read_strictly(void **state) {
        static const struct {
                const char *cursor;
                uint64_t time; /* 0: refused */
        } rows[] = {
                {"s=1;i=2;b=3;m=4;t=5f;x=6", 0x5f}, {"t=5f", 0}, {";t=", 0}, {";t=g", 0}, {";t=5F", 0}, {"", 0},
                {";t=fffffffffffffffff;", 0}, {";t=1", 1},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t time = 0;
                int r = input_journal_cursor_time(slice_of(rows[i].cursor), &time);
                assert_int_equal(r, rows[i].time ? 0 : -EINVAL);
                assert_true(time == rows[i].time);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries_come_with_their_fields_and_times),
                cmocka_unit_test(cursor_leads_behind_its_entry),
                cmocka_unit_test(cursor_leads_behind_a_copy_of_its_entry),
                cmocka_unit_test(time_leads_to_the_first_entry_from_then_on),
                cmocka_unit_test(union_of_matches_is_given),
                cmocka_unit_test(appended_entries_wake_and_come),
                cmocka_unit_test(files_rotated_since_are_read),
                cmocka_unit_test(what_cannot_be_read_is_said),
                cmocka_unit_test(damaged_file_ends_nothing),
                cmocka_unit_test(time_of_a_cursor_is_read_strictly),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
