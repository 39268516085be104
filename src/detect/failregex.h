/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One regex of a filter (failregex, ignoreregex or prefregex): tags expanded, compiled, and its
 * special groups known (spec 1.2). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "detect/field_name.h"
#include "detect/pattern.h"
#include "detect/tag_expand.h"

#define FAILREGEX_TEXT_MAX ((size_t)PATTERN_TEXT_MAX) /* bytes of an expanded regex */

/* A group whose value goes into another one. */
struct failregex_merge {
        size_t group;      /* number */
        struct slice name; /* of the group; borrowed from the pattern */
        uint16_t target;   /* field_name.h */
};

struct failregex_group {
        uint32_t number;
        uint16_t field;     /* its name, see field_name.h */
        uint64_t field_bit; /* fields_bit() of that */
};

struct failregex {
        char *text; /* expanded */
        struct pattern *pattern;
        struct failregex_group *groups; /* those with a name, in the order of their numbers */
        size_t group_count;
        uint64_t group_fields;        /* fields_bit() of all of them */
        uint32_t content;             /* number of the group "content"; 0: there is none */
        unsigned flags;               /* enum pattern_flag */
        bool has_id;                  /* one of fid, ip4, ip6, dns, mlfid is there */
        struct failregex_merge *alts; /* alt_*: fill what is empty; sorted by name */
        size_t alt_count;
        struct failregex_merge *tuples; /* tuple_*: are gathered in a tuple; sorted by name */
        size_t tuple_count;
};

/* Builds one from the regex as configured. flags: enum pattern_flag. Returns 0, or -EINVAL with
 * kind RegexException and upstream's text (for a regex above a cap too, and where all regexes so
 * far have more than FIELD_NAMES_MAX names of groups). */
int failregex_new(struct slice regex, enum tag_hosts hosts, unsigned flags, struct failregex **ret,
        struct fault *fault);
struct failregex *failregex_free(struct failregex *regex);
/* The compiled regex as Python shows it in messages: "re.compile('...', re.IGNORECASE)", the text
 * cut to 200 characters. */
struct slice failregex_repr(const struct failregex *regex, struct arena *arena);
