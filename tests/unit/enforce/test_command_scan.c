/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        if (r == 0)
                (void)ask(*state, "add", "j", "polling", NULL);
        return r;
}

static void get_answers_what_the_scanner_said_last(void **state) {
        static const struct fixture_case cases[] = {
                {"get j prefregex", "''"},
                {"set j prefregex ^x", "'^x'"},
                {"get j prefregex", "'^x'"},
                {"get j failregex", "[]"},
                {"set j addfailregex ^y", "'^y'"},
                {"get j failregex", "'^y'"},
                {"set j delfailregex 0", "'0'"},
                {"get j failregex", "'0'"},
                {"set j datepattern EPOCH", "'EPOCH'"},
                {"get j datepattern", "'EPOCH'"},
                {"get j ignoreregex", "[]"},
        };
        CHECK(*state, cases);
}

static void what_the_scanner_refuses_changes_nothing(void **state) {
        static const struct fixture_case cases[] = {
                {"set j prefregex ^x", "'^x'"},
                {"set j prefregex (bad", "RegexException(\"Unable to compile '(bad'\")"},
                {"get j prefregex", "'^x'"},
        };
        CHECK(*state, cases);
}

static void several_regexes_go_at_once(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value command = fixture_stream("multi-set j addfailregex", &arena).list.items[0];
        struct value list = value_list();
        value_append(&list, value_text("^a"), &arena);
        value_append(&list, value_text("^b"), &arena);
        value_append(&command, list, &arena);
        assert_string_equal(fixture_run(f, &command, CALL_ADMIN), "True");
        assert_string_equal(ask(f, "get", "j", "failregex", NULL), "'^a'");
        arena_done(&arena);
}

static void journal_matches_of_a_file_jail_are_forgotten(void **state) {
        static const struct fixture_case cases[] = {
                {"set j addjournalmatch _COMM=x", "[]"},
                {"set j deljournalmatch _COMM=x", "[]"},
                {"get j journalmatch", "[]"},
        };
        CHECK(*state, cases);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(get_answers_what_the_scanner_said_last, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(what_the_scanner_refuses_changes_nothing, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(several_regexes_go_at_once, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(journal_matches_of_a_file_jail_are_forgotten, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
