/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_fixture.h"

#define HASH "3f786850e387550fdab836ed7e6dc881de23001b"

static void positions_are_read_back_before_and_after_the_commit(void **state) {
        struct fixture *f = *state;
        struct slice hash;
        uint64_t offset = 0;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_false(
                store_log_get(f->store, SLICE("sshd"), SLICE("/a"), &f->arena, &hash, &offset));
        store_log_put(f->store, SLICE("sshd"), SLICE("/a"), SLICE(HASH), 100);
        store_log_put(f->store, SLICE("sshd"), SLICE("/a"), SLICE(HASH), 4000000000);
        store_log_put(f->store, SLICE("sshd"), SLICE("/b"), SLICE(""), 7);
        assert_true(store_log_get(f->store, SLICE("sshd"), SLICE("/a"), &f->arena, &hash, &offset));
        assert_int_equal(offset, 4000000000);
        assert_slice(hash, HASH);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(
                fixture_query(f, "SELECT path, firstlinemd5, lastfilepos FROM logs ORDER BY path"),
                "/a|" HASH "|4000000000\n/b||7");
        fixture_close(f);
        fixture_open(f);
        assert_true(store_log_get(f->store, SLICE("sshd"), SLICE("/a"), &f->arena, &hash, &offset));
        assert_int_equal(offset, 4000000000);
}

static void a_log_of_a_jail_that_is_gone_holds_nothing_up(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        store_log_put(f->store, SLICE("gone"), SLICE("/a"), SLICE(""), 1);
        store_log_put(f->store, SLICE("sshd"), SLICE("/b"), SLICE(""), 2);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT jail, path FROM logs"), "sshd|/b");
}

static void journal_positions_are_times(void **state) {
        struct fixture *f = *state;
        double time = 0;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        store_log_put_time(f->store, SLICE("sshd"), SLICE("systemd-journal"),
                SLICE("2026-11-24T00:00:00+00:00 "), 1795478400.5);
        assert_int_equal(store_commit(f->store), 0);
        assert_true(store_log_get_time(f->store, SLICE("sshd"), SLICE("systemd-journal"), &time));
        assert_true(time > 1795478400.4 && time < 1795478400.6);
        assert_slice(fixture_query(f, "SELECT lastfilepos FROM logs"), "1795478400.5");
}

static void a_time_beyond_reason_is_none(void **state) {
        struct fixture *f = *state;
        double time = 0;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_int_equal(store_commit(f->store), 0);
        fixture_sql(f, "INSERT INTO logs(jail, path, lastfilepos) VALUES('sshd', 'a', 9e999),"
                       "('sshd', 'b', 1795478400)");
        assert_false(store_log_get_time(f->store, SLICE("sshd"), SLICE("a"), &time));
        assert_true(store_log_get_time(f->store, SLICE("sshd"), SLICE("b"), &time));
}

static void paths_beyond_reason_are_left_out(void **state) {
        struct fixture *f = *state;
        static char path[5000];
        struct slice hash;
        uint64_t offset;
        memset(path, 'x', sizeof(path) - 1);
        fixture_open(f);
        store_log_put(f->store, SLICE("sshd"), slice_of(path), SLICE(""), 1);
        assert_false(
                store_log_get(f->store, SLICE("sshd"), slice_of(path), &f->arena, &hash, &offset));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(positions_are_read_back_before_and_after_the_commit),
                FIXTURE_CASE(a_log_of_a_jail_that_is_gone_holds_nothing_up),
                FIXTURE_CASE(journal_positions_are_times),
                FIXTURE_CASE(a_time_beyond_reason_is_none),
                FIXTURE_CASE(paths_beyond_reason_are_left_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
