/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inotify instance that the server made and watches logs with, read in the scanner. */
#pragma once

#include "base/loop.h"

#define SCAN_NOTIFY_REST_US ((int64_t)4000)       /* changes are told this often at most; a ban waits for it; ... */
#define SCAN_NOTIFY_REST_GROWTH_US ((int64_t)500) /* ... each rest of a busy log is longer by this ... */
#define SCAN_NOTIFY_REST_MAX_US ((int64_t)8000)   /* ... up to here: a line of it waits 4 ms on average */
#define SCAN_NOTIFY_ALL (-1)

/* watch: the descriptor whose file has changed, or SCAN_NOTIFY_ALL if any may have. */
typedef void scan_notify_change(void *user, int watch);

struct scan_notify {
        struct loop *loop;
        int fd; /* -1: none yet */
        struct loop_source *source;
        struct loop_timer rest_timer;
        int64_t rest_us; /* how long the next rest is */
        int64_t told_us; /* when changes were last looked for, on the loop's clock */
        scan_notify_change *on_change;
        void *user;
};

#define SCAN_NOTIFY_NONE ((struct scan_notify){.fd = -1})

/* Takes over fd. notify must stay where it is. Returns 0, or negative errno if fd is unusable. */
int scan_notify_init(struct scan_notify *notify, struct loop *loop, int fd,
        scan_notify_change *on_change, void *user);
void scan_notify_done(struct scan_notify *notify);
