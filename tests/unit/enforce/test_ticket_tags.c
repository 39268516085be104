/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ticket_tags.h"

#include "../cmocka_include.h"

#include "base/repr.h"

static bool info_tag(void *user, const struct ticket *ticket, struct slice tag, struct arena *arena,
        struct slice *ret) {
        (void)ticket;
        (void)arena;
        *ret = slice_of(user);
        return slice_is(tag, "jail.name");
}

static const struct action_info_ops info = {info_tag};

static struct ticket *make(struct arena *arena) {
        struct value data = value_dict(), matches = value_list();
        struct address address;
        (void)address_parse(SLICE("192.0.2.1"), &address);
        (void)value_append(&matches, value_text("a; rm -rf /"), arena);
        value_dict_put(&data, value_text("matches"), matches, arena);
        value_dict_put(&data, value_text("user"), value_text("$(id)"), arena);
        value_dict_put(&data, value_text("fid"), value_text("x1"), arena);
        struct ticket *ticket = ticket_new(SLICE("192.0.2.1"), &address, 1700000000.5);
        ticket_set_data(ticket, &data);
        ticket->failures = 3;
        return ticket;
}

static void values_take_the_place_of_tags(void **state) {
        static const struct {
                const char *text, *result;
        } rows[] = {
                {"<ip> <fid> <family>",                     "192.0.2.1 192.0.2.1 inet4"             },
                {"<ip-rev>",                                "1.2.0.192."                            },
                {"<time> <failures> <bancount> <restored>", "1700000000.5 3 0 0"                    },
                {"<F-USER>|<F-ID>|<F-NONE>|",               "$(id)|x1||"                            },
                {"<jail.name>",                             "j"                                     },
                {"<unknown> <f-user> < ip> <<ip>> <",       "<unknown> <f-user> < ip> <192.0.2.1> <"},
                {"<matches>",                               "a; rm -rf /"                           },
                {"",                                        ""                                      },
        };
        struct arena arena = ARENA_INIT;
        char jail[] = "j";
        (void)state;
        struct ticket *ticket = make(&arena);
        struct ticket_tags tags = {ticket, &info, jail};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_slice(
                        ticket_tags_text(&tags, slice_of(rows[i].text), &arena), rows[i].result);
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

static void dangerous_values_travel_beside_the_command(void **state) {
        static const struct {
                const char *text, *command, *values;
        } rows[] = {
                {"check <ip>",                                     "check 192.0.2.1", "[]"                      },
                {"check <ip> \"<F-USER>\" \"<matches>\" <F-USER>",
                 "f2bV_F_user=$0 f2bV_matches=$1 \ncheck 192.0.2.1 \"$f2bV_F_user\" "
                        "\"$f2bV_matches\" $f2bV_F_user",                             "['$(id)', 'a; rm -rf /']"},
        };
        struct arena arena = ARENA_INIT;
        (void)state;
        struct ticket *ticket = make(&arena);
        struct ticket_tags tags = {ticket, NULL, NULL};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value values;
                assert_slice(ticket_tags_command(&tags, slice_of(rows[i].text), &arena, &values),
                        rows[i].command);
                assert_slice(repr(&values, &arena), rows[i].values);
        }
        (void)ticket_unref(ticket);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_take_the_place_of_tags),
                cmocka_unit_test(dangerous_values_travel_beside_the_command),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
