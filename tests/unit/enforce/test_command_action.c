/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../support/server_fixture.h"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        if (r == 0)
                (void)ask(*state, "add", "j", "polling", NULL);
        return r;
}

static void actions_and_properties_come_and_go(void **state) {
        static const struct fixture_case cases[] = {
                {"get j actions", "[]"},
                {"set j addaction a", "'a'"},
                {"set j addaction a", "ValueError('Action a already exists')"},
                {"get j actions", "['a']"},
                {"set j action a actionban true~<ip>", "'true <ip>'"},
                {"get j action a actionban", "'true <ip>'"},
                {"set j action a own x", "'x'"},
                {"get j action a own", "'x'"},
                {"set j action a timeout 10", "10"},
                {"get j action a nosuch", "AttributeError(\"'CommandAction' object has no attribute 'nosuch'\")"},
                {"get j action nosuch x", "KeyError('Invalid Action name: nosuch')"},
                {"set j action nosuch x y", "KeyError('Invalid Action name: nosuch')"},
                {"set j action a", "IndexError('list index out of range')"},
                {"set j action a own", "IndexError('list index out of range')"},
                {"get j action a", "IndexError('list index out of range')"},
                {"set j delaction a", "None"},
                {"set j delaction a", "KeyError('Invalid Action name: a')"},
                {"get j actions", "[]"},
                {"set j addaction py /nonexistent.py", "IndexError('list index out of range')"},
                {"set j addaction py /nonexistent.py {}", "FileNotFoundError(2, 'No such file or directory')"},
        };
        CHECK(*state, cases);
}

static void properties_and_methods_are_listed(void **state) {
        struct fixture *f = *state;
        (void)ask(f, "set", "j", "addaction", "a", NULL);
        (void)ask(f, "set", "j", "action", "a", "own", "x", NULL);
        assert_non_null(strstr(ask(f, "get", "j", "actionproperties", "a", NULL), "'own'"));
        assert_non_null(strstr(ask(f, "get", "j", "actionmethods", "a", NULL), "'ban'"));
        assert_string_equal(ask(f, "get", "j", "actionmethods", "b", NULL), "KeyError('Invalid Action name: b')");
}

static void methods_are_called(void **state) {
        struct fixture *f = *state;
        char command[256];
        (void)snprintf(command, sizeof(command), "echo started >> %s", f->out);
        (void)ask(f, "set", "j", "addaction", "a", NULL);
        (void)ask(f, "set", "j", "action", "a", "actionstart", command, NULL);
        assert_string_equal(ask(f, "set", "j", "action", "a", "start", NULL), "True");
        assert_string_equal(fixture_read(f->out), "started\n");
}

static void many_properties_are_set_at_once(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value command = fixture_stream("multi-set j action a", &arena).list.items[0];
        struct value pairs = value_list();
        static const char *const texts[][2] = {{"actionban", "true"}, {"port", "22"}};
        for (size_t i = 0; i < 2; i++) {
                struct value pair = value_list();
                value_append(&pair, value_text(texts[i][0]), &arena);
                value_append(&pair, value_text(texts[i][1]), &arena);
                value_append(&pairs, pair, &arena);
        }
        value_append(&command, pairs, &arena);
        (void)ask(f, "set", "j", "addaction", "a", NULL);
        assert_string_equal(fixture_run(f, &command, CALL_ADMIN), "True");
        assert_string_equal(ask(f, "get", "j", "action", "a", "port", NULL), "'22'");
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(actions_and_properties_come_and_go, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(properties_and_methods_are_listed, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(methods_are_called, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(many_properties_are_set_at_once, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
