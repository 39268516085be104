/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail2ban-regex -o: one line (or more) for every failure (spec filter.md 5.5). */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "detect/filter.h"

/* Prints the failures of one line on stdout. form: the argument of -o. clock: the time
 * of failures without date, where tags are filled in. Returns 0, or -EINVAL with a
 * fault where upstream has an uncaught exception (tags that need a jail). */
int regex_output_print(struct slice form, const struct filter_failure *failures, size_t count,
        const struct clock *clock, struct arena *arena, struct fault *fault);
/* The line without any failure that -i prints: its data has "fid" and "matches" only. */
struct filter_failure regex_output_inverted(
        struct slice line, double last_time, bool integral, struct arena *arena);
