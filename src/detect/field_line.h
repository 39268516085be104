/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that matched, as a field of a failure has it: the tuple (before, date, after) of spec
 * filter.md 1.4, whose parts lie one behind the other as they did in the log. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/value.h"
#include "detect/line_buffer.h"

struct field_line {
        const char *text;             /* of all parts */
        uint32_t before, date, after; /* bytes of each */
};

static inline size_t field_line_len(const struct field_line *line) {
        return (size_t)line->before + line->date + line->after;
}

/* One line; if it lies in a slot of a buffer, or in pieces, it is copied into arena. */
void field_line_set(struct field_line *to, const struct line_tuple *line, struct arena *arena);
/* The lines; those that lie in a slot of a buffer, or in pieces, are copied into arena. */
struct field_line *field_lines_new(const struct line_list *lines, struct arena *arena);
/* As a list of tuples of three texts, which borrow from the lines. */
struct value field_lines_value(const struct field_line *lines, size_t count, struct arena *arena);
/* What field_lines_value() made, or something like it; NULL if v is none such. The texts are copied
 * into arena. */
struct field_line *field_lines_of_value(const struct value *v, struct arena *arena);
/* Bytes of that list as channel/value_code.h has it, and these bytes. */
size_t field_lines_coded_size(const struct field_line *lines, size_t count);
char *field_lines_write(char *to, const struct field_line *lines, size_t count);
