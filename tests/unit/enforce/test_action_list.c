/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions among real shells: each command writes a line into a file, whose lines are compared. */
#include "enforce/action.h"

#include <fcntl.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "enforce/resolver.h"

void resolver_ask_name(
        struct resolver *resolver, const struct address *address, resolver_name *done, void *user) {
        (void)resolver;
        (void)address;
        done(user, SLICE("host.example"));
}

void resolver_forget(struct resolver *resolver, void *user) {
        (void)resolver;
        (void)user;
}

struct fixture {
        struct loop *loop;
        struct clock clock;
        struct runner *runner;
        struct action_list *list;
        char folder[64];
        char out[96];
        struct buffer diags;
        unsigned calls, failed;
};

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        (void)level;
        (void)logger;
        (void)buffer_append(&f->diags, text);
        (void)buffer_append(&f->diags, SLICE("\n"));
}

static bool info_tag(void *user, const struct ticket *ticket, struct slice tag, struct arena *arena,
        struct slice *ret) {
        (void)user;
        (void)ticket;
        (void)arena;
        if (!slice_is(tag, "bantime"))
                return false;
        *ret = SLICE("600");
        return true;
}

static const struct action_info_ops info_ops = {info_tag, NULL};

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        f->loop = loop_new();
        f->clock = CLOCK_INIT;
        f->diags = BUFFER_INIT(1 << 20);
        f->runner = runner_new(f->loop, &f->clock);
        struct action_env env = {.loop = f->loop,
                .clock = &f->clock,
                .runner = f->runner,
                .info = &info_ops,
                .has_ipv6 = true};
        f->list = action_list_new(&env, SLICE("J"));
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test-action-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->out, sizeof(f->out), "%s/out", f->folder);
        diag_set_sink(on_diag, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *f = *state;
        (void)action_list_free(f->list);
        (void)runner_free(f->runner);
        (void)loop_free(f->loop);
        diag_set_sink(NULL, NULL);
        buffer_done(&f->diags);
        (void)unlink(f->out);
        (void)rmdir(f->folder);
        free(f);
        return 0;
}

static void set_value(
        struct fixture *f, const char *action, const char *property, struct value value) {
        struct arena arena = ARENA_INIT;
        struct value ret;
        struct action *found = action_list_find(f->list, slice_of(action), NULL);
        assert_non_null(found);
        assert_int_equal(action_set(found, slice_of(property), &value, &arena, &ret, NULL), 0);
        arena_done(&arena);
}

static void set(struct fixture *f, const char *action, const char *property, const char *text) {
        set_value(f, action, property, value_text(text));
}

/* An action whose commands say their name, the family and what for. */
static void add(struct fixture *f, const char *name) {
        static const char *const commands[] = {"start", "stop", "ban", "unban", "flush", "reload"};
        assert_int_equal(action_list_add(f->list, slice_of(name), NULL), 0);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                char property[32], text[256];
                (void)snprintf(property, sizeof(property), "action%s", commands[i]);
                (void)snprintf(text, sizeof(text), "echo %s %s '<family>' \"<ip>\" >><out>", name,
                        commands[i]);
                set(f, name, property, text);
        }
        set(f, name, "actionflush", "");
        set(f, name, "out", f->out);
}

static void on_done(void *user, unsigned failed) {
        struct fixture *f = user;
        f->calls++;
        f->failed += failed;
}

static void wait_for(struct fixture *f, unsigned calls) {
        for (int i = 0; i < 20000 && f->calls < calls; i++)
                assert_int_equal(loop_step(f->loop, 20000), 0);
        assert_int_equal(f->calls, calls);
}

static struct ticket *new_ticket(const char *id) {
        struct address address;
        (void)address_parse(slice_of(id), &address);
        return ticket_new(slice_of(id), &address, 1000.5);
}

static void assert_lines(struct fixture *f, const char *expected) {
        char text[4096] = "";
        int fd = open(f->out, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                assert_true(read(fd, text, sizeof(text) - 1) >= 0);
                (void)close(fd);
        }
        (void)unlink(f->out);
        assert_string_equal(text, expected);
}

static void assert_said(struct fixture *f, const char *text) {
        if (slice_find(buffer_view(&f->diags), slice_of(text), 0) == buffer_len(&f->diags))
                fail_msg("not said: %s\nbut: %.*s", text, SLICE_ARG(buffer_view(&f->diags)));
}

