/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ignore.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/repr.h"
#include "enforce/own_addresses.h"
#include "support/fake_enforce.h"

static struct ignore *make(void) {
        fake_begin(1700000000);
        struct ignore_env env = {.loop = fake.loop,
                .clock = &fake.clock,
                .resolver = (struct resolver *)(void *)&fake,
                .jail = "j"};
        return ignore_new(&env);
}

static void end(struct ignore *ignore) {
        assert_null(ignore_free(ignore));
        fake_end();
}

static char answer[256];
static unsigned answers;

static void on_done(void *user, struct ticket *ticket, const char *source) {
        (void)user;
        (void)ticket;
        answers++;
        (void)snprintf(answer, sizeof(answer), "%s", source ? source : "no");
}

/* What is decided at once, or "later". */
static const char *check(struct ignore *ignore, const char *id) {
        struct address address;
        bool is_address = address_parse(slice_of(id), &address) == 0;
        struct ticket *ticket = ticket_new(slice_of(id), is_address ? &address : NULL, 1700000000);
        (void)snprintf(answer, sizeof(answer), "later");
        ignore_check(ignore, ticket, on_done, NULL);
        (void)ticket_unref(ticket);
        return answer;
}

static void add(struct ignore *ignore, const char *word) {
        assert_int_equal(ignore_add(ignore, slice_of(word), NULL), 0);
}

static void addresses_and_nets_are_ignored(void **state) {
        static const struct {
                const char *id, *answer;
        } rows[] = {
                {"192.0.2.1",   "ip"},
                {"10.9.9.9",    "ip"},
                {"10.1.0.0/16", "ip"},
                {"192.0.2.2",   "no"},
                {"2001:db8::1", "ip"},
                {"bob",         "no"}
        };
        struct ignore *ignore = make();
        (void)state;
        add(ignore, "::ffff:192.0.2.1");
        add(ignore, "10.1.2.3/8");
        add(ignore, "2001:db8::/32");
        add(ignore, "");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(check(ignore, rows[i].id), rows[i].answer);
        end(ignore);
}

