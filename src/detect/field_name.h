/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of fields (groups of regexes, and what is added to them) as small numbers, so that a match
 * compares no texts. There is one table for the process: names are few, and stay. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* Those that the code knows (FIELD_IP4 ...); the numbers behind them are given away as names come
 * up. */
enum field_name {
#define FAILURE_NAME(id, text) FIELD_##id,
#include "channel/failure_names.def"
#undef FAILURE_NAME
        FIELD_KNOWN_COUNT
};

#define FIELD_NAMES_MAX 4096 /* different ones */

/* The number of name, which is copied if it is new; negative if there are too many. */
int field_name_of(struct slice name);
/* The name of a number that field_name_of() gave. It stays. */
struct slice field_name_text(uint16_t name);
