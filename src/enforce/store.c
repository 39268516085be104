/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing. A file that cannot be used as it is gets repaired or brought up to date
 * before anything else sees it; one that is from a newer version is left alone, because guessing
 * would lose bans. What is written goes through store_queue.c. Upstream:
 * fail2ban/server/database.py, 1.1. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/memory.h"
#include "channel/message.h"
#include "enforce/store_schema.h"

#define PURGE_AGE_S 86400
#define MAX_MATCHES 10

static struct store *store_new(const char *path, const struct clock *clock) {
        struct store *store = memory_new(sizeof(*store));
        *store = (struct store){
                .path = memory_copy_text(slice_of(path)),
                .clock = clock,
                .max_matches = MAX_MATCHES,
                .purge_age_s = PURGE_AGE_S,
                .queue = BUFFER_INIT(STORE_BACKLOG_BYTES),
                .json = BUFFER_INIT((size_t)4 << 20),
                .arena = ARENA_INIT,
        };
        table_init(&store->logs, STORE_LOGS_MAX);
        return store;
}

static void free_jails(struct store *store) {
        for (size_t i = 0; i < store->jail_count; i++)
                free(store->jails[i]);
        free(store->jails);
}

static void free_killed(struct store *store) {
        for (size_t i = 0; i < store->killed_count; i++)
                free(store->killed[i]);
        free(store->killed);
}

static struct store *store_free(struct store *store) {
        free_killed(store);
        free_jails(store);
        store_db_close(store);
        store_logs_clear(store);
        table_done(&store->logs);
        buffer_done(&store->queue);
        buffer_done(&store->json);
        arena_done(&store->arena);
        free(store->path);
        free(store);
        return NULL;
}

/* The schema's version; 0: the database is new. */
static int read_version(struct store *store, int64_t *ret) {
        sqlite3_stmt *statement = NULL;
        *ret = 0;
        int r = sqlite3_prepare_v2(store->db,
                "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'fail2banDb'",
                -1, &statement, NULL);
        if (r != SQLITE_OK)
                return r;
        r = sqlite3_step(statement);
        bool is_there = r == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;
        (void)sqlite3_finalize(statement);
        if (r != SQLITE_ROW)
                return r;
        if (!is_there)
                return SQLITE_OK;
        r = sqlite3_prepare_v2(
                store->db, "SELECT version FROM fail2banDb LIMIT 1", -1, &statement, NULL);
        if (r != SQLITE_OK)
                return r;
        r = sqlite3_step(statement);
        if (r == SQLITE_ROW)
                *ret = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

/* Opens the file and reads its version. */
static int open_once(struct store *store, int64_t *ret_version, struct fault *fault) {
        int r = store_db_open(store, fault);
        if (r == SQLITE_OK)
                r = store_db_check(store);
        if (r == SQLITE_OK)
                r = read_version(store, ret_version);
        if (r != SQLITE_OK && fault && !fault->text)
                (void)fault_set(fault, -EIO, "%s",
                        store_db_is_damage(r) ? "file is damaged" : sqlite3_errstr(r));
        return r;
}

/* The disk may be full: what stands in the file is needed all the same. */
static int open_alone(struct store *store, int64_t *ret_version) {
        store->is_alone = true;
        int r = open_once(store, ret_version, NULL);
        if (r != SQLITE_OK)
                store_db_close(store);
        return r == SQLITE_OK ? 0 : -EIO;
}

static int open_or_repair(struct store *store, int64_t *ret_version, struct fault *fault) {
        int r = open_once(store, ret_version, fault);
        if (r == SQLITE_OK)
                return 0;
        diag(DIAG_ERROR, STORE_LOGGER, "Error opening fail2ban persistent database '%s': %s",
                store->path, fault_text(fault));
        store_db_close(store);
        if (!store_db_is_damage(r))
                return open_alone(store, ret_version);
        if (store_repair(store, fault) < 0)
                return fault->code;
        fault_done(fault);
        *fault = FAULT_INIT;
        return open_once(store, ret_version, fault) == SQLITE_OK ? 0 : -EIO;
}

/* When the file or its -wal was written. */
static double written_s(const char *path) {
        static const char *const ends[] = {"", "-wal"};
        double last = 0;
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                struct stat info;
                char *name = NULL;
                if (asprintf(&name, "%s%s", path, ends[i]) < 0)
                        abort();
                if (stat(name, &info) == 0 && (double)info.st_mtim.tv_sec > last)
                        last = (double)info.st_mtim.tv_sec;
                free(name);
        }
        return last;
}

/* A server that stops disables its jails: those that are not have been killed with it. */
static void read_killed(struct store *store) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(store->db, "SELECT name FROM jails WHERE enabled = 1", -1,
                    &statement, NULL) != SQLITE_OK)
                return;
        while (sqlite3_step(statement) == SQLITE_ROW) {
                memory_reserve(&store->killed, store->killed_count, &store->killed_capacity,
                        sizeof(store->killed[0]));
                store->killed[store->killed_count++] =
                        memory_copy_text(store_db_column(statement, 0));
        }
        (void)sqlite3_finalize(statement);
}

/* Asks for the mark of what is still to be lifted. */
static void queue_lifts_since(struct store *store, double since_s) {
        struct buffer body = BUFFER_INIT(64);
        (void)message_put_f64(&body, since_s);
        store_queue_add(store, STORE_OP_LIFTS_SINCE, buffer_view(&body));
        buffer_done(&body);
}

/* A server that is killed again before it has lifted what its predecessor left leaves that too. The
 * mark is written at once: any other write makes the file newer. */
