/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

#define FILTER "('Filter', [('Currently failed', 0), ('Total failed', 0), ('File list', [])])"
#define NONE_BANNED "('Currently banned', 0), ('Total banned', 0)"
#define STATUS "[" FILTER ", ('Actions', [" NONE_BANNED ", ('Banned IP list', [])])]"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        if (r < 0)
                return r;
        (void)ask(*state, "add", "zz", "polling", NULL);
        (void)ask(*state, "add", "aa", "auto", NULL);
        return 0;
}

static void jails_are_listed_by_name(void **state) {
        static const struct fixture_case cases[] = {
                {"status", "[('Number of jail', 2), ('Jail list', 'aa, zz')]"},
                {"stats", "{'aa': ['pyinotify', (0, 0), (0, 0)], 'zz': ['polling', (0, 0), (0, 0)]}"},
                {"statistics", "{'aa': ['pyinotify', (0, 0), (0, 0)], 'zz': ['polling', (0, 0), (0, 0)]}"},
                {"status --all", "[('Number of jail', 2), ('Jail list', 'aa, zz'), {'aa': " STATUS ", 'zz': " STATUS "}]"},
                {"status --all stats", "{'aa': ['pyinotify', (0, 0), (0, 0)], 'zz': ['polling', (0, 0), (0, 0)]}"},
        };
        CHECK(*state, cases);
}

static void a_jail_has_flavors(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"status aa", STATUS},
                {"status aa basic", STATUS},
                {"status aa short", "[" FILTER ", ('Actions', [" NONE_BANNED "])]"},
                {"status aa stats", "['pyinotify', (0, 0), (0, 0)]"},
                {"status aa foo", STATUS},
                {"status aa stockade", "[" FILTER ", ('Actions', [" NONE_BANNED ", ('Banned IP list', []), ('Enforced', [])])]"},
                {"status aa basic more", "Exception('Invalid command (no status)')"},
                {"status nosuch", "UnknownJailException('nosuch')"},
        };
        CHECK(f, cases);
        assert_non_null(strstr(fixture_read(f->diag), "Unsupported extended jail status flavor 'foo'. Supported: ['short', "));
        char *path = strdup(getenv("PATH"));
        assert_int_equal(setenv("PATH", "/nonexistent", 1), 0); /* no dig */
        assert_non_null(strstr(ask(f, "status", "aa", "cymru", NULL), "('Banned RIR list', ['error'])"));
        const char *all = ask(f, "status", "--all", "cymru", NULL);
        assert_non_null(strstr(all, "[('Number of jail', 2), ('Jail list', 'aa, zz'), {'aa': [" FILTER));
        assert_non_null(strstr(all, "('Banned RIR list', ['error'])])], 'zz': [" FILTER));
        assert_int_equal(setenv("PATH", path, 1), 0);
        free(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(jails_are_listed_by_name, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_jail_has_flavors, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
