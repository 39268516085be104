/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log files behind paths: opens them, and tells when another file has come to stand under a path (rotation), or none. Bytes are
 * never read here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"
#include "base/loop.h"

#define LOG_WATCH_PATHS_MAX 4096
#define LOG_WATCH_POLL_MS 1000       /* paths that are polled are looked at this often */
#define LOG_WATCH_RETRY_MIN_MS 200   /* absent paths: first look again after this, then doubling ... */
#define LOG_WATCH_RETRY_MAX_MS 60000 /* ... up to this */
#define LOG_WATCH_FDS_KEPT 128       /* descriptors that logs leave to clients and actions; a quarter, where fewer than four times as many
                                        are allowed. Half of them are for new files of logs that are followed already */

struct log_watch;
struct log_path; /* one watched path */

enum log_watch_backend {
        LOG_WATCH_INOTIFY, /* "pyinotify", "auto" */
        LOG_WATCH_JOURNAL, /* "systemd": no file at all; path is any text, and an fd of /dev/null stands for it */
        LOG_WATCH_POLL,    /* "polling": the same, plus a look each LOG_WATCH_POLL_MS */
};

/* An open log file; shared by everyone who follows the same inode, counted. */
struct log_file {
        int fd;
        dev_t device;
        ino_t inode;
        int watch; /* watch descriptor in log_watch_notify_fd(), or -1: has to be polled */
        unsigned refs;
        struct log_watch *home;
};

struct log_watch_ops {
        /* Another file stands under the path (or one at last). file is borrowed: log_file_ref() what is kept. */
        void (*on_file)(void *user, struct log_path *path, struct log_file *file);
        /* The path's present file may have grown (polling only). */
        void (*on_poke)(void *user, struct log_path *path);
        /* The path's file has gone away, or what is there cannot be used. Told once until the next on_file. */
        void (*on_absent)(void *user, struct log_path *path, const struct fault *fault);
};

/* Returns NULL with fault if the kernel refuses inotify. ops must outlive it. */
struct log_watch *log_watch_new(struct loop *loop, const struct log_watch_ops *ops, void *user, struct fault *fault);
/* All paths must have been removed and files unreferenced. NULL is allowed. Returns NULL. */
struct log_watch *log_watch_free(struct log_watch *watch);

/* The inotify instance with the watches of log_file.watch; only whoever reads the logs reads it. */
int log_watch_notify_fd(const struct log_watch *watch);

/* Follows path (absolute, at most PATH_MAX - 1 bytes, no NUL); user is for log_path_user(). One path may be followed several times. The
 * first look is taken now: *ret has log_path_file() or not, and no callback is called from within. Returns 0; LOG_WATCH_E_ABSENT if
 * the file is not there or not usable (fault says why; it will be waited for); -E2BIG, -EINVAL, -ENOBUFS. */
enum { LOG_WATCH_E_ABSENT = 1 };
int log_watch_add(struct log_watch *watch, struct slice path, enum log_watch_backend backend, void *user, struct log_path **ret,
        struct fault *fault);
void log_watch_remove(struct log_watch *watch, struct log_path *path);
/* Looks at the path now, as if an event had come. */
void log_watch_check(struct log_watch *watch, struct log_path *path);

struct slice log_path_text(const struct log_path *path);
void *log_path_user(const struct log_path *path);
/* The present file, borrowed, or NULL. */
struct log_file *log_path_file(const struct log_path *path);
/* When a path that is to be looked at after wait_ms is looked at, on the loop's clock. What waits LOG_WATCH_POLL_MS or longer is due at the
 * last whole step of that before, so that many paths wake the process as often as one. */
int64_t log_watch_due_us(int64_t now_us, int64_t wait_ms);
/* Whether somebody has to poke: polling backend, or the kernel refused a watch. */
bool log_path_polled(const struct log_path *path);

struct log_file *log_file_ref(struct log_file *file);
/* Closes with the last reference. NULL is allowed. Returns NULL. */
struct log_file *log_file_unref(struct log_watch *watch, struct log_file *file);
