/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex that is cheaper than another one, and equal to it on most lines: it finds the same match
 * and the same groups wherever the conditions hold. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

struct lean {
        struct buffer text;  /* the regex, in Python's dialect */
        bool drops_newline;  /* it is for subjects with one newline, at their end, and searches them
                                without that */
        struct slice absent; /* it is for subjects without this text; borrowed from the regex;
                                empty: there is no such condition */
};

/* Looks for one. regex: known to compile, at most PATTERN_TEXT_MAX bytes, searched without
 * MULTILINE. Returns whether there is one; lean_done() is to be called in any case. */
bool lean_find(struct slice regex, struct lean *ret);
void lean_done(struct lean *lean);
/* Whether the conditions hold. */
bool lean_fits(bool drops_newline, struct slice absent, struct slice subject);
