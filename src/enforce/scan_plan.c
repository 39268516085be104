/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options are kept in order because later ones may depend on earlier ones (`maxlines` before the regexes); only such as stand alone
 * replace their former value at once, and "begin" drops the regexes and all but the last value of every other option.
 * Which line kills a scanner is found in two steps: a log with something left to read at the same offset through PLAN_SUSPECT_MAX deaths
 * is read carefully, i.e. each line is announced before it is tried; one death may be
 * anybody's deed, but PLAN_TRIES_MAX of them with the same line announced name it. */
#include "enforce/scan_plan.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/memory.h"

void scan_plan_init(struct scan_plan *plan, struct log_watch *watch) {
        *plan = (struct scan_plan){.watch = watch, .next_log = 1};
}

void scan_plan_done(struct scan_plan *plan) {
        while (plan->log_count > 0)
                scan_plan_log_del(plan, plan->logs[0]);
        while (plan->jail_count > 0)
                scan_plan_jail_del(plan, plan->jails[0]);
        free(plan->logs);
        free(plan->jails);
}

struct plan_jail *scan_plan_jail(const struct scan_plan *plan, uint32_t id) {
        for (size_t i = 0; i < plan->jail_count; i++)
                if (plan->jails[i]->id == id)
                        return plan->jails[i];
        return NULL;
}

int scan_plan_jail_add(struct scan_plan *plan, uint32_t id, struct slice name, struct plan_jail **ret) {
        if (scan_plan_jail(plan, id))
                return -EEXIST;
        if (plan->jail_count == SCAN_JAILS_MAX)
                return -ENOBUFS;
        struct plan_jail *jail = memory_new(sizeof(*jail));
        *jail = (struct plan_jail){.id = id, .name = memory_copy_text(name)};
        table_init(&jail->states, RECORD_STATES_MAX);
        memory_reserve(&plan->jails, plan->jail_count, &plan->jail_capacity, sizeof(struct plan_jail *));
        plan->jails[plan->jail_count++] = jail;
        *ret = jail;
        return 0;
}

static void option_done(struct plan_option *option) {
        free(option->name);
        free(option->bytes);
}

static void free_blob(struct buffer *blob) {
        if (blob)
                buffer_done(blob);
        free(blob);
}

static void remove_pointer(void *items, size_t *count, const void *item) {
        void **list = items;
        for (size_t i = 0; i < *count; i++) {
                if (list[i] != item)
                        continue;
                (*count)--;
                memmove(list + i, list + i + 1, (*count - i) * sizeof(*list));
                return;
        }
}

void scan_plan_jail_del(struct scan_plan *plan, struct plan_jail *jail) {
        size_t position = 0;
        struct table_entry *entry;
        remove_pointer(plan->jails, &plan->jail_count, jail);
        for (size_t i = 0; i < jail->option_count; i++)
                option_done(&jail->options[i]);
        while ((entry = table_next(&jail->states, &position)))
                free_blob(entry->value);
        table_done(&jail->states);
        free(jail->options);
        free(jail->logs);
        free(jail->name);
        free(jail);
}

enum option_kind { OPTION_ORDERED, OPTION_ALONE, OPTION_LIST };

static enum option_kind kind_of(struct slice name) {
        static const char *const alone[] = {"findtime", "datepattern", "logtimezone", "logencoding", "keepmatches"};
        static const char *const lists[] = {"addfailregex", "delfailregex", "addignoreregex", "delignoreregex",
                "addjournalmatch", "deljournalmatch"};
        for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
                if (slice_is(name, alone[i]))
                        return OPTION_ALONE;
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                if (slice_is(name, lists[i]))
                        return OPTION_LIST;
        return OPTION_ORDERED;
}

static void drop_option(struct plan_jail *jail, size_t index) {
        jail->option_bytes -= jail->options[index].len;
        option_done(&jail->options[index]);
        memmove(&jail->options[index], &jail->options[index + 1], (--jail->option_count - index) * sizeof(jail->options[0]));
}

/* Drops the values of name in front of index end. */
static void drop_older(struct plan_jail *jail, const char *name, size_t end) {
        for (size_t i = end; i-- > 0;)
                if (strcmp(jail->options[i].name, name) == 0)
                        drop_option(jail, i);
}

static void begin_options(struct plan_jail *jail) {
        for (size_t i = jail->option_count; i-- > 0;)
                if (kind_of(slice_of(jail->options[i].name)) == OPTION_LIST)
                        drop_option(jail, i);
        for (size_t left = jail->option_count; left-- > 0;) {
                size_t before = jail->option_count;
                drop_older(jail, jail->options[left].name, left);
                left -= before - jail->option_count;
        }
}

