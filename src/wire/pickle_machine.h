/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that pickles are programs for: a stack, marks in it, a memo. Inside of wire/ only. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

#define PICKLE_MARKS_MAX ((size_t)2 * VALUE_DEPTH_MAX) /* a level of nesting takes one */

enum pickle_kind {
        PICKLE_PLAIN,
        PICKLE_CLASS,     /* v is the STRING module.name */
        PICKLE_EXCEPTION, /* v is the LIST of its arguments */
        PICKLE_FAILURE,   /* the tuple (1, exception); v as before */
};

struct pickle_entry {
        struct value v;
        uint32_t memo; /* index plus one of the memo entry that follows this container's changes; 0:
                          none */
        uint8_t height; /* levels of containers */
        uint8_t kind;   /* enum pickle_kind */
};

struct pickle_memo {
        struct pickle_entry entry;
        bool set;
};

struct pickle_machine {
        struct slice in; /* what is left to read */
        struct arena *arena;
        struct fault *fault;
        bool takes_classes; /* a reply is read */
        struct pickle_entry *stack;
        size_t count;
        size_t capacity;
        size_t marks[PICKLE_MARKS_MAX]; /* heights of the stack */
        size_t mark_count;
        struct pickle_memo *memo;
        size_t memo_capacity;
        size_t memo_count;
        size_t items;  /* values made */
        size_t copied; /* bytes that recalled and repeated values would take, texts with them */
        struct slice error_class; /* of the exception */
};

void pickle_machine_done(struct pickle_machine *m);

/* All return 0, or -EBADMSG with a fault. */
int pickle_machine_push(struct pickle_machine *m, struct value v);
int pickle_machine_push_kind(struct pickle_machine *m, struct value v, enum pickle_kind kind);
/* The top entry, valid until the next push; it stays. */
int pickle_machine_top(struct pickle_machine *m, struct pickle_entry **ret);
int pickle_machine_pop(struct pickle_machine *m, struct pickle_entry *ret);
int pickle_machine_mark(struct pickle_machine *m);
/* Takes the last mark off; *ret is the number of entries above it. */
int pickle_machine_unmark(struct pickle_machine *m, size_t *ret);
/* Pops count entries and pushes a container of type that holds them. */
int pickle_machine_collect(struct pickle_machine *m, enum value_type type, size_t count);
/* Pops count entries into the container of type below them. */
int pickle_machine_extend(struct pickle_machine *m, enum value_type type, size_t count);
int pickle_machine_memoize(struct pickle_machine *m, uint64_t index);
int pickle_machine_recall(struct pickle_machine *m, uint64_t index);
/* Pushes a copy of the top. */
int pickle_machine_repeat(struct pickle_machine *m);
