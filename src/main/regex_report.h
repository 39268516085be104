/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fail2ban-regex counts while it reads, and the report it prints at the end (spec
 * filter.md 5.4). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "detect/filter.h"
#include "main/regex_arguments.h"
#include "main/regex_line.h"

#define REGEX_REPORT_LINES 20 /* lines listed unless all are asked for, and prefregex groups */

/* One result of a regex, kept for -v. */
struct regex_hit {
        struct slice id; /* data NULL: none */
        double time;     /* NAN: unknown */
        bool several;    /* the line had results before */
};

struct regex_stat {
        struct slice regex;                /* as given */
        const struct value_origin *origin; /* where in the configuration; or NULL */
        unsigned line; /* of origin's file (regex_place.h); 0: nobody has looked for it */
        uint64_t count;
        struct regex_hit *hits;
        size_t hit_count, hit_capacity;
};

struct regex_stats {
        struct regex_stat *items;
        size_t count, capacity;
};

struct regex_lines {
        struct slice *items;
        size_t count, capacity;
        uint64_t total; /* counted, kept or not */
};

struct regex_report {
        const struct regex_arguments *arguments;
        const struct clock *clock;
        struct filter *filter;
        struct arena arena; /* texts that are kept */
        struct regex_stats fail, ignore;
        uint64_t tested;
        struct regex_lines matched, ignored, missed;
        struct regex_lines matched_links, ignored_links, missed_links; /* what -D makes links of */
        uint64_t prefregex_hits;
        struct regex_lines prefregex_groups;
        uint64_t limit;  /* lines listed */
        bool multi_line; /* maxlines > 1 */
        bool has_dates;  /* dates are looked for */
};

void regex_report_init(struct regex_report *report, const struct regex_arguments *arguments,
        const struct clock *clock, struct filter *filter);
void regex_report_done(struct regex_report *report);
/* Adds a regex to report->fail or ->ignore. origin (borrowed): where it is written, or NULL. */
void regex_report_add_regex(struct regex_report *report, struct regex_stats *stats,
        struct slice regex, const struct value_origin *origin);
void regex_report_clear_regexes(struct regex_stats *stats);
/* Counts one line and what filter_line() made of it; arena is that of the line. Returns what the
 * line counts as. */
enum regex_verdict regex_report_line(struct regex_report *report, struct slice line,
        const struct filter_failure *results, size_t count, struct arena *arena);
/* Whether it is enough to count a line that leads to nothing; and counts so many of them, of the
 * last of which filter_trace() tells. */
bool regex_report_needs_count_only(const struct regex_report *report);
void regex_report_passed(struct regex_report *report, uint64_t count);
/* Counts a line that could not be run. */
void regex_report_missed(struct regex_report *report, struct slice line);
void regex_report_print(const struct regex_report *report, double elapsed_s);
