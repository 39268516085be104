/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a match: the dict that becomes a failure's data (spec filter.md 1.4, 1.6, 3.4),
 * in a form that costs little to read, copy and merge. Fields are in the order of upstream's dict.
 * The dict itself is built when somebody asks for it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/value.h"
#include "detect/field_line.h"
#include "detect/field_name.h"

enum field_kind {
        FIELD_NONE,  /* a group that took no part */
        FIELD_TEXT,  /* which the field borrows */
        FIELD_LINES, /* lines that matched */
        FIELD_VALUE, /* anything else: numbers, lists, sets, tuples */
};

struct field {
        uint16_t name; /* field_name.h */
        uint8_t kind;
        uint32_t len; /* of a TEXT, or the number of LINES */
        union {
                const char *text;
                const struct field_line *lines; /* borrowed, as is the value: neither is */
                const struct value *value;      /* changed while a field has it */
        };
};

struct fields {
        struct field *items;
        uint32_t count;
        uint32_t capacity;
        uint64_t seen; /* fields_bit() of all names that are there; more may be set */
};

#define FIELDS_ADDED_MAX 4 /* fields that most lines add to what was captured */
#define FIELDS_EMPTY ((struct fields){NULL, 0, 0, 0})

/* Names from 63 on share a bit. */
static inline uint64_t fields_bit(unsigned name) {
        return UINT64_C(1) << (name < 63 ? name : 63);
}
static inline struct field field_text(unsigned name, struct slice text) {
        return (struct field){(uint16_t)name, FIELD_TEXT, (uint32_t)text.len, {text.data}};
}
/* Field by field: what was written in parts is read back slowly as a whole, so who copies a field
 * that may be new does it in parts, too. */
static inline void field_set_text(struct field *to, unsigned name, struct slice text) {
        to->name = (uint16_t)name;
        to->kind = FIELD_TEXT;
        to->len = (uint32_t)text.len;
        to->text = text.data;
}
static inline void field_set(struct field *to, const struct field *from) {
        to->name = from->name;
        to->kind = from->kind;
        to->len = from->len;
        to->text = from->text;
}
static inline struct slice field_slice(const struct field *field) {
        return (struct slice){field->text, field->len};
}
static inline struct field field_lines(
        unsigned name, const struct field_line *lines, size_t count) {
        return (struct field){(uint16_t)name, FIELD_LINES, (uint32_t)count, {.lines = lines}};
}
/* As a value, which borrows what the field does; what a list of lines needs is in arena. */
struct value field_value(const struct field *field, struct arena *arena);
bool field_value_is_true(const struct field *field); /* of a VALUE */
/* Whether Python takes the field's value for true. */
static inline bool field_is_true(const struct field *field) {
        if (field->kind == FIELD_TEXT || field->kind == FIELD_LINES)
                return field->len > 0;
        return field->kind == FIELD_VALUE && field_value_is_true(field);
}
bool field_equal(const struct field *a, const struct field *b); /* names apart */
static inline bool field_is_same_text(const struct field *a, const struct field *b) {
        return a->kind == FIELD_TEXT && b->kind == FIELD_TEXT &&
               slice_equal(field_slice(a), field_slice(b));
}

/* Empty, with room for so many. */
struct fields fields_new(size_t room, struct arena *arena);
/* The field of a name, or NULL. Valid until the fields change. From the end: what is asked for most
 * often was added last. */
static inline struct field *fields_find(const struct fields *fields, unsigned name) {
        if (!(fields->seen & fields_bit(name)))
                return NULL;
        for (struct field *field = fields->items + fields->count; field-- > fields->items;)
                if (field->name == name)
                        return field;
        return NULL;
}
/* The field of a name; NULL for None too. */
static inline const struct field *fields_get(const struct fields *fields, unsigned name) {
        const struct field *field = fields_find(fields, name);
        return field && field->kind != FIELD_NONE ? field : NULL;
}
/* Whether it is there, and true. */
static inline bool fields_has(const struct fields *fields, unsigned name) {
        const struct field *field = fields_find(fields, name);
        return field && field_is_true(field);
}
/* The lines of a name; NULL if it has none. */
static inline const struct field *fields_lines(const struct fields *fields, unsigned name) {
        const struct field *field = fields_find(fields, name);
        return field && field->kind == FIELD_LINES ? field : NULL;
}

/* Puts the field behind all others, whose names are different. */
void fields_append(struct fields *fields, struct field field, struct arena *arena);
/* Puts the field where its name stands, or behind all others. */
void fields_put(struct fields *fields, struct field field, struct arena *arena);
/* The same with a copy of the value itself (its parts stay where they are), in arena. */
void fields_put_value(
        struct fields *fields, unsigned name, const struct value *value, struct arena *arena);
/* Takes out the field that fields_find() gave. Returns it. */
struct field fields_remove(struct fields *fields, struct field *field);
/* Takes a field out. Returns it; kind NONE if it was missing. */
static inline struct field fields_take(struct fields *fields, unsigned name) {
        struct field *field = fields_find(fields, name);
        if (field)
                return fields_remove(fields, field);
        return (struct field){.name = (uint16_t)name, .kind = FIELD_NONE};
}
/* Overwrites fields with all of newer that is not None. */
void fields_overlay(struct fields *fields, const struct fields *newer, struct arena *arena);
/* Moves the fields to where there is room for so many more. */
void fields_grow(struct fields *fields, size_t room, struct arena *arena);
/* The same fields with room for so many more; fields_copy_known() leaves out those that are None.
 */
void fields_copy(const struct fields *fields, size_t room, struct arena *arena, struct fields *ret);
void fields_copy_known(const struct fields *fields, struct arena *arena, struct fields *ret);

/* The dict. Texts are borrowed, and so are the parts of values. */
struct value fields_dict(const struct fields *fields, struct arena *arena);
/* What a dict says; false, and nothing, if its keys are no texts, or of too many kinds. */
bool fields_of_dict(const struct value *dict, struct arena *arena, struct fields *ret);
/* Bytes of a field's value as channel/value_code.h has it, and these bytes; 0: it is above the
 * caps. */
size_t field_coded_size(const struct field *field);
char *field_write(char *to, const struct field *field);
/* Bytes of the dict as channel/value_code.h has it, and these bytes; 0: they are above its caps. */
size_t fields_coded_size(const struct fields *fields);
char *fields_write(char *to, const struct fields *fields);
