/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sign that is lost is made up for by the next one. */
#include "main/watchdog.h"

#include <unistd.h>

#include "base/number.h"
#include "main/notify.h"

static int64_t wanted_interval_us(void) {
        const char *time_text = getenv("WATCHDOG_USEC");
        const char *pid_text = getenv("WATCHDOG_PID");
        uint64_t time_us = 0;
        uint32_t pid = 0;
        if (!time_text || number_parse_u64(slice_of(time_text), &time_us) < 0 ||
                time_us > INT64_MAX)
                return 0;
        if (pid_text &&
                (number_parse_u32(slice_of(pid_text), &pid) < 0 || pid != (uint32_t)getpid()))
                return 0;
        return (int64_t)time_us / 2;
}

static void on_timer(void *user) {
        struct watchdog *watchdog = user;
        (void)notify_send("WATCHDOG=1");
        loop_timer_set_in(
                watchdog->loop, &watchdog->timer, watchdog->interval_us, on_timer, watchdog);
}

void watchdog_start(struct watchdog *watchdog, struct loop *loop) {
        *watchdog = (struct watchdog){.loop = loop, .interval_us = wanted_interval_us()};
        if (watchdog->interval_us > 0)
                on_timer(watchdog);
}

void watchdog_stop(struct watchdog *watchdog) {
        if (watchdog->loop)
                loop_timer_cancel(watchdog->loop, &watchdog->timer);
}