static void actions_start_in_order_and_stop_in_reverse(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        add(f, "b");
        action_list_start(f->list, on_done, f);
        wait_for(f, 1);
        assert_lines(f, "a start  \nb start  \n");
        struct ticket *ticket = new_ticket("192.0.2.1");
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 2);
        assert_lines(f, "a ban inet4 192.0.2.1\nb ban inet4 192.0.2.1\n");
        action_list_stop(f->list, ACTION_STOP_ALONE, &ticket, 1, on_done, f);
        wait_for(f, 3);
        /* started for "" and, by the ban, for inet4: <family> makes the commands differ */
        assert_lines(f, "a unban inet4 192.0.2.1\nb unban inet4 192.0.2.1\nb stop  \nb stop inet4 "
                        "\na stop  \na stop inet4 \n");
        assert_int_equal(f->failed, 0);
        (void)ticket_unref(ticket);
}

static void what_is_kept_outlives_the_server_only(void **state) {
        static const struct {
                enum action_stop how;
                const char *keep, *lines;
        } rows[] = {
                {ACTION_STOP_SERVER, "true",  ""                                                  },
                {ACTION_STOP_SERVER, "false", "a unban inet4 192.0.2.1\na stop  \na stop inet4 \n"},
                {ACTION_STOP_ALONE,  "true",  "a unban inet4 192.0.2.1\na stop  \na stop inet4 \n"},
        };
        struct fixture *f = *state;
        struct ticket *ticket = new_ticket("192.0.2.1");
        add(f, "a");
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                action_list_start(f->list, on_done, f);
                action_list_ban(f->list, ticket, on_done, f);
                wait_for(f, i * 3 + 2);
                (void)unlink(f->out);
                set(f, "a", "keeponstop", rows[i].keep);
                action_list_stop(f->list, rows[i].how, &ticket, 1, on_done, f);
                wait_for(f, i * 3 + 3);
                assert_lines(f, rows[i].lines);
        }
        (void)ticket_unref(ticket);
}

static void ends_are_followed_where_the_kernel_has_them(void **state) {
        struct fixture *f = *state;
        struct ticket *ticket = new_ticket("192.0.2.1");
        add(f, "a");
        add(f, "b");
        set(f, "a", "actionprolong", "echo a prolong >><out>");
        set(f, "b", "actionprolong", "echo b prolong >><out>");
        assert_false(action_list_follows_ends(f->list));
        set(f, "b", "actionban", "true '<nft-timeout>'");
        assert_true(action_list_follows_ends(f->list));
        action_list_end_moved(f->list, ticket);
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 1);
        assert_lines(f, "b prolong\na ban inet4 192.0.2.1\n");
        (void)ticket_unref(ticket);
}

static void conditional_actions_start_with_the_first_ban_of_a_family(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        set(f, "a", "x?family=inet6", "6");
        action_list_start(f->list, on_done, f);
        struct ticket *four = new_ticket("192.0.2.1"), *six = new_ticket("2001:db8::1");
        action_list_unban(f->list, four, on_done, f);
        action_list_ban(f->list, six, on_done, f);
        action_list_ban(f->list, four, on_done, f);
        action_list_unban(f->list, six, on_done, f);
        wait_for(f, 5);
        assert_lines(f, "a start inet6 \na ban inet6 2001:db8::1\na start inet4 \na ban inet4 "
                        "192.0.2.1\na unban inet6 2001:db8::1\n");
        (void)ticket_unref(four);
        (void)ticket_unref(six);
}

