/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clauses as they are asked for: made, united, and chosen among. */
#pragma once

#include "detect/literals.h"

#define LITERALS_SAMPLE_MAX 16384 /* bytes of a sample that are looked at */

/* One of these texts, which stay where they are; what others say as well is left out. */
struct literals literals_clause_make(
        const struct slice *texts, size_t count, bool caseless, struct arena *arena);
/* One for "this regex or that one matches"; nothing is known if that is so of one of them. */
struct literals literals_clause_either(
        const struct literals *a, const struct literals *b, struct arena *arena);
/* The index of a clause that clearly fewer lines of sample hold than the first one, which stays if
 * there is none, or if it is rare enough. count: at least 1; all are of one regex. */
size_t literals_clause_rarest(const struct literals *choices, size_t count, struct slice sample);
