/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_run.h"

#include "action_fixture.h"

static void jobs_without_a_command_are_done_at_once(void **state) {
        struct fixture *f = *state;
        static const enum action_job_kind kinds[] = {ACTION_JOB_START, ACTION_JOB_FLUSH,
                ACTION_JOB_FLUSH_TO_STOP, ACTION_JOB_RELOAD, ACTION_JOB_CHECK, ACTION_JOB_STOP};
        static const enum action_job_kind of_tickets[] = {
                ACTION_JOB_BAN, ACTION_JOB_REBAN, ACTION_JOB_UNBAN};
        for (size_t i = 0; i < sizeof(of_tickets) / sizeof(of_tickets[0]); i++)
                assert_int_equal(action_run_start(f->run, of_tickets[i], f->ticket), 0);
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                assert_int_equal(action_run_start(f->run, kinds[i], NULL), 0);
        assert_int_equal(f->calls, 0);
        fixture_expect(f, "");
}

static void each_job_runs_its_command(void **state) {
        static const struct {
                enum action_job_kind kind;
                const char *commands;
        } rows[] = {
                {ACTION_JOB_START,   "start\n"       },
                {ACTION_JOB_BAN,     "ban\n"         },
                {ACTION_JOB_REBAN,   "reban\n"       },
                {ACTION_JOB_PROLONG, "prolong\n"     },
                {ACTION_JOB_UNBAN,   "unban\n"       },
                {ACTION_JOB_RELOAD,  "reload\n"      },
                {ACTION_JOB_CHECK,   "check\ncheck\n"}, /* of "" and inet4 */
                {ACTION_JOB_FLUSH,   "flush\n"       },
                {ACTION_JOB_STOP,    "stop\n"        },
        };
        struct fixture *f = *state;
        static const char *const names[] = {
                "start", "ban", "reban", "prolong", "unban", "reload", "check", "flush", "stop"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char property[32];
                (void)snprintf(property, sizeof(property), "action%s", names[i]);
                fixture_set_text(f, property, names[i]);
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(fixture_do(f, rows[i].kind));
                fixture_expect(f, rows[i].commands);
        }
}

static void done_comes_once_with_what_went_wrong(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionban", "ban <ip>");
        fixture_fail(f, 0, "ban", 2);
        assert_int_equal(action_run_start(f->run, ACTION_JOB_BAN, f->ticket), ACTION_RUN_WAITS);
        fixture_answer(f);
        assert_int_equal(f->calls, 0); /* it is tried once more */
        fixture_answer(f);
        assert_int_equal(f->calls, 1);
        assert_true(f->is_failed);
        assert_string_equal(fault_text(action_run_fault(f->run)), "Error banning 192.0.2.1");
        fixture_expect_said(
                f, "Failed to execute ban jail 'J' action 'a' info 'ActionInfo({'ip': '192.0.2.1'");
        assert_true(fixture_do(f, ACTION_JOB_BAN)); /* a failure does not last */
        assert_null(action_run_fault(f->run)->text);
}

static void a_run_that_is_freed_kills_its_command(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionban", "ban");
        assert_int_equal(action_run_start(f->run, ACTION_JOB_BAN, f->ticket), ACTION_RUN_WAITS);
        f->run = action_run_free(f->run);
        assert_null(f->run);
        assert_int_equal(f->cancels, 1);
        assert_int_equal(f->calls, 0);
        assert_null(action_run_free(NULL));
}

static void properties_may_change_while_a_command_runs(void **state) {
        struct fixture *f = *state;
        fixture_set_text(f, "actionstart", "start <x>");
        fixture_set_text(f, "x", "1");
        assert_int_equal(action_run_start(f->run, ACTION_JOB_START, NULL), ACTION_RUN_WAITS);
        fixture_set_text(f, "x", "2");
        fixture_answer(f);
        assert_int_equal(f->calls, 1);
        assert_true(action_state_bits(&f->state, "") & ACTION_STARTED);
        fixture_expect(f, "start 1\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(jobs_without_a_command_are_done_at_once),
                CASE(each_job_runs_its_command),
                CASE(done_comes_once_with_what_went_wrong),
                CASE(a_run_that_is_freed_kills_its_command),
                CASE(properties_may_change_while_a_command_runs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
