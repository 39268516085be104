/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last lines of a filter with maxlines > 1: what its regexes search besides the newest line
 * (spec filter.md 1.3, 1.7). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/value.h"

#define LINE_BUFFER_MAX 10000 /* lines; more than that of maxlines have no effect */

struct line_slot;

/* A line in three parts: what is before the date, the date (which the regexes do not see), what is
 * behind it. */
struct line_tuple {
        struct slice before;
        struct slice date;
        struct slice after;
        struct line_slot *slot; /* the buffer's memory for it, or NULL: not in the buffer yet */
};

struct line_list {
        struct line_tuple *items;
        size_t count;
};

struct line_buffer {
        struct line_slot **slots; /* the first `count` are in use, in order */
        size_t count;
        size_t capacity;
        bool changed; /* since line_buffer_save() */
};

void line_buffer_done(struct line_buffer *buffer);
/* The buffered lines with line behind them, the last max of them; in arena. */
struct line_list line_buffer_with(const struct line_buffer *buffer, const struct line_tuple *line,
        size_t max, struct arena *arena);
/* Makes lines the buffer's content; those that it holds already are not copied. Lines it held and
 * that are not among them are gone. */
void line_buffer_keep(struct line_buffer *buffer, const struct line_list *lines);
/* All lines as bytes, the newest of them if they are above max bytes. line_buffer_load() takes them
 * back, or leaves bad bytes alone. */
void line_buffer_save(struct line_buffer *buffer, size_t max, struct buffer *out);
void line_buffer_load(struct line_buffer *buffer, struct slice blob);

/* before + after of each line with a newline behind it: what the regexes search. */
struct slice line_list_text(const struct line_list *lines, struct arena *arena);
/* The lines as a list of tuples (before, date, after). */
struct value line_list_value(const struct line_list *lines, struct arena *arena);
bool line_tuple_equal(const struct line_tuple *a, const struct line_tuple *b);
