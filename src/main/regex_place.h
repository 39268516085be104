/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which line of its file a regex is written. */
#pragma once

#include "base/slice.h"
#include "base/value.h"

#define REGEX_PLACE_FILE_MAX                                                                       \
        ((size_t)1 << 20) /* bytes; of a longer file the rest is not looked at */

/* regex: as it came out of the configuration. An option of many lines, or one made of other options
 * (%(name)s, <name>), only knows where it begins; the line is found by what of it went into the
 * regex. Returns origin->line if nothing fits better or the file cannot be read. */
unsigned regex_place_line(const struct value_origin *origin, struct slice regex);
