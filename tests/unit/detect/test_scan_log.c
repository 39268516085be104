/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/scan_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_include.h"

static int new_file(void) {
        int fd = memfd_create("log", MFD_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

static void jail_is_attached_once_and_detached(void **state) {
        struct scan_jail a = {.id = 1};
        struct scan_jail b = {.id = 2};
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        scan_log_attach(log, &a, 100);
        scan_log_attach(log, &b, 0);
        scan_log_attach(log, &a, 200);
        assert_int_equal(log->attachment_count, 2);
        assert_true(log->attachments[0].seek_time == 100);
        scan_log_detach(log, &a);
        scan_log_detach(log, &a);
        assert_false(scan_log_is_attached(log, &a));
        assert_true(scan_log_is_attached(log, &b));
        assert_int_equal(log->attachment_count, 1);
        (void)scan_log_free(log);
}

static void freed_log_is_no_jails_unreported_one(void **state) {
        struct scan_jail a = {.id = 1};
        struct scan_jail b = {.id = 2};
        struct scan_log other = {.id = 9};
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        scan_log_attach(log, &a, 0);
        scan_log_attach(log, &b, 0);
        a.unreported = log;
        b.unreported = &other;
        assert_null(scan_log_free(log));
        assert_null(a.unreported);
        assert_ptr_equal(b.unreported, &other);
        assert_null(scan_log_free(NULL));
}

static void a_file_is_left_when_its_successor_has_content(void **state) {
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        int second = new_file();
        assert_false(scan_log_should_shift(log));
        assert_int_equal(scan_log_push(log, second, 8), 0);
        assert_false(scan_log_should_shift(log));
        assert_int_equal(write(second, "x", 1), 1);
        assert_true(scan_log_should_shift(log));
        (void)scan_log_free(log);
        log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        assert_int_equal(scan_log_push(log, new_file(), 8), 0);
        assert_int_equal(scan_log_push(log, new_file(), 9), 0);
        assert_true(scan_log_should_shift(log));
        (void)scan_log_free(log);
}

static void an_unreadable_file_is_not_ready(void **state) {
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        log->ready = true;
        scan_log_set_unreadable(log, EIO);
        assert_false(log->ready);
        assert_true(log->read_failed);
        (void)scan_log_free(log);
}

static void newest_watches_are_remembered(void **state) {
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 0);
        for (int i = 0; i < SCAN_LOG_WATCHES_MAX + 2; i++) {
                scan_log_add_watch(log, i);
                scan_log_add_watch(log, i);
        }
        assert_int_equal(log->watch_count, SCAN_LOG_WATCHES_MAX);
        assert_false(scan_log_has_watch(log, 1));
        assert_true(scan_log_has_watch(log, 2));
        assert_true(scan_log_has_watch(log, SCAN_LOG_WATCHES_MAX + 1));
        (void)scan_log_free(log);
}

static void rotations_wait_in_order_up_to_the_cap(void **state) {
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 0, 50);
        for (uint32_t i = 1; i < SCAN_LOG_FILES_MAX; i++)
                assert_int_equal(scan_log_push(log, new_file(), i), 0);
        int extra = new_file();
        assert_int_equal(scan_log_push(log, extra, 99), -ENOBUFS);
        assert_false(is_open(extra));
        int first = log->files[0].fd;
        scan_log_shift(log);
        assert_false(is_open(first));
        assert_int_equal(log->files[0].generation, 1);
        assert_int_equal(log->files[0].position, 0);
        assert_int_equal(log->file_count, SCAN_LOG_FILES_MAX - 1);
        (void)scan_log_free(log);
}

/* What belonged to the file that is left must not be applied to the next one. */
static void next_file_begins_afresh(void **state) {
        struct scan_jail a = {.id = 1};
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 50);
        scan_log_attach(log, &a, 100);
        log->attachments[0].from = 40;
        log->careful = true;
        log->switching = true;
        log->skip_at = 60;
        log->done = 70;
        assert_true(scan_log_has_unreported(log));
        assert_int_equal(scan_log_push(log, new_file(), 8), 0);
        scan_log_shift(log);
        assert_false(scan_log_has_unreported(log));
        assert_int_equal(log->done, 0);
        assert_int_equal(log->attachments[0].from, 0);
        assert_true(!log->careful && !log->switching && log->sought);
        assert_true(log->skip_at == SCAN_LOG_NO_SKIP);
        (void)scan_log_free(log);
}

static void cut_file_begins_again_with_its_next_generation(void **state) {
        (void)state;
        struct scan_log *log = scan_log_new(1, SLICE("/log"), new_file(), 7, 50);
        log->done = 70;
        scan_log_restart(log, 8);
        assert_int_equal(log->files[0].generation, 8);
        assert_int_equal(log->files[0].position, 0);
        assert_int_equal(log->done, 0);
        assert_int_equal(log->reported, 0);
        (void)scan_log_free(log);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(jail_is_attached_once_and_detached),
                cmocka_unit_test(freed_log_is_no_jails_unreported_one),
                cmocka_unit_test(newest_watches_are_remembered),
                cmocka_unit_test(a_file_is_left_when_its_successor_has_content),
                cmocka_unit_test(an_unreadable_file_is_not_ready),
                cmocka_unit_test(rotations_wait_in_order_up_to_the_cap),
                cmocka_unit_test(next_file_begins_afresh),
                cmocka_unit_test(cut_file_begins_again_with_its_next_generation),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
