/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

static int setup(void **state) {
        (void)fixture_setup(state);
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        store_jail_add(f->store, SLICE("web"));
        return 0;
}

/* {"matches": [...count texts m0, m1, ...], "failures": failures, "user": "bob"} */
static struct value make_data(struct fixture *f, int count, int failures) {
        struct value data = value_dict();
        struct value matches = value_list();
        for (int i = 0; i < count; i++)
                (void)value_append(
                        &matches, value_string(arena_printf(&f->arena, "m%d", i)), &f->arena);
        value_dict_put(&data, value_text("matches"), matches, &f->arena);
        value_dict_put(&data, value_text("failures"), value_int(failures), &f->arena);
        value_dict_put(&data, value_text("user"),
                value_text("b\xc3\xb6"
                           "b"),
                &f->arena);
        return data;
}

static void ban_goes_into_both_tables_as_python_writes_it(void **state) {
        struct fixture *f = *state;
        struct store_ban ban = fixture_ban("sshd", "192.0.2.1", (double)NOW_S + 0.97);
        ban.data = make_data(f, 1, 3);
        store_ban_add(f->store, &ban);
        ban.count = 2;
        ban.time += 100;
        ban.ban_time_s = -1;
        store_ban_add(f->store, &ban);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT jail, ip, timeofban, bantime, bancount, "
                                      "typeof(data), typeof(timeofban) FROM bans"),
                "sshd|192.0.2.1|1795500001|600|1|blob|integer\nsshd|192.0.2.1|1795500101|-1|2|blob|"
                "integer");
        assert_slice(fixture_query(f, "SELECT timeofban, bantime, bancount FROM bips"),
                "1795500101|-1|2");
        assert_slice(fixture_query(f, "SELECT data FROM bips"),
                "{\"matches\": [\"m0\"], \"failures\": 3, \"user\": \"b\xc3\xb6"
                "b\"}");
}

static void times_are_rounded_half_to_even(void **state) {
        struct fixture *f = *state;
        fixture_add(f, "sshd", "a", 2.5);
        fixture_add(f, "sshd", "b", 3.5);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip, timeofban FROM bans ORDER BY ip"), "a|2\nb|4");
}

static void matches_are_cut_to_the_newest(void **state) {
        struct fixture *f = *state;
        struct store_ban ban = fixture_ban("sshd", "a", (double)NOW_S);
        ban.data = make_data(f, 4, 1);
        store_set_max_matches(f->store, 2);
        store_ban_add(f->store, &ban);
        store_set_max_matches(f->store, 0);
        ban.id = SLICE("b");
        store_ban_add(f->store, &ban);
        ban.id = SLICE("c");
        ban.data = make_data(f, 0, 0); /* there is nothing to cut */
        store_ban_add(f->store, &ban);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT data FROM bips ORDER BY ip"),
                "{\"matches\": [\"m2\", \"m3\"], \"failures\": 1, \"user\": \"b\xc3\xb6"
                "b\"}\n{\"failures\": 1, \"user\": \"b\xc3\xb6"
                "b\"}\n{\"matches\": [], \"failures\": 0, \"user\": \"b\xc3\xb6"
                "b\"}");
}

static void deletion_counts_and_reaches_what_is_not_yet_committed(void **state) {
        struct fixture *f = *state;
        fixture_add(f, "sshd", "a", 1);
        fixture_add(f, "sshd", "a", 2);
        fixture_add(f, "web", "a", 3);
        fixture_add(f, "sshd", "b", 4);
        assert_int_equal(store_ban_del(f->store, SLICE("sshd"), SLICE("a")), 2);
        assert_int_equal(store_ban_del(f->store, SLICE("sshd"), SLICE("a")), 0);
        assert_int_equal(store_ban_del_all(f->store, SLICE("web")), 1);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT jail, ip FROM bips"), "sshd|b");
}

static void list_row(void *user, const struct store_ban *row) {
        struct fixture *f = user;
        const struct value *failures = value_dict_get(&row->data, "failures");
        (void)buffer_printf(&f->said, "<%.*s %.0f %.0f %u %lld>", SLICE_ARG(row->id), row->time,
                row->ban_time_s, row->count, failures ? (long long)failures->integer : -1LL);
}

