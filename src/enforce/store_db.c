/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one connection. Statements are prepared when first used and kept. Locks of others are waited
 * for only shortly: the caller has a queue. On a full disk WAL's index, which is a file too, cannot
 * be made; alone with the database (no index needed) it can still be read. synchronous=NORMAL in
 * WAL mode costs an fsync only at checkpoints and can lose the last commits at a power failure, but
 * never the file. */
#include "enforce/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define BUSY_OPEN_MS 3000 /* another server may be about to end */
#define BUSY_MS 50
#define PROGRESS_STEPS 10000 /* of SQLite's machine from one look at the clock to the next */

static const char *const texts[STORE_STATEMENT_COUNT] = {
        [STORE_BEGIN] = "BEGIN IMMEDIATE",
        [STORE_COMMIT] = "COMMIT",
        [STORE_JAIL_ADD] = "INSERT INTO jails(name, enabled) VALUES(?1, 1) ON CONFLICT(name) DO "
                           "UPDATE SET enabled = 1",
        [STORE_JAIL_DISABLE] = "UPDATE jails SET enabled = 0 WHERE name = ?1",
        [STORE_JAILS_DISABLE] = "UPDATE jails SET enabled = 0",
        [STORE_JAIL_NAMES] = "SELECT name FROM jails",
        [STORE_LOG_GET] =
                "SELECT firstlinemd5, lastfilepos FROM logs WHERE jail = ?1 AND path = ?2",
        [STORE_LOG_PUT] =
                "INSERT INTO logs(jail, path, firstlinemd5, lastfilepos) VALUES(?1, ?2, ?3, ?4)"
                " ON CONFLICT(jail, path) DO UPDATE SET firstlinemd5 = ?3, lastfilepos = ?4",
        [STORE_BAN_INSERT] = "INSERT INTO bans(jail, ip, timeofban, bantime, bancount, data) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        [STORE_BIP_REPLACE] = "INSERT INTO bips(jail, ip, timeofban, bantime, bancount, data) "
                              "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                              " ON CONFLICT(ip, jail) DO UPDATE SET timeofban = ?3, bantime = ?4, "
                              "bancount = ?5, data = ?6",
        [STORE_BAN_DELETE] = "DELETE FROM bans WHERE jail = ?1 AND ip = ?2",
        [STORE_BIP_DELETE] = "DELETE FROM bips WHERE jail = ?1 AND ip = ?2",
        [STORE_BAN_DELETE_ALL] = "DELETE FROM bans WHERE jail = ?1",
        [STORE_BIP_DELETE_ALL] = "DELETE FROM bips WHERE jail = ?1",
        [STORE_BANS_CURRENT] =
                "SELECT ip, timeofban, bantime, bancount, data FROM bips WHERE jail = ?1"
                " AND (timeofban + bantime > ?2 OR bantime <= -1) AND (?3 = 0 OR timeofban > ?3) "
                "AND ip > ?4 ORDER BY ip LIMIT ?5",
        [STORE_HISTORY_JAIL] =
                "SELECT bancount, timeofban, bantime FROM bips WHERE ip = ?1 AND jail = ?2",
        [STORE_HISTORY_ALL] = "SELECT sum(bancount), max(timeofban), sum(bantime) FROM bips WHERE "
                              "ip = ?1 GROUP BY ip",
        [STORE_MERGED_JAIL] =
                "SELECT data FROM bans WHERE ip = ?1 AND jail = ?2 ORDER BY timeofban DESC",
        [STORE_MERGED_ALL] = "SELECT data FROM bans WHERE ip = ?1 ORDER BY timeofban DESC",
        [STORE_PURGE_BANS] =
                "DELETE FROM bans WHERE rowid IN"
                " (SELECT rowid FROM bans WHERE jail = ?1 AND timeofban < ?2 LIMIT ?3)",
        [STORE_PURGE_BIPS] = "DELETE FROM bips WHERE rowid IN (SELECT rowid FROM bips WHERE "
                             "timeofban < ?1 AND bantime != -1"
                             " AND timeofban + bantime * ?2 < ?1 LIMIT ?3)",
        [STORE_PURGE_JAILS] = "DELETE FROM jails WHERE enabled = 0 AND NOT EXISTS(SELECT 1 FROM "
                              "bans WHERE jail = jails.name)"
                              " AND NOT EXISTS(SELECT 1 FROM bips WHERE jail = jails.name)",
        [STORE_PURGE_OLDEST] =
                "DELETE FROM bans WHERE rowid < (SELECT min(rowid) FROM bans)"
                " + ((SELECT max(rowid) FROM bans) - (SELECT min(rowid) FROM bans)) / 10 + 1",
};

static bool is_memory(const struct store *store) {
        return strcmp(store->path, ":memory:") == 0;
}

/* SQLite would make the file readable to all that the umask lets. Only the last level of the path
 * is made, as upstream does. */
static void make_file(const char *path) {
        const char *slash = strrchr(path, '/');
        char *folder = slash && slash > path
                               ? memory_copy_text((struct slice){path, (size_t)(slash - path)})
                               : NULL;
        if (folder)
                (void)mkdir(folder,
                        0755); /* that it exists is the rule; everything else shows at the open */
        free(folder);
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)close(fd);
}

