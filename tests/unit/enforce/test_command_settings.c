/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static void levels_and_targets(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"get loglevel", "'INFO'"},
                {"set loglevel notice", "'NOTICE'"},
                {"set loglevel 20", "'20'"},
                {"set loglevel nosuch", "ValueError(\"Invalid log level 'NOSUCH'\")"},
                {"get loglevel", "'20'"},
                {"set syslogsocket auto", "'auto'"},
                {"get syslogsocket", "'auto'"},
                {"set logtarget /nonexistent/dir/x", "Exception('Failed to change log target')"},
                {"set thread x", "AttributeError(\"'str' object has no attribute 'items'\")"},
                {"get thread", "{'stacksize': 0}"},
                {"set allowipv6 auto", "'auto'"},
                {"set allowipv6 no", "'no'"},
        };
        CHECK(f, cases);
        char path[100];
        fixture_path(path, f, "diag2");
        char wanted[128];
        (void)snprintf(wanted, sizeof(wanted), "'%s'", path);
        assert_string_equal(ask(f, "set", "logtarget", path, NULL), wanted);
        assert_string_equal(ask(f, "get", "logtarget", NULL), wanted);
        assert_false(f->server->has_ipv6);
}

static void without_a_database_its_options_do_nothing(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"get dbfile", "None"},
                {"get dbmaxmatches", "None"},
                {"get dbpurgeage", "None"},
                {"set dbmaxmatches 5", "None"},
                {"set dbpurgeage 1d", "None"},
                {"set dbfile None", "None"},
        };
        CHECK(f, cases);
}

static void the_database_has_options(void **state) {
        struct fixture *f = *state;
        char path[100];
        char wanted[128];
        fixture_path(path, f, "db");
        (void)snprintf(wanted, sizeof(wanted), "'%s'", path);
        assert_string_equal(ask(f, "set", "dbfile", path, NULL), wanted);
        assert_string_equal(ask(f, "get", "dbfile", NULL), wanted);
        static const struct fixture_case cases[] = {
                {"get dbmaxmatches", "10"},
                {"get dbpurgeage", "86400"},
                {"set dbmaxmatches 5", "5"},
                {"set dbmaxmatches x", "ValueError(\"invalid literal for int() with base 10: 'x'\")"},
                {"set dbpurgeage 1d~6h", "108000"},
                {"set dbpurgeage x", "NameError(\"name 'x' is not defined\")"},
                {"add j polling", "'j'"},
                {"set dbfile None", "RuntimeError('Cannot change database when there are jails present')"},
                {"stop j", "None"},
                {"set dbfile None", "None"},
                {"get dbfile", "None"},
        };
        CHECK(f, cases);
}

static void thread_options_are_given_back(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value command = value_list();
        struct value options = value_dict();
        value_dict_put(&options, value_text("stacksize"), value_int(32), &arena);
        value_append(&command, value_text("set"), &arena);
        value_append(&command, value_text("thread"), &arena);
        value_append(&command, options, &arena);
        assert_string_equal(fixture_run(f, &command, CALL_ADMIN), "None");
        assert_string_equal(ask(f, "get", "thread", NULL), "{'stacksize': 32}");
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(levels_and_targets, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(without_a_database_its_options_do_nothing, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(the_database_has_options, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(thread_options_are_given_back, fixture_set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
