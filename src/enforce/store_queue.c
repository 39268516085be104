/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes on their way into the database. Each is kept, encoded, until the transaction it belongs to
 * has been committed: so a transaction that fails (SQLite may roll it back by itself) can be done
 * again, whole and in order, whenever the disk is back. A write that can never work (say a jail
 * that is not there) is given up at once and named; it must not hold up the others. */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "channel/message.h"
#include "enforce/store_schema.h"

static void drop(struct store *store) {
        if (store->dropped++ == 0)
                diag(DIAG_ERROR, STORE_LOGGER,
                        "More than %d writes wait for database '%s': further ones are lost",
                        STORE_BACKLOG_MAX, store->path);
}

void store_queue_add(struct store *store, enum store_op op, struct slice body) {
        if (store->queued >= STORE_BACKLOG_MAX ||
                buffer_len(&store->queue) + body.len + 5 > STORE_BACKLOG_BYTES) {
                drop(store);
                return;
        }
        (void)message_put_u8(&store->queue, (uint8_t)op);
        (void)message_put_text(&store->queue, body);
        store->queued++;
        store->since_rest++;
        if (store->is_blocked || store->readers > 0)
                return;
        if (store->queued >= STORE_COMMIT_OPS)
                (void)store_commit(store);
        else if (store->queued - store->applied >= STORE_APPLY_OPS)
                (void)store_queue_apply(store);
}

static void roll_back(struct store *store) {
        if (store->db && !sqlite3_get_autocommit(store->db))
                (void)store_db_execute(store->db, "ROLLBACK");
        store->in_transaction = false;
        store->applied = 0;
        store->applied_bytes = 0;
}

static int block(struct store *store, int code) {
        if (!store->is_blocked)
                diag(DIAG_ERROR, STORE_LOGGER,
                        "Cannot write to database '%s': %s; trying again, up to %d writes are kept "
                        "meanwhile",
                        store->path, store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code),
                        STORE_BACKLOG_MAX);
        store->is_blocked = true;
        roll_back(store);
        return -EAGAIN;
}

static int make_schema(struct store *store) {
        int r = store_schema_create(store->db);
        if (r == SQLITE_OK)
                diag(DIAG_WARNING, STORE_LOGGER, "New database created. Version '%d'",
                        STORE_VERSION);
        store->lacks_schema = r != SQLITE_OK;
        return r;
}

static int begin(struct store *store) {
        int r = SQLITE_OK;
        if (store->in_transaction)
                return SQLITE_OK;
        if (store->lacks_schema)
                r = make_schema(store);
        if (r == SQLITE_OK)
                r = store_db_run(store, store_db_statement(store, STORE_BEGIN));
        store->in_transaction = r == SQLITE_OK;
        return r;
}

static int execute_jail(struct store *store, enum store_statement which, struct slice name) {
        sqlite3_stmt *statement = store_db_statement(store, which);
        store_db_bind_text(statement, 1, name);
        return store_db_run(store, statement);
}

static int execute(struct store *store, enum store_op op, struct slice body) {
        struct message_reader in = message_reader_of(body);
        switch (op) {
        case STORE_OP_JAIL_ADD:
                return execute_jail(store, STORE_JAIL_ADD, body);
        case STORE_OP_JAIL_DISABLE:
                return execute_jail(store, STORE_JAIL_DISABLE, body);
        case STORE_OP_JAILS_DISABLE:
                return store_db_run(store, store_db_statement(store, STORE_JAILS_DISABLE));
        case STORE_OP_BAN_ADD:
        case STORE_OP_BAN_DEL:
        case STORE_OP_BAN_DEL_ALL:
                return store_bans_execute(store, op, &in);
        case STORE_OP_PURGE:
                return store_purge_execute(store, message_get_f64(&in));
        case STORE_OP_LIFTS_SINCE:
                return store_db_set_lifts_since(store, message_get_f64(&in));
        }
        return SQLITE_MISUSE;
}

static int apply_all(struct store *store) {
        struct slice queue = buffer_view(&store->queue);
        struct message_reader in =
                message_reader_of(slice_sub(queue, store->applied_bytes, queue.len));
        while (in.rest.len > 0) {
                enum store_op op = message_get_u8(&in);
                struct slice body = message_get_text(&in);
                int r = execute(store, op, body);
                if (store_db_is_passing(r))
                        return r;
                if (r != SQLITE_OK)
                        diag(DIAG_ERROR, STORE_LOGGER, "Database '%s' refuses a write: %s",
                                store->path, sqlite3_errmsg(store->db));
                store->applied++;
                store->applied_bytes = queue.len - in.rest.len;
        }
        return SQLITE_OK;
}

