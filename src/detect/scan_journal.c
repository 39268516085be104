/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The place is a cursor (log->cursor), which is exact across rotations and jumps of the clock; where there is none yet it is the
 * earliest time that one of the jails asks for. What is open is looked at after it has been read to its end: if other files are
 * there then, everything is opened anew and read on from the cursor, with the files that have been rotated since. */
#include "detect/scan_journal.h"

#include <errno.h>
#include <math.h>

#include "base/diag.h"
#include "base/memory.h"
#include "detect/input_journal.h"

#define LOGGER "fail2ban.filtersystemd"
#define QUIET_US INT64_C(1000000) /* after the opening: its files are found one after the other */
#define REOPEN_US ((int64_t)30000000) /* libsystemd leaves a file that it cannot read for a moment, and does not come back to it */
#define NAME_LEN (sizeof("systemd-journal") - 1)

struct scan_journal {
        struct loop *loop;
        struct scan_log *log;
        struct input_journal *input;
        struct loop_source *source;
        struct loop_timer timer;
        uint64_t wanted;   /* what the matches in force were made from; 0: none are */
        int64_t opened_us;
        uint64_t done_before; /* log->done at the last look */
        uint64_t drained_us; /* when the last reading to the end began; 0: never */
        bool is_open;
        bool has_event;    /* the fd has been readable since the last look */
        bool is_absent;    /* said */
        bool has_failed;   /* said */
};

static void on_timer(void *user) {
        struct scan_journal *journal = user;
        journal->has_event = true;
        journal->log->ready = true;
        loop_timer_set_in(journal->loop, &journal->timer, SCAN_JOURNAL_LOOK_US, on_timer, journal);
}

int scan_journal_attach(struct loop *loop, struct scan_log *log, struct slice cursor, struct fault *fault) {
        struct slice path = slice_of(log->path);
        struct input_journal *input = input_journal_new(slice_sub(path, NAME_LEN, path.len), fault);
        if (!input)
                return -EINVAL;
        if (cursor.len > 0)
                memcpy(log->cursor, cursor.data, cursor.len);
        struct scan_journal *journal = memory_new(sizeof(*journal));
        *journal = (struct scan_journal){.loop = loop, .log = log, .input = input};
        loop_timer_set_in(loop, &journal->timer, SCAN_JOURNAL_LOOK_US, on_timer, journal);
        log->journal = journal;
        return 0;
}

void scan_journal_begin_operation(struct scan_log *log) {
        for (size_t i = 0; i < log->attachment_count; i++) {
                log->attachments[i].seek_time = 0;
                diag(DIAG_INFO, LOGGER, "[%s] Jail is in operation now (process new journal entries)", log->attachments[i].jail->name);
        }
}

struct scan_journal *scan_journal_free(struct scan_journal *journal) {
        if (!journal)
                return NULL;
        loop_timer_cancel(journal->loop, &journal->timer);
        loop_remove(journal->loop, journal->source);
        (void)input_journal_free(journal->input);
        free(journal);
        return NULL;
}

/* Before what changed is processed, what is open is read: a rotation takes files away. */
static void on_fd(void *user, int fd, uint32_t events) {
        struct scan_journal *journal = user;
        (void)fd;
        (void)events;
        journal->has_event = true;
        journal->log->ready = true;
        if (!journal->log->started)
                (void)input_journal_process(journal->input); /* nobody reads for now: it must not stay readable */
}

static double earliest(const struct scan_log *log) {
        double first = (double)INFINITY;
        for (size_t i = 0; i < log->attachment_count; i++)
                first = fmin(first, log->attachments[i].seek_time);
        return first > 0 && first < 1e12 ? first : 0;
}

/* Up to when all entries have been run. */
static uint64_t run_until(const struct scan_journal *journal) {
        uint64_t at = 0;
        (void)input_journal_cursor_time(slice_of(journal->log->cursor), &at);
        uint64_t from = (uint64_t)(earliest(journal->log) * 1e6);
        uint64_t until = at > from ? at : from;
        return journal->drained_us > until ? journal->drained_us : until;
}

static int open_input(struct scan_journal *journal) {
        struct fault fault = FAULT_INIT;
        loop_remove(journal->loop, journal->source);
        journal->source = NULL;
        journal->wanted = 0;
        journal->opened_us = loop_now_us();
        int r = input_journal_open(journal->input, run_until(journal), &fault);
        journal->is_open = r >= 0;
        if (r != 0 && !journal->is_absent)
                diag(DIAG_ERROR, LOGGER, "Unable to read the journal: %s; it is waited for", fault_text(&fault));
        journal->is_absent = r != 0;
        fault_done(&fault);
        int fd = r < 0 ? -1 : input_journal_fd(journal->input);
        if (fd >= 0) /* else the timer has to do */
                journal->source = loop_add(journal->loop, fd, EPOLLIN, on_fd, journal);
        return r;
}

