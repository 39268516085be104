/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanner reads hostile bytes and may have been taken over by them: each field is checked before anything is done. What it can
 * still do is to report wrong failures, or none; nothing else is in its reach. All of a batch is checked before anything of it is
 * applied, because half a batch would be counted again after the restart; its first records are kept meanwhile, the others are read
 * again. Callbacks may remove jails and logs: both are looked up again after each. */
#include "enforce/scan_batch.h"

#include <errno.h>

#include "base/memory.h"

struct batch {
        uint32_t log;
        uint32_t generation;
        uint64_t before;
        uint64_t after;
        uint8_t flags;
        struct slice hash;
        struct message_reader records;
};

static bool is_made_of(struct slice text, struct slice bytes) {
        for (size_t i = 0; i < text.len; i++)
                if (slice_find_char(bytes, text.data[i], 0) == bytes.len)
                        return false;
        return true;
}

static bool is_cursor(struct slice cursor) {
        return cursor.len <= PLAN_PLACE_MAX &&
               is_made_of(cursor, SLICE("0123456789abcdefsimtbx=;"));
}

static bool is_hash(struct slice hash) {
        return (hash.len == 0 || hash.len == PLAN_HASH_LEN) &&
               is_made_of(hash, SLICE("0123456789abcdef"));
}

static int refuse(struct fault *fault, const struct plan_log *log, const char *what) {
        return fault_set(fault, -EPROTO, "%s of log %u", what, (unsigned)log->id);
}

/* Finds the log of a message; NULL without fault if it has been removed. */
static int find_log(const struct scan_plan *plan, uint32_t id, struct plan_log **ret, struct fault *fault) {
        *ret = scan_plan_log(plan, id);
        if (*ret && (*ret)->file_count == 0)
                return refuse(fault, *ret, "message about the absent file");
        if (!*ret && (id == 0 || id >= plan->next_log))
                return fault_set(fault, -EPROTO, "unknown log %u", (unsigned)id);
        return 0;
}

static int read_batch(struct slice body, struct batch *ret, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        ret->log = message_get_u32(&in);
        ret->generation = message_get_u32(&in);
        ret->before = message_get_u64(&in);
        ret->after = message_get_u64(&in);
        ret->flags = message_get_u8(&in);
        ret->hash = message_get_text(&in);
        ret->records = in;
        if (in.bad || !is_cursor(ret->hash) || ret->after > INT64_MAX)
                return fault_set(fault, -EPROTO, "malformed batch");
        return 0;
}

/* The first records of a batch as they were read when it was checked, which need not be read again.
 */
struct kept {
        struct record *records;
        size_t count;
        struct message_reader rest; /* behind them */
};

static int check_records(const struct batch *batch, struct kept *kept, struct fault *fault) {
        struct record record;
        int r = 0;
        kept->rest = batch->records;
        while (kept->count < SCAN_BATCH_KEPT_MAX &&
                (r = record_get(&kept->rest, &kept->records[kept->count])) > 0)
                kept->count++;
        struct message_reader in = kept->rest;
        while (!in.bad && (r = record_get(&in, &record)) > 0)
                continue;
        return in.bad || r < 0 ? fault_set(fault, -EPROTO, "malformed record") : 0;
}

static int check_batch(const struct batch *batch, const struct plan_log *log, struct kept *kept,
        struct fault *fault) {
        if (log->backend != LOG_WATCH_JOURNAL && !is_hash(batch->hash))
                return refuse(fault, log, "malformed hash");
        if (batch->generation != log->files[0].generation)
                return refuse(fault, log, "wrong generation");
        if (batch->before != log->offset)
                return refuse(fault, log, "batch that does not follow the last one");
        if (batch->after < batch->before)
                return refuse(fault, log, "offsets going backwards");
        return check_records(batch, kept, fault);
}

static void apply_record(struct scan_plan *plan, const struct scan_link_ops *ops, void *user, const struct record *record) {
        struct plan_jail *jail = scan_plan_jail(plan, record->jail);
        if (!jail)
                return; /* removed meanwhile */
        switch (record->type) {
        case RECORD_FAILURE:
                ops->on_failure(user, record->jail, record);
                break;
        case RECORD_STATE:
                plan_jail_keep_state(jail, record->state.key, record->state.blob);
                break;
        case RECORD_DIAG:
                ops->on_diag(user, record->jail, record);
                break;
        case RECORD_COUNT:
                ops->on_count(user, record->jail, record->count.lines, record->count.dropped);
                break;
        case RECORD_TYPE_COUNT:
                break;
        }
}

/* The number of records at the front that are failures of one jail. */
static size_t failures_of_one(const struct record *records, size_t count) {
        size_t same = 0;
        while (same < count && records[same].type == RECORD_FAILURE && records[same].jail == records[0].jail)
                same++;
        return same;
}

/* Records that were read together. */
struct group {
        struct record *records;
        size_t count;
};

static struct group group_at(const struct kept *kept, size_t at) {
        size_t count = at < kept->count ? kept->count - at : 0;
        return (struct group){count > 0 ? kept->records + at : NULL,
                count < SCAN_AHEAD_MAX ? count : SCAN_AHEAD_MAX};
}

