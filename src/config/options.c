/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntaxes inside of values. Upstream defines them by regular expressions whose backtracking is
 * part of what users rely on (a stray quote, a blank in an unquoted value), so the matchers below
 * follow their alternatives in the same order. Upstream: helpers.py, 1.1 (extractOptions,
 * splitWithOptions, splitwords); Python's shlex. */
#include "config/options.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/repr.h"
#include "config/text.h"

#define EXCERPT 25 /* characters of faulty text that a message shows */

static bool is_name_char(char c) {
        return text_is_word(c) || c == '-' || c == '.';
}

static size_t skip_name(struct slice text, size_t at) {
        while (at < text.len && is_name_char(text.data[at]))
                at++;
        return at;
}

static bool has_char(struct slice text, size_t at, char c) {
        return at < text.len && text.data[at] == c;
}

size_t options_name_at(struct slice text, size_t from) {
        size_t end = skip_name(text, from);
        if (end == from)
                return 0;
        if (has_char(text, end, '=')) /* not "name?": the condition comes with its own '=' before
                                         that of the option */
                return end - from;
        if (!has_char(text, end, '?'))
                return 0;
        size_t key = skip_name(text, end + 1);
        if (key == end + 1 || !has_char(text, key, '='))
                return 0;
        size_t value = skip_name(text, key + 1);
        return value > key + 1 && has_char(text, value, '=') ? value - from : 0;
}

struct slice options_split_condition(struct slice name, struct slice *ret_condition) {
        size_t word = 0;
        while (word < name.len && text_is_word(name.data[word]))
                word++;
        bool has = word > 0 && word + 1 < name.len && name.data[word] == '?';
        *ret_condition = has ? slice_sub(name, word, name.len) : SLICE("");
        return has ? slice_sub(name, 0, word) : name;
}

/* End of the quoted text that starts at at, behind its closing quote; 0 if it is not quoted or not
 * closed. */
static size_t quoted_end(struct slice text, size_t at) {
        if (!has_char(text, at, '"') && !has_char(text, at, '\''))
                return 0;
        size_t close = slice_find_char(text, text.data[at], at + 1);
        return close < text.len ? close + 1 : 0;
}

static size_t bare_end(struct slice text, size_t at) {
        while (at < text.len && text.data[at] != ',' && text.data[at] != ']')
                at++;
        return at;
}

/* Position behind "]", blanks, "[" at at; 0 if they are not there. */
static size_t next_group(struct slice text, size_t at) {
        if (!has_char(text, at, ']'))
                return 0;
        size_t open = text_skip_blanks(text, at + 1);
        return has_char(text, open, '[') ? open + 1 : 0;
}

/* ---- name[...] ---- */

static bool at_end(struct slice text, size_t at) {
        return at == text.len || (at + 1 == text.len && text.data[at] == '\n');
}

static int fail_after(struct slice text, size_t at, struct slice option, struct arena *arena,
        struct fault *fault) {
        struct slice rest = text_head(slice_sub(text, at, text.len), EXCERPT);
        return fault_raise(fault, "ValueError", "unexpected syntax at %zu after option %.*s: %.*s",
                text_length(slice_sub(text, 0, at)), SLICE_ARG(repr_text(option, arena)),
                SLICE_ARG(rest));
}

static int fail_option(struct slice text, size_t at, struct fault *fault) {
        struct slice rest = text_head(slice_sub(text, at, text.len), EXCERPT);
        return fault_raise(fault, "ValueError", "expected option, wrong syntax at %zu: %.*s",
                text_length(slice_sub(text, 0, at)), SLICE_ARG(rest));
}

/* Parses one "name=value" whose name of so many bytes starts at *at; moves *at behind it and its
 * separator. */
