/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What base/repr.c cannot know: which lists were tuples in Python, and which times were integers.
 */
#include "main/regex_repr.h"

#include <math.h>

#include "base/repr.h"

struct slice regex_repr_matches(const struct value *matches, struct arena *arena) {
        struct value copy = value_list();
        for (size_t i = 0; i < matches->list.count; i++) {
                struct value item = matches->list.items[i];
                if (item.type == VALUE_LIST)
                        item.type = VALUE_TUPLE;
                (void)value_append(&copy, item, arena);
        }
        return repr(&copy, arena);
}

struct slice regex_repr_time(double seconds, enum regex_time type, struct arena *arena) {
        if (isnan(seconds))
                return SLICE("None");
        if (type == REGEX_TIME_INT)
                return arena_printf(arena, "%.0f", seconds);
        return value_float_text(seconds, arena);
}
