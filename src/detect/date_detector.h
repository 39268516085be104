/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a date detector, for date_detector.c and date_state.c only; everyone else uses date.h. */
#pragma once

#include "detect/calendar.h"
#include "detect/date.h"
#include "detect/date_memo.h"
#include "detect/date_pool.h"
#include "detect/pattern.h"

#define DATE_TEMPLATES_MAX 1024
#define DATE_DISTANCE_NONE 0x7fffffff
#define DATE_LAST_NONE SIZE_MAX
#define DATE_CHAR_NONE UINT32_MAX /* no character there */

struct date_entry {
        struct date_template *template;
        uint64_t hits;
        double last_used; /* seconds since the epoch */
        uint64_t distance; /* characters before the match, last time */
};

struct date_detector {
        struct calendar calendar;
        struct date_entry *entries;
        size_t count;
        size_t capacity;
        bool has_zone;
        int zone_minutes;

        size_t last;         /* entry that matched last, or DATE_LAST_NONE */
        size_t first_unused; /* entry */
        uint64_t start_chars, end_chars; /* where the last match stood, in characters */
        uint32_t before, first, final, after; /* the characters around and at the ends of it */

        struct date_memo memo;
        struct pattern *alnum; /* a letter or digit of any script, made when first needed */
};

/* Fills an empty list with the default templates, as the first line does. Returns 0 or negative errno. */
int date_detector_use_defaults(struct date_detector *detector, struct fault *fault);
