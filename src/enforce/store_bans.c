/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans: bans has every one, bips the last of each id and jail (spec server.md 5.1, 5.2, 5.4). Reads
 * see what is queued: it is executed first, in the open transaction. */
#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "channel/message.h"
#include "enforce/store_db.h"
#include "enforce/store_json.h"

#define FIELDS_MAX ((size_t)5 << 20)

/* ---- writing ---- */

/* The data column: matches cut to the newest max_matches (0: not even their key, if there are any). */
static void put_data(struct store *store, const struct value *data) {
        struct arena arena = ARENA_INIT;
        struct value out = value_dict();
        for (size_t i = 0; data->type == VALUE_DICT && i + 1 < data->list.count; i += 2) {
                struct value item = data->list.items[i + 1];
                if (slice_is(data->list.items[i].string, "matches") && value_is_container(&item)) {
                        size_t max = store->max_matches < 0 ? SIZE_MAX : (size_t)store->max_matches;
                        if (max == 0 && item.list.count > 0)
                                continue;
                        size_t drop = item.list.count > max ? item.list.count - max : 0;
                        item.list.items += drop;
                        item.list.count -= drop;
                }
                value_dict_put(&out, data->list.items[i], item, &arena);
        }
        buffer_clear(&store->json);
        if (store_json_put(&store->json, &out) < 0) {
                buffer_clear(
                        &store->json); /* larger than a column may be: the ban itself matters */
                (void)buffer_append(&store->json, SLICE("{}"));
        }
        arena_done(&arena);
}

void store_ban_add(struct store *store, const struct store_ban *ban) {
        struct buffer body = BUFFER_INIT(FIELDS_MAX);
        put_data(store, &ban->data);
        (void)message_put_text(&body, ban->jail); /* all of it fits: each part has a smaller cap */
        (void)message_put_text(&body, ban->id);
        (void)message_put_f64(&body, rint(ban->time));
        (void)message_put_f64(&body, ban->ban_time_s);
        (void)message_put_u32(&body, ban->count);
        (void)message_put_text(&body, buffer_view(&store->json));
        store_queue_add(store, STORE_OP_BAN_ADD, buffer_view(&body));
        buffer_done(&body);
}

static int execute_add(struct store *store, struct message_reader *in) {
        static const enum store_statement both[] = {STORE_BAN_INSERT, STORE_BIP_REPLACE};
        struct slice jail = message_get_text(in);
        struct slice id = message_get_text(in);
        double time = message_get_f64(in);
        double ban_time = message_get_f64(in);
        uint32_t count = message_get_u32(in);
        struct slice data = message_get_text(in);
        int r = SQLITE_OK;
        for (size_t i = 0; i < 2 && r == SQLITE_OK; i++) {
                sqlite3_stmt *statement = store_db_statement(store, both[i]);
                store_db_bind_text(statement, 1, jail);
                store_db_bind_text(statement, 2, id);
                store_db_bind_number(statement, 3, time);
                store_db_bind_number(statement, 4, ban_time);
                (void)sqlite3_bind_int64(statement, 5, count);
                (void)sqlite3_bind_blob64(statement, 6, data.data, data.len, SQLITE_STATIC);
                r = store_db_run(store, statement);
        }
        return r;
}

static int execute_delete(struct store *store, enum store_statement which, struct slice jail,
        const struct slice *id) {
        sqlite3_stmt *statement = store_db_statement(store, which);
        store_db_bind_text(statement, 1, jail);
        if (id)
                store_db_bind_text(statement, 2, *id);
        return store_db_run(store, statement);
}

int store_bans_execute(struct store *store, enum store_op op, struct message_reader *in) {
        if (op == STORE_OP_BAN_ADD)
                return execute_add(store, in);
        struct slice jail = message_get_text(in);
        struct slice id = op == STORE_OP_BAN_DEL ? message_get_text(in) : SLICE_NULL;
        const struct slice *only = op == STORE_OP_BAN_DEL ? &id : NULL;
        int r = execute_delete(store, only ? STORE_BAN_DELETE : STORE_BAN_DELETE_ALL, jail, only);
        if (r != SQLITE_OK)
                return r;
        store->last_changes = sqlite3_changes64(store->db);
        return execute_delete(store, only ? STORE_BIP_DELETE : STORE_BIP_DELETE_ALL, jail, only);
}

static int64_t delete (
        struct store *store, enum store_op op, struct slice jail, const struct slice *id) {
        struct buffer body = BUFFER_INIT(FIELDS_MAX);
        (void)message_put_text(&body, jail);
        if (id)
                (void)message_put_text(&body, *id);
        store->last_changes = 0;
        store_queue_add(store, op, buffer_view(&body));
        buffer_done(&body);
        return store_queue_apply(store) == 0 ? store->last_changes : 0;
}

int64_t store_ban_del(struct store *store, struct slice jail, struct slice id) {
        return delete (store, STORE_OP_BAN_DEL, jail, &id);
}

int64_t store_ban_del_all(struct store *store, struct slice jail) {
        return delete (store, STORE_OP_BAN_DEL_ALL, jail, NULL);
}

/* ---- reading ---- */

/* The statement for a list, with what is queued executed; NULL if the database cannot be read. */
static sqlite3_stmt *begin_list(struct store *store, enum store_statement which) {
        (void)store_queue_apply(store); /* when it cannot be written, what is there is read */
        return store->db ? store_db_statement(store, which) : NULL;
}

/* Tells of a list that broke off. */
static void end_list(struct store *store, sqlite3_stmt *statement, int r) {
        if (r != SQLITE_DONE && r != SQLITE_ROW)
                diag(DIAG_ERROR, STORE_LOGGER, "Cannot read database '%s': %s", store->path,
                        sqlite3_errmsg(store->db));
        (void)sqlite3_reset(statement);
}

