/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of fail2ban-regex share: the filter under test and what has been set on it. */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/value.h"
#include "detect/filter.h"
#include "main/regex_arguments.h"
#include "main/regex_report.h"

/* How a step ended; the values are the program's exit codes. */
enum regex_end {
        REGEX_GO_ON = 0,
        REGEX_UNCAUGHT = 1, /* upstream dies of an exception; it is on stderr */
        REGEX_FAILED = 255, /* said on stdout */
};

struct regex_tool {
        struct regex_arguments arguments;
        struct clock clock;
        struct clock now;   /* the filter's: it stands still while the lines of one read run */
        struct arena arena; /* of the whole run */
        struct filter *filter;
        struct regex_report report;
        const char *backend;       /* "auto" or "systemd" */
        struct slice encoding;     /* as printed */
        struct value journalmatch; /* LIST of words */
        FILE *json;                /* --json: what was stdout; all else goes to stderr. Or NULL */
        struct slice prefregex;    /* as given; and where it is written, or NULL */
        const struct value_origin *prefregex_origin;
        struct value findtime;     /* of the jail: INT or FLOAT, seconds; NONE: not known */
        struct value ignoreip;     /* of the jail: LIST of texts */
        struct regex_explain *explain; /* or NULL */
        bool has_journalmatch, has_maxlines, has_datepattern;
};

/* Sets an option of the filter to one text, or to a list of texts. Returns as filter_set(). */
int regex_tool_set(
        struct regex_tool *tool, const char *option, struct slice text, struct fault *fault);
int regex_tool_set_bool(struct regex_tool *tool, const char *option, bool on, struct fault *fault);
/* The same with what is printed about it; the first one to come wins. */
int regex_tool_set_maxlines(struct regex_tool *tool, struct slice text, struct fault *fault);
int regex_tool_set_datepattern(struct regex_tool *tool, struct slice pattern, struct fault *fault);
/* Says on stderr what upstream's traceback would end with. Returns REGEX_UNCAUGHT. */
enum regex_end regex_tool_uncaught(const struct fault *fault);
/* Prints unless -o is given. */
void regex_tool_say(const struct regex_tool *tool, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* At most 53 characters of a text, the last three as dots if it is longer. */
struct slice regex_tool_shorten(struct slice text, struct arena *arena);

/* regex_source.c: reads the REGEX argument (a failregex, filter or jail) and the IGNOREREGEX
 * argument. */
enum regex_end regex_source_read(struct regex_tool *tool, struct slice regex);
enum regex_end regex_source_read_ignore(struct regex_tool *tool, struct slice regex);

/* regex_check.c: rates all regexes that were read. Returns REGEX_UNCAUGHT if something is wrong with
 * them (which has been printed), else REGEX_GO_ON. */
enum regex_end regex_check_run(struct regex_tool *tool);

/* regex_log.c: opens the LOG argument and runs all lines of it through the filter. */
enum regex_end regex_log_run(struct regex_tool *tool, struct slice log, double *ret_elapsed_s);

/* regex_dns.c: the resolver of struct filter_env, with its cache; user: NULL. */
void regex_dns_resolve(void *user, struct slice name, struct arena *arena, struct value *ret_list);
void regex_dns_done(void);
