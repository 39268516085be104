/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of the log under test, and what became of it. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

enum regex_verdict {
        REGEX_MATCHED,
        REGEX_IGNORED, /* by an ignoreregex, or matched only quietly (NOFAIL) */
        REGEX_MISSED,
};

struct regex_line {
        struct slice source; /* path, "-", or "systemd-journal..."; data NULL: the command line */
        uint64_t number;     /* from 1, with the lines that are not tried */
        struct slice text;   /* as the report has it */
        struct slice raw; /* bytes as read, if they are not all of the encoding; else data NULL */
};