int store_db_execute(sqlite3 *db, const char *sql) {
        return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* auto_vacuum works only for a file that is still empty; freed pages then go back to the disk at a
 * purge. Where the file system cannot do WAL the journal stays a file, which survives a kill -9
 * too. */
static int set_pragmas(sqlite3 *db) {
        int r = store_db_execute(db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA temp_store = "
                                     "MEMORY; PRAGMA synchronous = NORMAL;"
                                     "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = "
                                     "4194304; PRAGMA cache_size = -8192");
        if (r == SQLITE_OK || r == SQLITE_READONLY || r == SQLITE_CANTOPEN || r == SQLITE_FULL ||
                r == SQLITE_IOERR)
                r = store_db_execute(db, "PRAGMA foreign_keys = ON");
        return r;
}

static int open_alone(struct store *store) {
        return store->is_alone ? store_db_execute(store->db, "PRAGMA locking_mode = EXCLUSIVE")
                               : SQLITE_OK;
}

int store_db_open(struct store *store, struct fault *fault) {
        if (!is_memory(store))
                make_file(store->path);
        int r = sqlite3_open_v2(store->path, &store->db,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
        if (r == SQLITE_OK) {
                (void)sqlite3_busy_timeout(store->db, BUSY_OPEN_MS);
                r = open_alone(store);
                if (r == SQLITE_OK)
                        r = set_pragmas(store->db);
                (void)sqlite3_busy_timeout(store->db, BUSY_MS);
        }
        if (r != SQLITE_OK) {
                (void)fault_set(fault, -EIO, "%s",
                        store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(r));
                if (fault)
                        fault->kind = "OperationalError";
        }
        return r;
}

static int on_progress(void *user) {
        const int64_t *deadline = user;
        struct clock clock = CLOCK_INIT;
        return clock_mono_us(&clock) > *deadline;
}

int store_db_check(struct store *store) {
        struct clock clock = CLOCK_INIT;
        int64_t deadline = clock_mono_us(&clock) + STORE_CHECK_MS * INT64_C(1000);
        sqlite3_stmt *statement = NULL;
        int r = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
        if (r != SQLITE_OK)
                return r;
        sqlite3_progress_handler(store->db, PROGRESS_STEPS, on_progress, &deadline);
        r = sqlite3_step(statement);
        bool is_bad = r == SQLITE_ROW && !slice_is(store_db_column(statement, 0), "ok");
        sqlite3_progress_handler(store->db, 0, NULL, NULL);
        (void)sqlite3_finalize(statement);
        if (is_bad)
                return SQLITE_CORRUPT;
        return store_db_is_damage(r) ? r : SQLITE_OK;
}

void store_db_close(struct store *store) {
        for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++) {
                (void)sqlite3_finalize(store->statements[i]);
                store->statements[i] = NULL;
        }
        (void)sqlite3_close(store->db);
        store->db = NULL;
        store->in_transaction = false;
        store->applied = 0;
        store->applied_bytes = 0;
}

void store_db_share(struct store *store) {
        store_db_close(store);
        store->is_alone = false;
        if (store_db_open(store, NULL) == SQLITE_OK)
                return;
        store_db_close(store);
        store->is_alone = true;
        (void)store_db_open(store, NULL); /* if not even that: the next commit says so */
}

sqlite3_stmt *store_db_statement(struct store *store, enum store_statement which) {
        sqlite3_stmt **statement = &store->statements[which];
        if (*statement) {
                (void)sqlite3_reset(*statement);
                (void)sqlite3_clear_bindings(*statement);
                return *statement;
        }
        if (sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                    NULL) != SQLITE_OK)
                *statement = NULL;
        return *statement;
}

int store_db_run(struct store *store, sqlite3_stmt *statement) {
        if (!statement)
                return sqlite3_errcode(store->db);
        (void)sqlite3_step(statement);
        return sqlite3_reset(statement);
}

void store_db_bind_text(sqlite3_stmt *statement, int index, struct slice text) {
        (void)sqlite3_bind_text64(
                statement, index, text.data ? text.data : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void store_db_bind_number(sqlite3_stmt *statement, int index, double number) {
        if (fabs(number) < 9e15 && trunc(number) == number)
                (void)sqlite3_bind_int64(statement, index, (int64_t)number);
        else
                (void)sqlite3_bind_double(statement, index, number);
}

double store_db_time(sqlite3_stmt *statement, int index) {
        double time = sqlite3_column_double(statement, index);
        return time > STORE_TIME_MAX    ? STORE_TIME_MAX
               : time < -STORE_TIME_MAX ? -STORE_TIME_MAX
                                        : time;
}

struct slice store_db_column(sqlite3_stmt *statement, int index) {
        const void *data = sqlite3_column_blob(statement, index); /* of a text: its UTF-8 */
        int len = sqlite3_column_bytes(statement, index);
        return data && len > 0 ? (struct slice){data, (size_t)len} : SLICE_NULL;
}

bool store_db_is_passing(int code) {
        switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_READONLY:
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_CANTOPEN:
        case SQLITE_NOMEM:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_PROTOCOL:
        case SQLITE_NOLFS:
        case SQLITE_INTERRUPT:
                return true;
        default:
                return store_db_is_damage(code);
        }
}

bool store_db_is_damage(int code) {
        return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

double store_db_lifts_since(struct store *store) {
        sqlite3_stmt *statement = NULL;
        double since_s = 0;
        if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) ==
                        SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW)
                since_s = (uint32_t)sqlite3_column_int(statement, 0);
        (void)sqlite3_finalize(statement);
        return since_s;
}

int store_db_set_lifts_since(struct store *store, double since_s) {
        char sql[64];
        uint32_t seconds = since_s > 0 && since_s < UINT32_MAX ? (uint32_t)since_s : 0;
        (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", (int32_t)seconds);
        return store_db_execute(store->db, sql);
}
