/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"
#include "jail_fixture.h"

static void row(const char *id, double time, double ban_time_s, uint32_t count) {
        struct store_ban row = {SLICE("j"), slice_of(id), time, ban_time_s, count, value_dict()};
        store_ban_add(fake.store, &row);
}

static void stored_bans_hold_again_with_times_cut(void **state) {
        static const struct {
                double age_s, stored_s;
                int64_t jail_s;
                const char *listed; /* NULL: not restored */
        } rows[] = {
                {100, 600, 600, "1.2.3.4 \t2023-11-14 22:11:40 + 600 = 2023-11-14 22:21:40"},
                {100, 900, 600, "1.2.3.4 \t2023-11-14 22:11:40 + 600 = 2023-11-14 22:21:40"},
                {100, -1,  600, "1.2.3.4 \t2023-11-14 22:11:40 + 600 = 2023-11-14 22:21:40"},
                {100, -2,  600, "1.2.3.4 \t2023-11-14 22:11:40 + 600 = 2023-11-14 22:21:40"},
                {100, 300, 600, "1.2.3.4 \t2023-11-14 22:11:40 + 300 = 2023-11-14 22:16:40"},
                {100, -1,  -1,  "1.2.3.4 \t2023-11-14 22:11:40 + -1 = 9999-12-31 23:59:59" },
                {100, 300, -1,  "1.2.3.4 \t2023-11-14 22:11:40 + 300 = 2023-11-14 22:16:40"},
                {700, 900, 600, NULL                                                       },
                {100, 100, 600, NULL                                                       },
                {100, 900, 60,  NULL                                                       },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = make();
                struct arena arena = ARENA_INIT;
                row("1.2.3.4", NOW - rows[i].age_s, rows[i].stored_s, 2);
                jail_settings(jail)->bantime_s = rows[i].jail_s;
                (void)fake_orders();
                jail_start(jail);
                struct value list = jail_banned_with_time(jail, &arena);
                if (rows[i].listed) {
                        assert_string_equal(value_item_text(&list, 0).data, rows[i].listed);
                        assert_non_null(strstr(fake_orders(), "\nban 1.2.3.4\n"));
                        assert_non_null(strstr(
                                fake_diags(), "NOTICE fail2ban.actions [j] Restore Ban 1.2.3.4\n"));
                        assert_int_equal(
                                ban_book_find(&jail->book, SLICE("1.2.3.4"))->ban_count, 3);
                }
                assert_int_equal(list.list.count, rows[i].listed != NULL);
                assert_int_equal(fake.ban_rows, 1); /* rows are not rewritten */
                arena_done(&arena);
                end(jail);
        }
}

static void bans_that_ended_while_the_server_was_dead_are_lifted(void **state) {
        struct jail *jail = make();
        (void)state;
        fake.killed_s = NOW - 300;
        row("1.1.1.1", NOW - 800, 600, 1);  /* ended 200 s ago */
        row("2.2.2.2", NOW - 1000, 600, 1); /* before the death: it was lifted */
        row("3.3.3.3", NOW - 100, 600, 1);
        (void)fake_orders();
        jail_start(jail);
        const char *orders = fake_orders();
        assert_non_null(strstr(orders, "\nban 1.1.1.1\nunban 1.1.1.1\n"));
        assert_null(strstr(orders, "2.2.2.2"));
        assert_non_null(strstr(orders, "ban 3.3.3.3\n"));
        assert_null(strstr(orders, "unban 3.3.3.3\n"));
        assert_int_equal(jail_counts(jail).banned, 1);
        assert_non_null(strstr(fake_diags(), "NOTICE fail2ban.actions [j] Unban 1.1.1.1\n"));
        end(jail);
        fake.killed_s = 0;
}

static void the_database_is_told_once_all_is_lifted(void **state) {
        static const struct {
                double age_s; /* of the ban, which lasts 600 s */
                const char *at_once, *later;
        } rows[] = {
                {800,  NULL,     "lifted"},
                {100,  "lifted", NULL    },
                {2000, "lifted", NULL    },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = make();
                fake.killed_s = NOW - 300;
                row("1.1.1.1", NOW - rows[i].age_s, 600, 1);
                (void)fake_orders();
                jail_start(jail);
                assert_int_equal(
                        strstr(fake_orders(), "lifted\n") != NULL, rows[i].at_once != NULL);
                fake_settle();
                assert_int_equal(strstr(fake_orders(), "lifted\n") != NULL, rows[i].later != NULL);
                end(jail);
                fake.killed_s = 0;
        }
}

static void growing_times_are_cut_to_maxtime(void **state) {
        struct jail *jail = make();
        struct arena arena = ARENA_INIT;
        struct value yes = value_bool(true), maxtime = value_int(5000), ret;
        (void)state;
        (void)escalate_set(jail_escalation(jail), SLICE("increment"), &yes, &arena, &ret, NULL);
        (void)escalate_set(jail_escalation(jail), SLICE("maxtime"), &maxtime, &arena, &ret, NULL);
        row("1.1.1.1", NOW - 3000, 4000, 1);
        row("2.2.2.2", NOW - 3000, 40000, 1);
        row("3.3.3.3", NOW - 6000, 40000, 1);
        jail_start(jail);
        struct value list = jail_banned_with_time(jail, &arena);
        assert_int_equal(list.list.count, 2);
        assert_non_null(strstr(value_item_text(&list, 0).data, " + 4000 = "));
        assert_non_null(strstr(value_item_text(&list, 1).data, " + 5000 = "));
        arena_done(&arena);
        end(jail);
}