static void list_shows_nets_first_and_del_removes(void **state) {
        struct ignore *ignore = make();
        struct arena arena = ARENA_INIT;
        (void)state;
        add(ignore, "192.0.2.1");
        add(ignore, "10.1.2.3/8");
        add(ignore, "example.org");
        add(ignore, "192.0.2.1"); /* known */
        add(ignore, "file:///tmp/x");
        struct value list = ignore_list(ignore, &arena);
        assert_slice(
                repr(&list, &arena), "['10.0.0.0/8', 'example.org', 'file://tmp/x', '192.0.2.1']");
        assert_int_equal(ignore_del(ignore, SLICE("10.0.0.0/8"), NULL), 0);
        struct fault fault = FAULT_INIT;
        assert_int_equal(ignore_del(ignore, SLICE("10.0.0.0/8"), &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "list.remove(x): x not in list");
        fault_done(&fault);
        assert_int_equal(ignore_del(ignore, SLICE("file:///tmp/x"), NULL), 0);
        assert_int_equal(ignore_del(ignore, SLICE("example.org"), NULL), 0);
        assert_string_equal(check(ignore, "10.9.9.9"), "no");
        assert_string_equal(check(ignore, "192.0.2.1"), "ip");
        ignore_clear(ignore);
        assert_string_equal(check(ignore, "192.0.2.1"), "no");
        arena_done(&arena);
        end(ignore);
}

static bool may_be_in(struct ignore *ignore, const char *text) {
        struct address net;
        assert_int_equal(address_parse(slice_of(text), &net), 0);
        return ignore_may_be_in(ignore, &net);
}

static void nets_that_may_hold_somebody_ignored_are_known(void **state) {
        (void)state;
        struct ignore *ignore = make();
        ignore_set_self(ignore, false);
        assert_false(may_be_in(ignore, "192.0.2.0/24"));
        add(ignore, "192.0.2.7");
        add(ignore, "10.0.0.0/8");
        add(ignore, "2001:db8::/32");
        assert_true(may_be_in(ignore, "192.0.2.0/24"));
        assert_false(may_be_in(ignore, "192.0.3.0/24"));
        assert_true(may_be_in(ignore, "10.1.2.0/24"));
        assert_true(may_be_in(ignore, "8.0.0.0/5"));
        assert_true(may_be_in(ignore, "2001:db8:1::/64"));
        assert_false(may_be_in(ignore, "2001:db9::/64"));
        ignore_set_command(ignore, SLICE("true"));
        assert_true(may_be_in(ignore, "192.0.3.0/24"));
        ignore_set_command(ignore, SLICE(""));
        assert_false(may_be_in(ignore, "192.0.3.0/24"));
        add(ignore, "host.example");
        assert_true(may_be_in(ignore, "192.0.3.0/24"));
        end(ignore);
}

static void names_are_waited_for(void **state) {
        struct ignore *ignore = make();
        (void)state;
        add(ignore, "a.example");
        add(ignore, "b.example");
        assert_string_equal(check(ignore, "192.0.2.1"), "later");
        fake_answer("203.0.113.1");
        assert_string_equal(answer, "later");
        fake_answer("203.0.113.2 192.0.2.1");
        assert_string_equal(answer, "dns");
        assert_string_equal(check(ignore, "192.0.2.9"), "later");
        fake_answer("");
        fake_answer("");
        assert_string_equal(answer, "no");
        end(ignore);
}

static void entries_that_change_meanwhile_are_asked_anew(void **state) {
        struct ignore *ignore = make();
        (void)state;
        add(ignore, "a.example");
        assert_string_equal(check(ignore, "192.0.2.1"), "later");
        ignore_clear(ignore);
        add(ignore, "c.example");
        fake_answer("");
        assert_string_equal(answer, "later");
        assert_string_equal(fake.questions[0].name, "c.example");
        fake_answer("192.0.2.1");
        assert_string_equal(answer, "dns");
        end(ignore);
}

static void own_addresses_are_ignored_unless_switched_off(void **state) {
        fake_begin(1700000000);
        struct own_addresses *own = own_addresses_new(&fake.clock, NULL);
        struct ignore_env env = {.loop = fake.loop, .clock = &fake.clock, .self = own, .jail = "j"};
        struct ignore *ignore = ignore_new(&env);
        (void)state;
        assert_true(ignore_self(ignore));
        assert_string_equal(check(ignore, "127.0.0.1"), "ignoreself rule");
        ignore_set_self(ignore, false);
        assert_string_equal(check(ignore, "127.0.0.1"), "no");
        assert_null(own_addresses_free(own));
        end(ignore);
}

static void command_decides_by_its_exit_status(void **state) {
        static const struct {
                int status;
                const char *answer;
        } rows[] = {
                {0,   "command"},
                {1,   "no"     },
                {2,   "no"     },
                {127, "no"     },
                {-15, "no"     }
        };
        struct ignore *ignore = make();
        struct arena arena = ARENA_INIT;
        (void)state;
        struct value command = ignore_command(ignore, &arena);
        assert_slice(repr(&command, &arena), "False");
        ignore_set_command(ignore, SLICE("check <ip>"));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_string_equal(check(ignore, "192.0.2.1"), "later");
                assert_string_equal(fake_orders(), "run check 192.0.2.1\n");
                fake_exit(rows[i].status);
                assert_string_equal(answer, rows[i].answer);
        }
        ignore_set_command(ignore, SLICE(""));
        assert_string_equal(check(ignore, "192.0.2.1"), "no");
        arena_done(&arena);
        end(ignore);
}

static void dangerous_values_travel_beside_the_command(void **state) {
        struct ignore *ignore = make();
        struct arena arena = ARENA_INIT;
        struct value data = value_dict();
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1700000000);
        (void)state;
        value_dict_put(&data, value_text("user"), value_text("$(id)"), &arena);
        ticket_set_data(ticket, &data);
        ignore_set_command(ignore, SLICE("ask \"<F-USER>\""));
        assert_int_equal(ignore_set_cache(ignore, SLICE("key=<F-USER>"), NULL), 0);
        ignore_check(ignore, ticket, on_done, NULL);
        assert_string_equal(fake_orders(), "run f2bV_F_user=$0 \nask \"$f2bV_F_user\" $0=$(id)\n");
        fake_exit(0);
        value_dict_put(&data, value_text("user"), value_text("$(ls)"), &arena); /* another key */
        ticket_set_data(ticket, &data);
        ignore_check(ignore, ticket, on_done, NULL);
        assert_string_equal(fake_orders(), "run f2bV_F_user=$0 \nask \"$f2bV_F_user\" $0=$(ls)\n");
        (void)ticket_unref(ticket);
        arena_done(&arena);
        end(ignore);
}

