/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server names what it refuses by its text, not by the command's number. So the command is looked
 * for whose text the error quotes most of. Tags (<HOST>) are replaced before a regex is quoted:
 * what stands between them must be there, in order. */
#include "main/client_origin.h"

#define QUOTED_MIN 2 /* bytes; what is shorter is in any error by chance */

struct search {
        struct slice error;
        size_t best; /* bytes quoted of the best text so far */
        const struct value_origin *origin;
};

/* The literal up to the next tag; *rest then starts behind the tag. */
static struct slice take_literal(struct slice *rest) {
        size_t open = slice_find_char(*rest, '<', 0);
        size_t close = slice_find_char(*rest, '>', open);
        struct slice literal = slice_sub(*rest, 0, close < rest->len ? open : rest->len);
        *rest = slice_sub(*rest, close < rest->len ? close + 1 : rest->len, rest->len);
        return literal;
}

/* Bytes of text that error has, outside tags; 0 if it does not have all of them. */
static size_t quoted_bytes(struct slice error, struct slice text) {
        size_t total = 0;
        size_t at = 0;
        while (text.len > 0) {
                struct slice literal = take_literal(&text);
                size_t found = slice_find(error, literal, at);
                if (literal.len > 0 && found == error.len)
                        return 0;
                at = found + literal.len;
                total += literal.len;
        }
        return total;
}

static void look_at(
        struct search *search, const struct value *value, const struct value_origin *origin) {
        if (value->origin)
                origin = value->origin;
        if (value_is_container(value)) {
                for (size_t i = 0; i < value->list.count; i++)
                        look_at(search, &value->list.items[i], origin);
                return;
        }
        if (value->type != VALUE_STRING || !origin)
                return;
        size_t quoted = quoted_bytes(search->error, value->string);
        if (quoted >= QUOTED_MIN && quoted > search->best) {
                search->best = quoted;
                search->origin = origin;
        }
}

const struct value_origin *client_origin_find(const struct value *stream, struct slice error) {
        struct search search = {.error = error};
        if (value_is_container(stream))
                look_at(&search, stream, NULL);
        return search.origin;
}