static int parse_option(struct slice text, size_t name_len, size_t *at, struct dict *options,
        struct arena *arena, struct fault *fault) {
        struct slice name = slice_sub(text, *at, *at + name_len);
        size_t start = *at + name_len + 1;
        size_t quoted = quoted_end(text, start);
        size_t end = quoted ? quoted : bare_end(text, start);
        struct slice value =
                quoted ? slice_sub(text, start + 1, end - 1) : slice_sub(text, start, end);
        size_t group = next_group(text, end);
        if (has_char(text, end, ','))
                end++;
        else if (group)
                end = group;
        else if (!at_end(text, end))
                return fail_after(text, end, name, arena, fault);
        *at = end;
        dict_put(options, name, value_string(text_strip(value)), arena);
        return 0;
}

static int parse_options(
        struct slice text, struct dict *options, struct arena *arena, struct fault *fault) {
        size_t at = 0;
        while (at < text.len) {
                size_t start = text_skip_blanks(text, at);
                size_t name_len = options_name_at(text, start);
                if (name_len == 0) {
                        bool comma = has_char(text, at, ',');
                        return text_skip_blanks(text, at + comma) == text.len
                                       ? 0
                                       : fail_option(text, at, fault);
                }
                at = start;
                int r = parse_option(text, name_len, &at, options, arena, fault);
                if (r < 0)
                        return r;
        }
        return 0;
}

int options_parse(struct slice text, struct arena *arena, struct slice *ret_name,
        struct dict *ret_options, struct fault *fault) {
        *ret_options = (struct dict){.count = 0};
        if (text.len > OPTIONS_TEXT_MAX)
                return fault_set(
                        fault, -E2BIG, "options are longer than %u bytes", OPTIONS_TEXT_MAX);
        size_t open = slice_find_char(text, '[', 0);
        struct slice name = slice_sub(text, 0, open);
        struct slice body = text_strip_right(text);
        bool closed = open < text.len && body.len > open + 1 && body.data[body.len - 1] == ']';
        if (name.len == 0 || (open < text.len && !closed))
                return fault_raise(fault, "ValueError", "unexpected option syntax");
        *ret_name = name;
        if (open == text.len)
                return 0;
        /* Parameters outlive the text, and later become names of options. */
        struct slice inner = arena_copy(arena, slice_sub(body, open + 1, body.len - 1));
        return parse_options(inner, ret_options, arena, fault);
}

/* ---- lists of items ---- */

/* Looks for the end of an item's brackets. Where a value ends is ambiguous, so all its ends are
 * tried, the longest first. Whether an end can be found from a position does not depend on the way
 * there: a position that failed is not tried again. */
struct bracket_search {
        struct slice text;
        unsigned char *failed; /* a bit a position */
        unsigned steps;
        unsigned depth;
};

static size_t match_options(struct bracket_search *s, size_t at);

/* Goes on behind a value that ends at end: with a separator, or without. */
static size_t match_rest(struct bracket_search *s, size_t end) {
        size_t at = text_skip_blanks(s->text, end);
        size_t group = next_group(s->text, at);
        size_t behind = has_char(s->text, at, ',') ? at + 1 : group;
        size_t found = behind ? match_options(s, text_skip_blanks(s->text, behind)) : 0;
        return found ? found : match_options(s, at);
}

/* Behind the value of the option whose name of so many bytes starts at at. */
static size_t match_value(struct bracket_search *s, size_t at, size_t name_len) {
        size_t value = at + name_len + 1;
        size_t quoted = quoted_end(s->text, value);
        size_t found = quoted ? match_rest(s, quoted) : 0;
        for (size_t end = bare_end(s->text, value);
                !found && end >= value && s->steps < OPTIONS_STEPS_MAX; end--) {
                s->steps++;
                found = match_rest(s, end);
        }
        return found;
}

/* Returns the position behind the closing bracket, or 0. */
static size_t match_options(struct bracket_search *s, size_t at) {
        unsigned char bit = (unsigned char)(1u << at % 8);
        if ((s->failed[at / 8] & bit) != 0 || s->depth == OPTIONS_COUNT_MAX)
                return 0;
        s->depth++;
        size_t name_len = options_name_at(s->text, at);
        size_t found = name_len > 0 ? match_value(s, at, name_len) : 0;
        if (!found && has_char(s->text, at, ']') &&
                (at + 1 == s->text.len || text_blank_at(s->text, at + 1) > 0))
                found = at + 1;
        if (!found)
                s->failed[at / 8] |= bit;
        s->depth--;
        return found;
}