static void ignored_ids_are_not_banned_again(void **state) {
        struct jail *jail = make();
        (void)state;
        row("1.1.1.1", NOW - 100, 600, 1);
        row("2.2.2.2", NOW - 100, 600, 1);
        assert_int_equal(ignore_add(jail_ignore(jail), SLICE("1.1.1.1"), NULL), 0);
        jail_start(jail);
        assert_int_equal(jail_counts(jail).banned, 1);
        assert_true(jail_is_banned(jail, SLICE("2.2.2.2")));
        end(jail);
}

static void restoring_comes_after_the_start_of_actions_and_before_reading(void **state) {
        struct jail *jail = make();
        (void)state;
        row("1.1.1.1", NOW - 100, 600, 1);
        ignore_set_command(jail_ignore(jail), SLICE("ask"));
        (void)fake_orders();
        jail_start(jail);
        fake_exit(1);
        assert_string_equal(fake_orders(), "set findtime 600\nset keepmatches 1\nstart\nscan start "
                                           "1699999400\nrun ask\nban 1.1.1.1\n");
        end(jail);
}

#define MANY (JAIL_RESTORE_PART * 2 + 10)

/* A jail that has restored the first part of MANY. */
static struct jail *amid_many(void) {
        struct jail *jail = make();
        for (unsigned i = 0; i < MANY; i++) {
                char id[20];
                (void)snprintf(id, sizeof(id), "10.0.%u.%u", i >> 8, i & 255);
                row(id, NOW - 100, 600, 1);
        }
        jail_settings(jail)->maxretry = 1;
        (void)fake_orders();
        jail_start(jail);
        assert_int_equal(jail_counts(jail).banned, JAIL_RESTORE_PART);
        return jail;
}

static void many_come_in_parts_and_before_what_has_failed_meanwhile(void **state) {
        struct jail *jail = amid_many();
        (void)state;
        fake_failure(jail, NOW, "192.0.2.1", 0, NULL);
        fake_failure(jail, NOW, "10.0.8.9", 0, NULL); /* whose ban is the last to be restored */
        assert_int_equal(jail_counts(jail).banned, JAIL_RESTORE_PART);
        assert_int_equal(loop_step(fake.loop, 0), 0);
        assert_int_equal(jail_counts(jail).banned, JAIL_RESTORE_PART * 2);
        fake_settle();
        assert_int_equal(jail_counts(jail).banned, MANY + 1);
        const char *orders = fake_orders();
        const char *last = strstr(orders, "ban 10.0.8.9\n");
        const char *failed = strstr(orders, "ban 192.0.2.1\n");
        assert_true(last && failed && last < failed);
        assert_null(strstr(last + 1, "ban 10.0.8.9\n"));
        end(jail);
}

static void who_lifts_or_bans_meanwhile_finds_all(void **state) {
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)state;
        (void)value_append(&ids, value_text("10.0.8.9"), &arena);
        struct jail *jail = amid_many();
        jail_unban_ids(jail, &ids, NULL, NULL);
        fake_settle();
        assert_int_equal(jail_counts(jail).banned, MANY - 1);
        assert_false(jail_is_banned(jail, SLICE("10.0.8.9")));
        end(jail);
        jail = amid_many();
        jail_ban_ids(jail, &ids, NULL, NULL);
        fake_settle();
        assert_int_equal(jail_counts(jail).banned_total, MANY);
        end(jail);
        jail = amid_many();
        jail_unban_all(jail, JAIL_UNBAN_WITH_ROWS, NULL, NULL);
        fake_settle();
        assert_int_equal(jail_counts(jail).banned, 0);
        end(jail);
        arena_done(&arena);
}

/* Else those that have not been read would never be lifted. */
static void a_jail_that_stops_amid_lifts_all(void **state) {
        struct jail *jail = amid_many();
        (void)state;
        jail_stop(jail, JAIL_STOP_SERVER, NULL, NULL);
        assert_non_null(strstr(fake_diags(), "[j] Repeal Ban 10.0.8.9\n"));
        end(jail);
        end(amid_many()); /* freed as it is */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stored_bans_hold_again_with_times_cut),
                cmocka_unit_test(bans_that_ended_while_the_server_was_dead_are_lifted),
                cmocka_unit_test(the_database_is_told_once_all_is_lifted),
                cmocka_unit_test(growing_times_are_cut_to_maxtime),
                cmocka_unit_test(ignored_ids_are_not_banned_again),
                cmocka_unit_test(many_come_in_parts_and_before_what_has_failed_meanwhile),
                cmocka_unit_test(who_lifts_or_bans_meanwhile_finds_all),
                cmocka_unit_test(a_jail_that_stops_amid_lifts_all),
                cmocka_unit_test(restoring_comes_after_the_start_of_actions_and_before_reading),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
