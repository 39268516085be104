/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing <tag> in a set of options by other options of the set, or by what a resolver knows,
 * until nothing changes. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"
#include "config/dict.h"

#define TAGS_REPLACED_MAX 25       /* of one tag in one option, upstream's limit */
#define TAGS_VALUE_MAX (4u << 20)  /* bytes of a value */
#define TAGS_STEPS_MAX 1000000u    /* replacements in a set of options */
#define TAGS_BYTES_MAX (64u << 20) /* bytes that these write, all values of the set together */

/* Knows tags that are no options of the set: sets *ret to text, or to VALUE_NONE if the tag shall
 * stay. Returns 0 or negative errno. */
typedef int tags_resolver(void *user, struct slice tag, struct value *ret, struct fault *fault);

struct tags {
        const struct dict *ignored; /* names neither expanded nor used, as keys */
        tags_resolver *resolver;
        void *user;
        const struct value_origin **blame; /* set to the origin of a faulty value; or NULL */
};

/* Replaces in place. Returns 0; -EINVAL with upstream's text if options refer to themselves; -E2BIG
 * beyond a cap; or what the resolver returned. */
int tags_substitute(
        const struct tags *tags, struct dict *options, struct arena *arena, struct fault *fault);
