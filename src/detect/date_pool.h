/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The date templates of this process, one for each different pattern, however many detectors use it (spec filter.md 2.4, 2.5: the count
 * of hits is shared). Also knows the special patterns and the list of defaults. */
#pragma once

#include "base/fault.h"
#include "base/slice.h"
#include "detect/date_template.h"

/* Takes one reference of the template of a pattern; give it back with date_pool_put(). year: the current year in local time.
 * Returns 0, or -EINVAL with a fault. */
int date_pool_get(struct slice pattern, int year, struct date_template **ret, struct fault *fault);
/* Gives a reference back; the last one frees the template. NULL is allowed. */
void date_pool_put(struct date_template *template);

/* Receives a reference of its own. Returns 0 or a negative errno, which ends the listing. */
typedef int date_pool_sink(void *user, struct date_template *template, struct fault *fault);

enum date_pool_defaults { DATE_POOL_ALL, DATE_POOL_LINE_BEGIN };
/* Lists the default templates: first those bound to the begin of the line, then all 17. */
int date_pool_list_defaults(enum date_pool_defaults which, int year, date_pool_sink *sink, void *user, struct fault *fault);
/* Lists the 17 base templates, each put in the place of {DATE} in pattern. */
int date_pool_list_wrapped(struct slice pattern, int year, date_pool_sink *sink, void *user, struct fault *fault);
