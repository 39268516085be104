/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second phase of tag replacement: values from logs and clients in a command, in one pass,
 * never looked into (spec server.md 4.3, 4.4). A value with a byte that means something to a shell
 * does not become part of the script: it travels as a positional argument. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#define ACTION_DYNAMIC_VALUES_MAX 48 /* values that travel; further ones are replaced by nothing   \
                                      */
#define ACTION_DYNAMIC_INLINE_MAX                                                                  \
        ((size_t)8 << 10) /* bytes of a value that may stand in the script */
#define ACTION_DYNAMIC_VALUE_MAX                                                                   \
        ((size_t)100 << 10) /* bytes of a value: the kernel takes 128 KiB in one argument */

struct action_dynamic_source {
        /* Value of a tag of the ticket; false: no such tag. */
        bool (*tag)(void *user, struct slice tag, struct arena *arena, struct slice *ret);
        /* Captured group of the filter by its lower-case name; false: there is none. */
        bool (*group)(void *user, struct slice name, struct arena *arena, struct slice *ret);
        void *user;
};

struct action_script {
        struct slice command; /* for sh -c */
        struct value values;  /* LIST of texts: $0, $1, ... */
};

/* What ret refers to lives in arena. Returns 0, or -E2BIG if the script grows beyond a cap (then it
 * must not be run). */
int action_dynamic_expand(struct slice command, const struct action_dynamic_source *source,
        struct arena *arena, struct action_script *ret);
