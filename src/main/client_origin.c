/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server names what it refuses by its text, not by the command's number. So the command is looked
 * for whose value the error quotes, the longest if there are several. Tags (<HOST>) are replaced
 * before a regex is quoted: what stands between them must be there, in order. */
#include "main/client_origin.h"

#include "base/repr.h"

struct search {
        struct slice error;
        struct arena *arena;
        size_t best; /* bytes quoted of the best text so far */
        const struct value_origin *origin;
};

/* The literal up to the next tag; *rest then starts behind the tag. *ret_is_last: there is no tag. */
static struct slice take_literal(struct slice *rest, bool *ret_is_last) {
        size_t open = slice_find_char(*rest, '<', 0);
        size_t close = slice_find_char(*rest, '>', open);
        bool tag = close < rest->len;
        struct slice literal = slice_sub(*rest, 0, tag ? open : rest->len);
        *rest = slice_sub(*rest, tag ? close + 1 : rest->len, rest->len);
        *ret_is_last = !tag;
        return literal;
}

static bool is_quote(char c) {
        return c == '\'' || c == '"';
}

/* Whether error has a quote, or the beginning of its last word, in front of position at. */
static bool opens(struct slice error, size_t at, size_t len) {
        bool last_word = at + len == error.len && at > 0 && error.data[at - 1] == ' ';
        return last_word || (at > 0 && is_quote(error.data[at - 1]));
}

static bool closes(struct slice error, size_t end) {
        return end == error.len || is_quote(error.data[end]);
}

/* Bytes of text that error quotes, outside tags; 0 if it does not have all of them. */
static size_t quoted_bytes(struct slice error, struct slice text) {
        size_t total = 0;
        size_t at = 0;
        bool is_first = true;
        while (text.len > 0) {
                bool is_last;
                struct slice literal = take_literal(&text, &is_last);
                size_t found = slice_find(error, literal, at);
                while (found < error.len &&
                        ((is_first && literal.len > 0 && !opens(error, found, literal.len)) ||
                                (is_last && !closes(error, found + literal.len))))
                        found = slice_find(error, literal, found + 1);
                if (literal.len > 0 && found >= error.len)
                        return 0;
                at = found + literal.len;
                total += literal.len;
                is_first = false;
        }
        return total;
}

/* The text as it is, or as repr() shows it. */
static size_t quoted_text(struct search *search, struct slice text) {
        size_t plain = quoted_bytes(search->error, text);
        struct slice shown = repr_text(text, search->arena);
        return plain > 0 ? plain : quoted_bytes(search->error, slice_sub(shown, 1, shown.len - 1));
}

static void look_at(
        struct search *search, const struct value *value, const struct value_origin *origin) {
        if (value->origin)
                origin = value->origin;
        if (value->type != VALUE_STRING || !origin)
                return;
        size_t quoted = quoted_text(search, value->string);
        if (quoted > search->best) {
                search->best = quoted;
                search->origin = origin;
        }
}

/* Values stand behind the command's words: set JAIL OPTION VALUE..., set OPTION VALUE, add JAIL
 * BACKEND. They may be lists, of texts or of pairs of a property's name and value. */
static void look_at_command(struct search *search, const struct value *command) {
        if (!value_is_container(command))
                return;
        size_t first = command->list.count > 3 ? 3 : 2;
        for (size_t i = first; i < command->list.count; i++) {
                const struct value *value = &command->list.items[i];
                if (!value_is_container(value)) {
                        look_at(search, value, command->origin);
                        continue;
                }
                for (size_t k = 0; k < value->list.count; k++) {
                        const struct value *item = &value->list.items[k];
                        const struct value *pair = value_item(item, 1);
                        look_at(search, pair ? pair : item,
                                item->origin ? item->origin : command->origin);
                }
        }
}

const struct value_origin *client_origin_find(const struct value *stream, struct slice error) {
        struct arena arena = ARENA_INIT;
        struct search search = {.error = error, .arena = &arena};
        for (size_t i = 0; value_is_container(stream) && i < stream->list.count; i++) {
                look_at_command(&search, &stream->list.items[i]);
                arena_reset(&arena);
        }
        arena_done(&arena);
        return search.origin;
}
