/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/store_db.h"

#include "store_fixture.h"

static int setup(void **state) {
        (void)fixture_setup(state);
        struct fixture *f = *state;
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_int_equal(store_commit(f->store), 0);
        return 0;
}

static void a_lock_of_somebody_else_is_waited_out(void **state) {
        struct fixture *f = *state;
        sqlite3 *other = NULL;
        size_t waiting = 0;
        uint64_t dropped = 0;
        assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        fixture_add(f, "sshd", "a", 1);
        assert_true(store_commit(f->store) < 0);
        fixture_add(f, "sshd", "b", 2);
        assert_true(store_commit(f->store) < 0);
        store_backlog(f->store, &waiting, &dropped);
        assert_int_equal(waiting, 2);
        assert_int_equal(dropped, 0);
        assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(other);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bans ORDER BY ip"), "a\nb");
        struct slice said = buffer_view(&f->said);
        size_t first = slice_find(said, SLICE("Cannot write to database"), 0);
        assert_true(first < said.len);
        assert_int_equal(slice_find(said, SLICE("Cannot write to database"), first + 1),
                said.len); /* said once */
        assert_true(fixture_said(f, "is written again, 2 write(s) made up for"));
}

static void a_full_disk_is_waited_out(void **state) {
        struct fixture *f = *state;
        assert_int_equal(store_db_execute(f->store->db, "PRAGMA max_page_count = 1"),
                SQLITE_OK); /* what it has, at least */
        struct store_ban ban = fixture_ban("sshd", "a", 1);
        static char text[200000];
        memset(text, 'x', sizeof(text) - 1);
        value_dict_put(&ban.data, value_text("user"), value_text(text), &f->arena);
        store_ban_add(f->store, &ban);
        assert_true(store_commit(f->store) < 0);
        assert_true(fixture_said(f, "full"));
        assert_int_equal(
                store_db_execute(f->store->db, "PRAGMA max_page_count = 100000"), SQLITE_OK);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bans"), "a");
}

static void a_read_only_database_is_said_and_kept(void **state) {
        struct fixture *f = *state;
        assert_int_equal(store_db_execute(f->store->db, "PRAGMA query_only = ON"), SQLITE_OK);
        fixture_add(f, "sshd", "a", 1);
        assert_true(store_commit(f->store) < 0);
        assert_int_equal(store_db_execute(f->store->db, "PRAGMA query_only = OFF"), SQLITE_OK);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bans"), "a");
}

static void what_never_works_is_given_up_alone(void **state) {
        struct fixture *f = *state;
        fixture_add(f, "no-such-jail", "a", 1);
        fixture_add(f, "sshd", "b", 2);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bans"), "b");
        assert_true(fixture_said(f, "refuses a write"));
}

static void the_backlog_has_an_end(void **state) {
        struct fixture *f = *state;
        sqlite3 *other = NULL;
        size_t waiting = 0;
        uint64_t dropped = 0;
        assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        fixture_add(f, "sshd", "a", 1);
        assert_true(store_commit(f->store) < 0);
        for (int i = 0; i < STORE_BACKLOG_MAX + 5; i++)
                store_jail_add(f->store, SLICE("x"));
        store_backlog(f->store, &waiting, &dropped);
        assert_int_equal(waiting, STORE_BACKLOG_MAX);
        assert_int_equal(dropped, 6);
        (void)sqlite3_close(other);
        assert_int_equal(store_commit(f->store), 0);
}

static void hundred_thousand_bans_are_written(void **state) {
        struct fixture *f = *state;
        char id[32];
        for (int i = 0; i < 100000; i++) {
                (void)snprintf(id, sizeof(id), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
                fixture_add(f, "sshd", id, i);
        }
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT count(*) FROM bips"), "100000");
}

static void memory_is_given_back_after_many_writes_only(void **state) {
        struct fixture *f = *state;
        char id[32];
        (void)store_rest(f->store); /* what the fixture has written */
        for (int i = 0; i < STORE_REST_OPS; i++) {
                assert_false(store_rest(f->store));
                (void)snprintf(id, sizeof(id), "10.0.%d.%d", i / 256, i % 256);
                fixture_add(f, "sshd", id, i);
        }
        assert_false(store_rest(f->store)); /* they are not on disk yet */
        assert_int_equal(store_commit(f->store), 0);
        assert_true(store_rest(f->store));
        assert_int_equal(f->store->queue.capacity, 0);
        assert_false(store_rest(f->store));
        fixture_add(f, "sshd", "a", 1);
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT count(*) FROM bips"), "1001");
}

static void damage_is_found_while_the_file_is_in_use(void **state) {
        struct fixture *f = *state;
        char bytes[4096];
        fixture_add(f, "sshd", "192.0.2.1", NOW_S);
        store_check(f->store);
        assert_false(fixture_said(f, "Error opening"));
        assert_slice(fixture_query(f, "SELECT ip FROM bips"), "192.0.2.1");
        fixture_close(f);
        fixture_open(f);
        store_jail_add(f->store, SLICE("sshd"));
        assert_int_equal(store_commit(f->store), 0);
        store_check(f->store); /* all of it is in the file now */
        memset(bytes, 0xff, sizeof(bytes));
        FILE *file = fopen(f->path, "r+");
        assert_non_null(file);
        for (int i = 0; i < 30; i++)
                assert_int_equal(fwrite(bytes, sizeof(bytes), 1, file), 1);
        assert_int_equal(fclose(file), 0);
        store_check(f->store);
        assert_true(fixture_said(f, "40 Error opening fail2ban persistent database '"));
        assert_true(fixture_said(f, "20 Trying to repair database "));
        fixture_add(f, "sshd", "192.0.2.2", NOW_S); /* the jail's row is there again */
        assert_int_equal(store_commit(f->store), 0);
        assert_slice(fixture_query(f, "SELECT ip FROM bips"), "192.0.2.2");
        assert_slice(fixture_query(f, "PRAGMA integrity_check"), "ok");
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(damage_is_found_while_the_file_is_in_use),
                CASE(a_lock_of_somebody_else_is_waited_out),
                CASE(a_full_disk_is_waited_out),
                CASE(a_read_only_database_is_said_and_kept),
                CASE(what_never_works_is_given_up_alone),
                CASE(the_backlog_has_an_end),
                CASE(hundred_thousand_bans_are_written),
                CASE(memory_is_given_back_after_many_writes_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
