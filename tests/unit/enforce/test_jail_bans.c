/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/memory.h"
#include "jail_fixture.h"

static uint64_t got_count;
static unsigned got_calls;
static char got_absent[256];

static void on_count(void *user, uint64_t count, const struct value *absent) {
        (void)user;
        got_count = count;
        got_calls++;
        got_absent[0] = 0;
        for (size_t i = 0; i < absent->list.count; i++) {
                size_t len = strlen(got_absent);
                (void)snprintf(got_absent + len, sizeof(got_absent) - len, "%.*s ",
                        SLICE_ARG(value_item_text(absent, i)));
        }
}

typedef void ids_command(
        struct jail *jail, const struct value *ids, jail_count_done *done, void *user);

/* Runs the command with the words of text; returns the count. */
static uint64_t run(ids_command *command, struct jail *jail, const char *text) {
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        struct slice rest = slice_of(text), piece;
        while (rest.data && slice_next_piece(&rest, ' ', &piece))
                (void)value_append(&ids, value_string(piece), &arena);
        got_calls = 0;
        command(jail, &ids, on_count, NULL);
        arena_done(&arena);
        assert_int_equal(got_calls, 0); /* from the loop */
        fake_settle();
        assert_int_equal(got_calls, 1);
        return got_count;
}

static void banip_bans_and_counts_new_ones(void **state) {
        (void)state;
        struct jail *jail = started();
        assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4 10.1.2.3/8 bob"), 3);
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 600 #1\nban 1.2.3.4\nrow "
                                           "10.0.0.0/8 1700000000 600 #1\nban 10.0.0.0/8\n"
                                           "row bob 1700000000 600 #1\nban bob\n");
        assert_string_equal(fake_diags(), "NOTICE fail2ban.actions [j] Ban 1.2.3.4\nNOTICE "
                                          "fail2ban.actions [j] Ban 10.0.0.0/8\n"
                                          "NOTICE fail2ban.actions [j] Ban bob\n");
        assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4 5.6.7.8"), 1);
        assert_int_equal(jail_counts(jail).banned, 4);
        assert_int_equal(jail_counts(jail).banned_total, 4);
        end(jail);
}

static void banned_is_said_louder_the_longer_it_lasts(void **state) {
        static const struct {
                double late_s;
                const char *said;
                const char *ordered;
        } rows[] = {
                {2,  "",                                                      ""               },
                {4,  "NOTICE fail2ban.actions [j] 1.2.3.4 already banned\n",  "check 1.2.3.4\n"},
                {59, "NOTICE fail2ban.actions [j] 1.2.3.4 already banned\n",  "check 1.2.3.4\n"},
                {61, "WARNING fail2ban.actions [j] 1.2.3.4 already banned\n", "check 1.2.3.4\n"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = started();
                (void)run(jail_ban_ids, jail, "1.2.3.4");
                fake_advance(rows[i].late_s);
                (void)fake_orders();
                (void)fake_diags();
                assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4"), 0);
                assert_string_equal(fake_diags(), rows[i].said);
                assert_string_equal(fake_orders(), rows[i].ordered);
                end(jail);
        }
}

static void ends_that_move_are_told_where_somebody_follows_them(void **state) {
        (void)state;
        struct jail *jail = started();
        fake.follows_ends = true;
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        (void)fake_orders();
        (void)run(jail_ban_ids, jail, "1.2.3.4"); /* at the same time: the same end */
        assert_string_equal(fake_orders(), "");
        fake_advance(1);
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "end moved 1.2.3.4\n");
        fake.follows_ends = false;
        fake_advance(1);
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "");
        end(jail);
}

static void bans_of_the_jail_s_length_move_with_it(void **state) {
        (void)state;
        struct jail *jail = started();
        fake.follows_ends = true;
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        (void)fake_orders();
        jail_settings(jail)->bantime_s += 5;
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "end moved 1.2.3.4\n");
        jail_settings_changed(jail);
        assert_string_equal(fake_orders(), "");
        end(jail);
}

static void ban_lost_by_the_actions_is_made_again(void **state) {
        (void)state;
        struct jail *jail = started();
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        fake.epoch = 1;
        (void)fake_orders();
        assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4"), 1);
        assert_string_equal(fake_orders(), "reban 1.2.3.4\n");
        assert_non_null(
                strstr(fake_diags(), "NOTICE fail2ban.actions [j] Reban 1.2.3.4, action 'act'\n"));
        assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4"), 0);
        end(jail);
}

static void expired_bans_are_lifted_together(void **state) {
        (void)state;
        struct jail *jail = started();
        (void)run(jail_ban_ids, jail, "1.2.3.4 5.6.7.8");
        fake_advance(0.5);
        (void)run(jail_ban_ids, jail, "9.9.9.9");
        (void)fake_orders();
        fake_advance(599.5);
        jail_expire(jail);
        assert_string_equal(fake_orders(), ""); /* strictly later */
        fake_advance(0.5);
        (void)fake_diags();
        fake_advance(0.4);
        jail_expire(jail);
        assert_string_equal(fake_orders(), "unban 1.2.3.4\nunban 5.6.7.8\nunban 9.9.9.9\n");
        assert_string_equal(fake_diags(), "NOTICE fail2ban.actions [j] Unban 1.2.3.4\nNOTICE "
                                          "fail2ban.actions [j] Unban 5.6.7.8\n"
                                          "NOTICE fail2ban.actions [j] Unban 9.9.9.9\n");
        assert_int_equal(fake.row_count, 3); /* rows stay */
        end(jail);
}

