/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/trial.h"

#include "../cmocka_include.h"
#include "detect/pattern.h"

static struct trial_result run(
        const char *regex, const char *subject, uint64_t max_steps, enum trial_purpose purpose) {
        struct trial *trial = NULL;
        struct fault fault = FAULT_INIT;
        assert_int_equal(trial_new(slice_of(regex), PATTERN_PLAIN, purpose, &trial, &fault), 0);
        struct trial_result result = trial_run(trial, slice_of(subject), max_steps);
        (void)trial_free(trial);
        return result;
}

static void tells_where_the_regex_gave_up(void **state) {
        static const struct {
                const char *regex, *subject;
                size_t item, reached;
        } rows[] = {
                {"^abc",                     "abx",         3,  2 },
                {"^(?P<user>\\w+) from$",    "bob for",     16, 5 },
                {"^(?:a|b) c",               "a d",         9,  2 },
                {"^Failed .* from x",        "Failed by y", 11, 10},
                {"^a(?:bc|bd)e",             "abdf",        11, 3 },
                {"^(?:\\S+ )?(?:\\[)?sshd:", "host cron:",  17, 5 },
                {"^x",                       "abc",         1,  0 },
                {"é[0-9]",                  "é-",         2,  2 },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct trial_result r = run(rows[i].regex, rows[i].subject, 100000, TRIAL_REACH);
                assert_int_equal(r.end, TRIAL_MISSED);
                if (r.item != rows[i].item || r.reached != rows[i].reached)
                        fail_msg("%s: item %zu, reached %zu", rows[i].regex, r.item, r.reached);
        }
}

static void match_gets_to_the_end_of_the_regex(void **state) {
        struct trial_result r = run("^(?P<a>x)y", "xyz", 1000, TRIAL_REACH);
        (void)state;
        assert_int_equal(r.end, TRIAL_MATCHED);
        assert_int_equal(r.item, 10);
        assert_int_equal(r.reached, 2);
}

static void steps_are_counted_and_bounded(void **state) {
        (void)state;
        struct trial_result little = run("^a+b", "aaaac", 100000, TRIAL_REACH);
        struct trial_result much =
                run("^(?:a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 50000, TRIAL_REACH);
        assert_int_equal(little.end, TRIAL_MISSED);
        assert_in_range(little.steps, 3, 40);
        assert_int_equal(much.end, TRIAL_STOPPED);
        assert_int_equal(much.steps, 50000);
}

static void letter_that_is_missing_ends_the_work_at_once(void **state) {
        (void)state;
        assert_int_equal(run("^a+b", "aaaac", 1000, TRIAL_WORK).steps, 0);
}

static void wrong_regex_is_refused(void **state) {
        struct trial *trial = NULL;
        struct fault fault = FAULT_INIT;
        (void)state;
        assert_true(trial_new(SLICE("a("), PATTERN_PLAIN, TRIAL_WORK, &trial, &fault) < 0);
        assert_null(trial);
        assert_null(trial_free(NULL));
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_where_the_regex_gave_up),
                cmocka_unit_test(match_gets_to_the_end_of_the_regex),
                cmocka_unit_test(steps_are_counted_and_bounded),
                cmocka_unit_test(letter_that_is_missing_ends_the_work_at_once),
                cmocka_unit_test(wrong_regex_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
