/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log target with its options: SYSLOG[facility=auth, padding=on, format="%(message)s"]. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

enum diag_switch { DIAG_SWITCH_UNSET, DIAG_SWITCH_OFF, DIAG_SWITCH_ON };

struct diag_options {
        struct slice name; /* as written, without options */
        struct slice facility;
        struct slice format;
        enum diag_switch padding;
        enum diag_switch datetime;
};

/* Takes text apart; the views of ret point into text. Unknown options are ignored, as upstream does. Returns 0, or -EINVAL
 * (ValueError) for brackets that cannot be read. */
int diag_options_parse(struct slice text, struct diag_options *ret, struct fault *fault);
