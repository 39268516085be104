/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/stream.h"

#include "../../support/server_fixture.h"

static void all_jails_of_a_stream_start(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f,
                                    "set loglevel DEBUG\nadd a polling\nset a maxretry 7\nset a addfailregex ^x\nadd b polling\nstart a\nstart b",
                                    NULL, NULL),
                "None");
        assert_string_equal(ask(f, "get", "loglevel", NULL), "'DEBUG'");
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "7");
        assert_string_equal(ask(f, "get", "a", "failregex", NULL), "'^x'");
        assert_true(jail_is_started(jails_find(&f->server->jails, SLICE("a"))->jail));
        assert_true(jail_is_started(jails_find(&f->server->jails, SLICE("b"))->jail));
}

static void an_error_costs_its_jail_only(void **state) {
        struct fixture *f = *state;
        assert_string_equal(
                fixture_configure(f,
                        "add a polling\nset a addfailregex (bad\nset a maxretry 9\nadd b polling\nset b nosuch 1\nadd c polling\n"
                        "start a\nstart b\nstart c",
                        NULL, NULL),
                "RegexException(\"Unable to compile '(bad'\")");
        assert_false(jail_is_started(jails_find(&f->server->jails, SLICE("a"))->jail));
        assert_false(jail_is_started(jails_find(&f->server->jails, SLICE("b"))->jail));
        assert_true(jail_is_started(jails_find(&f->server->jails, SLICE("c"))->jail));
        const char *diag = fixture_read(f->diag);
        assert_non_null(strstr(diag, "Jail 'a' is not started: Unable to compile '(bad'"));
        assert_non_null(strstr(diag, "Jail 'b' is not started: Invalid command 'nosuch'"));
}

static void an_error_says_where_it_was_written(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        static const struct value_origin origin = {"/etc/x.conf", 12, "a", "failregex"};
        struct value command = value_list();
        struct value stream = fixture_stream("add a polling\nset a addfailregex (bad\nstart a", &arena);
        stream.list.items[1].list.items[3].origin = &origin;
        value_append(&command, value_text("server-stream"), &arena);
        value_append(&command, stream, &arena);
        (void)fixture_run(f, &command, CALL_ADMIN);
        assert_non_null(strstr(fixture_read(f->diag), "is not started: Unable to compile '(bad' (/etc/x.conf:12)"));
        arena_done(&arena);
}

static void a_jail_can_be_stopped_and_added_again_within(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "add a polling\nstart a\nstop a\nadd a polling\nset a maxretry 2\nstart a", NULL, NULL), "None");
        assert_string_equal(ask(f, "get", "a", "maxretry", NULL), "2");
}

static void streams_do_not_nest(void **state) {
        struct fixture *f = *state;
        assert_string_equal(fixture_configure(f, "server-stream x", NULL, NULL), "Exception('Invalid command')");
}

static void an_empty_stream_is_done(void **state) {
        assert_string_equal(fixture_configure(*state, "", NULL, NULL), "None");
}

struct turns {
        unsigned count;
};

static void on_turn(void *user) {
        struct turns *turns = user;
        turns->count++;
}

static void one_stream_at_a_time(void **state) {
        (void)state;
        struct stream_queue queue = {0};
        struct turns turns = {0};
        assert_int_equal(stream_queue_enter(&queue, on_turn, &turns), 0);
        assert_int_equal(turns.count, 1);
        for (int i = 0; i < STREAM_WAITING_MAX; i++)
                assert_int_equal(stream_queue_enter(&queue, on_turn, &turns), 0);
        assert_int_equal(stream_queue_enter(&queue, on_turn, &turns), -EBUSY);
        assert_int_equal(turns.count, 1);
        stream_queue_leave(&queue);
        assert_int_equal(turns.count, 2);
        stream_queue_leave(&queue);
        assert_int_equal(turns.count, 3);
        stream_queue_done(&queue);
        assert_false(queue.busy);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(all_jails_of_a_stream_start, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(an_error_costs_its_jail_only, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(an_error_says_where_it_was_written, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(a_jail_can_be_stopped_and_added_again_within, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(streams_do_not_nest, fixture_set_up, fixture_tear_down),
                cmocka_unit_test_setup_teardown(an_empty_stream_is_done, fixture_set_up, fixture_tear_down),
                cmocka_unit_test(one_stream_at_a_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
