/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reload does to jails: those that are named stay, others go, and what is wrong harms nobody. */
#include "../../support/server_fixture.h"

#define FIRST "add a polling\nset a maxretry 7\nset a addfailregex ^x\nadd b polling\nstart a\nstart b"

static int set_up(void **state) {
        int r = fixture_set_up(state);
        return r < 0 ? r : strcmp(fixture_configure(*state, FIRST, NULL, NULL), "None");
}

static bool runs(const struct fixture *f, const char *name) {
        const struct jail_entry *entry = jails_find(&f->server->jails, slice_of(name));
        return entry && jail_is_started(entry->jail) && jail_state(entry->jail) == JAIL_ACTIVE;
}

static void a_reload_takes_changes_and_keeps_bans(void **state) {
        struct fixture *f = *state;
        (void)ask(f, "set", "a", "banip", "192.0.2.1", NULL);
        assert_string_equal(fixture_configure(f, "add a polling\nset a maxretry 5\nstart a\nadd c polling\nstart c", "--all", NULL), "'OK'");
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "5");
        assert_string_equal(ask(f, "get", "a", "failregex", NULL), "[]");
        assert_string_equal(ask(f, "get", "a", "banned", NULL), "['192.0.2.1']");
        assert_string_equal(ask(f, "status", NULL), "[('Number of jail', 2), ('Jail list', 'a, c')]");
        const char *diag = fixture_read(f->diag);
        assert_non_null(strstr(diag, "Reload all jails"));
        assert_non_null(strstr(diag, "Reload jail 'a'"));
        assert_non_null(strstr(diag, "Jail 'a' reloaded"));
        assert_non_null(strstr(diag, "Jail 'b' stopped"));
        assert_non_null(strstr(diag, "Reload finished."));
        assert_true(runs(f, "a"));
}

static void one_jail_can_be_reloaded(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "add a polling\nset a maxretry 5\nstart a", "a", NULL), "'OK'");
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "5");
        assert_true(runs(f, "b"));
        assert_non_null(strstr(fixture_read(f->diag), "Reload jail a"));
}

static void an_unknown_jail_needs_if_exists(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "", "nosuch", NULL), "UnknownJailException('nosuch')");
        assert_string_equal(fixture_configure(f, "", "nosuch", "--if-exists"), "'OK'");
        assert_string_equal(fixture_configure(f, "add n polling\nstart n", "n", "--if-exists"), "'OK'");
        assert_true(runs(f, "n"));
        assert_true(runs(f, "a"));
}

static void a_wrong_jail_keeps_its_former_configuration(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f,
                                    "add a polling\nset a maxretry 5\nset a addfailregex (bad\nstart a\nadd b polling\nset b maxretry 4\nstart b",
                                    "--all", NULL),
                "RegexException(\"Unable to compile '(bad'\")");
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "7");
        assert_string_equal(ask(f, "get", "a", "failregex", NULL), "'^x'");
        assert_string_equal(ask(f, "get", "b", "maxretry", NULL), "4");
        assert_true(runs(f, "a"));
        assert_true(runs(f, "b"));
        assert_non_null(strstr(fixture_read(f->diag), "Jail 'a' keeps its former configuration: Unable to compile '(bad'"));
}

static void a_jail_that_could_not_be_read_keeps_it_too(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        struct value command = fixture_stream("reload --all", &arena).list.items[0];
        struct value stream = value_list();
        struct value error = value_list();
        value_append(&error, value_text("config-error"), &arena);
        value_append(&error, value_text("Jail 'a' skipped, because of wrong configuration: no such filter"), &arena);
        value_append(&stream, error, &arena);
        value_append(&command, value_list(), &arena);
        value_append(&command, stream, &arena);
        assert_string_equal(fixture_run(f, &command, CALL_ADMIN), "'OK'");
        assert_true(runs(f, "a"));
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "7");
        assert_string_equal(ask(f, "status", NULL), "[('Number of jail', 1), ('Jail list', 'a')]");
        arena_done(&arena);
}

static void another_backend_makes_another_jail(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "add a auto\nstart a\nadd b polling\nstart b", "--all", NULL), "'OK'");
        assert_non_null(strstr(fixture_read(f->diag), "Restart jail 'a' (reason: 'polling' != 'auto')"));
        assert_true(runs(f, "a"));
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "3");
}

static void restart_and_unban(void **state) {
        struct fixture *f = *state;
        (void)ask(f, "set", "a", "banip", "192.0.2.1", NULL);
        (void)ask(f, "set", "b", "banip", "192.0.2.1", NULL);
        assert_string_equal(fixture_configure(f, "add a polling\nstart a", "a", "--unban --restart"), "'OK'");
        assert_string_equal(ask(f, "banned", NULL), "[{'b': ['192.0.2.1']}, {'a': []}]");
        assert_non_null(strstr(fixture_read(f->diag), "Jail 'a' stopped"));
}

static void a_wrong_jail_comes_back_after_a_restart(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "add a polling\nset a addfailregex (bad\nstart a", "a", "--restart"),
                "RegexException(\"Unable to compile '(bad'\")");
        assert_true(runs(f, "a"));
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "7");
}

static void what_is_no_list_is_refused(void **state) {
        struct fixture *f = *state;
        assert_string_equal(ask(f, "server-stream", "x", NULL), "TypeError('the stream is no list')");
        assert_string_equal(ask(f, "reload", "--all", "x", "y", NULL), "TypeError('the stream is no list')");
        assert_string_equal(ask(f, "reload", "--all", NULL), "IndexError('list index out of range')");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_reload_takes_changes_and_keeps_bans, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(one_jail_can_be_reloaded, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(an_unknown_jail_needs_if_exists, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_wrong_jail_keeps_its_former_configuration, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_jail_that_could_not_be_read_keeps_it_too, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(another_backend_makes_another_jail, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(restart_and_unban, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_wrong_jail_comes_back_after_a_restart, set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_list_is_refused, set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