/* In parts of part_max. */
static void list_current(struct fixture *f, double now, double newer_than, uint32_t part_max) {
        struct store_list list;
        buffer_clear(&f->said);
        store_list_init(&list, now, newer_than);
        while (store_bans_current(f->store, SLICE("sshd"), &list, part_max, list_row, f))
                continue;
        store_list_done(&list);
}

static void current_bans_are_those_that_hold(void **state) {
        struct fixture *f = *state;
        double now = (double)NOW_S;
        struct store_ban ban = fixture_ban("sshd", "d", now - 5000);
        fixture_add(f, "sshd", "b", now - 100);
        fixture_add(f, "sshd", "a", now - 599);
        fixture_add(f, "sshd", "c", now - 601);
        fixture_add(f, "web", "x", now);
        ban.ban_time_s = -1;
        ban.data = make_data(f, 1, 7);
        store_ban_add(f->store, &ban);
        list_current(f, now, 0, 100);
        assert_slice(buffer_view(&f->said),
                "<a 1795499401 600 1 -1><b 1795499900 600 1 -1><d 1795495000 -1 1 7>");
        list_current(f, now, now - 200, 100);
        assert_slice(buffer_view(&f->said), "<b 1795499900 600 1 -1>");
}

static void history_is_of_one_jail_or_all(void **state) {
        struct fixture *f = *state;
        uint32_t count = 0;
        double time = 0;
        double ban_time = 0;
        struct store_ban ban = fixture_ban("sshd", "a", 100);
        ban.count = 3;
        store_ban_add(f->store, &ban);
        ban.jail = SLICE("web");
        ban.time = 200;
        ban.count = 4;
        store_ban_add(f->store, &ban);
        assert_true(
                store_ban_history(f->store, SLICE("sshd"), SLICE("a"), &count, &time, &ban_time));
        assert_int_equal(count, 3);
        assert_int_equal((int)time, 100);
        assert_int_equal((int)ban_time, 600);
        assert_true(store_ban_history(f->store, SLICE(""), SLICE("a"), &count, &time, &ban_time));
        assert_int_equal(count, 7);
        assert_int_equal((int)time, 200);
        assert_false(
                store_ban_history(f->store, SLICE("sshd"), SLICE("z"), &count, &time, &ban_time));
}

static void merged_matches_are_the_newest_in_order(void **state) {
        struct fixture *f = *state;
        struct value matches;
        int64_t failures = 0;
        store_set_max_matches(f->store, 3);
        for (int i = 0; i < 2; i++) {
                struct store_ban ban = fixture_ban(i == 0 ? "sshd" : "web", "a", 100 + i);
                ban.data = make_data(f, 2, 5 + i);
                store_ban_add(f->store, &ban);
        }
        assert_true(
                store_ban_merged(f->store, SLICE(""), SLICE("a"), &f->arena, &matches, &failures));
        assert_int_equal(failures, 11);
        assert_int_equal(matches.list.count, 3);
        assert_slice(value_item_text(&matches, 0), "m1");
        assert_slice(value_item_text(&matches, 1), "m0");
        assert_slice(value_item_text(&matches, 2), "m1");
        assert_true(store_ban_merged(
                f->store, SLICE("web"), SLICE("a"), &f->arena, &matches, &failures));
        assert_int_equal(failures, 6);
        assert_int_equal(matches.list.count, 2);
        assert_false(store_ban_merged(
                f->store, SLICE("web"), SLICE("b"), &f->arena, &matches, &failures));
}

static void odd_data_of_others_is_survived(void **state) {
        struct fixture *f = *state;
        assert_int_equal(store_commit(f->store), 0);
        fixture_sql(f, "INSERT INTO bips(ip, jail, timeofban, bantime, bancount, data) VALUES"
                       "('a', 'sshd', 1795499990, 600, 1, '{\"matches\": [[\"x\", \"y\", \"z\"]], "
                       "\"failures\": 2}'),"
                       "('b', 'sshd', 1795499990, 600, 1, 'no json'), ('c', 'sshd', 1795499990, "
                       "600, 1, NULL)");
        list_current(f, (double)NOW_S, 0, 100);
        assert_slice(buffer_view(&f->said),
                "<a 1795499990 600 1 2><b 1795499990 600 1 -1><c 1795499990 600 1 -1>");
}

