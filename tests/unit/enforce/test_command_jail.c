/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        if (r == 0)
                (void)ask(*state, "add", "j", "polling", NULL);
        return r;
}

static void idle_is_a_state(void **state) {
        static const struct fixture_case cases[] = {
                {"set j idle on", "True"},
                {"set j idle off", "False"},
                {"set j idle maybe", "Exception(\"Invalid idle option, must be 'on' or 'off'\")"},
        };
        CHECK(*state, cases);
}

static void who_is_ignored(void **state) {
        static const struct fixture_case cases[] = {
                {"get j ignoreself", "True"},
                {"set j ignoreself no", "False"},
                {"get j ignoreip", "[]"},
                {"set j addignoreip 192.0.2.1 10.1.2.3/8", "['10.0.0.0/8', '192.0.2.1']"},
                {"set j delignoreip 10.0.0.0/8", "['192.0.2.1']"},
                {"set j delignoreip 9.9.9.9", "ValueError('list.remove(x): x not in list')"},
                {"set j addignoreip", "['192.0.2.1']"},
                {"get j ignorecommand", "False"},
                {"set j ignorecommand /bin/false", "'/bin/false'"},
                {"set j ignorecache bad", "ValueError('expected option, wrong syntax at 0: bad')"},
                {"set j ignorecache key=\"<ip>\",max-count=5,max-time=1m", "['<ip>', 5, 60]"},
        };
        CHECK(*state, cases);
}

static void times_and_counts(void **state) {
        static const struct fixture_case cases[] = {
                {"get j findtime", "600"},
                {"set j findtime 1.5h", "5400.0"},
                {"set j findtime 900", "900"},
                {"set j findtime x", "NameError(\"name 'x' is not defined\")"},
                {"get j findtime", "900"},
                {"set j bantime 1h~30m", "5400"},
                {"set j bantime -1", "-1"},
                {"set j bantime 1.5h", "5400"},
                {"set j bantime x", "NameError(\"name 'x' is not defined\")"},
                {"set j maxretry 4", "4"},
                {"set j maxretry x", "ValueError(\"invalid literal for int() with base 10: 'x'\")"},
                {"get j maxretry", "4"},
                {"set j maxmatches 7", "7"},
                {"get j maxmatches", "7"},
                {"set j bantime.increment true", "True"},
                {"get j bantime.increment", "True"},
                {"get j banprefix.v4", "None"},
                {"set j banprefix.v4 24", "24"},
                {"get j banprefix.v4", "24"},
                {"get j bantime.nosuch", "None"},
                {"get j bancut", "False"},
                {"set j bancut true", "True"},
                {"get j bancut", "True"},
                {"set j bancut false", "False"},
        };
        CHECK(*state, cases);
}

static void usedns_is_safe(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"get j usedns", "'warn'"},
                {"set j usedns YES", "'yes'"},
                {"set j usedns maybe", "'no'"},
                {"set j usedns raw", "'raw'"},
        };
        CHECK(f, cases);
        assert_non_null(strstr(fixture_read(f->diag), "Incorrect value 'maybe' specified for usedns. Using safe 'no'"));
}

static void growing_bans_need_a_database(void **state) {
        struct fixture *f = *state;
        (void)ask(f, "set", "j", "bantime.increment", "true", NULL);
        assert_non_null(strstr(fixture_read(f->diag), "ban time increment is not available as long jail database is not set"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(idle_is_a_state, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(who_is_ignored, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(times_and_counts, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(usedns_is_safe, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(growing_bans_need_a_database, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
