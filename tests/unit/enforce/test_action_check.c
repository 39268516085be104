/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_check.h"

#include "action_fixture.h"

static void begin(struct fixture *f) {
        fixture_set_text(f, "families", "inet4");
        fixture_set_text(f, "actionstart", "start <family>");
        fixture_set_text(f, "actionstop", "stop <family>");
        fixture_set_text(f, "actioncheck", "check <family>");
        fixture_set_text(f, "actionunban", "unban");
        assert_true(fixture_do(f, ACTION_JOB_START));
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        buffer_clear(&f->commands);
}

static void what_is_sane_is_left_alone(void **state) {
        struct fixture *f = *state;
        begin(f);
        assert_true(fixture_do(f, ACTION_JOB_CHECK));
        fixture_expect(f, "check inet4\n");
        assert_int_equal(f->jail_epoch, 0);
}

static void without_a_repair_it_is_stopped_and_started(void **state) {
        struct fixture *f = *state;
        begin(f);
        fixture_fail(f, 0, "check", 1);
        fixture_fail(f, 1, "stop", 1); /* what is broken need not stop well */
        assert_true(fixture_do(f, ACTION_JOB_CHECK));
        fixture_expect(f, "check inet4\nstop inet4\nstart inet4\ncheck inet4\n");
        fixture_expect_said(f, "Invariant check failed. Trying to restore a sane environment");
        assert_int_equal(f->jail_epoch, 1); /* its bans are gone */
        assert_int_equal(f->epoch, 1);
        assert_int_equal(action_state_bits(&f->state, "inet4"), ACTION_STARTED);
}

static void a_repair_takes_the_place_of_the_restart(void **state) {
        struct fixture *f = *state;
        begin(f);
        fixture_set_text(f, "actionrepair", "repair <family>");
        fixture_fail(f, 0, "check", 1);
        assert_true(fixture_do(f, ACTION_JOB_CHECK));
        fixture_expect(f, "check inet4\nrepair inet4\ncheck inet4\n");
        assert_int_equal(f->jail_epoch, 1);
}

static void what_stays_broken_counts_as_not_started(void **state) {
        static const struct {
                const char *fails; /* besides the first check */
                const char *repair;
                const char *commands;
        } rows[] = {
                {"check",  "",       "check inet4\nstop inet4\nstart inet4\ncheck inet4\n"},
                {"repair", "repair", "check inet4\nrepair\n"                              },
                {"check",  "repair", "check inet4\nrepair\ncheck inet4\n"                 },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                void *own = NULL;
                (void)fixture_setup(&own);
                struct fixture *f = own;
                begin(f);
                fixture_set_text(f, "actionrepair", rows[i].repair);
                fixture_fail(f, 0, "check", 1);
                fixture_fail(f, 1, rows[i].fails, 1);
                assert_true(fixture_do(f, ACTION_JOB_CHECK));
                fixture_expect(f, rows[i].commands);
                fixture_expect_said(f, "Unable to restore environment");
                assert_int_equal(action_state_bits(&f->state, "inet4"), 0);
                (void)fixture_teardown(&own);
        }
}

static void a_start_that_fails_ends_the_job(void **state) {
        struct fixture *f = *state;
        begin(f);
        fixture_fail(f, 0, "check", 1);
        fixture_fail(f, 1, "start", 1);
        assert_false(fixture_do(f, ACTION_JOB_CHECK));
        fixture_expect(f, "check inet4\nstop inet4\nstart inet4\n");
        fixture_expect_said(f, "Failed to check jail 'J' action 'a': Error starting action");
}

static void an_unban_repairs_only_if_it_is_told_to(void **state) {
        struct fixture *f = *state;
        begin(f);
        fixture_fail(f, 0, "unban", 1);
        fixture_fail(f, 1, "check", 1);
        assert_false(fixture_do(f, ACTION_JOB_UNBAN));
        fixture_expect(f, "unban\ncheck inet4\n");
        fixture_expect_said(f, "Invariant check failed. Unban is impossible.");
        fixture_set(f, "actionrepair_on_unban", value_bool(true));
        fixture_fail(f, 0, "unban", 1);
        fixture_fail(f, 1, "check", 1);
        assert_true(fixture_do(f, ACTION_JOB_UNBAN));
        fixture_expect(f, "unban\ncheck inet4\nstop inet4\nstart inet4\ncheck inet4\nunban\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(what_is_sane_is_left_alone),
                CASE(without_a_repair_it_is_stopped_and_started),
                CASE(a_repair_takes_the_place_of_the_restart),
                cmocka_unit_test(what_stays_broken_counts_as_not_started),
                CASE(a_start_that_fails_ends_the_job),
                CASE(an_unban_repairs_only_if_it_is_told_to),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
