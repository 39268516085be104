/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

static void old_bans_go_and_bips_stay_three_times_their_time(void **state) {
        struct fixture *f = *state;
        double old = (double)NOW_S - 86400;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        fixture_add(f, "sshd", "old", old - 1801);
        fixture_add(f, "sshd", "older-but-long", old - 1700);
        fixture_add(f, "sshd", "new", old + 10);
        struct store_ban ban = fixture_ban("sshd", "for-ever", old - 1000000);
        ban.ban_time_s = -1;
        store_ban_add(f->store, &ban);
        store_purge(f->store);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bans"), "new");
        assert_slice(fixture_query(f, "SELECT ip FROM bips ORDER BY ip"),
                "for-ever\nnew\nolder-but-long");
}

static void jails_without_anything_go(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("on"));
        store_jail_add(f->store, SLICE("off"));
        store_jail_add(f->store, SLICE("off-with-bans"));
        fixture_add(f, "off-with-bans", "a", (double)NOW_S);
        store_log_put(f->store, SLICE("off"), SLICE("/x"), SLICE(""), 1);
        store_jail_disable(f->store, SLICE("off"));
        store_jail_disable(f->store, SLICE("off-with-bans"));
        assert_int_equal(store_commit(f->store), 0);
        store_purge(f->store);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT name FROM jails ORDER BY name"), "off-with-bans\non");
        assert_slice(fixture_query(f, "SELECT count(*) FROM logs"), "0");
}

static void many_rows_go_in_several_commits(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        for (int i = 0; i < 45000; i++)
                fixture_add(f, "sshd",
                        (char[]){(char)('a' + i % 26), (char)('a' + i / 26 % 26),
                                (char)('a' + i / 676 % 26), (char)('a' + i / 17576), '\0'},
                        1);
        assert_int_equal(store_commit(f->store), 0);
        store_purge(f->store);
        int commits = 0;
        while (store_is_dirty(f->store) && commits < 10) {
                assert_int_equal(store_commit(f->store), 0);
                commits++;
        }
        assert_true(commits >= 3 && commits < 10);
        assert_slice(fixture_query(
                             f, "SELECT (SELECT count(*) FROM bans) + (SELECT count(*) FROM bips)"),
                "0");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(old_bans_go_and_bips_stay_three_times_their_time),
                FIXTURE_CASE(jails_without_anything_go),
                FIXTURE_CASE(many_rows_go_in_several_commits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
