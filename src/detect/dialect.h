/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's regex dialect to PCRE2's (spec filter.md 6.2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"
#include "detect/pattern.h"

#define DIALECT_TEXT_MAX ((size_t)1 << 20) /* bytes of the translation */
#define DIALECT_DEPTH_MAX 200              /* nested groups */

enum dialect_subject {
        DIALECT_UTF,   /* for PCRE2_UTF | PCRE2_UCP */
        DIALECT_ASCII, /* for neither of them: equal on subjects that are ASCII throughout */
};

/* Where an item of the regex begins, in it and in the translation. */
struct dialect_place {
        size_t from;
        size_t to;
};

/* A regex in PCRE2's words. Groups have numbers only: the names are kept apart. */
struct dialect {
        struct buffer text;
        struct dialect_place *places; /* of all items, in order */
        size_t place_count, place_capacity;
        size_t group_count;
        struct slice names[PATTERN_GROUPS_MAX + 1]; /* by number; views of the regex, empty if unnamed */
        bool bad_lookbehind; /* one varies in width (inner use) */
        bool ascii_only; /* no character beyond ASCII is named in it: DIALECT_ASCII is possible */
};

/* Translates regex. Returns 0; -EINVAL with kind "error" and Python's text if Python would not compile it, or if it uses what we do not
 * have (\N{...}, ASCII and IGNORECASE together); -E2BIG above a cap. dialect_done() is to be called in any case. */
int dialect_translate(struct slice regex, enum dialect_subject subject, struct dialect *ret, struct fault *fault);
void dialect_done(struct dialect *dialect);
