/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of the scanner: keeps the plan (jails, options, logs, applied offsets) and the process that carries it out, hands
 * over what comes back, and makes a new process go on exactly where a dead one was applied. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/slice.h"
#include "base/value.h"
#include "channel/record.h"
#include "enforce/log_watch.h"

#define SCAN_JAILS_MAX 4096
#define SCAN_LOGS_MAX 4096          /* open logs, all jails together */
#define SCAN_OPTION_BYTES_MAX ((size_t)64 << 20) /* of one jail's options, kept for the next scanner */
#define SCAN_REQUESTS_MAX 65536     /* options sent and not yet answered */
#define SCAN_REPLY_TIMEOUT_MS 10000
#define SCAN_AHEAD_MAX 8   /* records of a batch that are read ahead together ... */
#define SCAN_AHEAD_STEPS 5 /* ... and so often told of before they are applied */

struct scan_link;

/* What the scanner found. All of a batch is handed over in one go, in the order of the lines, on_position last: what a process must
 * not lose is to be written when on_position comes. Views are valid during the call only. jail is known (scan_link_jail_add). */
struct scan_link_ops {
        void (*on_failure)(void *user, uint32_t jail, const struct record *record);
        /* A message about a line of the jail's logs. */
        void (*on_diag)(void *user, uint32_t jail, const struct record *record);
        /* lines read for the jail since the last call; dropped: of these, given up. */
        void (*on_count)(void *user, uint32_t jail, uint64_t lines, uint64_t dropped);
        /* path has been read for the jail up to offset; hash: SHA-1 of the file's first line in hex, or empty if that is incomplete. The
         * first call for a jail and path comes soon after scan_link_log_add() and tells where reading starts. */
        void (*on_position)(void *user, uint32_t jail, struct slice path, struct slice hash, uint64_t offset);
        /* A message that is about no jail. */
        void (*on_message)(void *user, int level, const char *logger, struct slice text);
        /* NULL, or told of some failures of a jail that on_failure comes for soon, so that what it
         * needs is in the processor's cache: SCAN_AHEAD_STEPS times, with others in between; at
         * most SCAN_AHEAD_MAX. May set their hash. */
        void (*on_failures_ahead)(
                void *user, uint32_t jail, struct record *records, size_t count, unsigned step);
};

/* program: path of the scanner, NULL: found as supervise.h says. ops and clock must outlive it. Starts nothing yet. Returns NULL with
 * fault if the kernel refuses inotify. */
struct scan_link *scan_link_new(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user, struct fault *fault);
/* The same for the journal: the program gets "--journal" and folders as arguments, and all logs are LOG_WATCH_JOURNAL. */
struct scan_link *scan_link_new_journal(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user, struct fault *fault);
/* The folders that it may read; a process that runs is replaced. */
void scan_link_set_folders(struct scan_link *link, const char *const *folders, size_t count);
/* Kills the scanner. Replies not yet given are not given any more. NULL is allowed. Returns NULL. Not from inside a callback. */
struct scan_link *scan_link_free(struct scan_link *link);

/* Starts the scanner; everything below may be called before or after. Returns 0 or negative errno with fault. */
int scan_link_start(struct scan_link *link, struct fault *fault);
/* Stops reading, waits for what was read to be applied (at most timeout_ms), ends the scanner, then calls done. */
typedef void scan_link_done(void *user);
void scan_link_stop(struct scan_link *link, int timeout_ms, scan_link_done *done, void *user);
/* Messages below level are not wanted from the scanner. */
void scan_link_set_threshold(struct scan_link *link, int level);
pid_t scan_link_pid(const struct scan_link *link);
uint64_t scan_link_starts(const struct scan_link *link);

/* Jails. The caller's id is not 0 and never used again. Returns 0, -EEXIST, -ENOBUFS. */
int scan_link_jail_add(struct scan_link *link, uint32_t jail, struct slice name);
/* Its logs are left; requests not yet answered fail with a fault. Unknown ids are ignored. */
void scan_link_jail_del(struct scan_link *link, uint32_t jail);
/* Its logs begin to be read (once, later calls do nothing). seek_time: for logs read from a head, lines before about this time (seconds;
 * 0: none) may be passed over: now - findtime. */
void scan_link_jail_start(struct scan_link *link, uint32_t jail, double seek_time);
/* Idle jails get no lines; what is written meanwhile is read when they go on. */
enum scan_jail_state { SCAN_JAIL_ACTIVE, SCAN_JAIL_IDLE };
void scan_link_jail_set_state(struct scan_link *link, uint32_t jail, enum scan_jail_state state);

/* Carries out one option of detect/filter.h in the scanner. reply comes from the loop, once, never
 * from inside this call: fault is NULL and value the new value, or fault is what went wrong (kind
 * and text are upstream's) and value is None. asker may be NULL. Replies come in order. "begin"
 * forgets the regexes set before, for the next scanner too. Returns 0, -ENOENT (no such jail),
 * -ENOBUFS (too much; fault has a text). */
typedef void scan_link_reply(void *user, const struct fault *fault, const struct value *value);
/* Who is told; NULL in its place: nobody. */
struct scan_asker {
        scan_link_reply *reply;
        void *user;
};
int scan_link_set(struct scan_link *link, uint32_t jail, struct slice option,
        const struct value *arguments, const struct scan_asker *asker, struct fault *fault);

/* Logs. */
enum scan_start_at {
        SCAN_START_HEAD, /* at offset, if the file's first line still has hash; else at 0 */
        SCAN_START_TAIL, /* at the end of the file as it is when it is first read */
};
struct scan_start {
        enum scan_start_at at;
        uint64_t offset;   /* as stored by on_position; 0: none */
        struct slice hash; /* empty: any; of the journal its cursor, and offset is 0 */
};
/* Adds path to the jail. Returns 0; SCAN_LINK_E_ABSENT if the file is not there or cannot be used: the path is listed and waited for,
 * fault says why (kind FileNotFoundError, PermissionError, ...: a caller that does not want to wait removes it again);
 * SCAN_LINK_E_KNOWN if the jail has the path; -ENOENT (no such jail), -ENOBUFS, -E2BIG, -EINVAL with fault. */
enum { SCAN_LINK_E_ABSENT = 1, SCAN_LINK_E_KNOWN = 2 };
int scan_link_log_add(struct scan_link *link, uint32_t jail, struct slice path, enum log_watch_backend backend,
        const struct scan_start *start, struct fault *fault);
/* Returns 0, or -ENOENT if the jail has no such path. */
int scan_link_log_del(struct scan_link *link, uint32_t jail, struct slice path);
/* The jail's paths in the order in which they were added; index from 0. Returns 0, or -ENOENT at the end. */
int scan_link_log_at(const struct scan_link *link, uint32_t jail, size_t index, struct slice *ret_path);
