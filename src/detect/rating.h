/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be wrong with a regex although it matches what it should: that a line can be made which
 * is too much work, or which makes it name an address that the attacker chose. Both are found by
 * making such lines and searching them; so what is found is real, and what is not found is not
 * proved to be absent. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "detect/failregex.h"

#define RATING_LINE_MAX 4096                 /* bytes an attacker may write into a line */
#define RATING_STEPS_MAX PATTERN_MATCH_LIMIT /* a search that takes more is too much work */
#define RATING_DEGREE_MAX 2.5         /* steps that grow faster than this power of the length */
#define RATING_ADDRESS "203.0.113.66" /* what an attacker tries to have banned */
#define RATING_HONEST "192.0.2.1"     /* where he is */
/* The same for a regex that only takes IPv6. */
#define RATING_ADDRESS6 "2001:db8:0:0:0:0:bad:66"
#define RATING_HONEST6 "2001:db8:0:0:0:0:0:1"

enum rating_growth { RATING_POLYNOMIAL, RATING_EXPONENTIAL };

struct rating_cost {
        enum rating_growth growth;
        double degree;       /* steps grow as this power of the length; if polynomial */
        uint64_t steps;      /* at */
        size_t length;       /* bytes of the line: the longest one tried */
        bool stopped;        /* the search was not done within RATING_STEPS_MAX */
        struct slice part;   /* of the regex: what repeats */
        struct slice before; /* the line: this, */
        struct slice pump;   /* this again and again, */
        struct slice behind; /* and this */
};

struct rating_spoof {
        struct slice part; /* of the regex: what matches the attacker's text; data NULL: nothing
                              has to, the regex begins anywhere */
        const char *address, *honest; /* RATING_ADDRESS and RATING_HONEST, or those of IPv6 */
        struct slice line; /* with which the regex finds address, though honest is at its place */
};

enum rating_result {
        RATING_GOOD,
        RATING_BAD,     /* *ret tells why */
        RATING_UNKNOWN, /* no line could be made that the regex matches */
};

/* Looks for a line that is too much work. Returns an enum rating_result, or negative errno with a
 * fault. */
int rating_cost(const struct failregex *regex, struct arena *arena, struct rating_cost *ret,
        struct fault *fault);
/* Looks for a line that makes the regex find another address. A regex without one is RATING_GOOD.
 */
int rating_spoof(const struct failregex *regex, struct arena *arena, struct rating_spoof *ret,
        struct fault *fault);