int store_queue_apply(struct store *store) {
        if (store->applied == store->queued)
                return 0;
        if (store->is_blocked || store->readers > 0 || !store->db)
                return -EAGAIN;
        int r = begin(store);
        if (r == SQLITE_OK)
                r = apply_all(store);
        return r == SQLITE_OK ? 0 : block(store, r);
}

static int try_commit(struct store *store) {
        int r = begin(store);
        if (r == SQLITE_OK)
                r = apply_all(store);
        if (r == SQLITE_OK)
                r = store_logs_execute(store);
        if (r == SQLITE_OK)
                r = store_db_run(store, store_db_statement(store, STORE_COMMIT));
        return r;
}

/* The file went bad under us: what was not committed is still in the queue. */
static int repair_and_retry(struct store *store, int code) {
        struct fault fault = FAULT_INIT;
        if (store->was_repaired || store->readers > 0)
                return code;
        diag(DIAG_ERROR, STORE_LOGGER, "Error opening fail2ban persistent database '%s': %s",
                store->path,
                sqlite3_errcode(store->db) != SQLITE_OK ? sqlite3_errmsg(store->db)
                                                        : sqlite3_errstr(code));
        roll_back(store);
        store_db_close(store);
        store->was_repaired = true;
        int r = store_repair(store, &fault);
        if (r < 0)
                diag(DIAG_ERROR, STORE_LOGGER, "Repair of database '%s' failed: %s", store->path,
                        fault_text(&fault));
        fault_done(&fault);
        code = store_db_open(store, NULL);
        if (code == SQLITE_OK)
                code = store_schema_create(store->db);
        if (code == SQLITE_OK)
                code = store_jails_write(store);
        return code == SQLITE_OK ? try_commit(store) : code;
}

int store_commit(struct store *store) {
        if (!store_is_dirty(store) || store->readers > 0 || !store->db)
                return store_is_dirty(store) ? -EAGAIN : 0;
        if (store->purge_now > 0 && !store->is_blocked) {
                store->purge_now = 0;
                store_purge(store);
        }
        int r = try_commit(store);
        if (store_db_is_damage(r))
                r = repair_and_retry(store, r);
        if (r != SQLITE_OK)
                return block(store, r);
        if (store->is_blocked)
                diag(DIAG_NOTICE, STORE_LOGGER,
                        "Database '%s' is written again, %zu write(s) made up for", store->path,
                        store->queued);
        store->is_blocked = false;
        store->was_repaired = false;
        store->in_transaction = false;
        store->queued = 0;
        store->applied = 0;
        store->applied_bytes = 0;
        buffer_clear(&store->queue);
        store_logs_clear(store);
        if (store->is_alone)
                store_db_share(store);
        return 0;
}

bool store_rest(struct store *store) {
        if (store->since_rest < STORE_REST_OPS || store->readers > 0 || store_is_dirty(store))
                return false;
        store->since_rest = 0;
        buffer_done(&store->queue);
        store->queue = BUFFER_INIT(STORE_BACKLOG_BYTES);
        if (store->db)
                (void)sqlite3_db_release_memory(store->db);
        return true;
}

bool store_is_dirty(const struct store *store) {
        return store->queued > 0 || store->logs.count > 0 || store->purge_now > 0;
}

void store_backlog(const struct store *store, size_t *ret_waiting, uint64_t *ret_dropped) {
        *ret_waiting = store->is_blocked ? store->queued + store->logs.count : 0;
        *ret_dropped = store->dropped;
}

void store_check(struct store *store) {
        bool can_be_closed = store->db && store->readers == 0 && !store->is_alone &&
                             store->path[0] != ':'; /* what is only in memory would be gone */
        if (!can_be_closed || store->is_blocked || store_commit(store) < 0)
                return;
        store_db_close(store);
        int r = store_db_open(store, NULL);
        if (r == SQLITE_OK)
                r = store_db_check(store);
        if (store_db_is_damage(r)) {
                r = repair_and_retry(store, r);
                store->in_transaction = false;
                store->was_repaired = false;
        } else if (r != SQLITE_OK) {
                store_db_close(store);
                store->is_alone = true;
                r = store_db_open(store, NULL);
        }
        if (r != SQLITE_OK)
                (void)block(store, r);
}
