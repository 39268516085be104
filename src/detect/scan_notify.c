/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs that grow all the time are read some lines at a time, not each by itself: waking up costs
 * more than a line. So changes that follow each other closely are looked for after a rest; one
 * after a quiet moment is told at once. */
#include "detect/scan_notify.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"

static void on_rest_over(void *user) {
        struct scan_notify *notify = user;
        loop_change(notify->loop, notify->source, EPOLLIN);
}

static void rest_in_a_rush(struct scan_notify *notify) {
        int64_t now = loop_now_us();
        bool is_rush = now - notify->changed_us < SCAN_NOTIFY_RUSH_US;
        notify->changed_us = now;
        if (!is_rush)
                return;
        loop_change(notify->loop, notify->source, 0);
        loop_timer_set_in(
                notify->loop, &notify->rest_timer, SCAN_NOTIFY_REST_US, on_rest_over, notify);
}

static void on_events(void *user, int fd, uint32_t events) {
        struct scan_notify *notify = user;
        _Alignas(struct inotify_event) char bytes[16384];
        (void)events;
        ssize_t len = read(fd, bytes, sizeof(bytes));
        for (ssize_t at = 0; at < len;) {
                const struct inotify_event *event = (const void *)(bytes + at);
                notify->on_change(
                        notify->user, event->mask & IN_Q_OVERFLOW ? SCAN_NOTIFY_ALL : event->wd);
                at += (ssize_t)(sizeof(*event) + event->len);
        }
        rest_in_a_rush(notify);
}

int scan_notify_init(struct scan_notify *notify, struct loop *loop, int fd,
        scan_notify_change *on_change, void *user) {
        *notify = (struct scan_notify){
                .loop = loop, .fd = fd, .on_change = on_change, .user = user};
        notify->source = loop_add(loop, fd, EPOLLIN, on_events, notify);
        return notify->source ? 0 : -errno;
}

void scan_notify_done(struct scan_notify *notify) {
        if (notify->fd < 0)
                return;
        loop_timer_cancel(notify->loop, &notify->rest_timer);
        loop_remove(notify->loop, notify->source);
        close_p(&notify->fd);
}
