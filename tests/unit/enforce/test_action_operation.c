/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_operation.h"

#include "action_fixture.h"

static void families_that_the_action_knows_are_started(void **state) {
        static const struct {
                const char *families;
                const char *conditional; /* a property, or NULL */
                bool has_ipv6;
                const char *commands;
        } rows[] = {
                {"",             NULL,             true,  "start \n"                            },
                {"",             "x?family=inet6", true,  "start inet4\nstart inet6\n"          },
                {"",             "x?family=inet6", false, "start inet4\n"                       },
                {" a,b\tc \n,d", "x?family=inet6", true,  "start a\nstart b\nstart c\nstart d\n"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                void *own = NULL;
                (void)fixture_setup(&own);
                struct fixture *f = own;
                f->env.has_ipv6 = rows[i].has_ipv6;
                fixture_set_text(f, "families", rows[i].families);
                fixture_set(f, "actionstart_on_demand", value_bool(false));
                fixture_set_text(f, "actionstart", "start <family>");
                if (rows[i].conditional)
                        fixture_set_text(f, rows[i].conditional, "6");
                assert_true(fixture_do(f, ACTION_JOB_START));
                fixture_expect(f, rows[i].commands);
                (void)fixture_teardown(&own);
        }
}

static void the_same_command_runs_once(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "families", "inet4 inet6");
        fixture_set_text(f, "actionstart", "start");
        fixture_set_text(f, "actionstop", "stop");
        fixture_set_text(f, "actionreload", "reload");
        for (int i = 0; i < 2; i++) { /* stopping makes room for another start */
                assert_true(fixture_do(f, ACTION_JOB_START));
                assert_true(fixture_do(f, ACTION_JOB_RELOAD));
                assert_true(fixture_do(f, ACTION_JOB_RELOAD)); /* is meant each time */
                assert_true(fixture_do(f, ACTION_JOB_STOP));
                assert_true(fixture_do(f, ACTION_JOB_STOP)); /* nothing is started any more */
                fixture_expect(f, "start\nreload\nreload\nstop\n");
        }
}

static void a_family_that_fails_is_told_and_the_others_go_on(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "families", "inet4 inet6");
        fixture_set_text(f, "actionstart", "start <family>");
        fixture_fail(f, 0, "inet4", 1);
        assert_false(fixture_do(f, ACTION_JOB_START));
        fixture_expect(f, "start inet4\nstart inet6\n");
        fixture_expect_said(f, "Failed to start jail 'J' action 'a': Error starting action "
                               "Jail('J')/a: 'Script error'");
        assert_int_equal(action_state_bits(&f->state, "inet4"), 0);
        assert_int_equal(action_state_bits(&f->state, "inet6"), ACTION_STARTED);
}

static void a_command_that_refers_to_itself_is_a_value_error(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionstart", "<x>");
        fixture_set_text(f, "x", "<x>");
        assert_false(fixture_do(f, ACTION_JOB_START));
        fixture_expect(f, "");
        fixture_expect_said(f, "Error starting action Jail('J')/a: ValueError(");
}

static void only_families_with_bans_are_flushed(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "families", "inet4 inet6");
        fixture_set_text(f, "actionstart", "start <family>");
        fixture_set_text(f, "actionflush", "flush <family>");
        assert_true(fixture_do(f, ACTION_JOB_START));
        assert_true(fixture_do(f, ACTION_JOB_FLUSH));
        fixture_expect(f, "start inet4\nstart inet6\n");
        assert_true(fixture_do(f, ACTION_JOB_BAN)); /* no command, but the family holds a ban */
        assert_true(fixture_do(f, ACTION_JOB_FLUSH));
        assert_true(fixture_do(f, ACTION_JOB_FLUSH));
        fixture_expect(f, "flush inet4\n");
}

/* The check finds what is wrong and repairs it, but not when all is about to end anyway. */
static void a_flush_that_fails_is_followed_by_a_check(void **state) {
        static const struct {
                enum action_job_kind kind;
                const char *commands;
        } rows[] = {
                {ACTION_JOB_FLUSH,         "flush\ncheck\nrepair\ncheck\n"},
                {ACTION_JOB_FLUSH_TO_STOP, "flush\ncheck\n"               },
        };
        (void)state;
        for (size_t i = 0; i < 2; i++) {
                void *own = NULL;
                (void)fixture_setup(&own);
                struct fixture *f = own;
                fixture_set_text(f, "families", "inet4");
                fixture_set_text(f, "actionflush", "flush");
                fixture_set_text(f, "actionrepair", "repair");
                assert_true(fixture_do(f, ACTION_JOB_BAN));
                fixture_set_text(f, "actioncheck", "check");
                fixture_fail(f, 0, "flush", 1);
                fixture_fail(f, 1, "check", 1);
                assert_true(fixture_do(f, rows[i].kind));
                fixture_expect(f, rows[i].commands);
                fixture_expect_said(f, "Failed to flush bans in jail 'J' action 'a': Error "
                                       "flushing action Jail('J')/a: ");
                fixture_expect_said(f, "No flush occurred, do consistency check");
                (void)fixture_teardown(&own);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(families_that_the_action_knows_are_started),
                CASE(the_same_command_runs_once),
                CASE(a_family_that_fails_is_told_and_the_others_go_on),
                CASE(a_command_that_refers_to_itself_is_a_value_error),
                CASE(only_families_with_bans_are_flushed),
                cmocka_unit_test(a_flush_that_fails_is_followed_by_a_check),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
