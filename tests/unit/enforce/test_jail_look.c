/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"
#include "jail_fixture.h"

static void times_are_local_and_end_in_9999(void **state) {
        static const struct {
                double time;
                const char *text;
        } rows[] = {
                {0,                "1970-01-01 00:00:00"},
                {NOW,              "2023-11-14 22:13:20"},
                {NOW + 0.9,        "2023-11-14 22:13:20"},
                {NOW + 0.9999999,  "2023-11-14 22:13:21"},
                {NOW,              "2023-11-14 22:13:20"},
                {NOW,              "2023-11-14 22:13:20"},
                {(double)INFINITY, "9999-12-31 23:59:59"},
                {1e300,            "9999-12-31 23:59:59"},
                {-1e300,           "9999-12-31 23:59:59"},
                {0.5,              "1970-01-01 00:00:00"}
        };
        char text[JAIL_TIME_TEXT_MAX];
        (void)state;
        setenv("TZ", "UTC0", 1);
        tzset();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(jail_time_text(rows[i].time, text), rows[i].text);
}

static void bans_are_listed_in_both_orders(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)state;
        (void)value_append(&ids, value_text("2.2.2.2"), &arena);
        (void)value_append(&ids, value_text("1.1.1.1"), &arena);
        jail_ban_ids(jail, &ids, NULL, NULL);
        ban_book_find(&jail->book, SLICE("2.2.2.2"))->ban_time_s = 7000.5;
        struct value list = jail_banned(jail, JAIL_BY_BAN, &arena);
        assert_slice(repr(&list, &arena), "['2.2.2.2', '1.1.1.1']");
        list = jail_banned(jail, JAIL_BY_END, &arena);
        assert_slice(repr(&list, &arena), "['1.1.1.1', '2.2.2.2']");
        list = jail_banned_with_time(jail, &arena);
        assert_slice(value_item_text(&list, 1),
                "2.2.2.2 \t2023-11-14 22:13:20 + 7000 = 2023-11-15 00:10:00");
        arena_done(&arena);
        end(jail);
}

static void tags_know_the_jail(void **state) {
        static const struct {
                const char *tag, *text;
        } rows[] = {
                {"bantime",           "600"                },
                {"jail.name",         "j"                  },
                {"jail.banned",       "1"                  },
                {"jail.banned_total", "1"                  },
                {"jail.found",        "1"                  },
                {"jail.found_total",  "4"                  },
                {"ipjailmatches",     "DATEx\nDATEx\nDATEx"},
                {"ipjailfailures",    "3"                  },
                {"ipfailures",        "1"                  },
                {"ipmatches",         "DATEx"              }
        };
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct slice text;
        (void)state;
        for (int i = 0; i < 4; i++)
                fake_failure(jail, NOW, "1.1.1.1", 0, "x");
        /* The present ticket has one failure; the database, this jail's ban with three. */
        struct ticket *ticket = ticket_table_find(&jail->window.table, SLICE("1.1.1.1"));
        ticket_leave_window(ticket);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(jail_info_ops.tag(jail, ticket, slice_of(rows[i].tag), &arena, &text));
                assert_slice(text, rows[i].text);
        }
        assert_false(jail_info_ops.tag(jail, ticket, SLICE("ip"), &arena, &text));
        assert_false(jail_info_ops.tag(jail, ticket, SLICE("jail.x"), &arena, &text));
        arena_done(&arena);
        end(jail);
}

static void an_address_is_found_in_any_form(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)state;
        value_append(&ids, value_text("1.2.3.4"), &arena);
        value_append(&ids, value_text("2001:db8::1"), &arena);
        jail_ban_ids(jail, &ids, NULL, NULL);
        assert_true(jail_is_banned(jail, SLICE("1.2.3.4")));
        assert_true(jail_is_banned(jail, SLICE("::ffff:1.2.3.4")));
        assert_true(jail_is_banned(jail, SLICE("2001:DB8:0::1")));
        assert_false(jail_is_banned(jail, SLICE("1.2.3.5")));
        assert_false(jail_is_banned(jail, SLICE("nobody")));
        arena_done(&arena);
        end(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_address_is_found_in_any_form),
                cmocka_unit_test(times_are_local_and_end_in_9999),
                cmocka_unit_test(bans_are_listed_in_both_orders),
                cmocka_unit_test(tags_know_the_jail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
