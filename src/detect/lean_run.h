/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of a regex that takes many characters up to some text, and what finds the same ends of it
 * with one look at each character. For lean.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum lean_run_kind {
        LEAN_RUN_LAZY,    /* ".*?" in front of a character */
        LEAN_RUN_LAST,    /* ".*", ".+", also with "[^...]" for the dot, in front of a text */
        LEAN_RUN_WITHOUT, /* "(?:(?!TEXT).)*" in front of "$" */
};

struct lean_run {
        size_t at, length; /* in the regex */
        enum lean_run_kind kind;
        bool at_least_one;
        struct slice excluded; /* what else it does not take, as the inside of "[^...]"; borrowed */
        struct slice text;     /* up to which it goes, borrowed from the regex. LEAN_RUN_LAST: it is
                                  equal on subjects that hold this at most once only */
};

/* Whether regex (Python's dialect, without flags, atomic groups and possessive repeats) has one at
 * at, where an item begins that is in no group that looks around. */
bool lean_run_find(struct slice regex, size_t at, struct lean_run *ret);
/* Appends what is equal to it. Returns as buffer_append(). */
int lean_run_write(const struct lean_run *run, struct buffer *out);

/* Whether c stands for itself in a regex, wherever it is. */
bool lean_is_literal(char c);
/* Behind the class that begins at at. */
size_t lean_class_end(struct slice regex, size_t at);
