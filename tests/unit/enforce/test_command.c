/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/command.h"

#include "../../support/server_fixture.h"

static void errors_come_in_upstreams_order(void **state) {
        struct fixture *f = *state;
        static const struct fixture_case cases[] = {
                {"nosuch", "Exception('Invalid command')"},
                {"get", "IndexError('list index out of range')"},
                {"set", "IndexError('list index out of range')"},
                {"add", "IndexError('list index out of range')"},
                {"get nosuch", "IndexError('list index out of range')"},
                {"get nosuch maxretry", "UnknownJailException('nosuch')"},
                {"set nosuch maxretry 1", "UnknownJailException('nosuch')"},
                {"set nosuch maxretry", "IndexError('list index out of range')"},
                {"get nosuch nonsense", "Exception('Invalid command (no get action or not yet implemented)')"},
                {"set nosuch nonsense 1", "Exception(\"Invalid command 'nonsense' (no set action or not yet implemented)\")"},
                {"set loglevel", "IndexError('list index out of range')"},
        };
        CHECK(f, cases);
}

static void what_is_no_list_of_words_is_refused(void **state) {
        struct fixture *f = *state;
        struct value text = value_text("ping");
        struct value empty = value_list();
        struct value dict = value_dict();
        assert_string_equal(fixture_run(f, &text, CALL_ADMIN), "Exception('Invalid command')");
        assert_string_equal(fixture_run(f, &dict, CALL_ADMIN), "Exception('Invalid command')");
        assert_string_equal(fixture_run(f, &empty, CALL_ADMIN), "IndexError('list index out of range')");
}

static void readers_may_only_look(void **state) {
        struct fixture *f = *state;
        static const char *const allowed[] = {"ping", "version", "status", "stats", "banned"};
        static const char *const forbidden[] = {"stop", "flushlogs", "sleep", "unban", "reload", "server-stream", "echo"};
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
                struct value command = value_list();
                value_append(&command, value_text(allowed[i]), &arena);
                (void)fixture_run(f, &command, CALL_READER);
                assert_false(f->failed);
        }
        for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
                struct value command = value_list();
                value_append(&command, value_text(forbidden[i]), &arena);
                assert_non_null(strstr(fixture_run(f, &command, CALL_READER), "PermissionError("));
        }
        (void)ask(f, "add", "j", "polling", NULL);
        struct value set = value_list();
        struct value get = value_list();
        static const char *const words[] = {"set", "j", "maxretry", "1"};
        for (size_t i = 0; i < 4; i++)
                value_append(&set, value_text(words[i]), &arena);
        assert_non_null(strstr(fixture_run(f, &set, CALL_READER), "PermissionError("));
        value_append(&get, value_text("get"), &arena);
        value_append(&get, value_text("j"), &arena);
        value_append(&get, value_text("maxretry"), &arena);
        assert_string_equal(fixture_run(f, &get, CALL_READER), "3");
        arena_done(&arena);
}

static void commands_know_their_jail(void **state) {
        (void)state;
        static const struct {
                const char *line, *jail;
        } cases[] = {
                {"add j polling", "j"},
                {"start j", "j"},
                {"stop j", "j"},
                {"stop --all", ""},
                {"stop", ""},
                {"set j maxretry 1", "j"},
                {"multi-set j addfailregex x", "j"},
                {"get j maxretry", "j"},
                {"set loglevel INFO", ""},
                {"get loglevel", ""},
                {"status j", ""},
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct value stream = fixture_stream(cases[i].line, &arena);
                assert_true(slice_is(command_jail(&stream.list.items[0]), cases[i].jail));
        }
        arena_done(&arena);
}

static void every_row_has_a_handler_and_a_word_of_its_own(void **state) {
        (void)state;
        static const struct command rows[] = {
#define COMMAND(scope, word, words, role, handler, doc) {COMMAND_##scope, word, words, CALL_##role, handler},
#include "enforce/commands.def"
#undef COMMAND
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct command *found = command_find(rows[i].scope, slice_of(rows[i].word));
                assert_non_null(found);
                assert_string_equal(found->word, rows[i].word);
                assert_ptr_equal(found->handler, rows[i].handler);
        }
        assert_null(command_find(COMMAND_TOP, SLICE("bantime.x")));
        assert_non_null(command_find(COMMAND_JAIL_SET, SLICE("bantime.x")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(errors_come_in_upstreams_order, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_list_of_words_is_refused, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(readers_may_only_look, fixture_set_up, fixture_tear_down),
                cmocka_unit_test(commands_know_their_jail),
                cmocka_unit_test(every_row_has_a_handler_and_a_word_of_its_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
