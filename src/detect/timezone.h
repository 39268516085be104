/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones as log lines and `logtimezone` name them: "UTC", "CET+0100", "-03:30" (spec filter.md 2.8). */
#pragma once

#include "base/fault.h"
#include "base/slice.h"

enum timezone_result {
        TIMEZONE_OK,
        TIMEZONE_BAD, /* not of the form [ABBR][+-hh[[:]mm]] */
};

/* Offset of a zone text in *ret_minutes east of UTC; the empty text is 0. Returns an enum timezone_result, or -EINVAL with a
 * KeyError if the form is right but the abbreviation is unknown. */
int timezone_parse(struct slice text, int *ret_minutes, struct fault *fault);
