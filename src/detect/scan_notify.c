/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs that grow all the time are read some lines at a time, not each by itself: waking up costs
 * more than many lines. So a change that follows the last one closely is looked for after a rest,
 * and so are those after it, until one rest has passed without any; one after a quiet moment is
 * told at once. The rests of a log that never pauses grow, so that its lines wait half the longest
 * one on average. */
#include "detect/scan_notify.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Tells what has changed. Returns whether anything has. */
static bool tell_changes(struct scan_notify *notify) {
        _Alignas(struct inotify_event) char bytes[2048]; /* what is more makes the fd ready again */
        ssize_t len = read(notify->fd, bytes, sizeof(bytes));
        for (ssize_t at = 0; at < len;) {
                const struct inotify_event *event = (const void *)(bytes + at);
                notify->on_change(
                        notify->user, event->mask & IN_Q_OVERFLOW ? SCAN_NOTIFY_ALL : event->wd);
                at += (ssize_t)(sizeof(*event) + event->len);
        }
        return len > 0;
}

static void on_rest_over(void *user);

static void rest_until(struct scan_notify *notify, int64_t due_us) {
        loop_timer_set(notify->loop, &notify->rest_timer, due_us, on_rest_over, notify);
}

static void on_rest_over(void *user) {
        struct scan_notify *notify = user;
        notify->told_us = loop_now_us();
        if (!tell_changes(notify)) {
                notify->rest_us = SCAN_NOTIFY_REST_US;
                loop_change(notify->loop, notify->source, EPOLLIN);
                return;
        }
        notify->rest_us += SCAN_NOTIFY_REST_GROWTH_US;
        if (notify->rest_us > SCAN_NOTIFY_REST_MAX_US)
                notify->rest_us = SCAN_NOTIFY_REST_MAX_US;
        rest_until(notify, notify->told_us + notify->rest_us);
}

static void on_events(void *user, int fd, uint32_t events) {
        struct scan_notify *notify = user;
        int64_t now = loop_now_us(), since = now - notify->told_us;
        (void)fd;
        (void)events;
        if (since >= SCAN_NOTIFY_REST_US) {
                notify->told_us = now;
                (void)tell_changes(notify);
                return;
        }
        loop_change(notify->loop, notify->source, 0);
        rest_until(notify, now + SCAN_NOTIFY_REST_US - (since > 0 ? since : 0));
}

int scan_notify_init(struct scan_notify *notify, struct loop *loop, int fd,
        scan_notify_change *on_change, void *user) {
        *notify = (struct scan_notify){.loop = loop,
                .fd = fd,
                .rest_us = SCAN_NOTIFY_REST_US,
                .on_change = on_change,
                .user = user};
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
