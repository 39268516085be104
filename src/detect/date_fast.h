/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hand-written recognisers for the common forms of the common templates. Each accepts a part of
 * what its template's regex accepts, with the same result, and answers "unsure" for all else: then
 * the regex decides. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/date_eval.h"

enum date_fast_body {
        DATE_FAST_NONE,
        DATE_FAST_SYSLOG, /* Mar  5 10:00:00 */
        DATE_FAST_ISO,    /* 2024-03-05T10:00:00.123456+01:00 and its variants */
        DATE_FAST_CLF,    /* 05/Mar/2024:10:00:00 +0100 */
        DATE_FAST_EPOCH,  /* 1709629200.123 */
        DATE_FAST_TAI64N, /* @4000000065e6e1a000000000 */
};

enum date_fast_place {
        DATE_FAST_LINE_BEGIN, /* ^(?:\W{0,2})?( BODY ) */
        DATE_FAST_WINDOW,     /* (?=^|\b|\W)( BODY ), where the search is told the place */
        DATE_FAST_BRACKET,    /* ^[^\[]*\[( BODY ) */
        DATE_FAST_RFC5424,    /* ^(<\d+>\d+\s+ BODY ) */
};

struct date_fast {
        enum date_fast_body body;
        enum date_fast_place place;
        int year_max; /* years above this are left to the regex (%ExY) */
};

/* Where a template matched. Offsets in bytes of the line. */
struct date_span {
        size_t start, end;         /* all of the match */
        size_t cut_start, cut_end; /* group 1; line.len twice if it took no part */
};

struct date_fast_result {
        struct date_span span;
        bool has_time; /* time is final; else parts hold the date */
        struct date_time time;
        struct date_parts parts;
        /* In the line: */
        size_t body_at;
        size_t decided_at; /* up to here, one or two bytes behind the match, bytes decide on it */
        size_t second_at;  /* where the second's two digits stand; 0 if it has none */
        size_t spare_at,
                spare_len; /* digits whose values do not matter, hexadecimal ones of a TAI64N */
};

/* The recogniser of a pattern as written, if there is one (not for epochs and TAI64N, which have no
 * pattern). year: the current one. */
struct date_fast date_fast_of(struct slice pattern, int year);

/* Tries at the template's place; from is looked at for DATE_FAST_WINDOW only; to: end of what may
 * be seen. Returns whether it is sure of a match, with *ret. */
bool date_fast_match(const struct date_fast *fast, struct slice line, size_t from, size_t to,
        struct date_fast_result *ret);
