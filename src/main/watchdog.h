/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signs of life for the init system (sd_watchdog_enabled(3)): they come from the loop, so they stop
 * when it does. */
#pragma once

#include "base/loop.h"

struct watchdog {
        struct loop *loop;
        int64_t interval_us; /* 0: nobody wants them */
        struct loop_timer timer;
};

/* Sends WATCHDOG=1 now and then twice as often as WATCHDOG_USEC asks for. Does nothing if it is not
 * there, is no number, or is meant for another process (WATCHDOG_PID). */
void watchdog_start(struct watchdog *watchdog, struct loop *loop);
/* No more of them. Before loop_free(). */
void watchdog_stop(struct watchdog *watchdog);