static void same_commands_of_two_families_run_once(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        set(f, "a", "x?family=inet6", "6");
        set_value(f, "a", "actionstart_on_demand", value_bool(false));
        set(f, "a", "actionstart", "echo start >><out>");
        set(f, "a", "actionflush", "echo flush >><out>");
        set(f, "a", "actionstop", "echo stop >><out>");
        struct ticket *four = new_ticket("192.0.2.1"), *six = new_ticket("2001:db8::1");
        action_list_start(f->list, on_done, f);
        for (unsigned i = 0; i < 2; i++) { /* the second flush is needed as much as the first */
                action_list_ban(f->list, four, on_done, f);
                action_list_ban(f->list, six, on_done, f);
                action_list_flush(f->list, NULL, 0, on_done, f);
        }
        action_list_stop(f->list, ACTION_STOP_ALONE, NULL, 0, on_done, f);
        wait_for(f, 8);
        assert_lines(f, "start\na ban inet4 192.0.2.1\na ban inet6 2001:db8::1\nflush\n"
                        "a ban inet4 192.0.2.1\na ban inet6 2001:db8::1\nflush\nstop\n");
        assert_said(f, "[J] Flush ticket(s) with a");
        (void)ticket_unref(four);
        (void)ticket_unref(six);
}

static void failed_commands_are_tried_twice_and_told(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        set(f, "a", "actionban", "echo try <ip> >><out>; exit 3");
        add(f, "b");
        struct ticket *ticket = new_ticket("192.0.2.1");
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 1);
        assert_lines(f, "try 192.0.2.1\ntry 192.0.2.1\nb ban inet4 192.0.2.1\n");
        assert_int_equal(f->failed, 1);
        assert_said(f, "Failed to execute ban jail 'J' action 'a' info 'ActionInfo({'ip': "
                       "'192.0.2.1', 'family': 'inet4', ");
        assert_said(f, "})': Error banning 192.0.2.1");
        assert_said(f, " -- returned 3");
        (void)ticket_unref(ticket);
}

static void broken_environments_are_repaired(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        set(f, "a", "flag", f->folder);
        set(f, "a", "actioncheck", "test -e <flag>/ok");
        set(f, "a", "actionstart", "touch <flag>/ok; echo start >><out>");
        set(f, "a", "actionban", "test -e <flag>/ok && echo ban >><out>");
        set(f, "a", "actionunban", "test -e <flag>/ok && echo unban >><out>");
        struct ticket *ticket = new_ticket("192.0.2.1");
        char flag[96];
        (void)snprintf(flag, sizeof(flag), "%s/ok", f->folder);
        action_list_start(f->list, on_done, f);
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 2);
        assert_int_equal(action_list_epoch(f->list), 0);
        (void)unlink(flag);
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 3);
        assert_lines(f, "start\nban\na stop inet4 \nstart\nban\n");
        assert_int_equal(f->failed, 0);
        assert_int_equal(action_list_epoch(f->list), 1);
        assert_int_equal(ticket->ban_epoch, 1);
        add(f, "b");
        action_list_say_reban(f->list, ticket);
        assert_said(f, "[J] Reban 192.0.2.1\n"); /* by all, as nobody is newer */
        ticket->ban_epoch = 0;
        action_list_say_reban(f->list, ticket);
        assert_said(f, "[J] Reban 192.0.2.1, action 'a'\n");
        ticket->ban_epoch = 1;
        assert_int_equal(action_list_del(f->list, SLICE("b"), NULL), 0);
        assert_said(f, "Invariant check failed. Trying to restore a sane environment");
        (void)unlink(flag);
        action_list_unban(f->list, ticket, on_done, f);
        wait_for(f, 4);
        assert_int_equal(f->failed, 1);
        assert_said(f, "Invariant check failed. Unban is impossible.");
        assert_said(f, "Error unbanning 192.0.2.1");
        (void)unlink(flag);
        (void)ticket_unref(ticket);
}

static void start_failures_name_the_jail(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        set(f, "a", "actionstart", "false");
        action_list_start(f->list, on_done, f);
        wait_for(f, 1);
        assert_int_equal(f->failed, 1);
        assert_said(f, "Failed to start jail 'J' action 'a': Error starting action Jail('J')/a: "
                       "'Script error'");
}

static void restored_tickets_are_skipped_where_the_action_says_so(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        add(f, "b");
        set_value(f, "a", "norestored", value_bool(true));
        struct ticket *ticket = new_ticket("192.0.2.1");
        ticket->restored = true;
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 1);
        assert_lines(f, "b ban inet4 192.0.2.1\n");
        (void)ticket_unref(ticket);
}

