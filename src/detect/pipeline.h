/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs chunks of a log through its jails and sends what comes of it as batches (channel/record.h). */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/diag.h"
#include "channel/message.h"
#include "detect/input_file.h"
#include "detect/journal_entry.h"
#include "detect/scan_log.h"
#include "detect/scan_pass.h"

#define PIPELINE_RECORDS_MAX ((size_t)15 << 20)   /* bytes of records in one batch */
#define PIPELINE_FLUSH ((size_t)256 << 10)        /* a batch is sent when its records, or the lines it tells of, are this long */
#define PIPELINE_TURN_US ((int64_t)200000)        /* a chunk of slow lines is left after this time, so that messages get their turn */
#define PIPELINE_HEAD_MAX ((size_t)4096)          /* bytes in front of a batch's records */
#define PIPELINE_LINE_SHOWN 1024                  /* bytes of a line in a message about it */
#define PIPELINE_DAY_US ((int64_t)24 * 3600 * 1000000)

/* Sends a message, whose body is head and rest, to the server. A failure is the sender's business (the process ends). */
typedef void pipeline_send(void *user, enum message_type type, struct slice head, struct slice rest);

/* Waits until what was sent has left this process. */
typedef void pipeline_sync(void *user);

struct pipeline {
        struct clock *clock;
        int64_t held_us; /* when the clock was held, on the loop's clock */
        pipeline_send *send;
        pipeline_sync *sync;
        void *user;
        struct arena arena;     /* of one line */
        struct buffer records;  /* of the present log's batch; empty between chunks, unless only progress is to be told */
        struct buffer head;     /* what a batch says in front of them */
        struct scan_log *log;   /* whose chunk runs; NULL: none */
        bool holds;             /* the log's next chunk runs at once: records below PIPELINE_FLUSH wait for it, and for pipeline_release() */
        struct scan_pass pass;  /* of the chunk */
};

/* clock: the one that the jails' filters have; it is held (clock_hold()) while lines run. */
void pipeline_init(struct pipeline *pipeline, struct clock *clock, pipeline_send *send, pipeline_sync *sync, void *user);
void pipeline_done(struct pipeline *pipeline);
/* Between chunks: frees what only the running of lines needs; the next chunk makes it anew. */
void pipeline_rest(struct pipeline *pipeline);

/* Runs the chunk (read from log->files[0]) and takes it off the file. What led to records is sent before it returns; mere progress
 * only by the PIPELINE_FLUSH: see pipeline_flush(). Returns 0, or PIPELINE_E_LATE if PIPELINE_TURN_US were over before all lines had
 * run: the rest is still in the file. */
enum { PIPELINE_E_LATE = 1 };
int pipeline_run(struct pipeline *pipeline, struct scan_log *log, const struct input_chunk *chunk);
/* No chunk of the log runs next any more: sends what pipeline_run() has held back. */
void pipeline_release(struct pipeline *pipeline, struct scan_log *log);
/* Where entries come from. next: 1 with an entry in arena, 0 at the end, or negative errno. place: the cursor of the entry that next
 * gave; 0 or negative errno. */
struct pipeline_source {
        int (*next)(void *user, struct arena *arena, struct journal_entry *ret);
        int (*place)(void *user, char *ret, size_t size);
};
/* The same for a journal: runs its entries through the jails whose matches they fit. Returns 0 at the end, PIPELINE_E_LATE, or the
 * source's negative errno. */
int pipeline_run_entries(struct pipeline *pipeline, struct scan_log *log, const struct pipeline_source *source, void *user);
/* Sends what is not yet told of the log, state included. flags: BATCH_*. Sends nothing if there is nothing to tell and no flag. */
void pipeline_flush(struct pipeline *pipeline, struct scan_log *log, uint8_t flags);
/* The same, but sends in any case: the answer to SCAN_LOG_ADD. */
void pipeline_announce(struct pipeline *pipeline, struct scan_log *log, uint8_t flags);
/* A message of the jail's filter: part of the batch while a line runs, else sent at once. */
void pipeline_diag(struct pipeline *pipeline, struct scan_jail *jail, enum diag_level level, const char *logger, struct slice text);
