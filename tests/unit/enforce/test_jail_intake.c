/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"
#include "enforce/ban_prefix.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "jail_fixture.h"

static void fail_times(struct jail *jail, const char *id, int times) {
        for (int i = 0; i < times; i++)
                fake_failure(jail, NOW, id, 0, NULL);
}

static void what_is_too_old_is_not_failing_any_more(void **state) {
        struct jail *jail = started();
        (void)state;
        fail_times(jail, "1.2.3.4", 2);
        fake_advance(601);
        assert_int_equal(jail_counts(jail).failing, 0); /* though nothing has happened */
        assert_int_equal(jail_counts(jail).failed_total, 2);
        end(jail);
}

static void enough_failures_are_a_ban_in_the_same_step(void **state) {
        struct jail *jail = started();
        (void)state;
        fail_times(jail, "1.2.3.4", 2);
        assert_string_equal(fake_orders(), "");
        assert_string_equal(fake_diags(),
                "INFO fail2ban.filter [j] Found 1.2.3.4 - 2023-11-14 22:13:20\n"
                "INFO fail2ban.filter [j] Found 1.2.3.4 - 2023-11-14 22:13:20\n");
        assert_int_equal(jail_counts(jail).failing, 1);
        fail_times(jail, "1.2.3.4", 1);
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 600 #1\nban 1.2.3.4\n");
        assert_string_equal(fake_diags(), "INFO fail2ban.filter [j] Found 1.2.3.4 - 2023-11-14 "
                                          "22:13:20\nNOTICE fail2ban.actions [j] Ban 1.2.3.4\n");
        assert_int_equal(jail_counts(jail).failing, 0);
        assert_int_equal(jail_counts(jail).failed_total, 3);
        assert_true(jail_is_banned(jail, SLICE("1.2.3.4")));
        end(jail);
}

static void a_network_is_banned_in_the_place_of_its_addresses(void **state) {
        static const int64_t values[] = {24, 2};
        static const char *const names[] = {"v4", "min"};
        (void)state;
        struct jail *jail = started();
        for (size_t i = 0; i < 2; i++) {
                struct value value = value_int(values[i]);
                assert_int_equal(
                        ban_prefix_set(jail_prefix(jail), slice_of(names[i]), &value, NULL), 0);
        }
        (void)fake_orders();
        fail_times(jail, "1.2.3.4", 3); /* one alone: as ever */
        assert_non_null(strstr(fake_orders(), "ban 1.2.3.4\n"));
        fail_times(jail, "1.2.3.5", 1);
        const char *orders = fake_orders();
        const char *unban = strstr(orders, "unban 1.2.3.4\n"),
                   *ban = strstr(orders, "ban 1.2.3.0/24\n");
        assert_true(unban && ban && unban < ban);
        fail_times(jail, "1.2.3.6", 3); /* its network is banned already */
        assert_null(strstr(fake_orders(), "ban 1.2.3.6"));
        assert_true(jail_is_banned(jail, SLICE("1.2.3.0/24")));
        assert_int_equal(jail_counts(jail).banned, 1);
        end(jail);
}

static void ids_are_brought_to_normal_form_unless_raw(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        (void)state;
        jail_settings(jail)->maxretry = 1;
        jail_settings_changed(jail);
        fake_failure(jail, NOW, "2001:DB8::0:1", 0, NULL);
        fake_failure(jail, NOW, "1.2.3.999", 0, NULL);
        fake_failure(jail, NOW, "001.002.003.004", FAILURE_RAW_ID, NULL);
        fake_failure(jail, NOW, "10.0.0.1", FAILURE_RAW_ID, NULL);
        struct value banned = jail_banned(jail, JAIL_BY_BAN, &arena);
        assert_slice(repr(&banned, &arena),
                "['2001:db8::1', '1.2.3.999', '001.002.003.004', '10.0.0.1']");
        assert_int_equal(
                ticket_family(ban_book_find(&jail->book, SLICE("10.0.0.1"))), ADDRESS_NONE);
        arena_done(&arena);
        end(jail);
}

static void old_failure_gives_no_ban(void **state) {
        struct jail *jail = started();
        (void)state;
        for (int i = 0; i < 4; i++)
                fake_failure(jail, NOW - 601, "1.2.3.4", 0, NULL);
        assert_string_equal(fake_orders(), "");
        assert_non_null(strstr(
                fake_diags(), "INFO fail2ban.actions [j] Ignore 1.2.3.4, expired bantime\n"));
        end(jail);
}

