/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/scan_books.h"

#include <errno.h>

#include "../cmocka_include.h"

static const struct filter_env env;

static int add_jail(struct scan_books *books, uint32_t id) {
        struct scan_jail *jail = scan_jail_new(id, SLICE("sshd"), &env);
        int r = scan_books_add_jail(books, jail);
        if (r < 0)
                (void)scan_jail_free(jail);
        return r;
}

static int add_log(struct scan_books *books, uint32_t id) {
        struct scan_log *log = scan_log_new(id, SLICE("/log"), -1, 7, 0);
        int r = scan_books_add_log(books, log);
        if (r < 0)
                (void)scan_log_free(log);
        return r;
}

static void jails_are_found_by_id(void **state) {
        static const uint32_t ids[] = {5, 2, 9, 1, UINT32_MAX};
        struct scan_books books = {0};
        (void)state;
        assert_null(scan_books_jail(&books, 1));
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(add_jail(&books, ids[i]), 0);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(scan_books_jail(&books, ids[i])->id, ids[i]);
        assert_null(scan_books_jail(&books, 3));
        assert_null(scan_books_jail(&books, 10));
        assert_int_equal(add_jail(&books, 9), -EEXIST);
        scan_books_drop_jail(&books, scan_books_jail(&books, 2));
        assert_null(scan_books_jail(&books, 2));
        assert_int_equal(scan_books_jail(&books, 9)->id, 9);
        assert_int_equal(add_jail(&books, 2), 0);
        assert_int_equal(books.jail_count, 5);
        scan_books_done(&books);
        assert_int_equal(books.jail_count, 0);
}

static void there_is_an_end_of_room(void **state) {
        struct scan_books books = {0};
        (void)state;
        for (uint32_t i = 0; i < SCAN_BOOKS_JAILS_MAX; i++)
                assert_int_equal(add_jail(&books, i), 0);
        for (uint32_t i = 0; i < SCAN_BOOKS_LOGS_MAX; i++)
                assert_int_equal(add_log(&books, i), 0);
        assert_int_equal(add_jail(&books, SCAN_BOOKS_JAILS_MAX), -ENOBUFS);
        assert_int_equal(add_log(&books, SCAN_BOOKS_LOGS_MAX), -ENOBUFS);
        scan_books_done(&books);
}

static void let_read(struct scan_books *books, uint32_t id, bool started, bool ready) {
        struct scan_log *log = scan_books_log(books, id);
        log->started = started;
        log->ready = ready;
}

/* The id of the log whose turn it is; 0: of none. */
static uint32_t next(struct scan_books *books) {
        const struct scan_log *log = scan_books_turn(books);
        return log ? log->id : 0;
}

static void ready_logs_take_turns(void **state) {
        struct scan_books books = {0};
        (void)state;
        assert_int_equal(next(&books), 0);
        for (uint32_t id = 1; id <= 4; id++)
                assert_int_equal(add_log(&books, id), 0);
        let_read(&books, 1, true, false);
        let_read(&books, 2, false, true);
        assert_int_equal(next(&books), 0);
        assert_false(scan_books_are_ready(&books));
        let_read(&books, 3, true, true);
        assert_true(scan_books_are_ready(&books));
        assert_int_equal(next(&books), 3);
        assert_int_equal(next(&books), 3);
        let_read(&books, 1, true, true);
        let_read(&books, 4, true, true);
        assert_int_equal(next(&books), 4);
        assert_int_equal(next(&books), 1);
        assert_int_equal(next(&books), 3);
        scan_books_drop_log(&books, scan_books_log(&books, 3)); /* 4 takes its place */
        assert_null(scan_books_log(&books, 3));
        assert_int_equal(next(&books), 1);
        assert_int_equal(next(&books), 4);
        scan_books_drop_log(&books, scan_books_log(&books, 4));
        scan_books_drop_log(&books, scan_books_log(&books, 1));
        assert_int_equal(next(&books), 0);
        scan_books_done(&books);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(jails_are_found_by_id),
                cmocka_unit_test(there_is_an_end_of_room),
                cmocka_unit_test(ready_logs_take_turns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
