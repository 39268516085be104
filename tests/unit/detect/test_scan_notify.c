/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/scan_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../cmocka_include.h"

struct test {
        struct loop *loop;
        struct scan_notify notify;
        char path[64];
        int log;
        int watch;
        unsigned changes;
        int changed;
};

static void on_change(void *user, int watch) {
        struct test *t = user;
        t->changes++;
        t->changed = watch;
}

static int set_up(void **state) {
        struct test *t = calloc(1, sizeof(*t));
        *state = t;
        (void)snprintf(t->path, sizeof(t->path), "/tmp/scan_notify_XXXXXX");
        t->log = mkstemp(t->path);
        t->loop = loop_new();
        int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        t->watch = inotify_add_watch(fd, t->path, IN_MODIFY);
        t->notify = SCAN_NOTIFY_NONE;
        return t->watch < 0 ? -1 : scan_notify_init(&t->notify, t->loop, fd, on_change, t);
}

static int tear_down(void **state) {
        struct test *t = *state;
        scan_notify_done(&t->notify);
        scan_notify_done(&t->notify); /* once more does no harm */
        (void)loop_free(t->loop);
        (void)close(t->log);
        (void)unlink(t->path);
        free(t);
        return 0;
}

static void append(const struct test *t) {
        assert_int_equal(write(t->log, "x", 1), 1);
}

static void a_change_is_told_at_once(void **state) {
        struct test *t = *state;
        append(t);
        assert_int_equal(loop_step(t->loop, 0), 0);
        assert_int_equal(t->changes, 1);
        assert_int_equal(t->changed, t->watch);
        assert_int_equal(loop_step(t->loop, 0), 0);
        assert_int_equal(t->changes, 1);
}

static void run_until_changes(struct test *t, unsigned changes) {
        for (int i = 0; i < 1000 && t->changes < changes; i++)
                assert_int_equal(loop_step(t->loop, 100000), 0);
        assert_int_equal(t->changes, changes);
}

/* However slow the machine is: when the last change was told is set here. */
static void changes_in_a_rush_are_told_after_a_rest(void **state) {
        struct test *t = *state;
        int64_t begin = loop_now_us();
        t->notify.told_us = begin + 3600 * INT64_C(1000000);
        append(t);
        assert_int_equal(loop_step(t->loop, 0), 0);
        assert_int_equal(t->changes, 0);
        run_until_changes(t, 1);
        assert_true(loop_now_us() - begin >= SCAN_NOTIFY_REST_US);
        append(t); /* and so on */
        assert_true(loop_timer_is_set(&t->notify.rest_timer));
        run_until_changes(t, 2);
        assert_true(loop_now_us() - begin >= 2 * SCAN_NOTIFY_REST_US);
}

/* However late this machine wakes up: what is due is compared, not what has passed. */
static void rests_grow_while_changes_go_on_up_to_a_limit(void **state) {
        struct test *t = *state;
        int64_t last = 0;
        t->notify.told_us = loop_now_us() + 3600 * INT64_C(1000000);
        for (unsigned i = 1; i <= 30; i++) {
                append(t);
                run_until_changes(t, i);
                int64_t rest = t->notify.rest_timer.due_us - t->notify.told_us;
                assert_true(rest > last || rest == SCAN_NOTIFY_REST_MAX_US);
                assert_true(rest <= SCAN_NOTIFY_REST_MAX_US);
                last = rest;
        }
        assert_int_equal(last, SCAN_NOTIFY_REST_MAX_US);
        for (int i = 0; i < 1000 && loop_timer_is_set(&t->notify.rest_timer); i++)
                assert_int_equal(loop_step(t->loop, 100000), 0);
        assert_int_equal(t->notify.rest_us, SCAN_NOTIFY_REST_US);
}

static void after_a_rest_without_changes_they_are_told_at_once(void **state) {
        struct test *t = *state;
        t->notify.told_us = loop_now_us() + 3600 * INT64_C(1000000);
        append(t);
        run_until_changes(t, 1);
        for (int i = 0; i < 1000 && loop_timer_is_set(&t->notify.rest_timer); i++)
                assert_int_equal(loop_step(t->loop, 100000), 0);
        assert_false(loop_timer_is_set(&t->notify.rest_timer));
        t->notify.told_us = 0;
        append(t);
        assert_int_equal(loop_step(t->loop, 0), 0);
        assert_int_equal(t->changes, 2);
}

static void an_unusable_fd_is_an_error(void **state) {
        struct test *t = *state;
        struct scan_notify other = SCAN_NOTIFY_NONE;
        scan_notify_done(&other);
        assert_int_equal(scan_notify_init(&other, t->loop, 100000, on_change, t), -EBADF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_change_is_told_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        changes_in_a_rush_are_told_after_a_rest, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        rests_grow_while_changes_go_on_up_to_a_limit, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        after_a_rest_without_changes_they_are_told_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_unusable_fd_is_an_error, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
