/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a filter, for filter.c, filter_options.c and filter_state.c only; everyone else
 * uses filter.h. */
#pragma once

#include "detect/failregex.h"
#include "detect/failure_id.h"
#include "detect/filter.h"
#include "detect/line_buffer.h"
#include "detect/line_date.h"
#include "detect/prefilter.h"
#include "detect/regex_begin.h"
#include "detect/sessions.h"

#define FILTER_LOGGER "fail2ban.filter"
#define FILTER_REGEXES_MAX 65536 /* of each kind */

enum filter_usedns {
        FILTER_DNS_YES,
        FILTER_DNS_WARN,
        FILTER_DNS_NO,
        FILTER_DNS_RAW,
        FILTER_DNS_COUNT
};

struct regex_list {
        struct failregex **items;
        size_t count;
        size_t capacity;
};

#define FILTER_BEGINS 128            /* characters: ASCII */
#define FILTER_BEGINS_FAILREGEXES 62 /* as many as have clauses */

/* A failregex, and what its lines begin with: that which is looked at for each line lies together. */
struct filter_begin {
        const struct failregex *regex;
        const struct pattern *pattern;
        struct regex_begin begin;
};

/* Which failregexes a line may match, by what it begins with. */
struct filter_begins {
        bool is_made;
        uint64_t generation;                 /* of the filter, when it was */
        bool are_few;                        /* with most characters */
        uint64_t failregexes[FILTER_BEGINS]; /* a bit each */
        struct filter_begin of[FILTER_BEGINS_FAILREGEXES]; /* each of them */
};

struct filter {
        char *name;
        enum filter_mode mode;
        struct filter_env env;
        struct line_date dates;
        bool has_dates; /* false: datepattern None, for sources that know the time of each line */
        struct regex_list failregexes;
        struct regex_list ignoreregexes;
        struct failregex *prefregex;
        enum filter_usedns usedns;
        uint32_t maxlines;
        char *timezone; /* as set; NULL: local time */
        char *encoding; /* as set */
        bool check_all; /* every regex is tried */
        bool ignore_pending;
        bool raw_host;
        bool traces_groups;
        bool keeps_matches;        /* results carry their lines */
        struct line_buffer buffer; /* only while maxlines > 1 */
        struct sessions sessions;
        struct filter_trace trace;
        uint64_t generation; /* options set so far */
        bool knows_literals; /* clauses and seam are up to date */
        struct literals clauses[FILTER_CLAUSES_MAX];
        size_t clause_count;
        uint64_t lacks_failregexes; /* the clauses of all failregexes; 0: these are too many */
        bool prefregex_in_all;      /* it matches every line that is not empty */
        struct prefilter_seam seam; /* of all clauses */
        struct arena literals;      /* memory of the above */
        struct filter_begins begins;
        struct buffer blob; /* scratch of filter_save() */
};

void filter_say(const struct filter *filter, enum diag_level level, struct slice text);

/* What filter_trace() tells of no line. */
void filter_trace_begin(struct filter *filter);
/* What becomes known of lines that lead to nothing; line: the last one. */
void filter_trace_passed(struct filter *filter, const struct dated_line *line);

/* ---- filter_begins.c ---- */

void filter_make_begins(struct filter *filter);
/* For a PATTERN_SUBJECT_LINE that the failregexes search. */
static inline const struct filter_begins *filter_begins(struct filter *filter) {
        const struct filter_begins *begins = &filter->begins;
        if (!begins->is_made || begins->generation != filter->generation)
                filter_make_begins(filter);
        return begins;
}

/* ---- filter_literals.c ---- */

#define FILTER_CLAUSE_PREFREGEX 0
#define FILTER_CLAUSE_IGNOREREGEX 1
#define FILTER_CLAUSE_FAILREGEX 2 /* of the first one */

void filter_forget_literals(struct filter *filter);
/* For filter_lacks() and filter_is_hopeless() where clauses are not up to date. */
void filter_know_literals(struct filter *filter);
/* What the line without its date lacks: line->lacks, or nothing (0) if a literal comes together at
 * the seam where the date was cut out. */
static inline uint64_t filter_lacks(
        struct filter *filter, const struct filter_line *line, const struct line_tuple *tuple) {
        if (line->lacks == 0)
                return 0;
        if (!filter->knows_literals)
                filter_know_literals(filter);
        if (filter->clause_count == 0 ||
                prefilter_seam_holds(&filter->seam, tuple->before, tuple->after))
                return 0;
        return line->lacks;
}
/* Whether lacks tells that failregex index cannot match. */
static inline bool filter_lacks_failregex(uint64_t lacks, size_t index) {
        return index < FILTER_CLAUSES_MAX - FILTER_CLAUSE_FAILREGEX &&
               (lacks >> (index + FILTER_CLAUSE_FAILREGEX) & 1) != 0;
}
