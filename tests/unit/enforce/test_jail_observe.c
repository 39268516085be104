/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/memory.h"
#include "base/repr.h"
#include "jail_fixture.h"

static void increment(struct jail *jail) {
        struct arena arena = ARENA_INIT;
        struct value yes = value_bool(true), ret;
        assert_int_equal(
                escalate_set(jail_escalation(jail), SLICE("increment"), &yes, &arena, &ret, NULL),
                0);
        arena_done(&arena);
        (void)fake_diags();
}

static void ban(struct jail *jail, const char *id) {
        struct arena arena = ARENA_INIT;
        struct value ids = value_list();
        (void)value_append(&ids, value_text(id), &arena);
        jail_ban_ids(jail, &ids, NULL, NULL);
        arena_done(&arena);
        fake_settle();
}

static void each_ban_of_an_id_is_longer(void **state) {
        struct jail *jail = started();
        (void)state;
        increment(jail);
        fake.can_prolong = true;
        ban(jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 600 #1\nban 1.2.3.4\n");
        fake_advance(602);
        jail_expire(jail);
        (void)fake_orders();
        (void)fake_diags();
        ban(jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000602 1200 #2\nban 1.2.3.4\n");
        assert_string_equal(fake_diags(), "NOTICE fail2ban.actions [j] Ban 1.2.3.4\n"
                                          "INFO fail2ban.observer [j] IP 1.2.3.4 is bad: 1 # last "
                                          "2023-11-14 22:13:20 - incr 10m to 20m\n"
                                          "NOTICE fail2ban.observer [j] Increase Ban 1.2.3.4 (2 # "
                                          "20m -> 2023-11-14 22:43:22)\n");
        assert_int_equal(jail->prolong_count, 1); /* the actions hear of it 10 s later */
        fake_advance(601);
        jail_expire(jail);
        assert_string_equal(fake_orders(), "");
        fake_advance(600);
        jail_expire(jail);
        assert_string_equal(fake_orders(), "unban 1.2.3.4\n");
        ban(jail, "1.2.3.4");
        assert_non_null(strstr(fake_orders(), " 2400 #3\n"));
        end(jail);
}

static void small_increase_is_prolonged_at_once(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct value factor = value_text("1.001"), multipliers = value_text("1"), ret;
        (void)state;
        increment(jail);
        (void)escalate_set(jail_escalation(jail), SLICE("factor"), &factor, &arena, &ret, NULL);
        (void)escalate_set(
                jail_escalation(jail), SLICE("multipliers"), &multipliers, &arena, &ret, NULL);
        arena_done(&arena);
        fake.can_prolong = true;
        ban(jail, "1.2.3.4");
        fake_advance(602);
        jail_expire(jail);
        (void)fake_orders();
        ban(jail, "1.2.3.4");
        assert_string_equal(
                fake_orders(), "row 1.2.3.4 1700000602 601 #2\nban 1.2.3.4\nprolong 1.2.3.4\n");
        end(jail);
}

static void failures_of_the_known_weigh_more(void **state) {
        static const struct {
                uint32_t count;    /* earlier bans */
                uint32_t failures; /* until the ban, maxretry 5 */
                const char *said;
        } rows[] = {
                {1, 3,
                 "INFO fail2ban.observer [j] Found 1.2.3.4, bad - 2023-11-14 22:13:20, 1 # "
                        "-> 2.0\n"     },
                {2, 2,
                 "INFO fail2ban.observer [j] Found 1.2.3.4, bad - 2023-11-14 22:13:20, 2 # "
                        "-> 3.0\n"     },
                {3, 1,
                 "INFO fail2ban.observer [j] Found 1.2.3.4, bad - 2023-11-14 22:13:20, 3 # "
                        "-> 5.0, Ban\n"},
                {4, 1,
                 "INFO fail2ban.observer [j] Found 1.2.3.4, bad - 2023-11-14 22:13:20, 4 # "
                        "-> 5, Ban\n"  },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct jail *jail = started();
                struct store_ban row = {
                        SLICE("j"), SLICE("1.2.3.4"), NOW - 5000, 600, rows[i].count, value_dict()};
                increment(jail);
                jail_settings(jail)->maxretry = 5;
                jail_settings_changed(jail);
                store_ban_add(fake.store, &row);
                (void)fake_orders();
                for (uint32_t k = 1; k <= rows[i].failures; k++) {
                        assert_int_equal(jail_counts(jail).banned, 0);
                        fake_failure(jail, NOW, "1.2.3.4", 0, NULL);
                        const char *said = fake_diags();
                        assert_non_null(strstr(said, rows[i].said));
                }
                assert_int_equal(jail_counts(jail).banned, 1);
                end(jail);
        }
}

static void failures_before_the_last_ban_weigh_nothing(void **state) {
        struct jail *jail = started();
        struct store_ban row = {SLICE("j"), SLICE("1.2.3.4"), NOW, 600, 9, value_dict()};
        (void)state;
        increment(jail);
        store_ban_add(fake.store, &row);
        fake_failure(jail, NOW - 1, "1.2.3.4", 0, NULL);
        assert_int_equal(jail_counts(jail).banned, 0);
        end(jail);
}

static void ban_read_twice_is_not_stored_twice(void **state) {
        struct jail *jail = started();
        struct store_ban row = {SLICE("j"), SLICE("1.2.3.4"), NOW + 1, 600, 1, value_dict()};
        (void)state;
        increment(jail);
        store_ban_add(fake.store, &row);
        (void)fake_orders();
        ban(jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "ban 1.2.3.4\n");
        end(jail);
}

static void impossible_formula_leaves_the_base_time(void **state) {
        struct jail *jail = started();
        struct arena arena = ARENA_INIT;
        struct value formula = value_text("1/(ban.Count-1)"), ret;
        struct store_ban row = {SLICE("j"), SLICE("1.2.3.4"), NOW - 5000, 600, 1, value_dict()};
        (void)state;
        increment(jail);
        (void)escalate_set(jail_escalation(jail), SLICE("formula"), &formula, &arena, &ret, NULL);
        arena_done(&arena);
        store_ban_add(fake.store, &row);
        (void)fake_orders();
        (void)fake_diags();
        ban(jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 600 #2\nban 1.2.3.4\n");
        assert_non_null(strstr(fake_diags(), "ERROR fail2ban.observer division by zero\n"));
        end(jail);
}

static void permanent_bans_do_not_grow(void **state) {
        struct jail *jail = started();
        struct store_ban row = {SLICE("j"), SLICE("1.2.3.4"), NOW - 5000, 600, 3, value_dict()};
        (void)state;
        increment(jail);
        jail_settings(jail)->bantime_s = -1;
        jail_settings_changed(jail);
        store_ban_add(fake.store, &row);
        (void)fake_orders();
        ban(jail, "1.2.3.4");
        assert_string_equal(fake_orders(), "row 1.2.3.4 1700000000 -1 #1\nban 1.2.3.4\n");
        end(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_ban_of_an_id_is_longer),
                cmocka_unit_test(small_increase_is_prolonged_at_once),
                cmocka_unit_test(failures_of_the_known_weigh_more),
                cmocka_unit_test(failures_before_the_last_ban_weigh_nothing),
                cmocka_unit_test(ban_read_twice_is_not_stored_twice),
                cmocka_unit_test(impossible_formula_leaves_the_base_time),
                cmocka_unit_test(permanent_bans_do_not_grow),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
