/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_info.h"

#include "../cmocka_include.h"

static void tags_have_the_values_of_the_ticket(void **state) {
        (void)state;
        static const struct {
                const char *tag, *expected;
        } cases[] = {
                {"<ip>",       "192.0.2.7" },
                {"<fid>",      "192.0.2.7" },
                {"<family>",   "inet4"     },
                {"<ip-rev>",   "7.2.0.192."},
                {"<ip-host>",  "None"      },
                {"<failures>", "3"         },
                {"<time>",     "1000.5"    },
                {"<bancount>", "2"         },
                {"<restored>", "0"         },
                {"<bantime>",  "<bantime>" },
                {"<x>",        "<x>"       }
        };
        struct clock clock = CLOCK_INIT;
        struct action_env env = {.clock = &clock};
        struct arena arena = ARENA_INIT;
        struct address address;
        struct action_info info;
        assert_int_equal(address_parse(SLICE("192.0.2.7"), &address), 0);
        struct ticket *ticket = ticket_new(SLICE("192.0.2.7"), &address, 1000.5);
        ticket->failures = 3;
        ticket->ban_count = 2;
        action_info_init(&info, &env, ticket, &arena);
        struct action_dynamic_source source = action_info_source(&info);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct action_script script;
                assert_int_equal(
                        action_dynamic_expand(slice_of(cases[i].tag), &source, &arena, &script), 0);
                assert_true(slice_is(script.command, cases[i].expected));
        }
        struct slice text = action_info_repr(&info, &arena);
        assert_true(slice_has_prefix(
                text, SLICE("ActionInfo({'ip': '192.0.2.7', 'family': 'inet4', ")));
        action_info_done(&info);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void nobody_has_only_a_family_and_the_time(void **state) {
        (void)state;
        struct clock clock = CLOCK_INIT;
        struct action_env env = {.clock = &clock};
        struct arena arena = ARENA_INIT;
        struct action_info info;
        struct action_script script;
        clock_fix(&clock, 5000000);
        action_info_init_nobody(&info, &env, "inet6");
        struct action_dynamic_source source = action_info_source(&info);
        assert_int_equal(action_dynamic_expand(SLICE("<ip>|<family>|<time>|<matches>|<F-USER>"),
                                 &source, &arena, &script),
                0);
        assert_true(slice_is(script.command, "|inet6|5.0||"));
        action_info_done(&info);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tags_have_the_values_of_the_ticket),
                cmocka_unit_test(nobody_has_only_a_family_and_the_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
