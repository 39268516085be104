/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One jail's detection: its regexes, dates and sessions. A line goes in, failures come out (spec filter.md 1 to 3). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/fault.h"
#include "base/value.h"
#include "detect/fields.h"
#include "detect/literals.h"

struct filter;

/* What surrounds a filter. Everything must outlive it. */
struct filter_env {
        const struct clock *clock;
        /* Messages about lines ("[jail] Found ..." is not among them: that is the server's). */
        void (*diag)(void *user, enum diag_level level, const char *logger, struct slice text);
        /* Addresses of a host name, appended to ret_list as strings; NULL: names are handed on unresolved (FAILURE_NEEDS_DNS). */
        void (*resolve)(void *user, struct slice name, struct arena *arena, struct value *ret_list);
        void *user;
};

enum filter_mode {
        FILTER_DAEMON, /* the first regex that matches decides; findtime and "now" rules apply (check_find_time) */
        FILTER_TOOL,   /* fail2ban-regex: every regex is tried, no age rules, quiet and pending results are given too */
};

struct filter *filter_new(struct slice name, enum filter_mode mode, const struct filter_env *env);
struct filter *filter_free(struct filter *filter);

/* Carries out one option of the command stream: "usedns", "prefregex", "addfailregex", "delfailregex", "addignoreregex",
 * "delignoreregex", "maxlines", "datepattern", "logtimezone", "logencoding", "findtime", "keepmatches", and "begin" (reload: regex lists
 * are cleared). FILTER_TOOL only, with a bool: "checkall" (false: stop at the first regex that matches), "ignorepending" (true: results
 * without id are left out), "rawhost" (true: host names and ids stay as they are),
 * "tracegroups" (false: the trace lacks the groups of the prefregex). arguments: list of values as in the stream; several regexes may come in one call. On success *ret_value (in arena) is
 * what `set` answers, i.e. the option's new value in the form of spec server.md 3.3. Returns 0, or -EINVAL with kind (Python's
 * exception class) and text as upstream's. */
int filter_set(struct filter *filter, struct slice option, const struct value *arguments, struct arena *arena,
        struct value *ret_value, struct fault *fault);

/* One result: somebody failed (or, in tool mode, almost did). All of it lives in the arena given to filter_line(). */
struct filter_failure {
        uint32_t regex;     /* index of the failregex */
        double time;        /* seconds; NAN if unknown (tool mode only) */
        struct slice id;    /* address in normal form, or raw text; data NULL: none (pending, tool mode) */
        bool raw_id;        /* id is never an address */
        bool needs_dns;     /* id is a host name, env has no resolver */
        bool nofail;        /* tool mode: a quiet line */
        bool ignored;       /* tool mode: an ignoreregex dropped it */
        bool integral_time; /* upstream's time is an int, not a float (date.h): shows in fail2ban-regex -o row */
        struct fields fields; /* groups by name in upstream's order, "users" set, "matches" list of [before, date, after], ... */
        struct value data;    /* the same as a dict; None until filter_failure_spell_out() */
};

/* Fills in data. */
static inline void filter_failure_spell_out(struct filter_failure *failure, struct arena *arena) {
        failure->data = fields_dict(&failure->fields, arena);
}

/* Where the line stands, for "in operation" and messages. */
struct filter_line {
        struct slice text;    /* valid UTF-8, without line end (detect/line.h makes it so) */
        bool is_ascii;        /* text is; false: that is not known */
        bool has_newline;     /* text holds no newline, and one follows it in memory; false: that is not known */
        bool in_operation;    /* false while old content is caught up with */
        bool has_time;        /* the source knows the time (journal): no date detection */
        double time;
        struct slice date_text;
        uint64_t lacks;       /* bit k: text holds none of the literals of clause k (filter_clauses()) */
};

/* Processes one line. *ret (in arena) holds the results in order. Returns their count (0 .. FILTER_RESULTS_MAX), or negative errno with
 * a fault if the line had to be given up (match limit, exception in upstream): it then counts as dropped. */
#define FILTER_RESULTS_MAX 256
int filter_line(struct filter *filter, const struct filter_line *line, struct arena *arena, const struct filter_failure **ret,
        struct fault *fault);

/* What a line must hold (detect/literals.h) for a regex to match: one clause each for the prefregex (0), the ignoreregexes together (1) and
 * the first FILTER_CLAUSES_MAX - 2 failregexes (2 and up); one without literals says nothing. sample: lines of the log; the first time, clauses are chosen by them. Valid until the
 * next filter_set(). */
#define FILTER_CLAUSES_MAX 64
const struct literals *filter_clauses(struct filter *filter, struct slice sample, size_t *ret_count);
/* Whether a line that lacks so much leads to no more than its date being read (as far as the date is not in the midst of it). */
bool filter_is_hopeless(struct filter *filter, uint64_t lacks);
/* Whether filter_line() is as fast for lines of which it is not known what they lack, if most of them lead to something. */
bool filter_needs_no_hints(struct filter *filter);
/* Grows with every option that is set: what was derived from filter_clauses() holds while it stays. */
uint64_t filter_generation(const struct filter *filter);

/* Reading what is set. Expanded regexes as `get failregex` shows them. */
size_t filter_failregex_count(const struct filter *filter);
struct slice filter_failregex(const struct filter *filter, size_t index);
size_t filter_ignoreregex_count(const struct filter *filter);
struct slice filter_ignoreregex(const struct filter *filter, size_t index);
struct slice filter_prefregex(const struct filter *filter);
struct date_detector *filter_dates(struct filter *filter);

/* For fail2ban-regex (FILTER_TOOL): what the last filter_line() did besides its results. Values live in the arena of that line. */
struct filter_trace {
        bool prefregex_hit;            /* the last search of the prefregex matched; a line that an ignoreregex ends early does not search it
                                          and leaves this as it was */
        struct value prefregex_groups; /* DICT of all its named groups, with None for those that took no part */
        const uint32_t *ignore_hits;   /* indices of the ignoreregexes that matched, in the order of the matches */
        size_t ignore_hit_count;
        struct value consumed;         /* maxlines > 1: LIST of [before, date, after] of earlier lines that were in the buffer before this line,
                                          did not scroll out with it, and are no longer (equal to one) in it */
        struct slice stripped;         /* maxlines > 1: the newest line of the buffer without its date */
        struct slice date;             /* what of this line the regexes did not see; data NULL: nothing */
        double time;                   /* of this line, as its results have it; NAN: unknown */
        bool has_own_date;             /* date is a part of the line, and gave time */
        size_t date_template;          /* index of the one that matched (date.h), in the present order; SIZE_MAX: none */
        struct slice whole;            /* what ignoreregexes and prefregex searched */
        struct slice searched;         /* what the first failregex searched; data NULL: none did */
        double last_time;              /* of the last line that had a date; NAN: none yet */
        bool last_integral;            /* see date.h: upstream has an int there */
};
/* Valid until the next filter_line(). */
const struct filter_trace *filter_trace(const struct filter *filter);

/* State that must survive this process: calls put(user, key, blob) for every key that has changed since the last call; an empty blob
 * means that the key is gone. At most RECORD_STATES_MAX keys live at a time. */
void filter_save(struct filter *filter, void (*put)(void *user, struct slice key, struct slice blob), void *user);
/* Takes one key back (keys that are not understood are ignored). */
void filter_load(struct filter *filter, struct slice key, struct slice blob);
