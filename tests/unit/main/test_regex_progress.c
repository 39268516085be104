/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_progress.h"

#include "capture.h"

#define CLEAR "\r\033[K"

struct test {
        struct clock clock;
        struct regex_progress progress;
        struct capture capture;
};

static void begin(struct test *t, FILE *to, uint64_t total) {
        clock_fix(&t->clock, 1000000);
        capture_begin(&t->capture, stdout);
        regex_progress_init(&t->progress, to, &t->clock, total);
}

static void nothing_is_shown_of_a_short_log(void **state) {
        struct test t;
        (void)state;
        begin(&t, stdout, 100);
        clock_advance(&t.clock, REGEX_PROGRESS_FIRST_US - 1);
        regex_progress_step(&t.progress, 50, 1);
        regex_progress_done(&t.progress);
        assert_string_equal(capture_end(&t.capture), "");
}

static void share_is_shown_at_most_each_step_and_cleared_at_the_end(void **state) {
        struct test t;
        (void)state;
        begin(&t, stdout, 4 << 20);
        clock_advance(&t.clock, REGEX_PROGRESS_FIRST_US);
        regex_progress_step(&t.progress, 1 << 20, 10);
        clock_advance(&t.clock, REGEX_PROGRESS_STEP_US - 1);
        regex_progress_step(&t.progress, 2 << 20, 20);
        clock_advance(&t.clock, 1);
        regex_progress_step(&t.progress, 3 << 20, 30);
        regex_progress_done(&t.progress);
        regex_progress_done(&t.progress);
        assert_string_equal(capture_end(&t.capture), CLEAR "25% (1.0 of 4.0 MiB), 10 lines" CLEAR
                                                           "75% (3.0 of 4.0 MiB), 30 lines" CLEAR);
}

static void without_a_total_only_what_was_read_is_shown(void **state) {
        struct test t;
        (void)state;
        begin(&t, stdout, 0);
        clock_advance(&t.clock, REGEX_PROGRESS_FIRST_US);
        regex_progress_step(&t.progress, 3 << 19, 10);
        assert_string_equal(capture_end(&t.capture), CLEAR "1.5 MiB, 10 lines");
}

static void without_a_terminal_nothing_is_shown(void **state) {
        struct test t;
        (void)state;
        begin(&t, NULL, 0);
        clock_advance(&t.clock, 10 * REGEX_PROGRESS_FIRST_US);
        regex_progress_step(&t.progress, 3 << 19, 10);
        regex_progress_done(&t.progress);
        assert_string_equal(capture_end(&t.capture), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_shown_of_a_short_log),
                cmocka_unit_test(share_is_shown_at_most_each_step_and_cleared_at_the_end),
                cmocka_unit_test(without_a_total_only_what_was_read_is_shown),
                cmocka_unit_test(without_a_terminal_nothing_is_shown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
