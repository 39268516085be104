/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log as the scanner knows it: the file being read, those that came after it by rotation, and the jails that get its lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "detect/input_file.h"
#include "detect/log_prefilter.h"
#include "detect/scan_jail.h"

#define SCAN_LOG_FILES_MAX 8    /* the present file and rotations that wait for it to be drained */
#define SCAN_LOG_WATCHES_MAX 16 /* watch descriptors remembered, the newest */
#define SCAN_LOG_NO_SKIP UINT64_MAX
#define SCAN_LOG_CURSOR_MAX 160 /* of the journal, with NUL */

struct scan_journal;

struct scan_attachment {
        struct scan_jail *jail;
        double seek_time; /* 0: none */
        uint64_t from;    /* lines before this offset of the first file are not for the jail */
};

struct scan_log {
        uint32_t id;
        char *path;
        struct input_file files[SCAN_LOG_FILES_MAX]; /* [0] is being read */
        size_t file_count;
        struct scan_attachment *attachments;
        size_t attachment_count;
        size_t attachment_capacity;
        int watches[SCAN_LOG_WATCHES_MAX];
        size_t watch_count;
        bool started;      /* lines may be read */
        bool sought;       /* the seek times have been dealt with */
        bool in_operation; /* the end of content has been reached once */
        bool has_run;      /* there was content, be it half a line, or older than what is sought */
        bool began_empty;  /* there was none at the first end ... */
        int64_t filled_us; /* ... and this is when the first came; 0: not yet */
        bool ready;        /* there may be something to read */
        bool switching;    /* the next file has content: this one is left at its next end */
        bool careful;
        bool read_failed;          /* said once */
        uint64_t careful_until;    /* offset */
        uint64_t skip_at;          /* offset of a line to step over, or SCAN_LOG_NO_SKIP */
        uint64_t done;             /* lines before this offset have been run */
        uint64_t reported;         /* the end offset of the last batch */
        struct log_prefilter prefilter;
        struct scan_journal *journal;      /* NULL: files. Entries count as bytes of their messages, and there is one file that is never read */
        char cursor[SCAN_LOG_CURSOR_MAX];  /* of the journal's entry before done; "" before the first */
        int64_t repaired_said_us;  /* when undecodable bytes were last told; 0: never */
};

/* Takes over fd. */
struct scan_log *scan_log_new(uint32_t id, struct slice path, int fd, uint32_t generation, uint64_t offset);
struct scan_log *scan_log_free(struct scan_log *log);

void scan_log_attach(struct scan_log *log, struct scan_jail *jail, double seek_time);
void scan_log_detach(struct scan_log *log, const struct scan_jail *jail);
bool scan_log_is_attached(const struct scan_log *log, const struct scan_jail *jail);

void scan_log_add_watch(struct scan_log *log, int watch);
bool scan_log_has_watch(const struct scan_log *log, int watch);

/* Takes over fd: the file that follows. Returns 0, or -ENOBUFS if SCAN_LOG_FILES_MAX wait (fd is then closed). */
int scan_log_push(struct scan_log *log, int fd, uint32_t generation);
/* Leaves the present file; the next one begins at 0. */
void scan_log_shift(struct scan_log *log);
/* Whether it is time for that: a rotated file is left when its successor has content, as until then its writer may still hold it. */
bool scan_log_should_shift(const struct scan_log *log);
/* The present file cannot be read, which is said once; error: positive errno. */
void scan_log_set_unreadable(struct scan_log *log, int error);
/* The present file was cut: begin again. */
void scan_log_restart(struct scan_log *log, uint32_t generation);
/* Each jail gets the lines from about its seek time on; the log is read from the earliest of these. arena is reset. */
void scan_log_seek(struct scan_log *log, struct arena *arena);
/* What makes sure that an offset is still right: the first line's hash, or the journal's cursor. */
struct slice scan_log_hash(struct scan_log *log);
/* Whether lines have been run that no batch has told. */
bool scan_log_has_unreported(const struct scan_log *log);
