/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing trees of values the way Python does; recursion ends at VALUE_DEPTH_MAX. */
#include "main/regex_repr.h"

#include <inttypes.h>
#include <math.h>

#include "config/text.h"

static struct slice repr(const struct value *v, struct arena *arena, unsigned depth);

static struct slice join(struct slice a, struct slice b, struct arena *arena) {
        return arena_printf(arena, "%.*s%.*s", SLICE_ARG(a), SLICE_ARG(b));
}

static struct slice repr_items(const struct value *v, const char *begin, const char *end, struct arena *arena,
        unsigned depth) {
        bool is_dict = v->type == VALUE_DICT;
        struct slice text = slice_of(begin);
        for (size_t i = 0; i < v->list.count; i++) {
                const char *gap = i == 0 ? "" : is_dict && i % 2 == 1 ? ": " : ", ";
                text = join(join(text, slice_of(gap), arena), repr(&v->list.items[i], arena, depth + 1), arena);
        }
        if (v->type == VALUE_TUPLE && v->list.count == 1)
                text = join(text, SLICE(","), arena);
        return join(text, slice_of(end), arena);
}

static struct slice repr(const struct value *v, struct arena *arena, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return SLICE("...");
        switch (v->type) {
        case VALUE_BOOL:
                return v->boolean ? SLICE("True") : SLICE("False");
        case VALUE_INT:
                return arena_printf(arena, "%" PRId64, v->integer);
        case VALUE_FLOAT:
                return value_float_text(v->real, arena);
        case VALUE_STRING:
                return text_repr(v->string, arena);
        case VALUE_BYTES:
                return join(SLICE("b"), text_repr(v->string, arena), arena);
        case VALUE_LIST:
                return repr_items(v, "[", "]", arena, depth);
        case VALUE_TUPLE:
                return repr_items(v, "(", ")", arena, depth);
        case VALUE_DICT:
                return repr_items(v, "{", "}", arena, depth);
        case VALUE_SET:
                return v->list.count == 0 ? SLICE("set()") : repr_items(v, "{", "}", arena, depth);
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return SLICE("None");
}

struct slice regex_repr(const struct value *v, struct arena *arena) {
        return repr(v, arena, 0);
}

struct slice regex_str(const struct value *v, struct arena *arena) {
        if (!v)
                return SLICE("None");
        return v->type == VALUE_STRING ? v->string : repr(v, arena, 0);
}

struct slice regex_repr_matches(const struct value *matches, struct arena *arena) {
        struct value copy = value_list();
        for (size_t i = 0; matches && value_is_container(matches) && i < matches->list.count; i++) {
                struct value item = matches->list.items[i];
                if (item.type == VALUE_LIST)
                        item.type = VALUE_TUPLE;
                (void)value_append(&copy, item, arena);
        }
        return repr(&copy, arena, 0);
}

struct slice regex_repr_time(double seconds, enum regex_time type, struct arena *arena) {
        if (isnan(seconds))
                return SLICE("None");
        if (type == REGEX_TIME_INT)
                return arena_printf(arena, "%.0f", seconds);
        return value_float_text(seconds, arena);
}