/* A number that changes with what the jails want. */
static uint64_t what_is_wanted(const struct scan_log *log) {
        uint64_t sum = 1;
        for (size_t i = 0; i < log->attachment_count; i++)
                sum = sum * 31 + log->attachments[i].jail->id * UINT64_C(1000003) + log->attachments[i].jail->match_changes;
        return sum * 2 + 1;
}

static int seek(struct scan_journal *journal) {
        struct scan_log *log = journal->log;
        uint64_t from = (uint64_t)(earliest(log) * 1e6);
        uint64_t at = 0;
        if (!log->cursor[0] || input_journal_cursor_time(slice_of(log->cursor), &at) < 0 || at < from)
                return input_journal_seek_time(journal->input, from);
        int r = input_journal_seek_cursor(journal->input, log->cursor);
        return r == -EINVAL ? input_journal_seek_time(journal->input, at) : r; /* the database was tampered with */
}

static int prepare(struct scan_journal *journal) {
        struct scan_log *log = journal->log;
        const struct journal_match **matches = memory_new_array(log->attachment_count + 1, sizeof(*matches));
        for (size_t i = 0; i < log->attachment_count; i++)
                matches[i] = &log->attachments[i].jail->match;
        int r = input_journal_set_matches(journal->input, matches, log->attachment_count);
        free(matches);
        if (r == 0)
                r = seek(journal);
        journal->wanted = r == 0 ? what_is_wanted(log) : 0;
        return r;
}

static int next_entry(void *user, struct arena *arena, struct journal_entry *ret) {
        struct scan_journal *journal = user;
        return input_journal_next(journal->input, arena, ret);
}

static int entry_place(void *user, char *ret, size_t size) {
        struct scan_journal *journal = user;
        char cursor[INPUT_JOURNAL_CURSOR_MAX];
        int r = input_journal_cursor(journal->input, cursor);
        if (r < 0 || strlen(cursor) >= size)
                return r < 0 ? r : -E2BIG;
        memcpy(ret, cursor, strlen(cursor) + 1);
        return 0;
}

static const struct pipeline_source source_ops = {next_entry, entry_place};

static void tell_failure(struct scan_journal *journal, int r) {
        if (!journal->has_failed)
                diag(DIAG_ERROR, LOGGER, "Error reading line from systemd journal: %s", strerror(-r));
        journal->has_failed = true;
        journal->is_open = false; /* the timer tries again */
        journal->log->ready = false;
}

/* fail2ban's words; here nobody takes a break. */
static void say_invalid(const struct scan_log *log) {
        for (size_t i = 0; i < log->attachment_count; i++)
                diag(DIAG_MSG, LOGGER, "[%s] Invalidate signaled, take a little break (rotation ends)",
                        log->attachments[i].jail->name);
}

/* All has been read: takes in what has changed. */
static void look(struct scan_journal *journal) {
        bool had_event = journal->has_event;
        uint64_t done = journal->log->done;
        journal->log->ready = had_event;
        journal->has_event = false;
        if (!had_event)
                return;
        if (input_journal_process(journal->input) && loop_now_us() > journal->opened_us + QUIET_US)
                say_invalid(journal->log);
        bool is_suspicious = done == journal->done_before && loop_now_us() > journal->opened_us + REOPEN_US;
        journal->done_before = done;
        if (is_suspicious || input_journal_has_moved(journal->input, run_until(journal)))
                journal->is_open = false;
        else if (!journal->log->cursor[0])
                journal->wanted = 0; /* a place in time beyond the end is sought anew */
}

int scan_journal_serve(struct scan_journal *journal, struct pipeline *pipeline) {
        struct scan_log *log = journal->log;
        int64_t begin_us = clock_wall_us(pipeline->clock);
        int r = 0;
        if (!journal->is_open && open_input(journal) != 0 && !journal->is_open) {
                log->ready = false;
                return SCAN_JOURNAL_E_ABSENT;
        }
        if (journal->wanted != what_is_wanted(log))
                r = prepare(journal);
        if (r == 0)
                r = pipeline_run_entries(pipeline, log, &source_ops, journal);
        if (r < 0) {
                tell_failure(journal, r);
                return SCAN_JOURNAL_E_ABSENT;
        }
        journal->has_failed = false;
        if (r == PIPELINE_E_LATE)
                return SCAN_JOURNAL_E_MORE;
        if (!journal->is_absent)
                journal->drained_us = (uint64_t)begin_us;
        look(journal);
        return journal->is_absent ? SCAN_JOURNAL_E_ABSENT : 0;
}