static void expiry_leaves_room_for_new_bans(void **state) {
        (void)state;
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        for (int i = 0; i < 1000; i++)
                (void)value_append(&ids,
                        value_string(arena_printf(&arena, "10.0.%d.%d", i / 250, i % 250)), &arena);
        jail_ban_ids(jail, &ids, NULL, NULL);
        arena_done(&arena);
        fake_advance(601.5);
        fake.actions_are_slow = true;
        jail_expire(jail);
        assert_int_equal(jail_counts(jail).banned, 1000 - JAIL_UNBAN_CHUNK);
        fake_settle();
        jail_expire(jail);
        jail_expire(jail);
        assert_true(jail_counts(jail).banned >=
                    1000 - 3 * JAIL_UNBAN_CHUNK); /* waits for the actions */
        end(jail);
}

static void bantime_change_moves_ends(void **state) {
        (void)state;
        struct jail *jail = started();
        (void)run(jail_ban_ids, jail, "1.2.3.4");
        jail_settings(jail)->bantime_s = 10;
        jail_settings_changed(jail);
        fake_advance(12);
        (void)fake_orders();
        jail_expire(jail);
        assert_string_equal(fake_orders(), "unban 1.2.3.4\n");
        end(jail);
}

static void unbanip_lifts_ids_and_nets_and_deletes_rows(void **state) {
        (void)state;
        struct jail *jail = started();
        (void)run(jail_ban_ids, jail, "1.2.3.4 10.1.1.1 10.2.2.2 192.0.2.1");
        (void)fake_orders();
        assert_int_equal(run(jail_unban_ids, jail, "1.2.3.4 8.8.8.8"), 1);
        assert_string_equal(got_absent, "8.8.8.8 ");
        assert_string_equal(fake_orders(), "row del 1.2.3.4\nunban 1.2.3.4\n");
        assert_int_equal(run(jail_unban_ids, jail, "10.0.0.0/8"), 2);
        assert_string_equal(got_absent, "");
        assert_int_equal(jail_counts(jail).banned, 1);
        end(jail);
}

static void unbanip_asks_for_names(void **state) {
        (void)state;
        struct jail *jail = started();
        jail->env.resolver = (struct resolver *)(void *)&fake;
        (void)run(jail_ban_ids, jail, "192.0.2.1 192.0.2.2");
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)value_append(&ids, value_text("evil.example"), &arena);
        got_calls = 0;
        jail_unban_ids(jail, &ids, on_count, NULL);
        arena_done(&arena);
        fake_settle();
        assert_int_equal(got_calls, 0);
        fake_answer("192.0.2.2 192.0.2.9");
        fake_settle();
        assert_int_equal(got_calls, 1);
        assert_int_equal(got_count, 1);
        end(jail);
}

static void unbanip_asks_for_no_name_where_nobody_is_banned(void **state) {
        (void)state;
        struct jail *jail = started();
        jail->env.resolver = (struct resolver *)(void *)&fake;
        assert_int_equal(run(jail_unban_ids, jail, "evil.example"), 0); /* with no answer */
        assert_string_equal(got_absent, "evil.example ");
        end(jail);
}

static void unban_all_flushes(void **state) {
        (void)state;
        struct jail *jail = started();
        (void)run(jail_ban_ids, jail, "1.2.3.4 5.6.7.8");
        (void)fake_orders();
        (void)fake_diags();
        got_calls = 0;
        jail_unban_all(jail, JAIL_UNBAN_WITH_ROWS, on_count, NULL);
        fake_settle();
        assert_int_equal(got_count, 2);
        assert_string_equal(fake_orders(), "row del all\nflush 2\n");
        assert_string_equal(fake_diags(), "NOTICE fail2ban.actions [j] Unban 1.2.3.4\nNOTICE "
                                          "fail2ban.actions [j] Unban 5.6.7.8\n");
        assert_int_equal(jail_counts(jail).banned, 0);
        end(jail);
}

static void bans_work_without_a_database(void **state) {
        (void)state;
        struct jail *jail = started();
        fake.store = NULL;
        assert_int_equal(run(jail_ban_ids, jail, "1.2.3.4"), 1);
        assert_int_equal(run(jail_unban_ids, jail, "1.2.3.4"), 1);
        assert_string_equal(fake_orders(), "ban 1.2.3.4\nunban 1.2.3.4\n");
        end(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(banip_bans_and_counts_new_ones),
                cmocka_unit_test(banned_is_said_louder_the_longer_it_lasts),
                cmocka_unit_test(ends_that_move_are_told_where_somebody_follows_them),
                cmocka_unit_test(bans_of_the_jail_s_length_move_with_it),
                cmocka_unit_test(ban_lost_by_the_actions_is_made_again),
                cmocka_unit_test(expired_bans_are_lifted_together),
                cmocka_unit_test(expiry_leaves_room_for_new_bans),
                cmocka_unit_test(bantime_change_moves_ends),
                cmocka_unit_test(unbanip_lifts_ids_and_nets_and_deletes_rows),
                cmocka_unit_test(unbanip_asks_for_names),
                cmocka_unit_test(unbanip_asks_for_no_name_where_nobody_is_banned),
                cmocka_unit_test(unban_all_flushes),
                cmocka_unit_test(bans_work_without_a_database),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
