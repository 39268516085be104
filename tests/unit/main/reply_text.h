/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values for tests of printing, written as JSON with "(" and ")" for tuples and N for None. */
#pragma once

#include <stdlib.h>

#include "base/value.h"

static inline struct value reply_parse(const char **at, struct arena *arena);

static inline void reply_skip(const char **at) {
        while (**at == ' ' || **at == ',' || **at == ':')
                ++*at;
}

static inline struct value reply_parse_items(
        const char **at, struct value list, char end, struct arena *arena) {
        for (reply_skip(at); **at != end && **at; reply_skip(at))
                (void)value_append(&list, reply_parse(at, arena), arena);
        ++*at;
        return list;
}

static inline struct value reply_parse_text(const char **at, struct arena *arena) {
        const char *end = strchr(*at, '\'');
        struct value text =
                value_string(arena_copy(arena, (struct slice){*at, (size_t)(end - *at)}));
        *at = end + 1;
        return text;
}

static inline struct value reply_parse(const char **at, struct arena *arena) {
        char c = *(*at)++;
        if (c == '[')
                return reply_parse_items(at, value_list(), ']', arena);
        if (c == '(')
                return reply_parse_items(at, value_tuple(), ')', arena);
        if (c == '{')
                return reply_parse_items(at, value_dict(), '}', arena);
        if (c == '\'')
                return reply_parse_text(at, arena);
        if (c == 'N')
                return VALUE_OF_NONE;
        if (c == 'T' || c == 'F')
                return value_bool(c == 'T');
        char *end;
        double number = strtod(*at - 1, &end);
        bool is_float = memchr(*at - 1, '.', (size_t)(end - *at + 1)) != NULL;
        *at = end;
        return is_float ? value_float(number) : value_int((int64_t)number);
}

static inline struct value reply_text(const char *text, struct arena *arena) {
        return reply_parse(&text, arena);
}
