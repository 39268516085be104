/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands and replies are made of: Python's plain values. A value is a tree whose parts live in one arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum value_type {
        VALUE_NONE,
        VALUE_BOOL,
        VALUE_INT,
        VALUE_FLOAT,
        VALUE_STRING, /* UTF-8 text */
        VALUE_BYTES,
        VALUE_LIST,
        VALUE_TUPLE,
        VALUE_DICT, /* items alternate: key, value; insertion order is kept */
        VALUE_SET,
        VALUE_TYPE_COUNT
};

#define VALUE_DEPTH_MAX 64 /* nesting that coders accept */

/* Where in the configuration a value was written; lives as long as the value's arena. */
struct value_origin {
        const char *file;
        unsigned line;
        const char *section;
        const char *option;
};

struct value {
        enum value_type type;
        const struct value_origin *origin; /* or NULL */
        union {
                bool boolean;
                int64_t integer;
                double real;
                struct slice string; /* STRING and BYTES */
                struct {
                        struct value *items;
                        size_t count; /* of a DICT: keys plus values */
                        size_t capacity;
                } list; /* LIST, TUPLE, DICT, SET */
        };
};

#define VALUE_OF_NONE ((struct value){.type = VALUE_NONE})

static inline struct value value_bool(bool b) {
        return (struct value){.type = VALUE_BOOL, .boolean = b};
}
static inline struct value value_int(int64_t i) {
        return (struct value){.type = VALUE_INT, .integer = i};
}
static inline struct value value_float(double f) {
        return (struct value){.type = VALUE_FLOAT, .real = f};
}
/* Borrow: the text must outlive the value. */
static inline struct value value_string(struct slice s) {
        return (struct value){.type = VALUE_STRING, .string = s};
}
static inline struct value value_text(const char *text) {
        return value_string((struct slice){text, text ? strlen(text) : 0});
}
/* Empty container. */
static inline struct value value_list(void) {
        return (struct value){.type = VALUE_LIST};
}
static inline struct value value_tuple(void) {
        return (struct value){.type = VALUE_TUPLE};
}
static inline struct value value_dict(void) {
        return (struct value){.type = VALUE_DICT};
}
static inline struct value value_set(void) {
        return (struct value){.type = VALUE_SET};
}
static inline bool value_is_container(const struct value *v) {
        return v->type == VALUE_LIST || v->type == VALUE_TUPLE || v->type == VALUE_DICT || v->type == VALUE_SET;
}

/* Appends item (shallow) to a container; memory comes from arena. The pointer is valid until the next append. */
struct value *value_append(struct value *container, struct value item, struct arena *arena);
void value_dict_put(struct value *dict, struct value key, struct value item, struct arena *arena);
/* The same for a string key that is thought to stand at position hint (0: the first key), as where two dicts have the same order. */
void value_dict_put_at(struct value *dict, size_t hint, struct value key, struct value item, struct arena *arena);
/* Makes room for count items more; what is in it is undefined. */
void value_reserve(struct value *container, size_t count, struct arena *arena);
/* The value of a string key, or NULL. */
const struct value *value_dict_find(const struct value *dict, struct slice key);
/* The same; inline, so that the length of a literal costs nothing. */
static inline const struct value *value_dict_get(const struct value *dict, const char *key) {
        return value_dict_find(dict, (struct slice){key, strlen(key)});
}
/* Item index of a LIST or TUPLE, or NULL if there is none. */
const struct value *value_item(const struct value *list, size_t index);
/* The text of a STRING or BYTES at index of a list; the empty slice if it is something else. */
struct slice value_item_text(const struct value *list, size_t index);
/* Deep copy into arena; origins are kept by reference. */
struct value value_copy(const struct value *v, struct arena *arena);
/* Same types and contents (origins apart). */
bool value_equal(const struct value *a, const struct value *b);
/* Shortest text of a double that reads back as the same double, in Python's repr form ("1.0", "1e+16", "inf"). */
struct slice value_float_text(double f, struct arena *arena);