static uint32_t read_count(sqlite3_stmt *statement, int column) {
        int64_t count = sqlite3_column_int64(statement, column);
        return count > UINT32_MAX ? UINT32_MAX : count < 0 ? 0 : (uint32_t)count;
}

static struct value read_data(sqlite3_stmt *statement, int column, struct arena *arena) {
        struct value data;
        if (store_json_get(store_db_column(statement, column), arena, &data) < 0)
                data = value_dict();
        return data;
}

void store_list_init(struct store_list *list, double now, double newer_than) {
        *list = (struct store_list){
                .now = now, .newer_than = newer_than, .after = BUFFER_INIT(FIELDS_MAX)};
}

void store_list_done(struct store_list *list) {
        buffer_done(&list->after);
}

/* The order is by ip, blobs last: what comes after a row is found again by that. */
static void bind_list(
        sqlite3_stmt *statement, struct slice jail, const struct store_list *list, uint32_t max) {
        struct slice after = buffer_view(&list->after);
        store_db_bind_text(statement, 1, jail);
        (void)sqlite3_bind_double(statement, 2, list->now);
        (void)sqlite3_bind_double(statement, 3, list->newer_than);
        if (list->is_blob)
                (void)sqlite3_bind_blob64(statement, 4, after.data, after.len, SQLITE_STATIC);
        else
                store_db_bind_text(statement, 4, after);
        (void)sqlite3_bind_int64(statement, 5, max);
}

static void pass_row(struct store *store, sqlite3_stmt *statement, struct store_ban *ban,
        store_ban_row *row, void *user) {
        ban->id = store_db_column(statement, 0);
        ban->time = store_db_time(statement, 1);
        ban->ban_time_s = store_db_time(statement, 2);
        ban->count = read_count(statement, 3);
        arena_reset(&store->arena);
        ban->data = read_data(statement, 4, &store->arena);
        row(user, ban);
}

bool store_bans_current(struct store *store, struct slice jail, struct store_list *list,
        uint32_t max, store_ban_row *row, void *user) {
        sqlite3_stmt *statement = begin_list(store, STORE_BANS_CURRENT);
        struct store_ban ban = {.jail = jail};
        uint32_t count = 0;
        int r;
        if (!statement)
                return false;
        bind_list(statement, jail, list, max);
        store->readers++;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                pass_row(store, statement, &ban, row, user);
                if (++count < max)
                        continue;
                list->is_blob = sqlite3_column_type(statement, 0) == SQLITE_BLOB;
                buffer_clear(&list->after);
                if (buffer_append(&list->after, store_db_column(statement, 0)) < 0)
                        count = 0; /* so long an ip is none, and the last of all */
                r = SQLITE_DONE;
                break;
        }
        store->readers--;
        end_list(store, statement, r);
        return count == max;
}

bool store_ban_history(struct store *store, struct slice jail, struct slice id, uint32_t *ret_count,
        double *ret_time, double *ret_ban_time_s) {
        sqlite3_stmt *statement =
                begin_list(store, jail.len > 0 ? STORE_HISTORY_JAIL : STORE_HISTORY_ALL);
        if (!statement)
                return false;
        store_db_bind_text(statement, 1, id);
        if (jail.len > 0)
                store_db_bind_text(statement, 2, jail);
        int r = sqlite3_step(statement);
        if (r == SQLITE_ROW) {
                *ret_count = read_count(statement, 0);
                *ret_time = store_db_time(statement, 1);
                *ret_ban_time_s = store_db_time(statement, 2);
        }
        end_list(store, statement, r);
        return r == SQLITE_ROW;
}

struct merged {
        struct value newest; /* matches, newest first */
        size_t max;
        int64_t failures;
        bool has_rows;
};

static void merge_row(struct merged *merged, const struct value *data, struct arena *arena) {
        const struct value *matches = value_dict_get(data, "matches");
        const struct value *failures = value_dict_get(data, "failures");
        merged->has_rows = true;
        int64_t more = failures && failures->type == VALUE_INT ? failures->integer : 0;
        if (more > INT64_MAX - merged->failures)
                merged->failures = INT64_MAX;
        else if (more > 0)
                merged->failures += more;
        for (size_t i = matches && value_is_container(matches) ? matches->list.count : 0; i > 0;
                i--)
                if (merged->newest.list.count < merged->max)
                        (void)value_append(&merged->newest,
                                value_copy(&matches->list.items[i - 1], arena), arena);
}

bool store_ban_merged(struct store *store, struct slice jail, struct slice id, struct arena *arena,
        struct value *ret_matches, int64_t *ret_failures) {
        sqlite3_stmt *statement =
                begin_list(store, jail.len > 0 ? STORE_MERGED_JAIL : STORE_MERGED_ALL);
        struct merged merged = {.newest = value_list(),
                .max = store->max_matches < 0 ? SIZE_MAX : (size_t)store->max_matches};
        int r;
        if (!statement)
                return false;
        store_db_bind_text(statement, 1, id);
        if (jail.len > 0)
                store_db_bind_text(statement, 2, jail);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                arena_reset(&store->arena);
                struct value data = read_data(statement, 0, &store->arena);
                merge_row(&merged, &data, arena);
        }
        end_list(store, statement, r);
        *ret_matches = value_list();
        for (size_t i = merged.newest.list.count; i > 0; i--)
                (void)value_append(ret_matches, merged.newest.list.items[i - 1], arena);
        *ret_failures = merged.failures;
        return merged.has_rows;
}