static void keep_mark(struct store *store) {
        double before_s = store_db_lifts_since(store), since_s = 0;
        if (store->killed_count > 0)
                since_s = before_s > 0 && before_s < store->written_s ? before_s : store->written_s;
        if (since_s > 0)
                store->written_s = since_s;
        if (since_s != before_s && store_db_set_lifts_since(store, since_s) != SQLITE_OK)
                queue_lifts_since(store, since_s);
}

static int bring_up_to_date(struct store *store, int64_t version, struct fault *fault) {
        if (version > STORE_VERSION)
                return fault_raise(fault, "NotImplementedError",
                        "Attempt to travel to future version of database ...how did you get "
                        "here??");
        if (version != 0 && version < STORE_VERSION) {
                int r = store_schema_upgrade(store, version, fault);
                if (r < 0)
                        return r;
        }
        int r = store_schema_create(store->db);
        if (r != SQLITE_OK && !store_db_is_passing(r))
                return fault_set(fault, -EIO, "%s", sqlite3_errmsg(store->db));
        store->lacks_schema = r != SQLITE_OK && version == 0;
        if (version == 0 && !store->lacks_schema)
                diag(DIAG_WARNING, STORE_LOGGER, "New database created. Version '%d'",
                        STORE_VERSION);
        read_killed(store);
        keep_mark(store);
        /* With the first transaction, in which the jails of this server come: killed before it, the
         * next one still sees whom nobody has stopped. */
        store_queue_add(store, STORE_OP_JAILS_DISABLE, SLICE(""));
        return 0;
}

int store_open(
        const char *path, const struct clock *clock, struct store **ret, struct fault *fault) {
        struct store *store = store_new(path, clock);
        struct fault own = FAULT_INIT;
        int64_t version = 0;
        store->written_s = written_s(path);
        int r = open_or_repair(store, &version, &own);
        if (r == 0) {
                diag(DIAG_INFO, STORE_LOGGER, "Connected to fail2ban persistent database '%s'",
                        path);
                r = bring_up_to_date(store, version, &own);
        }
        if (r < 0) {
                (void)fault_raise(
                        fault, own.kind ? own.kind : "OperationalError", "%s", fault_text(&own));
                (void)store_free(store);
        } else {
                *ret = store;
        }
        fault_done(&own);
        return r;
}

struct store *store_close(struct store *store) {
        if (!store)
                return NULL;
        diag(DIAG_DEBUG, STORE_LOGGER, "Close connection to database ...");
        (void)store_commit(store); /* it says what is wrong */
        if (store->db) {
                /* Finalized first: a statement in use keeps the journal mode. */
                for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++) {
                        (void)sqlite3_finalize(store->statements[i]);
                        store->statements[i] = NULL;
                }
                (void)store_db_execute(store->db, "PRAGMA journal_mode = DELETE");
        }
        diag(DIAG_INFO, STORE_LOGGER, "Connection to database closed.");
        return store_free(store);
}

const char *store_path(const struct store *store) {
        return store->path;
}

void store_set_max_matches(struct store *store, int64_t max) {
        store->max_matches = max;
}

int64_t store_max_matches(const struct store *store) {
        return store->max_matches;
}

void store_set_purge_age(struct store *store, double seconds) {
        store->purge_age_s = seconds;
}

double store_purge_age(const struct store *store) {
        return store->purge_age_s;
}

static size_t jail_place(const struct store *store, struct slice jail) {
        size_t i = 0;
        while (i < store->jail_count && !slice_is(jail, store->jails[i]))
                i++;
        return i;
}

int store_jails_write(struct store *store) {
        int r = SQLITE_OK;
        for (size_t i = 0; i < store->jail_count && r == SQLITE_OK; i++) {
                sqlite3_stmt *statement = store_db_statement(store, STORE_JAIL_ADD);
                store_db_bind_text(statement, 1, slice_of(store->jails[i]));
                r = store_db_run(store, statement);
        }
        return r;
}

void store_jail_add(struct store *store, struct slice jail) {
        if (jail_place(store, jail) == store->jail_count) {
                memory_reserve(&store->jails, store->jail_count, &store->jail_capacity,
                        sizeof(store->jails[0]));
                store->jails[store->jail_count++] = memory_copy_text(jail);
        }
        store_queue_add(store, STORE_OP_JAIL_ADD, jail);
}

void store_jail_disable(struct store *store, struct slice jail) {
        size_t place = jail_place(store, jail);
        if (place < store->jail_count) {
                free(store->jails[place]);
                store->jails[place] = store->jails[--store->jail_count];
        }
        store_queue_add(store, STORE_OP_JAIL_DISABLE, jail);
}

bool store_jail_was_killed(struct store *store, struct slice jail, double *ret_written_s) {
        for (size_t i = 0; i < store->killed_count; i++) {
                if (!slice_is(jail, store->killed[i]))
                        continue;
                free(store->killed[i]);
                store->killed[i] = store->killed[--store->killed_count];
                *ret_written_s = store->written_s;
                store->lifting++;
                return true;
        }
        return false;
}

/* All jails are added before the first is started: one that is not there by now is no longer in the
 * configuration. */
static bool is_one_to_start(const struct store *store) {
        for (size_t i = 0; i < store->killed_count; i++)
                if (jail_place(store, slice_of(store->killed[i])) < store->jail_count)
                        return true;
        return false;
}

void store_jail_lifted(struct store *store) {
        if (store->lifting > 0 && --store->lifting == 0 && !is_one_to_start(store))
                queue_lifts_since(store, 0);
}
