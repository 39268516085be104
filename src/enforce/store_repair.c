/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A damaged database is set aside, never deleted, and what can be read of it is copied into a new
 * one: each table by its rows forwards, and where that hits the damage, backwards from the end.
 * Rows that are there twice are taken once. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "enforce/store_schema.h"

static const char *const tables[] = {"jails", "logs", "bans", "bips"};
static const char *const columns[] = {
        "name, enabled",
        "jail, path, firstlinemd5, lastfilepos",
        "jail, ip, timeofban, bantime, bancount, data",
        "ip, jail, timeofban, bantime, bancount, data",
};
static const int column_counts[] = {2, 4, 6, 6};

static void copy_row(sqlite3_stmt *from, sqlite3_stmt *to, int count, uint64_t *rows) {
        for (int i = 0; i < count; i++)
                (void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i + 1));
        if (sqlite3_step(to) == SQLITE_DONE)
                (*rows)++;
        (void)sqlite3_reset(to);
}

/* Copies rows in one direction; *edge: where the other direction stopped. Returns whether all rows
 * came. */
static bool copy_direction(sqlite3 *old, sqlite3_stmt *to, size_t table, bool is_forwards,
        sqlite3_int64 *edge, uint64_t *rows) {
        char sql[256];
        sqlite3_stmt *from = NULL;
        (void)snprintf(sql, sizeof(sql),
                "SELECT rowid, %s FROM %s NOT INDEXED %s ORDER BY rowid %s", columns[table],
                tables[table], is_forwards ? "" : "WHERE rowid > ?1", is_forwards ? "" : "DESC");
        if (sqlite3_prepare_v2(old, sql, -1, &from, NULL) != SQLITE_OK)
                return true; /* the table cannot be found: nothing more to be had */
        if (!is_forwards)
                (void)sqlite3_bind_int64(from, 1, *edge);
        int r;
        while ((r = sqlite3_step(from)) == SQLITE_ROW) {
                sqlite3_int64 rowid = sqlite3_column_int64(from, 0);
                copy_row(from, to, column_counts[table], rows);
                if (is_forwards)
                        *edge = rowid;
        }
        (void)sqlite3_finalize(from);
        return r == SQLITE_DONE;
}

static void copy_table(sqlite3 *old, sqlite3 *new, size_t table, uint64_t *rows) {
        char sql[256];
        sqlite3_stmt *to = NULL;
        sqlite3_int64 edge = INT64_MIN;
        const char *marks = column_counts[table] == 2   ? "?, ?"
                            : column_counts[table] == 4 ? "?, ?, ?, ?"
                                                        : "?, ?, ?, ?, ?, ?";
        (void)snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO %s(%s) VALUES(%s)", tables[table],
                columns[table], marks);
        if (sqlite3_prepare_v2(new, sql, -1, &to, NULL) != SQLITE_OK)
                return;
        if (!copy_direction(old, to, table, true, &edge, rows))
                (void)copy_direction(old, to, table, false, &edge, rows);
        (void)sqlite3_finalize(to);
}

/* Returns the number of rows that came over. */
static uint64_t copy_all(const char *from, const char *to) {
        sqlite3 *old = NULL;
        sqlite3 *new = NULL;
        uint64_t rows = 0;
        if (sqlite3_open_v2(from, &old, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_open_v2(to, &new, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
                        SQLITE_OK &&
                store_schema_create(new) == SQLITE_OK &&
                store_db_execute(new, "BEGIN") == SQLITE_OK) {
                for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
                        copy_table(old, new, i, &rows);
                (void)store_db_execute(new, "COMMIT");
        }
        (void)sqlite3_close(old);
        (void)sqlite3_close(new);
        return rows;
}

/* The files beside the database belong to it. */
static void move_beside(
        const char *path, struct slice backup, const char *suffix, struct arena *arena) {
        const char *from = arena_printf(arena, "%s%s", path, suffix).data;
        const char *to = arena_printf(arena, "%.*s%s", SLICE_ARG(backup), suffix).data;
        (void)rename(from, to); /* it may not be there */
}

int store_repair(struct store *store, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct stat info;
        struct slice backup = store_backup_name(store, &arena);
        diag(DIAG_INFO, STORE_LOGGER, "Trying to repair database %s", store->path);
        if (rename(store->path, backup.data) < 0) {
                int r = fault_set_errno(fault, -errno, "cannot set %s aside", store->path);
                arena_done(&arena);
                return r;
        }
        move_beside(store->path, backup, "-wal", &arena);
        move_beside(store->path, backup, "-shm", &arena);
        diag(DIAG_INFO, STORE_LOGGER, "  Database backup created: %.*s", SLICE_ARG(backup));
        mode_t mask = umask(077);
        uint64_t rows = copy_all(backup.data, store->path);
        (void)umask(mask);
        long long size = rows > 0 && stat(store->path, &info) == 0 ? (long long)info.st_size : 0;
        if (rows > 0) {
                diag(DIAG_INFO, STORE_LOGGER,
                        "  Repair seems to be successful, restored %lld byte(s).", size);
        } else {
                diag(DIAG_INFO, STORE_LOGGER, "  Repair seems to be failed, restored %lld byte(s).",
                        size);
                diag(DIAG_ERROR, STORE_LOGGER,
                        "  Error repairing of fail2ban database '%s': Recreate ...", store->path);
                (void)unlink(store->path);
        }
        arena_done(&arena);
        return 0;
}
