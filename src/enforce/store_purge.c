/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is old goes, a bounded number of rows at a time, so that no commit takes long; the rest
 * follows with the next commits. Freed pages go back to the disk where the file was made for that.
 * Spec server.md 5.2. */
#include <math.h>

#include "base/buffer.h"
#include "channel/message.h"
#include "enforce/store_db.h"

#define VACUUM_PAGES "PRAGMA incremental_vacuum(2000)"

void store_purge(struct store *store) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_f64(&body, clock_wall(store->clock));
        store_queue_add(store, STORE_OP_PURGE, buffer_view(&body));
        buffer_done(&body);
}

/* Returns a SQLite result code; *more: rows may be left. */
static int purge_bans(struct store *store, double oldest, bool *more) {
        sqlite3_stmt *names = store_db_statement(store, STORE_JAIL_NAMES);
        int r = SQLITE_OK;
        if (!names)
                return sqlite3_errcode(store->db);
        while (r == SQLITE_OK && sqlite3_step(names) == SQLITE_ROW) {
                sqlite3_stmt *statement = store_db_statement(store, STORE_PURGE_BANS);
                store_db_bind_text(statement, 1, store_db_column(names, 0));
                (void)sqlite3_bind_double(statement, 2, oldest);
                (void)sqlite3_bind_int64(statement, 3, STORE_PURGE_ROWS);
                r = store_db_run(store, statement);
                *more = *more || sqlite3_changes64(store->db) >= STORE_PURGE_ROWS;
        }
        (void)sqlite3_reset(names);
        return r;
}

static int purge_bips(struct store *store, double oldest, bool *more) {
        sqlite3_stmt *statement = store_db_statement(store, STORE_PURGE_BIPS);
        if (!statement)
                return sqlite3_errcode(store->db);
        (void)sqlite3_bind_double(statement, 1, oldest);
        (void)sqlite3_bind_int64(statement, 2, STORE_OUTDATED_FACTOR);
        (void)sqlite3_bind_int64(statement, 3, STORE_PURGE_ROWS);
        int r = store_db_run(store, statement);
        *more = *more || sqlite3_changes64(store->db) >= STORE_PURGE_ROWS;
        return r;
}

static int64_t pragma_number(struct store *store, const char *sql) {
        sqlite3_stmt *statement = NULL;
        int64_t number = 0;
        if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW)
                number = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return number;
}

/* Bytes in use, free pages apart. */
static int64_t used_bytes(struct store *store) {
        int64_t pages = pragma_number(store, "PRAGMA page_count") -
                        pragma_number(store, "PRAGMA freelist_count");
        return pages * pragma_number(store, "PRAGMA page_size");
}

int store_purge_execute(struct store *store, double now) {
        bool more = false;
        double oldest = now - store->purge_age_s;
        int r = purge_bans(store, oldest, &more);
        if (r == SQLITE_OK)
                r = purge_bips(store, oldest, &more);
        if (r == SQLITE_OK && !more)
                r = store_db_run(store, store_db_statement(store, STORE_PURGE_JAILS));
        if (r == SQLITE_OK && used_bytes(store) > STORE_SIZE_MAX)
                r = store_db_run(store, store_db_statement(store, STORE_PURGE_OLDEST));
        if (r == SQLITE_OK)
                r = store_db_execute(store->db, VACUUM_PAGES);
        store->purge_now = more ? now : 0;
        return r;
}
