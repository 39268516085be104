/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test of the configuration has found: a list that people read, and programs as JSON. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/value.h"

#define FINDINGS_MAX 200u      /* kept; further ones are counted */
#define FINDING_HINTS_MAX 30u  /* of these hints */
#define FINDING_TEXT_MAX 1024u /* bytes of a text; longer ones are cut */

enum finding_severity {
        FINDING_ERROR,   /* something does not run */
        FINDING_WARNING, /* it runs, but hardly as meant */
        FINDING_HINT,    /* perhaps not as meant */
        FINDING_SEVERITY_COUNT
};

struct finding {
        enum finding_severity severity;
        const struct value_origin *origin; /* or NULL */
        struct slice jail;                 /* the first one that it concerns; empty: none, or all */
        unsigned more_jails;               /* further ones */
        struct slice part; /* what is wrong with the value, as it is written; may be empty */
        struct slice text; /* what was found */
        struct slice fix;  /* what to do about it; may be empty */
};

/* Everything lives in arena. Zeroed, but for the arena, it is empty. */
struct findings {
        struct arena *arena;
        struct finding *items; /* in the order in which they came */
        size_t count;
        size_t counts[FINDING_SEVERITY_COUNT];
        size_t dropped;
};

/* Keeps a copy of finding (origin apart, which must outlive the list). The same found for another
 * jail only adds that jail to the first one. */
void findings_add(struct findings *findings, const struct finding *finding);
/* Appends all, errors first, each with its place, its line of the file and the fix. Returns 0 or
 * -ENOBUFS. */
int findings_print(const struct findings *findings, struct buffer *out);
/* A LIST of DICTs: severity, jail, jails (their number), file, line, section, option, message, fix,
 * excerpt; what is not known is None. */
struct value findings_value(const struct findings *findings);
