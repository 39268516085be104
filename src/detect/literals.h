/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What text a regex cannot do without: lines that lack it need not be searched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

#define LITERALS_CLAUSE_MAX 256 /* literals of a clause */
#define LITERALS_LENGTH_MAX 64  /* bytes of a literal; longer ones are cut */
#define LITERALS_CHOICES_MAX 7  /* clauses that are told of a regex beside the best one */
#define LITERALS_DEPTH_MAX 100  /* nested groups; deeper ones count as "anything" */

/* Every match holds at least one of the literals, with the case as given or (caseless) in any ASCII
 * case. A literal is ASCII, without newline, never empty. */
struct literals {
        const struct slice *items; /* in arena */
        size_t count;              /* 0: nothing is known, every line may match */
        size_t shortest;           /* bytes of the shortest one */
        bool caseless; /* items are in lower case. Holds for ASCII subjects only: (?i) also matches
                          some letters beyond */
        bool in_all_lines; /* every line of one character or more matches, whatever it is: for sure;
                              of literals_of() only */
};

/* Finds the best clause of regex: Python's dialect, tags expanded, known to compile. */
struct literals literals_of(struct slice regex, struct arena *arena);
/* The same, and other clauses behind it. Returns how many. */
size_t literals_choices(struct slice regex, struct arena *arena,
        struct literals ret[static LITERALS_CHOICES_MAX + 1]);
