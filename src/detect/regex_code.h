/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex as a program for one kind of subject: ASCII lines with one newline, at their end. It
 * finds the same match and the same groups as PCRE2. regex_emit.h makes machine code of it. */
#pragma once

#include "detect/regex_tree.h"

#define REGEX_CODE_OPS_MAX 1024
#define REGEX_CODE_SETS 64
#define REGEX_CODE_LOOKS 16
#define REGEX_CODE_ASCII 128U /* characters that can match; any other fails */
#define REGEX_CODE_END 256    /* what is behind the last character, in tables by character */

/* Where a switch leads, what is run first there takes the next character, or there is nothing to
 * take; so it is where BOTH leads, which only switches lead to. */
enum regex_op_kind {
        REGEX_OP_MATCH,
        REGEX_OP_FAIL,
        REGEX_OP_CHAR,
        REGEX_OP_TEXT,
        REGEX_OP_SET,
        REGEX_OP_RUN,    /* as many as there are */
        REGEX_OP_GREEDY, /* as many as there are, and fewer if what follows does not match */
        REGEX_OP_LAZY,
        REGEX_OP_SPLIT,  /* next, or else other; only while the program is made */
        REGEX_OP_SWITCH, /* the next character tells which op is run */
        REGEX_OP_BOTH,   /* next, or else other */
        REGEX_OP_OPEN,
        REGEX_OP_CLOSE,
        REGEX_OP_END,
        REGEX_OP_BORDER,
        REGEX_OP_NOT_BORDER,
        REGEX_OP_BEHIND,
        REGEX_OP_NOT_BEHIND,
        REGEX_OP_AHEAD, /* other leads to a FOUND here */
        REGEX_OP_NOT_AHEAD,
        REGEX_OP_FOUND, /* other is where it was looked from */
        REGEX_OP_NOT_TEXT,
        REGEX_OP_IF, /* next if the group has matched, else other */
};

struct regex_op {
        uint8_t kind;
        uint8_t group; /* OPEN, CLOSE, IF; AHEAD, NOT_AHEAD: a number of its own */
        char c;
        uint32_t min; /* runs */
        uint64_t set; /* SET, runs: what is taken; BORDER: characters of words; SPLIT: what next can
                         begin with */
        uint64_t follow;   /* runs: what can come behind; SPLIT: what other can begin with */
        size_t max;        /* runs */
        struct slice text; /* TEXT, NOT_TEXT; runs: what they stop in front of, or empty */
        union {
                const struct regex_op *next;
                const uint16_t *table; /* SWITCH: indices of ops, by character */
        };
        const struct regex_op *other;
};

/* Characters, and perhaps the subject's end. */
struct regex_first {
        struct regex_set set;
        bool end;
};

struct regex_code {
        struct arena arena;
        uint64_t sets[REGEX_CODE_END + 1]; /* by character: a bit for each set it is in */
        struct regex_op *ops;
        size_t op_count;
        const struct regex_op *start;
        struct regex_first firsts[REGEX_CODE_SETS]; /* what each bit is for */
        size_t set_count;                           /* bits that are in use */
        size_t look_count;
        size_t group_count;
};

/* barred: see regex_tree_read(). Returns NULL if there is no program for the regex. */
struct regex_code *regex_code_new(struct slice regex, size_t barred);
struct regex_code *regex_code_free(struct regex_code *code);
/* The bit of these, which may be added to the program. 0: there are too many. */
uint64_t regex_code_set(struct regex_code *code, struct regex_first first);
