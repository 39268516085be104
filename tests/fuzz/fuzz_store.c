/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of a database that anybody may have written, values of any type in any column: each list
 * ends, gives times and numbers that can be reckoned with and data that can be written again, and
 * the rows can be deleted. */
#include <math.h>

#include "enforce/store_db.h"
#include "enforce/store_json.h"
#include "fuzz.h"

#define NOW_S 1795500000
#define TIME_MAX 1e15

static const char *const inserts[] = {
        "INSERT OR REPLACE INTO bips(jail, ip, timeofban, bantime, bancount, data) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        "INSERT INTO bans(jail, ip, timeofban, bantime, bancount, data) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        "INSERT OR REPLACE INTO logs(jail, path, firstlinemd5, lastfilepos) "
        "VALUES(?1, ?2, ?3, ?4)",
};
#define INSERTS (sizeof(inserts) / sizeof(inserts[0]))

static struct clock now;
static struct store *store;
static sqlite3_stmt *statements[INSERTS];

static void begin_once(void) {
        if (store)
                return;
        fuzz_be_quiet();
        clock_fix(&now, INT64_C(1000000) * NOW_S);
        FUZZ_REQUIRE(store_open(":memory:", &now, &store, NULL) == 0);
        FUZZ_REQUIRE(store_db_execute(store->db, "PRAGMA foreign_keys = OFF") == SQLITE_OK);
        for (size_t i = 0; i < INSERTS; i++)
                FUZZ_REQUIRE(sqlite3_prepare_v2(store->db, inserts[i], -1, &statements[i], NULL) ==
                             SQLITE_OK);
}

/* A value is its type and a piece, or one of those that the questions below are about. */
static void bind(sqlite3_stmt *statement, int column, struct slice *rest) {
        uint64_t number = 0;
        double real;
        struct slice piece = SLICE("");
        uint8_t type = fuzz_byte(rest) % 8;
        if (type < 5)
                (void)fuzz_piece(rest, &piece);
        memcpy(&number, piece.data, piece.len < sizeof(number) ? piece.len : sizeof(number));
        memcpy(&real, &number, sizeof(real));
        if (type == 1)
                (void)sqlite3_bind_int64(statement, column, (int64_t)number);
        else if (type == 2)
                (void)sqlite3_bind_double(statement, column, real);
        else if (type == 3)
                (void)sqlite3_bind_text64(
                        statement, column, piece.data, piece.len, SQLITE_STATIC, SQLITE_UTF8);
        else if (type == 4)
                (void)sqlite3_bind_blob64(statement, column, piece.data, piece.len, SQLITE_STATIC);
        else if (type == 5)
                (void)sqlite3_bind_text(
                        statement, column, column == 1 ? "sshd" : "192.0.2.1", -1, SQLITE_STATIC);
        else if (type == 6)
                (void)sqlite3_bind_int64(statement, column, NOW_S);
        else
                (void)sqlite3_bind_null(statement, column);
}

static void insert(struct slice *rest) {
        sqlite3_stmt *statement = statements[fuzz_byte(rest) % INSERTS];
        for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++)
                bind(statement, i, rest);
        (void)sqlite3_step(statement); /* some are refused by the schema */
        (void)sqlite3_reset(statement);
        (void)sqlite3_clear_bindings(statement);
}

static void check_data(const struct value *data) {
        struct buffer out = BUFFER_INIT(STORE_JSON_MAX * 8);
        FUZZ_REQUIRE(data->type == VALUE_DICT && store_json_put(&out, data) == 0);
        buffer_done(&out);
}

static void on_row(void *user, const struct store_ban *row) {
        unsigned *count = user;
        (*count)++;
        FUZZ_REQUIRE(slice_is(row->jail, "sshd") && (row->id.data || row->id.len == 0));
        FUZZ_REQUIRE(fabs(row->time) <= TIME_MAX && fabs(row->ban_time_s) <= TIME_MAX);
        check_data(&row->data);
}

static void ask(struct slice jail) {
        struct arena arena = ARENA_INIT;
        struct value matches, data;
        struct slice hash = SLICE("");
        int64_t failures;
        uint32_t count;
        uint64_t offset;
        double time, ban_time_s;
        if (store_ban_history(store, jail, SLICE("192.0.2.1"), &count, &time, &ban_time_s))
                FUZZ_REQUIRE(fabs(time) <= TIME_MAX && fabs(ban_time_s) <= TIME_MAX);
        if (store_ban_merged(store, jail, SLICE("192.0.2.1"), &arena, &matches, &failures)) {
                data = value_dict();
                value_dict_put(&data, value_text("matches"), matches, &arena);
                FUZZ_REQUIRE(failures >= 0 && matches.list.count <= 10);
                check_data(&data);
        }
        if (store_log_get(store, jail, SLICE("192.0.2.1"), &arena, &hash, &offset))
                FUZZ_REQUIRE(offset <= INT64_MAX);
        if (store_log_get_time(store, jail, SLICE("192.0.2.1"), &time))
                FUZZ_REQUIRE(isfinite(time));
        arena_done(&arena);
}

/* In parts of so many: each row once, whatever stands there for an ip. */
static void list_all(uint32_t max, unsigned *rows) {
        struct store_list list;
        store_list_init(&list, NOW_S, 0);
        while (store_bans_current(store, SLICE("sshd"), &list, max, on_row, rows))
                FUZZ_REQUIRE(*rows <= 20);
        store_list_done(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size);
        unsigned rows = 0, left = 0;
        begin_once();
        FUZZ_REQUIRE(store_db_execute(store->db, "DELETE FROM bans; DELETE FROM bips; "
                                                 "DELETE FROM logs; BEGIN") == SQLITE_OK);
        for (unsigned i = 0; i < 20 && rest.len > 0; i++)
                insert(&rest);
        FUZZ_REQUIRE(store_db_execute(store->db, "COMMIT") == SQLITE_OK);
        list_all(7, &rows);
        FUZZ_REQUIRE(rows <= 20);
        ask(SLICE("sshd"));
        ask(SLICE(""));
        store_purge(store);
        (void)store_ban_del_all(store, SLICE("sshd"));
        FUZZ_REQUIRE(store_commit(store) == 0);
        list_all(100, &left);
        FUZZ_REQUIRE(left == 0);
        return 0;
}