void plan_jail_keep_option(struct plan_jail *jail, struct slice name, struct slice bytes) {
        if (slice_is(name, "begin")) {
                begin_options(jail);
                return;
        }
        struct plan_option option = {.name = memory_copy_text(name), .bytes = memory_new(bytes.len + 1), .len = bytes.len};
        memcpy(option.bytes, bytes.data, bytes.len);
        if (kind_of(name) == OPTION_ALONE)
                drop_older(jail, option.name, jail->option_count);
        memory_reserve(&jail->options, jail->option_count, &jail->option_capacity, sizeof(jail->options[0]));
        jail->options[jail->option_count++] = option;
        jail->option_bytes += bytes.len;
}

void plan_jail_keep_state(struct plan_jail *jail, struct slice key, struct slice blob) {
        if (blob.len == 0) {
                free_blob(table_remove(&jail->states, key));
                return;
        }
        struct buffer *kept = table_get(&jail->states, key);
        if (!kept) {
                kept = memory_new(sizeof(*kept));
                *kept = BUFFER_INIT(RECORD_STATE_BLOB_MAX);
                if (table_put(&jail->states, key, kept) < 0) {
                        free_blob(kept);
                        return;
                }
        }
        buffer_clear(kept);
        (void)buffer_append(kept, blob); /* record_get() has checked the size */
}

struct plan_log *plan_jail_log(const struct plan_jail *jail, struct slice path) {
        for (size_t i = 0; i < jail->log_count; i++)
                if (slice_equal(log_path_text(jail->logs[i]->watch), path))
                        return jail->logs[i];
        return NULL;
}

struct plan_log *scan_plan_log(const struct scan_plan *plan, uint32_t id) {
        for (size_t i = 0; i < plan->log_count; i++)
                if (plan->logs[i]->id == id)
                        return plan->logs[i];
        return NULL;
}

struct plan_log *scan_plan_log_add(struct scan_plan *plan) {
        if (plan->log_count == SCAN_LOGS_MAX)
                return NULL;
        struct plan_log *log = memory_new(sizeof(*log));
        *log = (struct plan_log){.id = plan->next_log++, .next_generation = GENERATION_FILE, .skip_at = PLAN_NO_SKIP};
        memory_reserve(&plan->logs, plan->log_count, &plan->log_capacity, sizeof(struct plan_log *));
        plan->logs[plan->log_count++] = log;
        return log;
}

void scan_plan_log_del(struct scan_plan *plan, struct plan_log *log) {
        remove_pointer(plan->logs, &plan->log_count, log);
        while (log->jail_count > 0)
                plan_log_detach(log, log->jails[0]);
        for (size_t i = 0; i < log->file_count; i++)
                (void)log_file_unref(plan->watch, log->files[i].file);
        if (log->watch)
                log_watch_remove(plan->watch, log->watch);
        free(log->jails);
        free(log);
}

struct plan_log *scan_plan_shareable(const struct scan_plan *plan, struct slice path, enum log_watch_backend backend,
        const struct scan_start *start) {
        for (size_t i = 0; i < plan->log_count; i++) {
                struct plan_log *log = plan->logs[i];
                bool tail = start->at == SCAN_START_TAIL;
                if (log->begun || log->backend != backend || log->tail != tail || !slice_equal(log_path_text(log->watch), path))
                        continue;
                if (backend == LOG_WATCH_JOURNAL && !slice_is(start->hash, log->hash))
                        continue;
                if (tail || log->offset == start->offset)
                        return log;
        }
        return NULL;
}

void plan_log_place(struct plan_log *log, const struct scan_start *start) {
        struct stat info;
        size_t hash_max = log->backend == LOG_WATCH_JOURNAL ? PLAN_PLACE_MAX : PLAN_HASH_LEN;
        log->tail = start->at == SCAN_START_TAIL;
        if (log->tail) {
                log->in_operation = true;
                if (log->file_count > 0 && fstat(log->files[0].file->fd, &info) == 0)
                        log->offset = (uint64_t)info.st_size;
                return;
        }
        bool is_whole = log->backend == LOG_WATCH_JOURNAL || start->hash.len == PLAN_HASH_LEN || start->hash.len == 0;
        if (!is_whole || start->hash.len > hash_max)
                return;
        log->offset = start->offset;
        if (start->hash.len > 0)
                memcpy(log->hash, start->hash.data, start->hash.len);
        log->hash[start->hash.len] = '\0';
}

void plan_log_begin_process(struct plan_log *log) {
        log->stops = 0;
        log->heard = false;
        log->trying = false;
}

