/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the fields of a date ("b" = "Mar", "d" = "5", ...) to seconds since the epoch (spec filter.md 2.6). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/slice.h"
#include "detect/calendar.h"
#include "detect/date.h"

#define DATE_FIELDS_MAX 32 /* named groups of a template that are looked at */

struct date_time {
        double seconds; /* since the epoch */
        bool integral;  /* upstream's time is an int there, not a float (it shows in a repr) */
};

/* One named group that matched: the directive's letter and the text. */
struct date_field {
        char letter;
        struct slice text;
};

/* A date as written. Values out of range are allowed: they make an invalid date. */
struct date_parts {
        bool has_year, has_month, has_day, has_zone;
        int64_t year, month, day, hour, minute, second;
        int zone_minutes; /* east of UTC */
};

/* Whether the template has a group "p", whether or not it matched. */
enum date_ampm { DATE_AMPM_ABSENT, DATE_AMPM_GROUP };
/* What matched, in the order of the groups. */
struct date_fields {
        const struct date_field *items;
        size_t count;
        enum date_ampm ampm;
};
/* default_zone: minutes for dates without zone, or NULL for local time. Returns DATE_FOUND with
 * *ret, DATE_INVALID, or -EINVAL with the fault that upstream raises. */
int date_eval(struct calendar *calendar, const struct date_fields *fields, const int *default_zone,
        struct date_time *ret, struct fault *fault);

/* The second half of it: fills in what is missing (year, day) from the clock and converts. parts must have both or none of month and
 * day. Returns DATE_FOUND, DATE_INVALID, or -EINVAL with a fault. */
int date_resolve(struct calendar *calendar, const struct date_parts *parts, const int *default_zone, struct date_time *ret,
        struct fault *fault);
