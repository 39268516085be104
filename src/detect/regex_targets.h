/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a switch of a regex' program leads. */
#pragma once

#include "detect/regex_code.h"

#define REGEX_TARGETS_MAX 4 /* with more there is no list */

struct regex_target {
        uint16_t op;    /* its index */
        unsigned count; /* of ASCII characters that lead there, never 0 */
        char c;         /* one of these */
};

/* The targets of ASCII characters, most characters last. Returns how many; 0: too many. */
size_t regex_targets_list(const uint16_t *table, struct regex_target ret[static REGEX_TARGETS_MAX]);
/* The bit of the set of those that lead to op; may add it to the program. 0: there are too many. */
uint64_t regex_targets_set(struct regex_code *code, const uint16_t *table, uint16_t op);
