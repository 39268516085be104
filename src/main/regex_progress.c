/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line ends without a newline: what comes next clears it. */
#include "main/regex_progress.h"

#include <inttypes.h>

#define CLEAR "\r\033[K"

void regex_progress_init(
        struct regex_progress *progress, FILE *to, const struct clock *clock, uint64_t total) {
        *progress = (struct regex_progress){.to = to,
                .clock = clock,
                .total = total,
                .next_us = clock_mono_us(clock) + REGEX_PROGRESS_FIRST_US};
}

void regex_progress_step(struct regex_progress *progress, uint64_t done, uint64_t lines) {
        double mib = (double)done / (1 << 20);
        if (!progress->to || clock_mono_us(progress->clock) < progress->next_us)
                return;
        progress->next_us = clock_mono_us(progress->clock) + REGEX_PROGRESS_STEP_US;
        progress->is_shown = true;
        if (progress->total > 0)
                (void)fprintf(progress->to, CLEAR "%.0f%% (%.1f of %.1f MiB), %" PRIu64 " lines",
                        100.0 * (double)done / (double)progress->total, mib,
                        (double)progress->total / (1 << 20), lines);
        else
                (void)fprintf(progress->to, CLEAR "%.1f MiB, %" PRIu64 " lines", mib, lines);
        (void)fflush(progress->to);
}

void regex_progress_done(struct regex_progress *progress) {
        if (!progress->is_shown)
                return;
        (void)fputs(CLEAR, progress->to);
        (void)fflush(progress->to);
        progress->is_shown = false;
}