static void slow_actions_hold_up_only_themselves(void **state) {
        struct fixture *f = *state;
        add(f, "slow");
        set(f, "slow", "actionban",
                "until [ $(grep -c quick <out>) = 2 ]; do sleep 0.05; done; echo slow <ip> "
                ">><out>");
        add(f, "quick");
        struct ticket *one = new_ticket("192.0.2.1"), *two = new_ticket("192.0.2.2");
        action_list_ban(f->list, one, on_done, f);
        action_list_ban(f->list, two, on_done, f);
        wait_for(f, 2);
        assert_lines(f, "quick ban inet4 192.0.2.1\nquick ban inet4 192.0.2.2\nslow "
                        "192.0.2.1\nslow 192.0.2.2\n");
        (void)ticket_unref(one);
        (void)ticket_unref(two);
}

static void reload_keeps_new_actions_and_removes_those_not_named(void **state) {
        struct fixture *f = *state;
        struct arena arena = ARENA_INIT;
        add(f, "a");
        add(f, "b");
        struct ticket *ticket = new_ticket("192.0.2.1");
        action_list_start(f->list, on_done, f);
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 2);
        (void)unlink(f->out);
        action_list_reload_begin(f->list);
        add(f, "a");
        add(f, "c");
        add(f, "d");
        set_value(f, "d", "norestored", value_bool(true));
        action_list_reload_end(f->list, &ticket, 1, on_done, f);
        wait_for(f, 3);
        assert_lines(f,
                "a reload  \na reload inet4 \nc start  \nc ban inet4 192.0.2.1\nd start  \nb unban "
                "inet4 192.0.2.1\nb stop  \nb stop inet4 \n");
        struct value names = action_list_names(f->list, &arena);
        assert_int_equal(names.list.count, 3);
        assert_true(slice_is(value_item_text(&names, 1), "c"));
        arena_done(&arena);
        (void)ticket_unref(ticket);
}

static void on_done_free(void *user, unsigned failed) {
        struct fixture *f = user;
        on_done(user, failed);
        f->list = action_list_free(f->list);
}

static void lists_may_be_freed_by_a_callback(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        struct ticket *ticket = new_ticket("192.0.2.1");
        action_list_start(f->list, on_done_free, f);
        action_list_ban(f->list, ticket, on_done, f);
        wait_for(f, 1);
        assert_null(f->list);
        (void)ticket_unref(ticket);
}

static void unknown_names_are_key_errors(void **state) {
        struct fixture *f = *state;
        struct fault fault = FAULT_INIT;
        add(f, "a");
        assert_true(action_list_add(f->list, SLICE("a"), &fault) < 0);
        assert_string_equal(fault_text(&fault), "Action a already exists");
        assert_true(action_list_del(f->list, SLICE("x"), &fault) < 0);
        assert_string_equal(fault.kind, "KeyError");
        assert_string_equal(fault_text(&fault), "Invalid Action name: x");
        assert_true(action_list_add_python(
                            f->list, SLICE("p"), SLICE("/x.py"), SLICE("{}"), &fault) < 0);
        assert_int_equal(action_list_del(f->list, SLICE("a"), &fault), 0);
        fault_done(&fault);
}

static void matches_are_wanted_only_if_a_command_uses_them(void **state) {
        struct fixture *f = *state;
        add(f, "a");
        assert_false(action_list_wants_matches(f->list));
        assert_false(action_list_can_prolong(f->list));
        set(f, "a", "actionban", "echo \"<matches>\"");
        set(f, "a", "actionprolong", "true");
        assert_true(action_list_wants_matches(f->list));
        assert_true(action_list_can_prolong(f->list));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                CASE(actions_start_in_order_and_stop_in_reverse),
                CASE(what_is_kept_outlives_the_server_only),
                CASE(ends_are_followed_where_the_kernel_has_them),
                CASE(conditional_actions_start_with_the_first_ban_of_a_family),
                CASE(same_commands_of_two_families_run_once),
                CASE(failed_commands_are_tried_twice_and_told),
                CASE(broken_environments_are_repaired),
                CASE(start_failures_name_the_jail),
                CASE(restored_tickets_are_skipped_where_the_action_says_so),
                CASE(slow_actions_hold_up_only_themselves),
                CASE(reload_keeps_new_actions_and_removes_those_not_named),
                CASE(lists_may_be_freed_by_a_callback),
                CASE(unknown_names_are_key_errors),
                CASE(matches_are_wanted_only_if_a_command_uses_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
