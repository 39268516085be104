/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far logs have been read (spec server.md 5.3). A position changes with every batch and only
 * the last one matters, so positions wait in a table for the next commit, in which they go behind
 * the bans that their lines led to: after a crash lines may be read again, never lost. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "enforce/store_db.h"

#define HASH_MAX 160 /* a journal's cursor */
#define PATH_BYTES_MAX 4096

struct store_log {
        char hash[HASH_MAX + 1];
        double position;
};

/* "jail NUL path". Returns false if that is too long to be one. */
static bool make_key(struct slice jail, struct slice path, char buffer[static PATH_BYTES_MAX],
        struct slice *ret) {
        if (jail.len + path.len + 1 > PATH_BYTES_MAX)
                return false;
        if (jail.len > 0)
                memcpy(buffer, jail.data, jail.len);
        buffer[jail.len] = '\0';
        if (path.len > 0)
                memcpy(buffer + jail.len + 1, path.data, path.len);
        *ret = (struct slice){buffer, jail.len + path.len + 1};
        return true;
}

static bool get(struct store *store, struct slice jail, struct slice path, struct arena *arena,
        struct slice *ret_hash, double *ret_position) {
        char buffer[PATH_BYTES_MAX];
        struct slice key;
        const struct store_log *log =
                make_key(jail, path, buffer, &key) ? table_get(&store->logs, key) : NULL;
        if (log) {
                *ret_hash = arena_copy(arena, slice_of(log->hash));
                *ret_position = log->position;
                return true;
        }
        sqlite3_stmt *statement = store->db ? store_db_statement(store, STORE_LOG_GET) : NULL;
        if (!statement)
                return false;
        store_db_bind_text(statement, 1, jail);
        store_db_bind_text(statement, 2, path);
        bool found = sqlite3_step(statement) == SQLITE_ROW;
        if (found) {
                *ret_hash = arena_copy(arena, store_db_column(statement, 0));
                *ret_position = sqlite3_column_double(statement, 1);
        }
        (void)sqlite3_reset(statement);
        return found;
}

static void put(struct store *store, struct slice jail, struct slice path, struct slice hash,
        double position) {
        char buffer[PATH_BYTES_MAX];
        struct slice key;
        if (!make_key(jail, path, buffer, &key))
                return;
        struct store_log *log = table_get(&store->logs, key);
        if (!log) {
                log = memory_new(sizeof(*log));
                if (table_put(&store->logs, key, log) < 0) { /* more logs than a server can have */
                        free(log);
                        return;
                }
        }
        hash = slice_sub(hash, 0, HASH_MAX);
        if (hash.len > 0)
                memcpy(log->hash, hash.data, hash.len);
        log->hash[hash.len] = '\0';
        log->position = position;
}

bool store_log_get(struct store *store, struct slice jail, struct slice path, struct arena *arena,
        struct slice *ret_hash, uint64_t *ret_offset) {
        double position;
        if (!get(store, jail, path, arena, ret_hash, &position))
                return false;
        *ret_offset = position > 0 && position < 9e15 ? (uint64_t)position : 0;
        return true;
}

void store_log_put(struct store *store, struct slice jail, struct slice path, struct slice hash,
        uint64_t offset) {
        put(store, jail, path, hash, (double)offset);
}

bool store_log_get_time(
        struct store *store, struct slice jail, struct slice path, double *ret_time) {
        struct arena arena = ARENA_INIT;
        struct slice hash;
        bool found = get(store, jail, path, &arena, &hash, ret_time);
        arena_done(&arena);
        return found && fabs(*ret_time) <= STORE_TIME_MAX;
}

void store_log_put_time(
        struct store *store, struct slice jail, struct slice path, struct slice iso, double time) {
        put(store, jail, path, iso, time);
}

int store_logs_execute(struct store *store) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&store->logs, &position));) {
                const struct store_log *log = entry->value;
                size_t jail_len = strlen(entry->key.data);
                sqlite3_stmt *statement = store_db_statement(store, STORE_LOG_PUT);
                store_db_bind_text(statement, 1, slice_sub(entry->key, 0, jail_len));
                store_db_bind_text(
                        statement, 2, slice_sub(entry->key, jail_len + 1, entry->key.len));
                store_db_bind_text(statement, 3, slice_of(log->hash));
                store_db_bind_number(statement, 4, log->position);
                int r = store_db_run(store, statement);
                if (store_db_is_passing(r))
                        return r; /* anything else is this row's own trouble, such as a jail that
                                     has been purged */
        }
        return SQLITE_OK;
}

void store_logs_clear(struct store *store) {
        size_t position = 0;
        for (struct table_entry *entry; (entry = table_next(&store->logs, &position));)
                free(table_remove(&store->logs, entry->key));
}
