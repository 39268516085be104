/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/store_db.h"

#include "store_fixture.h"

static void result_codes_are_told_apart(void **state) {
        (void)state;
        assert_true(store_db_is_passing(SQLITE_BUSY));
        assert_true(store_db_is_passing(SQLITE_FULL));
        assert_true(store_db_is_passing(SQLITE_IOERR_WRITE));
        assert_true(store_db_is_passing(SQLITE_CORRUPT));
        assert_false(store_db_is_passing(SQLITE_CONSTRAINT));
        assert_false(store_db_is_passing(SQLITE_OK));
        assert_true(store_db_is_damage(SQLITE_NOTADB));
        assert_false(store_db_is_damage(SQLITE_FULL));
}

static void every_statement_can_be_prepared(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        for (int i = 0; i < STORE_STATEMENT_COUNT; i++)
                if (!store_db_statement(f->store, (enum store_statement)i))
                        fail_msg("statement %d: %s", i, sqlite3_errmsg(f->store->db));
}

static void numbers_are_stored_as_python_would(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        sqlite3_stmt *statement = NULL;
        assert_int_equal(sqlite3_prepare_v2(f->store->db, "SELECT typeof(?1), typeof(?2)", -1,
                                 &statement, NULL),
                SQLITE_OK);
        store_db_bind_number(statement, 1, 600);
        store_db_bind_number(statement, 2, 600.5);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_slice(store_db_column(statement, 0), "integer");
        assert_slice(store_db_column(statement, 1), "real");
        (void)sqlite3_finalize(statement);
}

static void while_open_the_file_is_in_wal_mode(void **state) {
        struct fixture *f = *state;
        fixture_open(f);
        assert_slice(fixture_query(f, "PRAGMA journal_mode"), "wal");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(result_codes_are_told_apart),
                FIXTURE_CASE(every_statement_can_be_prepared),
                FIXTURE_CASE(numbers_are_stored_as_python_would),
                FIXTURE_CASE(while_open_the_file_is_in_wal_mode),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
