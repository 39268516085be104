/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/seek.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/number.h"

struct test {
        struct buffer text;
        struct input_file file;
        unsigned asked; /* lines whose date was wanted */
};

static bool date_of(void *user, struct slice line, double *ret_time) {
        struct test *t = user;
        int64_t number;
        struct slice word = slice_sub(line, 0, slice_find_char(line, ' ', 0));
        t->asked++;
        if (number_parse_i64(word, &number) < 0)
                return false;
        *ret_time = (double)number;
        return true;
}

static void begin(struct test *t) {
        *t = (struct test){.text = BUFFER_INIT((size_t)64 << 20), .file = {.fd = -1}};
}

static void line(struct test *t, int time, const char *text) {
        assert_int_equal(buffer_printf(&t->text, time < 0 ? "x%d %s\n" : "%d %s\n", time, text), 0);
}

/* Offset for target, from position on. */
static uint64_t seek(struct test *t, uint64_t position, double target) {
        int fd = memfd_create("log", MFD_CLOEXEC);
        struct slice text = buffer_view(&t->text);
        assert_int_equal(write(fd, text.data, text.len), (ssize_t)text.len);
        input_file_init(&t->file, fd, 1, position);
        uint64_t at = seek_time(&t->file, target, date_of, t);
        input_file_done(&t->file);
        return at;
}

/* Offset of the line that begins with the number. */
static uint64_t place_of(const struct test *t, int number) {
        char text[32];
        (void)snprintf(text, sizeof(text), "\n%d ", number);
        return slice_find(buffer_view(&t->text), slice_of(text), 0) + 1;
}

static void finish(struct test *t) {
        buffer_done(&t->text);
}

static void first_line_not_older_is_found(void **state) {
        static const struct {
                double target;
                int number; /* of the line found */
        } rows[] = {
                {1500,  1500 },
                {1501,  1502 },
                {99998, 99998},
                {1002,  1002 },
                {50001, 50002}
        };
        struct test t;
        (void)state;
        begin(&t);
        for (int i = 1000; i < 100000; i += 2)
                line(&t, i, "something happened here");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                t.asked = 0;
                assert_int_equal(seek(&t, 0, rows[i].target), place_of(&t, rows[i].number));
                assert_true(t.asked < 5000);
        }
        assert_int_equal(seek(&t, 0, 1), 0);
        assert_int_equal(seek(&t, 0, 1e9), buffer_len(&t.text));
        finish(&t);
}

static void search_begins_at_the_position(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        for (int i = 0; i < 1000; i++)
                line(&t, i, "text");
        uint64_t position = place_of(&t, 700);
        assert_int_equal(seek(&t, position, 100), position);
        assert_int_equal(seek(&t, position, 800), place_of(&t, 800));
        finish(&t);
}

static void lines_without_date_go_with_the_older_line_after_them_only(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        line(&t, -1, "undated");
        line(&t, 10, "old");
        line(&t, -1, "undated");
        line(&t, 11, "old");
        uint64_t expected = buffer_len(&t.text);
        line(&t, -1, "undated");
        line(&t, 20, "new");
        assert_int_equal(seek(&t, 0, 15), expected);
        finish(&t);
}

static void log_without_dates_is_read_wholly(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        for (int i = 0; i < 20000; i++)
                line(&t, -1, "undated");
        assert_int_equal(seek(&t, 0, 15), 0);
        finish(&t);
}

static void empty_log_and_unfinished_line_are_not_passed(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        assert_int_equal(seek(&t, 0, 15), 0);
        line(&t, 10, "old");
        uint64_t end = buffer_len(&t.text);
        assert_int_equal(buffer_printf(&t.text, "11 unfinished"), 0);
        assert_int_equal(seek(&t, 0, 15), end);
        finish(&t);
}

/* Times that jump back: whatever is missed for being out of order, lines behind the last older one
 * are not. */
static void disorder_never_leads_beyond_new_lines_at_the_end(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        for (int i = 0; i < 20000; i++)
                line(&t, i * 7919 % 5000, "text");
        uint64_t end = buffer_len(&t.text);
        for (int i = 0; i < 10; i++)
                line(&t, 6000 + i, "new");
        assert_true(seek(&t, 0, 5500) <= end);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_line_not_older_is_found),
                cmocka_unit_test(search_begins_at_the_position),
                cmocka_unit_test(lines_without_date_go_with_the_older_line_after_them_only),
                cmocka_unit_test(log_without_dates_is_read_wholly),
                cmocka_unit_test(empty_log_and_unfinished_line_are_not_passed),
                cmocka_unit_test(disorder_never_leads_beyond_new_lines_at_the_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
