/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex as a tree, for judging it (rating.h): what it can match, where it repeats, how it is
 * anchored. Searching is pattern.h's business. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define SYNTAX_DEPTH_MAX 100   /* nested groups; deeper ones are given up */
#define SYNTAX_MANY UINT32_MAX /* no upper limit */

enum syntax_kind {
        SYNTAX_SET,       /* one character of a set */
        SYNTAX_SEQUENCE,  /* its children one after the other */
        SYNTAX_CHOICE,    /* one of its children */
        SYNTAX_GROUP,     /* its child, captured */
        SYNTAX_REPEAT,    /* its child, low to high times */
        SYNTAX_START,     /* ^ \A */
        SYNTAX_END,       /* $ \Z */
        SYNTAX_EDGE,      /* \b \B, and what is asserted around; child: what must come next */
        SYNTAX_REFERENCE, /* what a group captured */
};

/* ASCII characters, bit by bit, and whether those beyond are in it too. */
struct syntax_set {
        uint64_t bits[2];
        bool beyond;
};

struct syntax_node {
        enum syntax_kind kind;
        size_t start, end; /* bytes of the regex */
        struct syntax_node *child, *next;
        struct syntax_set set;
        uint32_t low, high;
        bool lazy;
        uint32_t group;    /* GROUP, REFERENCE: number; 0 for a reference by name */
        struct slice name; /* GROUP, REFERENCE: empty if it has none */
};

/* Where a comment of regex, whose "(?#" ends at at, is over: behind the next ")" that no backslash
 * precedes, as Python sees it, or at the end of regex. */
size_t syntax_comment_end(struct slice regex, size_t at);
/* Behind all comments that begin at at, one after the other. A repeat there repeats what is in
 * front of them. */
size_t syntax_behind_comments(struct slice regex, size_t at);

/* The tree of a regex in Python's dialect, tags expanded, known to compile; in arena, names borrow
 * from regex. NULL if it has what is not understood here (the verbose flag, too many groups in each
 * other). */
struct syntax_node *syntax_parse(struct slice regex, struct arena *arena);
bool syntax_set_has(const struct syntax_set *set, char c);
/* Whether all characters of text are in the set. */
bool syntax_set_has_all(const struct syntax_set *set, struct slice text);
