/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One date template: a datepattern turned into a regex (spec filter.md 2.1 to 2.4), and what its match means. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"
#include "detect/date_eval.h"
#include "detect/date_fast.h"
#include "detect/date_pattern.h"
#include "detect/pattern.h"

enum date_template_kind { DATE_TEMPLATE_FIELDS, DATE_TEMPLATE_EPOCH, DATE_TEMPLATE_LONG_EPOCH, DATE_TEMPLATE_TAI64N };

/* Shared by all detectors that use the same pattern: see date_pool.h. */
struct date_template {
        char *key; /* what the pool knows it by */
        char *name;
        char *pattern; /* as given, or NULL (epoch and TAI64N have none) */
        char *regex;
        enum date_template_kind kind;
        unsigned flags; /* enum date_template_flag */
        double weight;
        uint64_t hits; /* matches of the regex, for whichever detector */
        struct date_fast fast;
        unsigned refs;

        struct pattern *compiled; /* NULL until the first search */
        struct date_template_group {
                char letter;
                size_t group;
        } groups[DATE_FIELDS_MAX]; /* one-letter groups in their order */
        size_t group_count;
        enum date_ampm ampm;
        size_t value_group; /* of an epoch */
};

/* Makes a template. pattern: a datepattern as written; key: the same, or in upper case if it holds no '%'; year: the current year in
 * local time, for %ExY. Returns 0, or -EINVAL with a TypeError if a % stands for nothing. */
int date_template_new(struct slice pattern, struct slice key, int year, struct date_template **ret, struct fault *fault);
struct date_template *date_template_free(struct date_template *template);

/* The pattern without what binds it to a place: {UNB}, {^LN-BEG}, and the literal word bounds. Borrows. */
struct slice date_template_unbound(struct slice pattern);

/* One match; the texts borrow from the line. */
struct date_hit {
        struct date_span span;
        bool is_fast; /* found by the recogniser: fast holds the result; else the fields do */
        struct date_fast_result fast;
        struct date_field fields[DATE_FIELDS_MAX];
        size_t field_count;
        struct slice value; /* of an epoch or TAI64N */
};

/* Searches in line between from and to: what is before from can be looked at, what is after to cannot. Compiles first if need be.
 * Returns 1 with *ret, 0 if there is no match, or negative errno with a fault. */
int date_template_search(struct date_template *template, struct slice line, size_t from, size_t to, struct date_hit *ret,
        struct fault *fault);
/* The same by the recogniser: whether it is sure of a match. For a template that is not anchored, from is where the match begins. */
bool date_template_search_fast(struct date_template *template, struct slice line, size_t from, size_t to,
        struct date_hit *ret);

/* The time that a match means. Returns DATE_FOUND with *ret, DATE_INVALID, or -EINVAL with a fault. */
int date_template_time(const struct date_template *template, const struct date_hit *hit, struct calendar *calendar,
        const int *default_zone, struct date_time *ret, struct fault *fault);