static void cache_saves_the_command(void **state) {
        struct ignore *ignore = make();
        (void)state;
        ignore_set_command(ignore, SLICE("check <ip>"));
        assert_int_equal(ignore_set_cache(ignore, SLICE("key=\"<ip>\",max-time=60"), NULL), 0);
        (void)check(ignore, "192.0.2.1");
        fake_exit(0);
        assert_string_equal(answer, "command");
        assert_string_equal(check(ignore, "192.0.2.1"), ""); /* known, and not to be logged again */
        (void)check(ignore, "192.0.2.2");
        fake_exit(1);
        assert_string_equal(check(ignore, "192.0.2.2"), "no");
        fake_advance(61);
        assert_string_equal(check(ignore, "192.0.2.1"), "later");
        end(ignore);
}

static void waiting_checks_end_silently_with_it(void **state) {
        struct ignore *ignore = make();
        (void)state;
        add(ignore, "a.example");
        answers = 0;
        (void)check(ignore, "192.0.2.1");
        ignore_clear(ignore);
        ignore_set_command(ignore, SLICE("check <ip>"));
        (void)check(ignore, "192.0.2.2");
        (void)fake_orders();
        assert_null(ignore_free(ignore));
        assert_int_equal(answers, 0);
        assert_string_equal(fake_orders(), "cancel\n");
        assert_int_equal(fake.question_count, 0);
        fake_end();
}

static bool passes(struct ignore *ignore, const char *text) {
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address), 0);
        return ignore_passes(ignore, &address);
}

static void who_passes_at_once_is_known_without_asking(void **state) {
        (void)state;
        struct ignore *ignore = make();
        ignore_set_self(ignore, false);
        add(ignore, "10.0.0.0/8");
        add(ignore, "192.0.2.7");
        assert_false(passes(ignore, "10.1.2.3"));
        assert_false(passes(ignore, "192.0.2.7"));
        assert_true(passes(ignore, "192.0.2.8"));
        ignore_set_command(ignore, SLICE("true"));
        assert_false(passes(ignore, "192.0.2.8")); /* it has to be asked */
        ignore_set_command(ignore, SLICE(""));
        assert_true(passes(ignore, "192.0.2.8"));
        assert_int_equal(
                ignore_set_cache(ignore, SLICE("key=\"<ip>\", max-count=5, max-time=300"), NULL),
                0);
        assert_false(passes(ignore, "192.0.2.8")); /* it may know better */
        assert_int_equal(ignore_set_cache(ignore, SLICE(""), NULL), 0);
        add(ignore, "host.example");
        assert_false(passes(ignore, "192.0.2.8"));
        end(ignore);
}

static void epoch_grows_with_each_change(void **state) {
        (void)state;
        struct ignore *ignore = make();
        unsigned before = ignore_epoch(ignore);
        assert_int_equal(ignore_epoch(ignore), before);
        for (unsigned change = 0; change < 6; change++) {
                if (change == 0)
                        add(ignore, "10.0.0.0/8");
                else if (change == 1)
                        assert_int_equal(ignore_del(ignore, SLICE("10.0.0.0/8"), NULL), 0);
                else if (change == 2)
                        ignore_clear(ignore);
                else if (change == 3)
                        ignore_set_self(ignore, !ignore_self(ignore));
                else if (change == 4)
                        ignore_set_command(ignore, SLICE("true"));
                else
                        (void)ignore_set_cache(
                                ignore, SLICE("key=\"<ip>\", max-count=5, max-time=300"), NULL);
                assert_true(ignore_epoch(ignore) > before);
                before = ignore_epoch(ignore);
        }
        end(ignore);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_and_nets_are_ignored),
                cmocka_unit_test(list_shows_nets_first_and_del_removes),
                cmocka_unit_test(nets_that_may_hold_somebody_ignored_are_known),
                cmocka_unit_test(names_are_waited_for),
                cmocka_unit_test(entries_that_change_meanwhile_are_asked_anew),
                cmocka_unit_test(own_addresses_are_ignored_unless_switched_off),
                cmocka_unit_test(command_decides_by_its_exit_status),
                cmocka_unit_test(dangerous_values_travel_beside_the_command),
                cmocka_unit_test(cache_saves_the_command),
                cmocka_unit_test(waiting_checks_end_silently_with_it),
                cmocka_unit_test(who_passes_at_once_is_known_without_asking),
                cmocka_unit_test(epoch_grows_with_each_change),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
