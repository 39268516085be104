/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to text: a datepattern's directives, bounds and groups become a regex (spec filter.md 2.1 and 2.3). */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

enum date_template_flag {
        DATE_WORD_END = 1,
        DATE_WORD_BEGIN = 2,
        DATE_LINE_END = 4,
        DATE_LINE_BEGIN = 8,
};

#define DATE_PATTERN_MAX 4096 /* bytes of one pattern */
#define DATE_REGEX_MAX 65536  /* bytes of the regex it becomes */

/* What must stand before (after) a date unless the pattern says so itself. */
enum date_bound { DATE_BOUND_NONE, DATE_BOUND_WORD, DATE_BOUND_LINE };

struct date_regex {
        struct buffer regex;
        struct buffer name;
        unsigned flags; /* enum date_template_flag */
};

void date_regex_init(struct date_regex *out);
void date_regex_done(struct date_regex *out);

/* Expands the % directives of pattern, honours {UNB} and {^LN-BEG}, and binds the result. year: the current one, for %ExY. Returns 0,
 * or -EINVAL with upstream's TypeError. */
int date_regex_build(struct date_regex *out, struct slice pattern, int year, struct fault *fault);
/* Only the second half: takes regex as it is. out->name must be set before (it may get a {^LN-BEG} in front). */
int date_regex_bind(struct date_regex *out, struct slice regex, enum date_bound begin, enum date_bound end,
        struct fault *fault);
/* Whether regex has a plain group, i.e. an unescaped '(' that no '?' follows. */
bool date_regex_is_grouped(struct slice regex);
