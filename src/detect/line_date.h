/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a line was written: its own date, the one of the line before, or now; and whether it is too
 * old to matter (spec filter.md 2.7). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "base/value.h"
#include "detect/date.h"
#include "detect/date_memo.h"
#include "detect/filter.h"
#include "detect/line_buffer.h"

#define LINE_DATE_MEMORY_S 60   /* how long a date counts for the lines behind it */
#define LINE_DATE_ODD_S 60      /* further from now: not believed while in operation */
#define LINE_DATE_TEXT_MAX 4096 /* bytes of a date text that is remembered; a longer one is cut */

enum line_date_warning { LINE_DATE_ODD, LINE_DATE_OLD, LINE_DATE_MISSING, LINE_DATE_WARNING_COUNT };

/* What is known of lines for as long as what it was found by stays the same. */
struct line_date_view {
        const struct date_memo_line
                *line;    /* the date of those that fit goes unsaid; NULL: unknown */
        bool is_usual;    /* none of them is odd, or old */
        uint64_t looks;   /* that were needed so far */
        uint64_t changes; /* of the memo */
        int64_t now_us;
        double findtime_s;
        bool in_operation;
        bool says_all; /* the diag threshold lets everything through */
};

/* The line read last, if it fitted and its date is at its begin: at the same moment, one that
 * begins with the same bytes leads to the same. */
struct line_date_again {
        bool is_known;
        uint64_t looks; /* of the view it was read by */
        size_t cut_start, cut_end;
        size_t template;
        double time;
        bool integral;
        bool counts;                     /* it is not too old */
        char bytes[DATE_MEMO_BYTES_MAX]; /* those that fitted */
};

struct line_date {
        const struct filter_env *env;
        const char *name;               /* of the jail */
        struct date_detector *detector; /* owned */
        bool checks;                    /* daemon: age matters, and a line has always a time */
        struct value findtime;          /* INT or FLOAT, seconds */
        struct buffer last_text;
        double last; /* seconds; NAN: none yet */
        bool last_integral;
        double quiet_until[LINE_DATE_WARNING_COUNT]; /* each warning comes once a day */
        bool changed;                                /* since line_date_save() */
        struct line_date_view view;
        struct line_date_again again;
};

struct dated_line {
        struct line_tuple tuple;
        double time; /* seconds; NAN: unknown */
        bool integral;
        bool is_undated; /* time is not the line's own */
        size_t template; /* index of the date template that matched; SIZE_MAX: none */
};

void line_date_init(struct line_date *dates, const char *name, enum filter_mode mode,
        const struct filter_env *env);
void line_date_done(struct line_date *dates);

/* Splits a line at its date. Returns 1 (*ret is set; texts borrow from the line or live in arena),
 * 0 if the line is too old, or negative errno where upstream raises an exception. */
int line_date_read(struct line_date *dates, const struct filter_line *line, struct arena *arena,
        struct dated_line *ret, struct fault *fault);
/* Whether line_date_read() would split the line at *ret, or leave it out as too old, without a word
 * about it and without a search; this changes nothing. */
bool line_date_glance(
        const struct line_date *dates, const struct filter_line *line, struct date_match *ret);
/* What line_date_glance() knows at present: just the lines that fit (date_memo.h); NULL: that is
 * not to be said of lines in general. kind: in_operation and has_time count. Until the next line is
 * read, or time goes on. dates->view.looks grows whenever the answer may be another one. */
const struct date_memo_line *line_date_look(
        struct line_date *dates, const struct filter_line *kind);
/* The date of a line that fits, its bytes being at that place. */
void line_date_seen(
        const struct line_date *dates, struct slice line, size_t at, struct date_match *ret);
/* Whether line_date_glance() says of every line now the same of both, and that the date is in front
 * of it. false: that is not known. */
bool line_date_is_alike(const struct line_date *a, const struct line_date *b);
/* What line_date_read() would have done to *dates for so many lines that line_date_glance() knew;
 * line and match: the last one's. */
void line_date_repeat(struct line_date *dates, const struct filter_line *line,
        const struct date_match *match, uint64_t count);
/* Tells, once a day, of a match in a line without a date. */
void line_date_warn_missing(struct line_date *dates, const struct dated_line *line,
        const struct line_list *matched, struct arena *arena);

/* Last date, warnings and what the detector has learnt. Returns false if nothing has changed since
 * the last time. */
bool line_date_save(struct line_date *dates, struct buffer *out);
void line_date_load(struct line_date *dates, struct slice blob);
