/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables, which are a contract with fail2ban and everybody who reads its database, and the way
 * of older ones to them: version 1 had one position per jail, path and first line; 2 had no times
 * of bans; 3 had no bips. Spec server.md 5. */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "enforce/store_schema.h"

#define TABLE_LOGS                                                                                 \
        "CREATE TABLE IF NOT EXISTS logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, "       \
        "lastfilepos INTEGER DEFAULT 0,"                                                           \
        " FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE, UNIQUE(jail, path), "        \
        "UNIQUE(jail, path, firstlinemd5));"
#define TABLE_BANS                                                                                 \
        "CREATE TABLE IF NOT EXISTS bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT "      \
        "NULL, bantime INTEGER NOT NULL,"                                                          \
        " bancount INTEGER NOT NULL default 1, data JSON, FOREIGN KEY(jail) REFERENCES "           \
        "jails(name));"
#define TABLE_BIPS                                                                                 \
        "CREATE TABLE IF NOT EXISTS bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER " \
        "NOT NULL, bantime INTEGER NOT NULL,"                                                      \
        " bancount INTEGER NOT NULL default 1, data JSON, PRIMARY KEY(ip, jail), FOREIGN "         \
        "KEY(jail) REFERENCES jails(name));"

static const char *const schema =
        "CREATE TABLE IF NOT EXISTS fail2banDb(version INTEGER);"
        "INSERT INTO fail2banDb(version) SELECT 4 WHERE NOT EXISTS(SELECT 1 FROM fail2banDb);"
        "CREATE TABLE IF NOT EXISTS jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL "
        "DEFAULT 1);"
        "CREATE INDEX IF NOT EXISTS jails_name ON jails(name);" TABLE_LOGS
        "CREATE INDEX IF NOT EXISTS logs_path ON logs(path);"
        "CREATE INDEX IF NOT EXISTS logs_jail_path ON logs(jail, path);" TABLE_BANS
        "CREATE INDEX IF NOT EXISTS bans_jail_timeofban_ip ON bans(jail, timeofban);"
        "CREATE INDEX IF NOT EXISTS bans_jail_ip ON bans(jail, ip);"
        "CREATE INDEX IF NOT EXISTS bans_ip ON bans(ip);" TABLE_BIPS
        "CREATE INDEX IF NOT EXISTS bips_timeofban ON bips(timeofban);"
        "CREATE INDEX IF NOT EXISTS bips_ip ON bips(ip);";

static const char *const to_2 =
        "CREATE TEMPORARY TABLE old AS SELECT * FROM logs; DROP TABLE logs;" TABLE_LOGS
        "INSERT OR REPLACE INTO logs(jail, path, firstlinemd5, lastfilepos)"
        " SELECT jail, path, firstlinemd5, lastfilepos FROM old; DROP TABLE old;"
        "UPDATE fail2banDb SET version = 2;";
static const char *const to_3 =
        "CREATE TEMPORARY TABLE old AS SELECT jail, ip, timeofban, -2 AS bantime, 1 AS bancount, "
        "data FROM bans;"
        "DROP TABLE bans;" TABLE_BANS "INSERT INTO bans(jail, ip, timeofban, bantime, bancount, "
                                      "data) SELECT * FROM old; DROP TABLE old;"
        "UPDATE fail2banDb SET version = 3;";
static const char *const to_4 =
        TABLE_BIPS "INSERT OR REPLACE INTO bips(ip, jail, timeofban, bantime, bancount, data)"
                   " SELECT ip, jail, timeofban, bantime, bancount, data FROM bans WHERE ip IS NOT "
                   "NULL ORDER BY timeofban;"
                   "UPDATE fail2banDb SET version = 4;";

int store_schema_create(sqlite3 *db) {
        int r = store_db_execute(db, "BEGIN IMMEDIATE");
        if (r == SQLITE_OK)
                r = store_db_execute(db, schema);
        if (r == SQLITE_OK)
                r = store_db_execute(db, "COMMIT");
        if (r != SQLITE_OK)
                (void)store_db_execute(db, "ROLLBACK");
        return r;
}

struct slice store_backup_name(const struct store *store, struct arena *arena) {
        char stamp[32];
        time_t now = (time_t)clock_wall_s(store->clock);
        struct tm tm;
        if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm) == 0)
                (void)snprintf(stamp, sizeof(stamp), "00000000-000000");
        return arena_printf(arena, "%s.%s", store->path, stamp);
}

/* A whole copy, before anything is changed. */
static int back_up(struct store *store, int64_t version, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct slice name = store_backup_name(store, &arena);
        sqlite3_stmt *statement = NULL;
        diag(DIAG_INFO, STORE_LOGGER, "Upgrade database: %.*s from version '%lld'", SLICE_ARG(name),
                (long long)version);
        int r = sqlite3_prepare_v2(store->db, "VACUUM INTO ?1", -1, &statement, NULL);
        if (r == SQLITE_OK) {
                store_db_bind_text(statement, 1, name);
                r = sqlite3_step(statement);
        }
        if (r == SQLITE_DONE)
                diag(DIAG_INFO, STORE_LOGGER, "  Database backup created: %.*s", SLICE_ARG(name));
        else
                (void)fault_set(
                        fault, -EIO, "backup %.*s: %s", SLICE_ARG(name), sqlite3_errmsg(store->db));
        (void)sqlite3_finalize(statement);
        arena_done(&arena);
        return r == SQLITE_DONE ? 0 : -EIO;
}

int store_schema_upgrade(struct store *store, int64_t version, struct fault *fault) {
        const char *const steps[] = {to_2, to_3, to_4};
        if (version < 1)
                return fault_set(fault, -EINVAL, "version '%lld' is none", (long long)version);
        int r = back_up(store, version, fault);
        if (r < 0)
                return r;
        r = store_db_execute(store->db, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE");
        for (int64_t i = version - 1; r == SQLITE_OK && i < STORE_VERSION - 1; i++)
                r = store_db_execute(store->db, steps[i]);
        if (r == SQLITE_OK)
                r = store_db_execute(store->db, "COMMIT; PRAGMA foreign_keys = ON");
        if (r != SQLITE_OK) {
                (void)fault_set(fault, -EIO, "%s", sqlite3_errmsg(store->db));
                diag(DIAG_ERROR, STORE_LOGGER, "Failed to upgrade database '%s': %s", store->path,
                        fault_text(fault));
                (void)store_db_execute(store->db, "ROLLBACK");
                return -EIO;
        }
        diag(DIAG_WARNING, STORE_LOGGER, "Database updated from '%lld' to '%d'", (long long)version,
                STORE_VERSION);
        return 0;
}