/* Each comes once, however small the parts, and though rows come and go between them. */
static void current_bans_come_in_parts(void **state) {
        struct fixture *f = *state;
        struct buffer whole = BUFFER_INIT(10000);
        for (unsigned i = 0; i < 10; i++) {
                char id[20];
                (void)snprintf(id, sizeof(id), "10.0.0.%u", i * 7);
                fixture_add(f, "sshd", id, NOW_S - i);
                fixture_add(f, "web", id, NOW_S);
        }
        assert_int_equal(store_commit(f->store), 0);
        fixture_sql(f, "INSERT INTO bips(ip, jail, timeofban, bantime, bancount, data) VALUES"
                       "(x'61', 'sshd', 1795499990, 600, 1, '{}'),"
                       "(x'62', 'sshd', 1795499990, 600, 1, '{}'),"
                       "(x'63', 'sshd', 1795499990, 600, 1, '{}')");
        list_current(f, (double)NOW_S, 0, 100);
        (void)buffer_append(&whole, buffer_view(&f->said));
        for (uint32_t part_max = 1; part_max < 15; part_max++) {
                list_current(f, (double)NOW_S, 0, part_max);
                assert_true(slice_equal(buffer_view(&f->said), buffer_view(&whole)));
        }
        struct store_list list;
        buffer_clear(&f->said);
        store_list_init(&list, (double)NOW_S, 0);
        assert_true(store_bans_current(f->store, SLICE("sshd"), &list, 3, list_row, f));
        (void)store_ban_del(f->store, SLICE("sshd"), SLICE("10.0.0.21"));
        fixture_add(f, "sshd", "10.0.0.1", NOW_S);  /* before the place */
        fixture_add(f, "sshd", "10.0.0.29", NOW_S); /* behind it */
        assert_false(store_bans_current(f->store, SLICE("sshd"), &list, 100, list_row, f));
        store_list_done(&list);
        assert_null(strstr(buffer_view(&f->said).data, "<10.0.0.1 "));
        assert_non_null(strstr(buffer_view(&f->said).data, "<10.0.0.29 "));
        buffer_done(&whole);
}

static void numbers_beyond_all_reason_are_cut(void **state) {
        struct fixture *f = *state;
        struct value matches;
        uint32_t count = 0;
        int64_t failures = 0;
        double time = 0, ban_time = 0;
        assert_int_equal(store_commit(f->store), 0);
        fixture_sql(f, "INSERT INTO bips(ip, jail, timeofban, bantime, bancount, data) VALUES"
                       "('a', 'sshd', 9e999, 1e300, 4294967297, '{}'),"
                       "('b', 'sshd', -9e999, -1, -7, '{}')");
        fixture_sql(f, "INSERT INTO bans(ip, jail, timeofban, bantime, data) VALUES"
                       "('a', 'sshd', 1, 1, '{\"failures\": 9223372036854775807}'),"
                       "('a', 'sshd', 2, 1, '{\"failures\": 9223372036854775807}')");
        list_current(f, (double)NOW_S, 0, 100);
        assert_slice(buffer_view(&f->said), "<a 1000000000000000 1000000000000000 4294967295 -1>"
                                            "<b -1000000000000000 -1 0 -1>");
        assert_true(store_ban_history(f->store, SLICE(""), SLICE("a"), &count, &time, &ban_time));
        assert_true(time == 1e15 && ban_time == 1e15 && count == UINT32_MAX);
        assert_true(store_ban_merged(
                f->store, SLICE("sshd"), SLICE("a"), &f->arena, &matches, &failures));
        assert_true(failures == INT64_MAX);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(ban_goes_into_both_tables_as_python_writes_it),
                CASE(times_are_rounded_half_to_even),
                CASE(matches_are_cut_to_the_newest),
                CASE(deletion_counts_and_reaches_what_is_not_yet_committed),
                CASE(current_bans_are_those_that_hold),
                CASE(history_is_of_one_jail_or_all),
                CASE(merged_matches_are_the_newest_in_order),
                CASE(odd_data_of_others_is_survived),
                CASE(numbers_beyond_all_reason_are_cut),
                CASE(current_bans_come_in_parts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
