/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and evaluates the date of a line: an ordered, learning list of templates (spec filter.md 2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/slice.h"

struct date_detector;

/* Where a line's date stands. [cut_start, cut_end) is what the regexes do not see (group 1 of the template). */
struct date_match {
        size_t cut_start;
        size_t cut_end;
        size_t template_index; /* in the list's order after the match */
        double time;           /* seconds since the epoch; only if date_detector_match() returned DATE_FOUND */
        bool integral;         /* upstream's time is an int there, not a float (shows in fail2ban-regex -o row) */
};

enum date_result {
        DATE_NONE,    /* no template matched */
        DATE_FOUND,   /* matched and evaluated */
        DATE_EMPTY,   /* matched an empty text: the date is known from elsewhere (spec 2.7 step 3) */
        DATE_INVALID, /* matched, but is no date (30 February): cut it all the same; spec 2.6 "no date" */
};

/* clock gives "now" for dates without year or day. It must outlive the detector. */
struct date_detector *date_detector_new(const struct clock *clock);
struct date_detector *date_detector_free(struct date_detector *detector);

/* Sets the templates from one `datepattern` option (several lines = several patterns); replaces those set before. Returns 0, or
 * -EINVAL with Python's text in fault; the detector is then unchanged. */
int date_detector_set_pattern(struct date_detector *detector, struct slice pattern, struct fault *fault);
/* Zone for dates that carry none, e.g. "UTC+0100"; empty: local time. Returns 0 or -EINVAL (fault: upstream's text). */
int date_detector_set_timezone(struct date_detector *detector, struct slice zone, struct fault *fault);

/* line: valid UTF-8 without line end. Learns (hits, order) as upstream does. Returns an enum date_result, or negative errno with a
 * fault where upstream raises an exception that makes the line fail (unknown zone abbreviation, month without day, ...). */
int date_detector_match(struct date_detector *detector, struct slice line, struct date_match *ret, struct fault *fault);

/* Whether the line has the bytes of the last date where that stood, or such that tell of another second of its minute: then
 * date_detector_match() would answer DATE_FOUND with *ret, but this learns nothing. */
bool date_detector_glance(const struct date_detector *detector, struct slice line, struct date_match *ret);
/* What date_detector_glance() goes by. The date's template_index is then date_detector_last(). */
struct date_memo;
const struct date_memo *date_detector_memo(const struct date_detector *detector);
size_t date_detector_last(const struct date_detector *detector);
/* Learns what date_detector_match() would have learnt of so many lines that date_detector_glance() knew; line and match: the last one's. */
void date_detector_repeat(struct date_detector *detector, struct slice line, const struct date_match *match, uint64_t count);
/* The same of one line more that begins with the same bytes as the last one, date included, and at the same moment. */
void date_detector_again(struct date_detector *detector);

/* The value of `get JAIL datepattern`: pattern (empty slice: None) and name; returns 0, or 1 if nothing is set and the name is to be
 * "Default Detectors". */
int date_detector_describe(const struct date_detector *detector, struct slice *ret_pattern, struct slice *ret_name);

/* For fail2ban-regex: templates in present order. */
struct date_template_info {
        struct slice name;
        struct slice pattern;
        struct slice regex;
        uint64_t hits;
        double weight;          /* of the entry in its present place: hits * template weight / distance */
        double template_weight;
};
size_t date_detector_count(const struct date_detector *detector);
void date_detector_info(const struct date_detector *detector, size_t index, struct date_template_info *ret);

/* State that a new process needs to go on as this one would have: order, hits, last position. Opaque, 64 bytes and 40 for each template.
 * date_detector_save() appends it and returns 0 or -ENOBUFS; date_detector_load() returns 0, or -EBADMSG with the detector as it was if
 * the bytes are not those of a detector with the same patterns. */
struct buffer;
int date_detector_save(const struct date_detector *detector, struct buffer *out);
int date_detector_load(struct date_detector *detector, struct slice blob);
