/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time. The only place that asks the kernel for it. */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define YEAR_9999_END_S 253402214399 /* here it may still be that year everywhere */

static int64_t kernel_us(clockid_t id) {
        struct timespec now;
        (void)clock_gettime(id, &now); /* cannot fail for these two ids */
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool stands(const struct clock *clock) {
        return clock->fixed || clock->held;
}

int64_t clock_wall_us(const struct clock *clock) {
        return stands(clock) ? clock->wall_us : kernel_us(CLOCK_REALTIME);
}

int64_t clock_wall_s(const struct clock *clock) {
        int64_t us = clock_wall_us(clock);
        return us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
}

double clock_wall_of_kernel(void) {
        return (double)kernel_us(CLOCK_REALTIME) / 1e6;
}

int64_t clock_mono_us(const struct clock *clock) {
        return stands(clock) ? clock->mono_us : kernel_us(CLOCK_MONOTONIC);
}

static void set_wall(struct clock *clock, int64_t wall_us) {
        clock->wall_us = wall_us;
        clock->wall_s = (double)wall_us / 1e6;
}

void clock_fix(struct clock *clock, int64_t wall_us) {
        *clock = (struct clock){.fixed = true, .mono_us = 1000000};
        set_wall(clock, wall_us);
}

void clock_advance(struct clock *clock, int64_t by_us) {
        assert(clock->fixed);
        set_wall(clock, clock->wall_us + by_us);
        clock->mono_us += by_us;
}

void clock_hold(struct clock *clock) {
        if (clock->fixed)
                return;
        set_wall(clock, kernel_us(CLOCK_REALTIME));
        clock->mono_us = kernel_us(CLOCK_MONOTONIC);
        clock->held = true;
}

void clock_release(struct clock *clock) {
        clock->held = false;
}

const char *clock_iso_text(uint64_t us, char buffer[CLOCK_ISO_MAX]) {
        struct tm local = {0};
        time_t seconds = us / 1000000 > YEAR_9999_END_S ? (time_t)YEAR_9999_END_S : (time_t)(us / 1000000);
        (void)localtime_r(&seconds, &local); /* cannot fail in this range */
        size_t len = strftime(buffer, CLOCK_ISO_MAX, "%Y-%m-%dT%H:%M:%S", &local);
        if (us % 1000000)
                len += (size_t)snprintf(buffer + len, CLOCK_ISO_MAX - len, ".%06u", (unsigned)(us % 1000000));
        unsigned offset = (unsigned)labs(local.tm_gmtoff);
        len += (size_t)snprintf(buffer + len, CLOCK_ISO_MAX - len, "%c%02u:%02u", local.tm_gmtoff < 0 ? '-' : '+', offset / 3600 % 100,
                offset / 60 % 60);
        if (offset % 60)
                (void)snprintf(buffer + len, CLOCK_ISO_MAX - len, ":%02u", offset % 60);
        return buffer;
}
