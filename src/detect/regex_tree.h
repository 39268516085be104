/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex as a tree: what regex_code.h makes a program of. Only for regexes that stand at the
 * subject's begin, and for ASCII subjects. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define REGEX_TREE_GROUPS_MAX 63    /* capturing groups */
#define REGEX_TREE_DEPTH_MAX 50     /* nested groups */
#define REGEX_TREE_COPIES_MAX 8     /* bound of a repeat that is not of single characters */
#define REGEX_TREE_CHILDREN_MAX 256 /* of one node */
#define REGEX_TREE_FOREVER SIZE_MAX /* a repeat without a bound */

/* Of ASCII characters. */
struct regex_set {
        uint64_t bits[2];
};

enum regex_kind {
        REGEX_SET,      /* one character */
        REGEX_SEQUENCE, /* the children, one behind the other; perhaps none */
        REGEX_EITHER,   /* one of the children, the first that leads to a match */
        REGEX_REPEAT,   /* the child, min to max times */
        REGEX_GROUP,    /* the child, and captures it */
        REGEX_END,      /* "$" */
        REGEX_BORDER,   /* "\\b": of a word (negative: "\\B") */
        REGEX_AHEAD,    /* the child comes next (negative: does not) */
        REGEX_BEHIND,   /* a character of the set came last (negative: did not) */
        REGEX_IF,       /* the first child if the group has matched, else the second one */
};

struct regex_node {
        enum regex_kind kind;
        struct regex_node *first; /* child */
        struct regex_node *next;  /* of the same parent */
        struct regex_set set;
        size_t min, max; /* REPEAT */
        size_t group;    /* GROUP, IF */
        bool is_lazy;
        bool is_negative;
        bool is_barred;  /* GROUP: is never to match */
        bool has_groups; /* it or what is in it captures */
};

struct regex_tree {
        struct regex_node *root; /* in the arena */
        size_t group_count;
};

/* Reads regex: Python's dialect, known to compile without flags but what is in it. barred: where a
 * named group's content begins that shall never match; 0: there is none. Returns false if there is
 * something in it that this does not know, or too much. */
bool regex_tree_read(
        struct slice regex, size_t barred, struct arena *arena, struct regex_tree *ret);

/* What "\\w" takes. */
struct regex_set regex_set_of_words(void);

static inline bool regex_set_has(const struct regex_set *set, unsigned char c) {
        return c < 128 && (set->bits[c / 64] >> (c % 64) & 1) != 0;
}
