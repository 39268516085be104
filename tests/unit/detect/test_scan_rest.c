/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/scan_rest.h"

#include "../cmocka_include.h"

#define WAIT_US 60000000

struct test {
        struct loop *loop;
        struct scan_rest rest;
        unsigned calls;
};

static void on_rest(void *user) {
        ((struct test *)user)->calls++;
}

static int set_up(void **state) {
        static struct test test;
        test = (struct test){.loop = loop_new()};
        assert_non_null(test.loop);
        scan_rest_init(&test.rest, test.loop, on_rest, &test);
        *state = &test;
        return 0;
}

static int tear_down(void **state) {
        struct test *t = *state;
        scan_rest_done(&t->rest);
        (void)loop_free(t->loop);
        return 0;
}

/* Until the next look has been taken. */
static void await_look(struct test *t) {
        int64_t end = loop_now_us() + WAIT_US;
        int64_t due = t->rest.timer.due_us;
        while (loop_timer_is_set(&t->rest.timer) && t->rest.timer.due_us == due) {
                assert_true(loop_now_us() < end);
                assert_int_equal(loop_step(t->loop, 100000), 0);
        }
}

static void little_reading_sets_no_timer(void **state) {
        struct test *t = *state;
        scan_rest_note(&t->rest, SCAN_REST_BYTES - 1);
        assert_false(loop_timer_is_set(&t->rest.timer));
}

static void much_reading_is_followed_by_one_call(void **state) {
        struct test *t = *state;
        scan_rest_note(&t->rest, SCAN_REST_BYTES - 1);
        scan_rest_note(&t->rest, 1);
        assert_true(loop_timer_is_set(&t->rest.timer));
        await_look(t);
        assert_int_equal(t->calls, 1);
        assert_false(loop_timer_is_set(&t->rest.timer));
        scan_rest_note(&t->rest, SCAN_REST_BYTES);
        await_look(t);
        assert_int_equal(t->calls, 2);
}

static void reading_that_goes_on_is_waited_for(void **state) {
        struct test *t = *state;
        scan_rest_note(&t->rest, SCAN_REST_BYTES);
        scan_rest_note(&t->rest, SCAN_REST_BYTES);
        await_look(t);
        assert_int_equal(t->calls, 0);
        assert_true(loop_timer_is_set(&t->rest.timer));
        scan_rest_note(&t->rest, SCAN_REST_BYTES - 1);
        await_look(t);
        assert_int_equal(t->calls, 1);
}

static void what_is_done_calls_no_more(void **state) {
        struct test *t = *state;
        scan_rest_note(&t->rest, SCAN_REST_BYTES);
        scan_rest_done(&t->rest);
        assert_false(loop_timer_is_set(&t->rest.timer));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(little_reading_sets_no_timer),
                TEST(much_reading_is_followed_by_one_call),
                TEST(reading_that_goes_on_is_waited_for),
                TEST(what_is_done_calls_no_more),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