static size_t word_end(struct slice text, size_t at) {
        while (at < text.len && text_blank_at(text, at) == 0)
                at++;
        return at;
}

static size_t item_end(struct bracket_search *s, size_t start) {
        struct slice text = s->text;
        size_t name = start;
        while (name < text.len && text.data[name] != '[' && text_blank_at(text, name) == 0)
                name++;
        size_t open = text_skip_blanks(text, name);
        bool brackets = name > start && has_char(text, open, '[');
        size_t end = brackets ? match_options(s, text_skip_blanks(text, open + 1)) : 0;
        if (end)
                return end;
        return has_char(text, name, '[') ? word_end(text, start) : name;
}

int options_split(struct slice text, struct arena *arena, struct value *ret, struct fault *fault) {
        *ret = value_list();
        if (text.len > OPTIONS_TEXT_MAX)
                return fault_set(fault, -E2BIG, "list is longer than %u bytes", OPTIONS_TEXT_MAX);
        struct bracket_search search = {.text = text};
        search.failed = arena_alloc(arena, text.len / 8 + 1);
        for (size_t at = text_skip_blanks(text, 0); at < text.len;
                at = text_skip_blanks(text, at)) {
                size_t end = item_end(&search, at);
                (void)value_append(ret, value_string(slice_sub(text, at, end)), arena);
                at = end;
        }
        return 0;
}

void options_split_words(struct slice text, struct value *list, struct arena *arena) {
        for (size_t at = 0; at < text.len;) {
                size_t start = at;
                while (at < text.len && text.data[at] != ',' && text_blank_at(text, at) == 0)
                        at++;
                if (at > start)
                        (void)value_append(list, value_string(slice_sub(text, start, at)), arena);
                size_t blank = text_blank_at(text, at);
                at += blank ? blank : 1;
        }
}

/* ---- shell words ---- */

static bool is_shell_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes the quoted text that opens at *at. Within double quotes a backslash stands before '"' and
 * itself only. */
static int take_quoted(struct slice text, size_t *at, struct buffer *word, struct fault *fault) {
        char quote = text.data[(*at)++];
        while (*at < text.len && text.data[*at] != quote) {
                char next = *at + 1 < text.len ? text.data[*at + 1] : '\0';
                if (quote == '"' && text.data[*at] == '\\') {
                        if (*at + 1 == text.len)
                                return fault_raise(fault, "ValueError", "No escaped character");
                        if (next == '"' || next == '\\')
                                (*at)++;
                }
                (void)buffer_append_char(word, text.data[(*at)++]); /* never longer than text */
        }
        if (*at == text.len)
                return fault_raise(fault, "ValueError", "No closing quotation");
        (*at)++;
        return 0;
}

static int take_shell_word(
        struct slice text, size_t *at, struct buffer *word, struct fault *fault) {
        while (*at < text.len && !is_shell_blank(text.data[*at])) {
                char c = text.data[*at];
                if (c == '"' || c == '\'') {
                        int r = take_quoted(text, at, word, fault);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (c == '\\' && ++*at == text.len)
                        return fault_raise(fault, "ValueError", "No escaped character");
                (void)buffer_append_char(word, text.data[(*at)++]); /* never longer than text */
        }
        return 0;
}

int options_split_shell(
        struct slice text, struct value *list, struct arena *arena, struct fault *fault) {
        struct buffer word = BUFFER_INIT(text.len + 1);
        int r = 0;
        for (size_t at = 0; r == 0;) {
                while (at < text.len && is_shell_blank(text.data[at]))
                        at++;
                if (at == text.len)
                        break;
                buffer_clear(&word);
                r = take_shell_word(text, &at, &word, fault);
                if (r == 0)
                        (void)value_append(
                                list, value_string(arena_copy(arena, buffer_view(&word))), arena);
        }
        buffer_done(&word);
        return r;
}
