/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a match captured, as fields: the texts of named groups, None for groups that took no part
 * (spec filter.md 1.4, 1.6). Order is upstream's: that of the groups, then of what is added. */
#pragma once

#include "base/arena.h"
#include "detect/failregex.h"
#include "detect/fields.h"

/* All named groups of a match of regex in subject, alt_* and tuple_* groups merged, with room for
 * what most lines add. Texts borrow from subject. */
struct fields groups_read(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena);
/* The same laid over base, as by fields_overlay(). */
struct fields groups_read_over(const struct fields *base, const struct failregex *regex,
        struct slice subject, const struct pattern_match *match, struct arena *arena);
