/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain bookkeeping; the rules of reading are in scanner.c, those of running lines in pipeline.c. */
#include "detect/scan_log.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "detect/scan_journal.h"
#include "detect/seek.h"

struct scan_log *scan_log_new(uint32_t id, struct slice path, int fd, uint32_t generation, uint64_t offset) {
        struct scan_log *log = memory_new(sizeof(*log));
        *log = (struct scan_log){
                .id = id,
                .path = memory_copy_text(path),
                .file_count = 1,
                .skip_at = SCAN_LOG_NO_SKIP,
                .done = offset,
                .reported = offset,
        };
        input_file_init(&log->files[0], fd, generation, offset);
        return log;
}

struct scan_log *scan_log_free(struct scan_log *log) {
        if (!log)
                return NULL;
        for (size_t i = 0; i < log->attachment_count; i++)
                if (log->attachments[i].jail->unreported == log)
                        log->attachments[i].jail->unreported = NULL;
        for (size_t i = 0; i < log->file_count; i++)
                input_file_done(&log->files[i]);
        log_prefilter_done(&log->prefilter);
        (void)scan_journal_free(log->journal);
        free(log->attachments);
        free(log->path);
        free(log);
        return NULL;
}

bool scan_log_is_attached(const struct scan_log *log, const struct scan_jail *jail) {
        for (size_t i = 0; i < log->attachment_count; i++)
                if (log->attachments[i].jail == jail)
                        return true;
        return false;
}

void scan_log_attach(struct scan_log *log, struct scan_jail *jail, double seek_time) {
        if (scan_log_is_attached(log, jail))
                return;
        memory_reserve(&log->attachments, log->attachment_count, &log->attachment_capacity, sizeof(struct scan_attachment));
        log->attachments[log->attachment_count++] = (struct scan_attachment){.jail = jail, .seek_time = seek_time};
}

void scan_log_detach(struct scan_log *log, const struct scan_jail *jail) {
        size_t kept = 0;
        for (size_t i = 0; i < log->attachment_count; i++)
                if (log->attachments[i].jail != jail)
                        log->attachments[kept++] = log->attachments[i];
        log->attachment_count = kept;
}

bool scan_log_has_watch(const struct scan_log *log, int watch) {
        for (size_t i = 0; i < log->watch_count; i++)
                if (log->watches[i] == watch)
                        return true;
        return false;
}

void scan_log_add_watch(struct scan_log *log, int watch) {
        if (scan_log_has_watch(log, watch))
                return;
        if (log->watch_count == SCAN_LOG_WATCHES_MAX)
                memmove(log->watches, log->watches + 1, --log->watch_count * sizeof(log->watches[0]));
        log->watches[log->watch_count++] = watch;
}

int scan_log_push(struct scan_log *log, int fd, uint32_t generation) {
        if (log->file_count == SCAN_LOG_FILES_MAX) {
                (void)close(fd);
                return -ENOBUFS;
        }
        input_file_init(&log->files[log->file_count++], fd, generation, 0);
        return 0;
}

static void begin_file(struct scan_log *log) {
        log->done = 0;
        log->reported = 0;
        log->switching = false;
        log->careful = false;
        log->skip_at = SCAN_LOG_NO_SKIP;
        log->sought = true;
        for (size_t i = 0; i < log->attachment_count; i++)
                log->attachments[i].from = 0;
}

void scan_log_shift(struct scan_log *log) {
        assert(log->file_count > 1);
        input_file_done(&log->files[0]);
        log->file_count--;
        memmove(&log->files[0], &log->files[1], log->file_count * sizeof(log->files[0]));
        begin_file(log);
}

bool scan_log_should_shift(const struct scan_log *log) {
        return log->file_count > 2 || (log->file_count == 2 && input_file_size(&log->files[1]) > 0);
}

void scan_log_set_unreadable(struct scan_log *log, int error) {
        if (!log->read_failed)
                diag(DIAG_ERROR, "fail2ban.filter", "Unable to read %s: %s", log->path, strerror(error));
        log->read_failed = true;
        log->ready = false;
}

void scan_log_restart(struct scan_log *log, uint32_t generation) {
        input_file_restart(&log->files[0], generation);
        begin_file(log);
}

struct asking {
        struct scan_jail *jail;
        struct arena *arena;
};

static bool date_of_line(void *user, struct slice line, double *ret_time) {
        const struct asking *asking = user;
        bool found = scan_jail_date(asking->jail, line, asking->arena, ret_time);
        arena_reset(asking->arena);
        return found;
}

void scan_log_seek(struct scan_log *log, struct arena *arena) {
        uint64_t first = UINT64_MAX;
        struct input_file *file = &log->files[0];
        log->sought = true;
        for (size_t i = 0; i < log->attachment_count; i++) {
                struct scan_attachment *attachment = &log->attachments[i];
                struct asking asking = {attachment->jail, arena};
                attachment->from = file->position;
                if (attachment->seek_time > 0)
                        attachment->from = seek_time(file, attachment->seek_time, date_of_line, &asking);
                if (attachment->from < first)
                        first = attachment->from;
        }
        if (first == UINT64_MAX || first <= file->position)
                return;
        input_file_take(file, first);
        log->done = first;
}

struct slice scan_log_hash(struct scan_log *log) {
        return log->journal ? slice_of(log->cursor) : input_file_hash(&log->files[0]);
}

bool scan_log_has_unreported(const struct scan_log *log) {
        return log->done != log->reported;
}
