/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a program at a terminal: log lines on stderr. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

/* verbosity: 0 shows WARNING and above; -1 ERROR; 1 INFO, 2 DEBUG, 3 and more everything, in forms
 * that say more. */
void client_diag_init(int verbosity);
/* One line in the form of that verbosity, without newline; moment_us: since the epoch. */
struct slice client_diag_line(int verbosity, int64_t moment_us, enum diag_level level,
        const char *logger, struct slice text, struct arena *arena);