static void tell_ahead(const struct scan_plan *plan, const struct scan_link_ops *ops, void *user,
        struct group group, unsigned step) {
        while (ops->on_failures_ahead && group.count > 0) {
                size_t same = failures_of_one(group.records, group.count);
                uint32_t jail = group.records->jail;
                if (same > 0 && scan_plan_jail(plan, jail))
                        ops->on_failures_ahead(user, jail, group.records, same, step);
                same += same == 0;
                group.records += same;
                group.count -= same;
        }
}

/* Ids come in no order, and memory is slow: while some records are applied, others are a step
 * nearer to that. */
static void apply_kept(struct scan_plan *plan, const struct scan_link_ops *ops, void *user,
        const struct kept *kept) {
        const size_t distance = (size_t)SCAN_AHEAD_STEPS * SCAN_AHEAD_MAX;
        for (size_t at = 0; at < kept->count + distance; at += SCAN_AHEAD_MAX) {
                for (size_t step = 0; step < SCAN_AHEAD_STEPS && step * SCAN_AHEAD_MAX <= at;
                        step++)
                        tell_ahead(plan, ops, user, group_at(kept, at - step * SCAN_AHEAD_MAX),
                                (unsigned)step);
                if (at < distance)
                        continue;
                struct group group = group_at(kept, at - distance);
                for (size_t i = 0; i < group.count; i++)
                        apply_record(plan, ops, user, &group.records[i]);
        }
}

static void apply_records(
        struct scan_plan *plan, const struct scan_link_ops *ops, void *user, struct kept *kept) {
        while (kept->count > 0) {
                apply_kept(plan, ops, user, kept);
                kept->count = 0;
                while (kept->count < SCAN_BATCH_KEPT_MAX &&
                        record_get_checked(&kept->rest, &kept->records[kept->count]) > 0)
                        kept->count++;
        }
}

void scan_batch_tell_position(
        const struct scan_plan *plan, const struct scan_link_ops *ops, void *user, uint32_t id) {
        const struct plan_log *log;
        for (size_t i = 0; (log = scan_plan_log(plan, id)) && i < log->jail_count; i++)
                ops->on_position(user, log->jails[i]->id, log_path_text(log->watch), slice_of(log->hash), log->offset);
}

/* All of the batch has been applied. */
static int advance(struct scan_plan *plan, const struct scan_link_ops *ops, void *user,
        struct plan_log *log, const struct batch *batch) {
        int r = batch->after > log->offset ? SCAN_BATCH_E_PROGRESS : 0;
        plan_log_advance(log, batch->after);
        log->heard = true;
        log->trying = batch->flags & BATCH_TRYING;
        log->in_operation = log->in_operation || (batch->flags & BATCH_AT_END);
        if ((batch->flags & BATCH_STOPPED) && log->stops > 0)
                log->stops--;
        memcpy(log->hash, batch->hash.len ? batch->hash.data : "", batch->hash.len);
        log->hash[batch->hash.len] = '\0';
        if (r > 0 || !log->answered) {
                log->answered = true;
                log->tell = false;
                scan_batch_tell_position(plan, ops, user, batch->log);
        }
        return r;
}

static int apply_batch(struct scan_plan *plan, const struct scan_link_ops *ops, void *user,
        const struct batch *batch, struct kept *kept, struct fault *fault) {
        struct plan_log *log = NULL;
        int r = find_log(plan, batch->log, &log, fault);
        if (r < 0)
                return r;
        /* The last records of a log that was just removed still count; only its offsets mean
         * nothing any more. */
        r = log ? check_batch(batch, log, kept, fault) : check_records(batch, kept, fault);
        if (r < 0)
                return r;
        apply_records(plan, ops, user, kept);
        log = scan_plan_log(plan, batch->log);
        return log ? advance(plan, ops, user, log, batch) : 0;
}

int scan_batch_apply(struct scan_plan *plan, const struct scan_link_ops *ops, void *user,
        struct slice body, struct fault *fault) {
        struct batch batch;
        int r = read_batch(body, &batch, fault);
        if (r < 0)
                return r;
        struct kept kept = {
                .records = memory_resize(NULL, SCAN_BATCH_KEPT_MAX, sizeof(struct record))};
        r = apply_batch(plan, ops, user, &batch, &kept, fault);
        free(kept.records);
        return r;
}

int scan_batch_truncated(struct scan_plan *plan, struct slice body, struct plan_log **ret_log,
        struct slice *ret_reason, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint32_t id = message_get_u32(&in);
        uint32_t generation = message_get_u32(&in);
        *ret_reason = message_get_text(&in);
        if (!message_read_end(&in))
                return fault_set(fault, -EPROTO, "malformed message");
        int r = find_log(plan, id, ret_log, fault);
        if (r < 0 || !*ret_log)
                return r;
        if (generation != generation_truncated((*ret_log)->files[0].generation))
                return refuse(fault, *ret_log, "wrong next generation");
        plan_log_restart(*ret_log, generation);
        return 0;
}

int scan_batch_drained(struct scan_plan *plan, struct slice body, struct plan_log **ret_log, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint32_t id = message_get_u32(&in);
        uint32_t generation = message_get_u32(&in);
        if (!message_read_end(&in))
                return fault_set(fault, -EPROTO, "malformed message");
        int r = find_log(plan, id, ret_log, fault);
        if (r < 0 || !*ret_log)
                return r;
        if (generation != (*ret_log)->files[0].generation || (*ret_log)->file_count < 2)
                return refuse(fault, *ret_log, "wrong end");
        plan_log_shift(*ret_log, plan->watch);
        return 0;
}
