/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first phase of tag replacement: an action's own properties in its commands, recursively, by
 * family (spec server.md 4.3). What comes from outside is not touched here: see action_dynamic.h.
 */
#pragma once

#include "base/fault.h"
#include "enforce/action_props.h"

#define ACTION_TAGS_REPLACED_MAX                                                                   \
        25 /* of one tag in one property, and passes over a command but one: upstream's limit */
#define ACTION_TAGS_TEXT_MAX ((size_t)1 << 20) /* bytes of a command or property */
#define ACTION_TAGS_STEPS_MAX 100000 /* replacements in the properties of one action and family */

struct action_tags;

/* props must outlive it. */
struct action_tags *action_tags_new(const struct action_props *props);
/* NULL is allowed. Returns NULL. */
struct action_tags *action_tags_free(struct action_tags *tags);
/* The command of a property, e.g. "actionban", for family ("" or NULL: no conditional values). *ret
 * is valid until the properties change. Returns 0, or -EINVAL with fault (ValueError: properties
 * refer to themselves, or grow beyond a cap). */
int action_tags_command(struct action_tags *tags, const char *property, const char *family,
        struct slice *ret, struct fault *fault);

/* Replacement of <br>, <sp>, <fq-hostname>, <sh-hostname>; false if it is none of them. */
bool action_tags_builtin(struct slice tag, struct arena *arena, struct slice *ret);
/* Every byte that means something to a shell gets a backslash; newlines become \n. */
struct slice action_tags_escape(struct slice text, struct arena *arena);
/* Whether c is such a byte. */
bool action_tags_is_special(char c);
