/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a match captured, as fields: the texts of named groups, None for groups that took no part
 * (spec filter.md 1.4, 1.6). Order is upstream's: that of the groups, then of what is added. */
#pragma once

#include "base/arena.h"
#include "detect/failregex.h"
#include "detect/fields.h"

/* All named groups of a match of regex in subject, alt_* and tuple_* groups merged, with room for
 * what most lines add, and most other regexes capture. Texts borrow from subject. */
struct fields groups_read(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena);
/* The same without the group "content", whose text becomes *ret; empty if it took no part. */
struct fields groups_read_around_content(const struct failregex *regex, struct slice subject,
        const struct pattern_match *match, struct arena *arena, struct slice *ret);
/* The same as groups_read(), laid over those in *fields, as by fields_overlay(). GROUPS_SHARE: who
 * has the same fields will not use them any more once *fields has been changed; they may share
 * their items. */
enum groups_base { GROUPS_COPY, GROUPS_SHARE };
void groups_read_over(struct fields *fields, enum groups_base use, const struct failregex *regex,
        struct slice subject, const struct pattern_match *match, struct arena *arena);
