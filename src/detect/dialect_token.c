/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tokens of a regex with one token of lookahead, Python's error texts, and the writing of the translation.
 *
 * A backslash at the end of the text is an error as soon as it comes to be the token ahead, as it is in Python. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "base/memory.h"
#include "detect/dialect_parser.h"

static size_t char_len(struct slice text, size_t at) {
        if (at >= text.len)
                return 0;
        size_t len = 1;
        while (at + len < text.len && ((unsigned char)text.data[at + len] & 0xc0) == 0x80)
                len++;
        return len;
}

static void look_ahead(struct dialect_parser *parser, size_t at) {
        parser->next = at;
        parser->next_len = char_len(parser->text, at);
        if (parser->next_len == 0 || parser->text.data[at] != '\\')
                return;
        size_t escaped = char_len(parser->text, at + 1);
        if (escaped == 0)
                token_fail_at(parser, at, "bad escape (end of pattern)");
        else
                parser->next_len += escaped;
}

void token_start(struct dialect_parser *parser) {
        look_ahead(parser, 0);
}

struct slice token_peek(const struct dialect_parser *parser) {
        return slice_sub(parser->text, parser->next, parser->next + parser->next_len);
}

struct slice token_take(struct dialect_parser *parser) {
        struct slice token = token_peek(parser);
        if (token.len > 0)
                look_ahead(parser, parser->next + token.len);
        return token;
}

bool token_is(struct slice token, char c) {
        return token.len == 1 && token.data[0] == c;
}

bool token_match(struct dialect_parser *parser, char c) {
        if (!token_is(token_peek(parser), c))
                return false;
        (void)token_take(parser);
        return true;
}

void token_seek(struct dialect_parser *parser, size_t at) {
        if (!parser->error)
                look_ahead(parser, at);
}

struct slice token_until(struct dialect_parser *parser, char terminator, const char *what) {
        size_t start = parser->next;
        for (;;) {
                struct slice token = token_take(parser);
                struct slice text = slice_sub(parser->text, start, parser->next);
                if (token.len == 0) {
                        if (text.len == 0)
                                token_fail(parser, 0, "missing %s", what);
                        else
                                token_fail_at(parser, start, "missing %c, unterminated name", terminator);
                        return SLICE_NULL;
                }
                if (!token_is(token, terminator))
                        continue;
                if (text.len == 1)
                        token_fail(parser, 1, "missing %s", what);
                return slice_sub(text, 0, text.len - 1);
        }
}

struct slice token_while(struct dialect_parser *parser, size_t max, const char *set) {
        size_t start = parser->next;
        for (size_t i = 0; i < max; i++) {
                struct slice token = token_peek(parser);
                if (token.len != 1 || !strchr(set, token.data[0]) || token.data[0] == '\0')
                        break;
                (void)token_take(parser);
        }
        return slice_sub(parser->text, start, parser->next);
}

size_t token_chars(struct slice s) {
        size_t chars = 0;
        for (size_t i = 0; i < s.len; i++)
                chars += ((unsigned char)s.data[i] & 0xc0) != 0x80;
        return chars;
}

/* s is valid UTF-8 and not empty. */
uint32_t token_code_point(struct slice s) {
        uint32_t c = (unsigned char)s.data[0];
        size_t len = char_len(s, 0);
        if (len == 1)
                return c;
        c &= 0xffU >> (len + 1);
        for (size_t i = 1; i < len; i++)
                c = c << 6 | ((unsigned char)s.data[i] & 0x3fU);
        return c;
}

struct slice token_repr(struct buffer *out, struct slice name) {
        bool has_single = slice_find_char(name, '\'', 0) < name.len;
        char quote = has_single && slice_find_char(name, '"', 0) == name.len ? '"' : '\'';
        (void)buffer_append_char(out, quote);
        for (size_t i = 0; i < name.len; i++) {
                unsigned char c = (unsigned char)name.data[i];
                if (c == '\n' || c == '\r' || c == '\t')
                        (void)buffer_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
                else if (c == '\\' || c == (unsigned char)quote)
                        (void)buffer_printf(out, "\\%c", c);
                else if (c < 0x20 || c == 0x7f)
                        (void)buffer_printf(out, "\\x%02x", c);
                else
                        (void)buffer_append_char(out, (char)c);
        }
        (void)buffer_append_char(out, quote);
        return buffer_view(out);
}

/* ---- errors ---- */

__attribute__((format(printf, 3, 0))) static void fail(struct dialect_parser *parser, size_t position, const char *format,
        va_list args) {
        char *text = NULL;
        if (parser->error)
                return;
        if (vasprintf(&text, format, args) < 0)
                abort();
        size_t chars = 0;
        size_t lines = 1;
        size_t line_start = 0; /* characters */
        bool has_lines = slice_find_char(parser->text, '\n', 0) < parser->text.len;
        struct slice before = parser->text;
        for (size_t i = 0; i < before.len && chars < position; i += char_len(before, i)) {
                chars++;
                if (before.data[i] == '\n') {
                        lines++;
                        line_start = chars;
                }
        }
        if (has_lines)
                parser->error = fault_raise(parser->fault, "error", "%s at position %zu (line %zu, column %zu)", text, position, lines,
                        position - line_start + 1);
        else
                parser->error = fault_raise(parser->fault, "error", "%s at position %zu", text, position);
        free(text);
        parser->next = parser->text.len;
        parser->next_len = 0;
}

void token_fail(struct dialect_parser *parser, size_t back, const char *format, ...) {
        size_t position = token_chars(slice_sub(parser->text, 0, parser->next));
        va_list args;
        va_start(args, format);
        fail(parser, position < back ? 0 : position - back, format, args);
        va_end(args);
}

void token_fail_at(struct dialect_parser *parser, size_t at, const char *format, ...) {
        va_list args;
        va_start(args, format);
        fail(parser, token_chars(slice_sub(parser->text, 0, at)), format, args);
        va_end(args);
}

void token_fail_bare(struct dialect_parser *parser, const char *text) {
        if (!parser->error)
                parser->error = fault_raise(parser->fault, "error", "%s", text);
        parser->next = parser->text.len;
        parser->next_len = 0;
}

/* ---- writing ---- */

static void check_room(struct dialect_parser *parser, int r) {
        if (r >= 0 || parser->error)
                return;
        parser->error = fault_set(parser->fault, -E2BIG, "regular expression is too large");
        parser->next = parser->text.len;
        parser->next_len = 0;
}

void emit(struct dialect_parser *parser, const char *text) {
        check_room(parser, buffer_append(&parser->out->text, slice_of(text)));
}

void emit_number(struct dialect_parser *parser, const char *before, uint64_t number, const char *after) {
        check_room(parser, buffer_printf(&parser->out->text, "%s%llu%s", before, (unsigned long long)number, after));
}

void emit_literal(struct dialect_parser *parser, struct buffer *out, uint32_t code_point) {
        int r;
        if (code_point >= 0x80)
                parser->out->ascii_only = false;
        if (code_point < 0x80 && (isalnum((int)code_point) || code_point == ' ' || code_point == '_'))
                r = buffer_append_char(out, (char)code_point);
        else
                r = buffer_printf(out, "\\x{%x}", code_point);
        check_room(parser, r);
}
