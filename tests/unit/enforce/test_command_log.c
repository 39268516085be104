/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        if (r == 0)
                (void)ask(*state, "add", "j", "polling", NULL);
        return r;
}

static void logs_are_listed_and_left(void **state) {
        struct fixture *f = *state;
        char wanted[128];
        (void)snprintf(wanted, sizeof(wanted), "['%s']", f->log);
        assert_string_equal(ask(f, "get", "j", "logpath", NULL), "[]");
        assert_string_equal(ask(f, "set", "j", "addlogpath", f->log, NULL), wanted);
        assert_string_equal(ask(f, "set", "j", "addlogpath", f->log, "tail", NULL), wanted);
        assert_non_null(strstr(fixture_read(f->diag), "already exists"));
        assert_string_equal(ask(f, "get", "j", "logpath", NULL), wanted);
        assert_string_equal(ask(f, "set", "j", "dellogpath", "/nosuch", NULL), wanted);
        assert_string_equal(ask(f, "set", "j", "dellogpath", f->log, NULL), "[]");
}

static void words_behind_the_path_are_checked(void **state) {
        struct fixture *f = *state;
        assert_string_equal(
                ask(f, "set", "j", "addlogpath", f->log, "middle", NULL), "ValueError(\"File option must be 'head' or 'tail'\")");
        assert_string_equal(ask(f, "set", "j", "addlogpath", f->log, "head", "x", NULL),
                "ValueError('Only one file can be added at a time')");
        assert_string_equal(ask(f, "get", "j", "logpath", NULL), "[]");
}

static void a_client_is_told_that_a_log_is_missing(void **state) {
        struct fixture *f = *state;
        char path[100];
        fixture_path(path, f, "log2");
        assert_string_equal(
                ask(f, "set", "j", "addlogpath", path, NULL), "FileNotFoundError(2, 'No such file or directory')");
        assert_string_equal(ask(f, "get", "j", "logpath", NULL), "[]");
}

static void a_configuration_waits_for_a_missing_log(void **state) {
        struct fixture *f = *state;
        char path[100];
        char stream[256];
        fixture_path(path, f, "log2");
        (void)snprintf(stream, sizeof(stream), "add k polling\nset k addlogpath %s head\nstart k", path);
        assert_string_equal(fixture_configure(f, stream, NULL, NULL), "None");
        assert_non_null(strstr(fixture_read(f->diag), "Jail 'k' waits for log file"));
        assert_non_null(strstr(ask(f, "get", "k", "logpath", NULL), path));
        fixture_append(path, "fail 192.0.2.7\nfail 192.0.2.7\nfail 192.0.2.7\n");
        fixture_await(f, f->diag, "[k] Ban 192.0.2.7");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(logs_are_listed_and_left, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(words_behind_the_path_are_checked, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_client_is_told_that_a_log_is_missing, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_configuration_waits_for_a_missing_log, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