void plan_log_attach(struct plan_log *log, struct plan_jail *jail) {
        memory_reserve(&log->jails, log->jail_count, &log->jail_capacity, sizeof(struct plan_jail *));
        log->jails[log->jail_count++] = jail;
        memory_reserve(&jail->logs, jail->log_count, &jail->log_capacity, sizeof(struct plan_log *));
        jail->logs[jail->log_count++] = log;
}

void plan_log_detach(struct plan_log *log, struct plan_jail *jail) {
        remove_pointer(log->jails, &log->jail_count, jail);
        remove_pointer(jail->logs, &jail->log_count, log);
}

bool plan_log_is_wanted_by_all(const struct plan_log *log) {
        for (size_t i = 0; i < log->jail_count; i++)
                if (!log->jails[i]->started || log->jails[i]->idle)
                        return false;
        return log->jail_count > 0;
}

bool plan_log_is_wanted_by_any(const struct plan_log *log) {
        for (size_t i = 0; i < log->jail_count; i++)
                if (log->jails[i]->started && !log->jails[i]->idle)
                        return true;
        return false;
}

bool plan_log_is_quiet(const struct plan_log *log) {
        return !log->started && log->stops == 0;
}

void plan_log_move_jail(struct plan_log *from, struct plan_log *to, struct plan_jail *jail) {
        remove_pointer(from->jails, &from->jail_count, jail);
        memory_reserve(&to->jails, to->jail_count, &to->jail_capacity, sizeof(struct plan_jail *));
        to->jails[to->jail_count++] = jail;
        for (size_t i = 0; i < jail->log_count; i++)
                if (jail->logs[i] == from)
                        jail->logs[i] = to; /* in its place: the order is shown */
}

void plan_log_copy_place(struct plan_log *to, const struct plan_log *from) {
        for (size_t i = 0; i < from->file_count; i++)
                to->files[i] = (struct plan_file){log_file_ref(from->files[i].file), from->files[i].generation};
        to->file_count = from->file_count;
        to->next_generation = from->next_generation;
        to->backend = from->backend;
        to->tail = from->tail;
        to->offset = from->offset;
        memcpy(to->hash, from->hash, sizeof(to->hash));
        to->in_operation = from->in_operation;
        to->absent_said = from->absent_said;
}

int plan_log_push(struct plan_log *log, struct log_file *file) {
        if (log->file_count == PLAN_FILES_MAX)
                return -ENOBUFS;
        log->files[log->file_count++] = (struct plan_file){log_file_ref(file), log->next_generation};
        log->next_generation += GENERATION_FILE;
        return 0;
}

static void forget_suspicion(struct plan_log *log) {
        log->suspect_count = 0;
        log->tries = 0;
        log->careful = false;
        log->trying = false;
        log->skip_at = PLAN_NO_SKIP;
}

void plan_log_shift(struct plan_log *log, struct log_watch *watch) {
        (void)log_file_unref(watch, log->files[0].file);
        log->file_count--;
        memmove(&log->files[0], &log->files[1], log->file_count * sizeof(log->files[0]));
        log->offset = 0;
        log->hash[0] = '\0';
        forget_suspicion(log);
}

void plan_log_restart(struct plan_log *log, uint32_t generation) {
        log->files[0].generation = generation;
        log->offset = 0;
        log->hash[0] = '\0';
        forget_suspicion(log);
}

void plan_log_advance(struct plan_log *log, uint64_t offset) {
        log->trying = false;
        if (offset != log->offset)
                log->tries = 0;
        log->offset = offset;
        if (log->skip_at < offset)
                log->skip_at = PLAN_NO_SKIP;
        if (log->careful && offset >= log->suspect_offset + PLAN_CAREFUL_BYTES)
                forget_suspicion(log);
}

bool plan_log_note_death(struct plan_log *log) {
        struct stat info;
        bool was_trying = log->trying;
        log->trying = false;
        if (log->file_count == 0 || !log->started)
                return false;
        if (was_trying && ++log->tries < PLAN_TRIES_MAX)
                return false;
        if (was_trying) {
                log->skip_at = log->offset;
                return true;
        }
        if (log->backend == LOG_WATCH_JOURNAL && !log->heard)
                return false; /* it died before it came to an entry */
        if (log->backend != LOG_WATCH_JOURNAL && (fstat(log->files[0].file->fd, &info) < 0 || ((uint64_t)info.st_size <= log->offset && log->file_count == 1)))
                return false;
        if (log->suspect_count == 0 || log->suspect_offset != log->offset) {
                if (!log->careful)
                        log->suspect_offset = log->offset;
                log->suspect_count = 0;
        }
        if (++log->suspect_count >= PLAN_SUSPECT_MAX)
                log->careful = true;
        return false;
}
