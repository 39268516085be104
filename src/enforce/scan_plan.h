/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scanner is to do and how far it has got: all that a new process has to be told. Owned by scan_link; pure data. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/table.h"
#include "channel/message.h"
#include "channel/record.h"
#include "enforce/log_watch.h"
#include "enforce/scan_link.h"

#define PLAN_FILES_MAX 8     /* the file being read and rotations that wait; the scanner's SCAN_LOG_FILES_MAX */
#define PLAN_HASH_LEN 40
#define PLAN_PLACE_MAX 159   /* bytes of a journal's cursor, which stands in the place of a hash */
#define PLAN_TRIES_MAX 2     /* deaths while the same line was tried, after which it is skipped */
#define PLAN_SUSPECT_MAX 3   /* deaths at the same offset, after which lines are given one by one */
#define PLAN_CAREFUL_BYTES ((uint64_t)4 << 20) /* how far; the scanner's SCANNER_CAREFUL_BYTES */
#define PLAN_NO_SKIP UINT64_MAX

/* An option that was carried out. */
struct plan_option {
        char *name;
        char *bytes; /* text option, value arguments: the end of a SCAN_JAIL_SET body */
        size_t len;
};

struct plan_jail {
        uint32_t id;
        char *name;
        struct plan_option *options; /* in order */
        size_t option_count;
        size_t option_capacity;
        size_t option_bytes;
        struct table states; /* key -> struct buffer * */
        bool started;
        bool idle;
        double seek_time;
        struct plan_log **logs; /* in the order of addition */
        size_t log_count;
        size_t log_capacity;
};

struct plan_file {
        struct log_file *file; /* a reference */
        uint32_t generation;
};

struct plan_log {
        uint32_t id;
        struct log_path *watch;
        enum log_watch_backend backend;
        struct plan_file files[PLAN_FILES_MAX]; /* [0] is being read; none while the path has never been there */
        size_t file_count;
        uint32_t next_generation;
        struct plan_jail **jails;
        size_t jail_count;
        size_t jail_capacity;
        bool tail;         /* was to start at the end */
        uint64_t offset;   /* of files[0]: all before is applied */
        char hash[PLAN_PLACE_MAX + 1]; /* or cursor */
        bool answered;     /* the scanner has told where it starts */
        bool started;      /* LOG_START is in force */
        bool begun;        /* LOG_START has been in force: jails have been attached by the scanner */
        unsigned stops;    /* LOG_STOP sent and not confirmed: while there are, more may come */
        bool in_operation; /* the end has been reached once */
        bool absent_said;
        bool tell;         /* a jail came after the answer: it has not heard of the position */
        uint64_t suspect_offset;
        unsigned suspect_count; /* deaths with this offset applied and more to read */
        bool careful;
        bool heard;       /* the present process has told of it */
        bool trying;      /* the line at offset is being tried */
        unsigned tries;   /* deaths while that line was tried */
        uint64_t skip_at; /* PLAN_NO_SKIP: none */
};

struct scan_plan {
        struct log_watch *watch;
        struct plan_jail **jails;
        size_t jail_count;
        size_t jail_capacity;
        struct plan_log **logs;
        size_t log_count;
        size_t log_capacity;
        uint32_t next_log;
};

void scan_plan_init(struct scan_plan *plan, struct log_watch *watch);
void scan_plan_done(struct scan_plan *plan);

struct plan_jail *scan_plan_jail(const struct scan_plan *plan, uint32_t id);
/* Returns 0, -EEXIST or -ENOBUFS. */
int scan_plan_jail_add(struct scan_plan *plan, uint32_t id, struct slice name, struct plan_jail **ret);
/* Its logs must have been left. */
void scan_plan_jail_del(struct scan_plan *plan, struct plan_jail *jail);

/* Remembers an option that the scanner has carried out. What later ones made void is forgotten. */
void plan_jail_keep_option(struct plan_jail *jail, struct slice name, struct slice bytes);
/* Takes a state record. Keys beyond RECORD_STATES_MAX are not kept. */
void plan_jail_keep_state(struct plan_jail *jail, struct slice key, struct slice blob);
/* The jail's log with that path, or NULL. */
struct plan_log *plan_jail_log(const struct plan_jail *jail, struct slice path);

struct plan_log *scan_plan_log(const struct scan_plan *plan, uint32_t id);
/* A log without files and jails; its watch is still to be set. Returns NULL if there are SCAN_LOGS_MAX. */
struct plan_log *scan_plan_log_add(struct scan_plan *plan);
void scan_plan_log_del(struct scan_plan *plan, struct plan_log *log);

/* A log of that path, not yet begun, that is to start at the same place; or NULL. */
struct plan_log *scan_plan_shareable(const struct scan_plan *plan, struct slice path, enum log_watch_backend backend,
        const struct scan_start *start);
/* Where reading of a new log is to start. */
void plan_log_place(struct plan_log *log, const struct scan_start *start);
/* Another process begins: what the one before had been asked and did not answer is forgotten. */
void plan_log_begin_process(struct plan_log *log);
void plan_log_attach(struct plan_log *log, struct plan_jail *jail);
void plan_log_detach(struct plan_log *log, struct plan_jail *jail);
/* Whether all its jails have been started and are not idle / whether any is so. */
bool plan_log_is_wanted_by_all(const struct plan_log *log);
bool plan_log_is_wanted_by_any(const struct plan_log *log);
/* Whether nothing is being read and all that was is applied: offset is exact. */
bool plan_log_is_quiet(const struct plan_log *log);
/* The jail takes its lines from another log of the same path. */
void plan_log_move_jail(struct plan_log *from, struct plan_log *to, struct plan_jail *jail);
/* Makes to (new, watched) stand where from stands. */
void plan_log_copy_place(struct plan_log *to, const struct plan_log *from);
/* Appends a file (another reference is taken). Returns 0, or -ENOBUFS if PLAN_FILES_MAX wait. */
int plan_log_push(struct plan_log *log, struct log_file *file);
/* files[0] is done with; the next one begins. */
void plan_log_shift(struct plan_log *log, struct log_watch *watch);
/* files[0] begins anew at 0. */
void plan_log_restart(struct plan_log *log, uint32_t generation);
/* Progress to offset. */
void plan_log_advance(struct plan_log *log, uint64_t offset);
/* The process has died: draws the conclusions for this log. Returns true if a line is to be skipped from now on (log->skip_at). */
bool plan_log_note_death(struct plan_log *log);
