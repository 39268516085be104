/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_ticket.h"

#include "action_fixture.h"

static void the_first_ban_of_a_family_starts_it(void **state) {
        struct fixture *f = *state;
        fixture_set(f, "actionstart_on_demand", value_bool(true));
        fixture_set_text(f, "actionstart", "start <family>");
        fixture_set_text(f, "actionban", "ban <ip>");
        assert_true(fixture_do(f, ACTION_JOB_START));
        fixture_expect(f, "");
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        fixture_expect(f, "start inet4\nban 192.0.2.1\nban 192.0.2.1\n");
}

static void without_its_start_there_is_no_ban(void **state) {
        struct fixture *f = *state;
        fixture_set(f, "actionstart_on_demand", value_bool(true));
        fixture_set_text(f, "actionstart", "start");
        fixture_set_text(f, "actionban", "ban");
        fixture_fail(f, 0, "start", 1);
        assert_false(fixture_do(f, ACTION_JOB_BAN));
        fixture_expect(f, "start\n");
        assert_int_equal(action_state_bits(&f->state, "inet4"), 0);
}

static void only_what_holds_bans_is_unbanned(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionunban", "unban <ip>");
        assert_true(fixture_do(f, ACTION_JOB_UNBAN));
        fixture_expect(f, "");
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        assert_true(fixture_do(f, ACTION_JOB_UNBAN));
        fixture_expect(f, "unban 192.0.2.1\n");
}

static void each_command_is_tried_twice(void **state) {
        static const struct {
                enum action_job_kind kind;
                const char *property;
                const char *fault;
        } rows[] = {
                {ACTION_JOB_BAN,     "actionban",     "Error banning 192.0.2.1"   },
                {ACTION_JOB_REBAN,   "actionreban",   "Error banning 192.0.2.1"   },
                {ACTION_JOB_PROLONG, "actionprolong", "Error prolonging 192.0.2.1"},
                {ACTION_JOB_UNBAN,   "actionunban",   "Error unbanning 192.0.2.1" },
        };
        struct fixture *f = *state;
        assert_true(fixture_do(f, ACTION_JOB_BAN)); /* so that there is something to unban */
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                fixture_set_text(f, rows[i].property, "do");
                fixture_fail(f, 0, "do", 1);
                assert_true(fixture_do(f, rows[i].kind));
                fixture_fail(f, 0, "do", 2);
                assert_false(fixture_do(f, rows[i].kind));
                fixture_expect(f, "do\ndo\ndo\ndo\n");
                assert_string_equal(fault_text(action_run_fault(f->run)), rows[i].fault);
        }
}

static void nothing_is_run_to_prolong_without_a_command(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionban", "ban");
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        fixture_expect(f, "ban\n");
        assert_false(fixture_do(f, ACTION_JOB_PROLONG));
        fixture_set_text(f, "actionprolong", " \n");
        assert_false(fixture_do(f, ACTION_JOB_PROLONG));
        fixture_expect(f, "");
        assert_string_equal(fault_text(action_run_fault(f->run)), "Error prolonging 192.0.2.1");
}

static void a_check_comes_between_the_tries(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionban", "ban");
        fixture_set_text(f, "actioncheck", "check");
        fixture_fail(f, 0, "ban", 1);
        assert_true(fixture_do(f, ACTION_JOB_BAN));
        fixture_expect(f, "ban\ncheck\nban\n");
        fixture_fail(f, 0, "ban", 2);
        assert_false(fixture_do(f, ACTION_JOB_BAN));
        fixture_expect(f, "ban\ncheck\nban\n");
}

static void the_name_of_the_host_is_waited_for_once(void **state) {
        struct fixture *f = *state;
        f->env.resolver = (struct resolver *)f;
        fixture_set_text(f, "actionban", "ban <ip-host>");
        fixture_fail(f, 0, "ban", 1);
        assert_int_equal(action_run_start(f->run, ACTION_JOB_BAN, f->ticket), ACTION_RUN_WAITS);
        fixture_expect(f, "");
        f->asked(f->asked_user, SLICE("host.example"));
        while (f->pending)
                fixture_answer(f);
        fixture_expect(f, "ban host.example\nban host.example\n");
        assert_int_equal(f->questions, 1);
        assert_int_equal(f->calls, 1);
}

static void a_run_that_waits_for_a_name_can_be_freed(void **state) {
        struct fixture *f = *state;
        f->env.resolver = (struct resolver *)f;
        fixture_set_text(f, "actionban", "ban <ip-host>");
        assert_int_equal(action_run_start(f->run, ACTION_JOB_BAN, f->ticket), ACTION_RUN_WAITS);
        f->run = action_run_free(f->run);
        assert_null(f->asked);
        assert_int_equal(f->calls, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(the_first_ban_of_a_family_starts_it),
                CASE(without_its_start_there_is_no_ban),
                CASE(only_what_holds_bans_is_unbanned),
                CASE(each_command_is_tried_twice),
                CASE(nothing_is_run_to_prolong_without_a_command),
                CASE(a_check_comes_between_the_tries),
                CASE(the_name_of_the_host_is_waited_for_once),
                CASE(a_run_that_waits_for_a_name_can_be_freed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