static void time_in_the_future_is_now(void **state) {
        struct jail *jail = started();
        (void)state;
        fake_failure(jail, NOW + 50, "1.2.3.4", 0, NULL);
        assert_string_equal(
                fake_diags(), "INFO fail2ban.filter [j] Found 1.2.3.4 - 2023-11-14 22:13:20\n");
        end(jail);
}

static void ignored_ids_are_neither_found_nor_counted(void **state) {
        struct jail *jail = started();
        (void)state;
        assert_int_equal(ignore_add(jail_ignore(jail), SLICE("10.0.0.0/8"), NULL), 0);
        fail_times(jail, "10.1.2.3", 1);
        assert_string_equal(fake_diags(), "INFO fail2ban.filter [j] Ignore 10.1.2.3 by ip\n");
        assert_int_equal(jail_counts(jail).failed_total, 0);
        end(jail);
}

static void order_stays_while_the_command_is_asked_ahead(void **state) {
        struct jail *jail = started();
        (void)state;
        ignore_set_command(jail_ignore(jail), SLICE("ask <ip>"));
        fail_times(jail, "1.1.1.1", 1);
        fail_times(jail, "2.2.2.2", 1);
        jail_position(jail, SLICE("/log"), SLICE("hash"), 77);
        fail_times(jail, "3.3.3.3", 1);
        assert_string_equal(fake_orders(), "run ask 1.1.1.1\nrun ask 2.2.2.2\nrun ask 3.3.3.3\n");
        struct fake_command first = fake.commands[0];
        fake.commands[0] = fake.commands[1];
        fake.commands[1] = first;
        fake_exit(1); /* the second has answered first */
        assert_string_equal(fake_diags(), "");
        assert_string_equal(fake_orders(), "");
        fake_exit(0);
        assert_string_equal(fake_diags(),
                "INFO fail2ban.filter [j] Ignore 1.1.1.1 by command\n"
                "INFO fail2ban.filter [j] Found 2.2.2.2 - 2023-11-14 22:13:20\n");
        assert_string_equal(fake_orders(), "position 77\n"); /* only now */
        fake_exit(1);
        assert_string_equal(
                fake_diags(), "INFO fail2ban.filter [j] Found 3.3.3.3 - 2023-11-14 22:13:20\n");
        end(jail);
}

static void names_become_a_failure_of_each_address(void **state) {
        struct jail *jail = started();
        (void)state;
        fake_failure(jail, NOW, "evil.example", FAILURE_NEEDS_DNS, "x");
        fail_times(jail, "9.9.9.9", 1);
        assert_string_equal(fake_diags(), "");
        fake_answer("192.0.2.1 192.0.2.2");
        assert_string_equal(fake_diags(),
                "WARNING fail2ban.ipdns Determined IP using DNS Lookup: evil.example = "
                "{'192.0.2.1', '192.0.2.2'}\n"
                "INFO fail2ban.filter [j] Found 192.0.2.1 - 2023-11-14 22:13:20\nINFO "
                "fail2ban.filter [j] Found 192.0.2.2 - 2023-11-14 22:13:20\n"
                "INFO fail2ban.filter [j] Found 9.9.9.9 - 2023-11-14 22:13:20\n");
        fake_failure(jail, NOW, "nobody.example", FAILURE_NEEDS_DNS, "x");
        fake_answer("");
        assert_string_equal(fake_diags(), "");
        assert_int_equal(jail_counts(jail).failed_total, 3);
        assert_int_equal(jail->intake.count, 0);
        end(jail);
}

static void without_a_resolver_names_are_no_failures(void **state) {
        struct jail *jail = started();
        (void)state;
        jail->env.resolver = NULL;
        fake_failure(jail, NOW, "evil.example", FAILURE_NEEDS_DNS, "x");
        fake_failure(jail, NOW, "evil.example", FAILURE_NEEDS_DNS, "x");
        assert_string_equal(fake_diags(),
                "WARNING fail2ban.ipdns [j] Unable to find a corresponding IP "
                "address for evil.example: no resolver\n");
        end(jail);
}

static void idle_jail_keeps_failures_for_later(void **state) {
        struct jail *jail = started();
        (void)state;
        jail_set_state(jail, JAIL_IDLE);
        fail_times(jail, "1.2.3.4", 3);
        jail_position(jail, SLICE("/log"), SLICE("hash"), 9);
        assert_string_equal(fake_orders(), "scan idle\n");
        jail_set_state(jail, JAIL_ACTIVE);
        assert_string_equal(fake_orders(),
                "scan active\nrow 1.2.3.4 1700000000 600 #1\nban 1.2.3.4\nposition 9\n");
        end(jail);
}

