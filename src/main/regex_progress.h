/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long log has been read: one line of a terminal that is written anew. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

#define REGEX_PROGRESS_FIRST_US 1000000 /* short logs show nothing */
#define REGEX_PROGRESS_STEP_US 200000

struct regex_progress {
        FILE *to; /* NULL: nothing is shown */
        const struct clock *clock;
        uint64_t total; /* bytes; 0: not known */
        int64_t next_us;
        bool is_shown;
};

/* to: the terminal, or NULL. total: bytes of the log, 0 if that is not known. */
void regex_progress_init(
        struct regex_progress *progress, FILE *to, const struct clock *clock, uint64_t total);
/* Tells that so much has been read; shows it if it is time. */
void regex_progress_step(struct regex_progress *progress, uint64_t done, uint64_t lines);
/* Clears the line. */
void regex_progress_done(struct regex_progress *progress);
