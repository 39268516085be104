/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex that is cheaper than another one, and equal to it on most lines: it finds the same match
 * and the same groups wherever the conditions hold. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

/* Conditions: which subjects it is for. Texts are borrowed from the regex; empty: there is no such
 * condition. */
struct lean_terms {
        bool drops_newline;  /* those with one newline, at their end; it searches them without that
                              */
        struct slice absent; /* those without this text */
        struct slice once;   /* those that hold this text once or not at all */
};

struct lean {
        struct buffer text; /* the regex, in Python's dialect */
        struct lean_terms terms;
        size_t barred; /* where the content of the named group begins that cannot match where
                          terms.absent holds; 0: there is none */
};

/* Looks for one. regex: known to compile, at most PATTERN_TEXT_MAX bytes, searched without
 * MULTILINE. Returns whether there is one; lean_done() is to be called in any case. */
bool lean_find(struct slice regex, struct lean *ret);
void lean_done(struct lean *lean);
/* Whether the conditions hold. */
bool lean_fits(const struct lean_terms *terms, struct slice subject);
/* The same for a subject that has one newline, at its end. */
bool lean_fits_line(const struct lean_terms *terms, struct slice subject);