static void reading_pauses_while_too_much_waits(void **state) {
        struct jail *jail = started();
        (void)state;
        ignore_set_command(jail_ignore(jail), SLICE("ask"));
        diag_set_threshold(DIAG_WARNING);
        fail_times(jail, "1.2.3.4", JAIL_INTAKE_PAUSE + 1);
        assert_non_null(strstr(fake_orders(), "scan idle\n"));
        while (fake.command_count > 0)
                fake_exit(0);
        assert_non_null(strstr(fake_orders(), "scan active\n"));
        assert_int_equal(jail->intake.count, 0);
        assert_int_equal(jail->intake.dropped, 0);
        end(jail);
}

static void what_waits_at_the_end_is_not_lost_but_read_again(void **state) {
        struct jail *jail = started();
        (void)state;
        ignore_set_command(jail_ignore(jail), SLICE("ask"));
        fail_times(jail, "1.2.3.4", 1);
        fake_failure(jail, NOW, "evil.example", FAILURE_NEEDS_DNS, "x");
        jail_position(jail, SLICE("/log"), SLICE("hash"), 77);
        end(jail); /* no position was written */
        assert_null(fake.log_path);
}

static void too_many_failing_ids_are_said_once(void **state) {
        struct jail *jail = started();
        char id[16];
        (void)state;
        jail->window.table.max = 32;
        for (int i = 0; i < 100; i++) {
                (void)snprintf(id, sizeof(id), "10.0.0.%d", i);
                fake_failure(jail, NOW - 100 + i, id, 0, NULL);
        }
        const char *said = fake_diags(),
                   *warning = "WARNING fail2ban.filter [j] more than 32 addresses have failed";
        said = strstr(said, warning);
        assert_non_null(said);
        assert_null(strstr(said + 1, warning));
        assert_true(jail_counts(jail).failing <= 32);
        end(jail);
}

static uint64_t got_count;
static unsigned got_calls;

static void on_count(void *user, uint64_t count, const struct value *absent) {
        (void)user;
        (void)absent;
        got_calls++;
        got_count = count;
}

static void attempt(struct jail *jail, const char *id, int matches) {
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        for (int i = 0; i < matches; i++)
                (void)value_append(&list, value_text("line"), &arena);
        got_calls = 0;
        jail_attempt(jail, slice_of(id), &list, on_count, NULL);
        arena_done(&arena);
        fake_settle();
        assert_int_equal(got_calls, 1);
}

static void attempts_weigh_by_their_matches(void **state) {
        struct jail *jail = started();
        (void)state;
        attempt(jail, "1.2.3.4", 2);
        assert_int_equal(got_count, 1);
        assert_string_equal(
                fake_diags(), "INFO fail2ban.filter [j] Attempt 1.2.3.4 - 2023-11-14 22:13:20\n");
        attempt(jail, "1.2.3.4", 0);
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 600 #1\nban 1.2.3.4\n");
        assert_int_equal(ignore_add(jail_ignore(jail), SLICE("5.6.7.8"), NULL), 0);
        attempt(jail, "5.6.7.8", 9);
        assert_int_equal(got_count, 0);
        end(jail);
}

static void failures_while_banned_count_towards_the_next_ban(void **state) {
        struct jail *jail = started();
        (void)state;
        fail_times(jail, "1.2.3.4", 5);
        assert_int_equal(jail_counts(jail).failing, 1);
        assert_int_equal(jail_counts(jail).banned_total, 1);
        fake_advance(601.5);
        jail_expire(jail);
        (void)fake_orders();
        fake_failure(jail, NOW + 601.5, "1.2.3.4", 0,
                NULL); /* 2 / 601.5 * 600 rounds to 2, and 1 more */
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000602 600 #1\nban 1.2.3.4\n");
        end(jail);
}

