/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time. The only place that asks the kernel for it. */
#include "base/clock.h"

#include <assert.h>

static int64_t kernel_us(clockid_t id) {
        struct timespec now;
        (void)clock_gettime(id, &now); /* cannot fail for these two ids */
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(const struct clock *clock) {
        return clock->fixed ? clock->wall_us : kernel_us(CLOCK_REALTIME);
}

int64_t clock_wall_s(const struct clock *clock) {
        int64_t us = clock_wall_us(clock);
        return us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
}

double clock_wall(const struct clock *clock) {
        return (double)clock_wall_us(clock) / 1e6;
}

int64_t clock_mono_us(const struct clock *clock) {
        return clock->fixed ? clock->mono_us : kernel_us(CLOCK_MONOTONIC);
}

void clock_fix(struct clock *clock, int64_t wall_us) {
        *clock = (struct clock){.fixed = true, .wall_us = wall_us, .mono_us = 1000000};
}

void clock_advance(struct clock *clock, int64_t by_us) {
        assert(clock->fixed);
        clock->wall_us += by_us;
        clock->mono_us += by_us;
}
