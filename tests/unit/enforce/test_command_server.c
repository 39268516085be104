/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"
#include "build_config.h"

static void simple_questions(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"ping", "'pong'"},
                {"ping 100", "'pong'"},
                {"echo a b~c", "['a', 'b c']"},
                {"echo", "[]"},
                {"server-status", "'Server ready'"},
                {"sleep 0.01", "None"},
                {"sleep x", "ValueError(\"could not convert string to float: 'x'\")"},
                {"sleep -1", "ValueError('sleep length must be non-negative and at most 86400')"},
                {"flushlogs", "'rolled over'"},
        };
        CHECK(f, cases);
        assert_non_null(strstr(ask(f, "version", NULL), "'1.1.1+stockade"));
}

static void a_config_error_is_logged(void **state) {
        struct fixture *f = *state;
        assert_string_equal(ask(f, "config-error", "just a test", NULL), "None");
        assert_non_null(strstr(fixture_read(f->diag), "ERROR   just a test"));
}

static void jails_come_and_go(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"add j polling", "'j'"},
                {"add j polling", "DuplicateJailException('j')"},
                {"add --all polling", "Exception(\"Reserved name '--all'\")"},
                {"add k nosuch", "ValueError(\"Unknown backend nosuch. Must be among ['pyinotify', 'polling', 'systemd'] or 'auto'\")"},
                {"add k", "'k'"},
                {"start j", "None"},
                {"start j", "None"},
                {"start nosuch", "UnknownJailException('nosuch')"},
                {"stop nosuch", "UnknownJailException('nosuch')"},
                {"stop j", "None"},
                {"status j", "UnknownJailException('j')"},
                {"add j polling", "'j'"},
                {"stop --all", "None"},
                {"status", "[('Number of jail', 0), ('Jail list', '')]"},
        };
        CHECK(f, cases);
}

/* Without support for it, or, with it, where its options are wrong. */
static void the_journal_is_refused_with_a_reason(void **state) {
        struct fixture *f = *state;
        assert_string_equal(ask(f, "add", "j", HAVE_JOURNAL ? "systemd[nosuch=1]" : "systemd[journalflags=1]", NULL),
                "RuntimeError(\"Failed to initialize any backend for Jail 'j'\")");
        assert_non_null(strstr(fixture_read(f->diag), "Backend 'systemd' failed to initialize"));
}

static void a_sleep_does_not_outlive_the_server(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value command = value_list();
        value_append(&command, value_text("sleep"), &arena);
        value_append(&command, value_text("60"), &arena);
        f->answered = false;
        server_command(f->server, &command, fixture_on_done, f);
        (void)loop_step(f->loop, 0);
        assert_false(f->answered);
        f->server = server_free(f->server);
        (void)loop_step(f->loop, 0);
        assert_false(f->answered);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(simple_questions, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_config_error_is_logged, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(jails_come_and_go, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(the_journal_is_refused_with_a_reason, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_sleep_does_not_outlive_the_server, fixture_set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