/* Those that are known are counted in a shorter way, unless something has a say in it. */
static void known_ids_are_counted_as_new_ones_are(void **state) {
        static const struct {
                const char *id;
                uint8_t flags;
        } rows[] = {
                {"1.2.3.4",     0             },
                {"2001:db8::1", 0             },
                {"10.0.0.1",    FAILURE_RAW_ID},
                {"no address",  0             }
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = started();
                struct arena arena = ARENA_INIT;
                jail_settings(jail)->maxretry = 5;
                jail_settings_changed(jail);
                fake_failure(jail, NOW - 3, rows[i].id, rows[i].flags, " a");
                fake_failure(jail, NOW - 5, rows[i].id, rows[i].flags, NULL);
                fake_failure(jail, NOW - 1, rows[i].id, rows[i].flags, " b");
                struct ticket *entry = window_find(&jail->window, slice_of(rows[i].id), 0);
                assert_non_null(entry);
                assert_true(entry->time == NOW - 1 && entry->first_time == NOW - 3);
                assert_int_equal(entry->failures, 3);
                assert_slice(ticket_matches_text(entry, &arena), "DATE a\nDATE b");
                assert_int_equal(jail_counts(jail).failed_total, 3);
                fake_failure(jail, NOW, rows[i].id, rows[i].flags, NULL);
                assert_null(strstr(fake_orders(), "ban"));
                fake_failure(jail, NOW, rows[i].id, rows[i].flags, NULL);
                assert_non_null(strstr(fake_orders(), "ban "));
                assert_null(window_find(&jail->window, slice_of(rows[i].id), 0));
                arena_done(&arena);
                end(jail);
        }
}

static void ids_that_become_ignored_are_counted_no_more(void **state) {
        static const char *const words[] = {"1.2.3.4", "1.2.0.0/16"};
        (void)state;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                struct jail *jail = started();
                jail_settings(jail)->maxretry = 10;
                jail_settings_changed(jail);
                fail_times(jail, "1.2.3.4", 3);
                fail_times(jail, "1.3.3.4", 2);
                (void)fake_diags();
                assert_int_equal(ignore_add(jail_ignore(jail), slice_of(words[i]), NULL), 0);
                fail_times(jail, "1.2.3.4", 2);
                assert_string_equal(fake_diags(),
                        "INFO fail2ban.filter [j] Ignore 1.2.3.4 by ip\n"
                        "INFO fail2ban.filter [j] Ignore 1.2.3.4 by ip\n");
                fail_times(jail, "1.3.3.4", 2);
                assert_int_equal(jail_counts(jail).failed_total, 7);
                assert_int_equal(ignore_del(jail_ignore(jail), slice_of(words[i]), NULL), 0);
                fail_times(jail, "1.2.3.4", 2);
                assert_int_equal(window_find(&jail->window, SLICE("1.2.3.4"), 0)->failures, 5);
                end(jail);
        }
}

static void long_ids_are_found_whole(void **state) {
        (void)state;
        for (size_t len = 180; len < 300; len += 7) {
                struct jail *jail = started();
                char id[300], expected[400];
                memset(id, 'x', len);
                id[len] = 0;
                (void)snprintf(expected, sizeof(expected),
                        "INFO fail2ban.filter [j] Found %s - 2023-11-14 22:13:20\n", id);
                fake_failure(jail, NOW, id, FAILURE_RAW_ID, NULL);
                assert_string_equal(fake_diags(), expected);
                end(jail);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_too_old_is_not_failing_any_more),
                cmocka_unit_test(enough_failures_are_a_ban_in_the_same_step),
                cmocka_unit_test(a_network_is_banned_in_the_place_of_its_addresses),
                cmocka_unit_test(ids_are_brought_to_normal_form_unless_raw),
                cmocka_unit_test(old_failure_gives_no_ban),
                cmocka_unit_test(time_in_the_future_is_now),
                cmocka_unit_test(ignored_ids_are_neither_found_nor_counted),
                cmocka_unit_test(order_stays_while_the_command_is_asked_ahead),
                cmocka_unit_test(names_become_a_failure_of_each_address),
                cmocka_unit_test(without_a_resolver_names_are_no_failures),
                cmocka_unit_test(idle_jail_keeps_failures_for_later),
                cmocka_unit_test(reading_pauses_while_too_much_waits),
                cmocka_unit_test(what_waits_at_the_end_is_not_lost_but_read_again),
                cmocka_unit_test(too_many_failing_ids_are_said_once),
                cmocka_unit_test(attempts_weigh_by_their_matches),
                cmocka_unit_test(failures_while_banned_count_towards_the_next_ban),
                cmocka_unit_test(known_ids_are_counted_as_new_ones_are),
                cmocka_unit_test(ids_that_become_ignored_are_counted_no_more),
                cmocka_unit_test(long_ids_are_found_whole),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
