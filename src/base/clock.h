/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wall and monotonic time behind one struct, so that tests set the time instead of waiting for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock {
        bool fixed; /* false: the kernel's clocks */
        bool held;  /* the kernel's, as they were at clock_hold() */
        int64_t wall_us;
        int64_t mono_us;
        double wall_s; /* of wall_us */
};

#define CLOCK_INIT ((struct clock){.fixed = false})

/* Microseconds since the epoch (UTC). */
int64_t clock_wall_us(const struct clock *clock);
/* Whole seconds since the epoch, rounded down. */
int64_t clock_wall_s(const struct clock *clock);
/* clock_wall() of the kernel's clock. */
double clock_wall_of_kernel(void);
/* Seconds since the epoch with fraction, as Python's time.time(). Inline: a line asks several times. */
static inline double clock_wall(const struct clock *clock) {
        return clock->fixed || clock->held ? clock->wall_s : clock_wall_of_kernel();
}
/* Microseconds that never jump (CLOCK_MONOTONIC). */
int64_t clock_mono_us(const struct clock *clock);
/* Stops the clock at wall_us (tests, and fail2ban-regex where a fixed "now" is wanted). */
void clock_fix(struct clock *clock, int64_t wall_us);
/* Moves a fixed clock on. */
void clock_advance(struct clock *clock, int64_t by_us);

/* Makes the clock stand still until clock_release(), or show the present when it is called again: for work that asks for the time often
 * and does not last long. A fixed clock stays as it is. */
void clock_hold(struct clock *clock);
void clock_release(struct clock *clock);

#define CLOCK_ISO_MAX 48
/* Local time of us (microseconds since the epoch) with offset, as Python's datetime.isoformat(): "2024-03-05T09:00:00.123456+01:00", without
 * microseconds if they are 0. What is beyond the year 9999 counts as its end. Returns buffer. */
const char *clock_iso_text(uint64_t us, char buffer[CLOCK_ISO_MAX]);
