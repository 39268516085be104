/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/jails.h"

#include "../../support/server_fixture.h"

static struct jail_entry *add(struct fixture *f, const char *name, const char *backend) {
        struct fault fault = FAULT_INIT;
        struct jail_entry *entry = jails_add(&f->server->jails, slice_of(name), slice_of(backend), &fault);
        fault_done(&fault);
        return entry;
}

static void names_are_unique_and_ids_never_used_again(void **state) {
        struct fixture *f = *state;
        struct jails *jails = &f->server->jails;
        struct jail_entry *a = add(f, "a", "polling");
        struct jail_entry *b = add(f, "b", "auto");
        assert_non_null(a);
        assert_non_null(b);
        assert_null(add(f, "a", "polling"));
        assert_ptr_equal(jails_find(jails, SLICE("b")), b);
        assert_ptr_equal(jails_find_id(jails, a->id), a);
        assert_null(jails_find_id(jails, 99));
        assert_null(jails_find(jails, SLICE("c")));
        assert_true(b->id > a->id);
        assert_string_equal(jail_backend(a->jail), "polling");
        assert_string_equal(jail_backend(b->jail), "pyinotify");
        assert_int_equal(jails_count(jails), 2);
}

static void names_have_bounds(void **state) {
        struct fixture *f = *state;
        char name[JAILS_NAME_MAX + 2];
        memset(name, 'x', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        assert_null(add(f, "", "polling"));
        assert_null(add(f, name, "polling"));
        assert_non_null(add(f, name + 1, "polling"));
        assert_non_null(strstr(fixture_read(f->diag), "might be too long and some commands might not function correctly"));
}

static void a_jail_may_count_the_bans_of_the_others(void **state) {
        struct fixture *f = *state;
        const char *ban[] = {"one", "two", "three"};
        (void)ask(f, "add", "again", "bans", NULL);
        (void)ask(f, "set", "again", "maxretry", "3", NULL);
        (void)ask(f, "start", "again", NULL);
        assert_string_equal(jail_backend(jails_find(&f->server->jails, SLICE("again"))->jail), "bans");
        for (size_t i = 0; i < 3; i++) {
                (void)ask(f, "add", ban[i], "polling", NULL);
                (void)ask(f, "start", ban[i], NULL);
                struct jail *again = jails_find(&f->server->jails, SLICE("again"))->jail;
                assert_false(jail_is_banned(again, SLICE("192.0.2.1")));
                (void)ask(f, "set", ban[i], "banip", "192.0.2.1", NULL);
        }
        struct jail *again = jails_find(&f->server->jails, SLICE("again"))->jail;
        assert_true(jail_is_banned(again, SLICE("192.0.2.1")));
        assert_int_equal(jail_counts(again).failed_total, 3);
}

static unsigned stopped;

static void on_stopped(void *user) {
        struct fixture *f = user;
        stopped++;
        f->answered = true;
}

static void a_stopping_jail_is_not_found_but_keeps_its_name(void **state) {
        struct fixture *f = *state;
        struct jails *jails = &f->server->jails;
        char command[256];
        (void)snprintf(command, sizeof(command), "sleep 0.2; echo stopped >> %s", f->out);
        (void)ask(f, "add", "a", "polling", NULL);
        (void)ask(f, "set", "a", "addaction", "x", NULL);
        (void)ask(f, "set", "a", "action", "x", "actionstop", command, NULL);
        (void)ask(f, "set", "a", "action", "x", "actionstart", "true", NULL);
        (void)ask(f, "start", "a", NULL);
        stopped = 0;
        f->answered = false;
        jails_stop(jails, jails_find(jails, SLICE("a")), JAIL_STOP_ALONE, on_stopped, f);
        assert_null(jails_find(jails, SLICE("a")));
        assert_int_equal(jails_count(jails), 0);
        assert_null(add(f, "a", "polling"));
        assert_true(jails_wait_stopped(jails, SLICE("a"), on_stopped, f));
        assert_int_equal(stopped, 0);
        fixture_wait(f);
        assert_int_equal(stopped, 2);
        assert_string_equal(fixture_read(f->out), "stopped\n");
        assert_false(jails_wait_stopped(jails, SLICE("a"), on_stopped, f));
        assert_non_null(add(f, "a", "polling"));
}

static void a_configuration_is_kept_without_where_it_came_from(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        static const struct value_origin origin = {"f", 1, "s", "o"};
        struct value commands = fixture_stream("add a polling\nstart a", &arena);
        commands.list.items[0].origin = &origin;
        struct jail_entry *entry = add(f, "a", "polling");
        jail_entry_keep_config(entry, &commands);
        assert_true(value_equal(&entry->config, &commands));
        assert_null(entry->config.list.items[0].origin);
        jail_entry_keep_config(entry, &commands);
        arena_done(&arena);
        assert_true(slice_is(value_item_text(&entry->config.list.items[1], 0), "start"));
}

static void iteration_passes_over_those_that_stop(void **state) {
        struct fixture *f = *state;
        size_t position = 0;
        struct jail_entry *a = add(f, "a", "polling");
        struct jail_entry *b = add(f, "b", "polling");
        struct jail_entry *c = add(f, "c", "polling");
        b->stopping = true;
        assert_ptr_equal(jails_next(&f->server->jails, &position), a);
        assert_ptr_equal(jails_next(&f->server->jails, &position), c);
        assert_null(jails_next(&f->server->jails, &position));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(names_are_unique_and_ids_never_used_again, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(names_have_bounds, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_jail_may_count_the_bans_of_the_others, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_stopping_jail_is_not_found_but_keeps_its_name, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_configuration_is_kept_without_where_it_came_from, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(iteration_passes_over_those_that_stop, fixture_set_up, fixture_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
