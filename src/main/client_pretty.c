/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's pprint for what streams consist of: lists of lists of texts and numbers. A value that
 * fits into what is left of the width is written as it is; otherwise a list has one item a line,
 * and a text is cut at its newlines, then at blanks, into quoted pieces. Differs: dictionaries are
 * never broken (the only one in a stream has one entry). Upstream: Python's pprint.py, 3.11. */
#include "main/client_pretty.h"

#include "base/buffer.h"
#include "base/repr.h"

#define TEXT_MAX ((size_t)256 << 20)

struct pretty {
        struct buffer out;
        struct arena *arena;
};

static size_t length(struct slice s) {
        size_t count = 0;
        for (size_t i = 0; i < s.len; i++)
                count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
        return count;
}

static void put(struct pretty *p, struct slice piece) {
        (void)buffer_append(&p->out, piece); /* the stream has been bounded when it was read */
}

static void new_line(struct pretty *p, size_t indent) {
        put(p, SLICE("\n"));
        for (; indent > 0; indent--)
                put(p, SLICE(" "));
}

/* Writes one piece of a text; all but the first begin a line. */
static void put_piece(struct pretty *p, struct slice piece, size_t indent, bool *is_first) {
        if (!*is_first)
                new_line(p, indent);
        *is_first = false;
        put(p, repr_text(piece, p->arena));
}

static bool is_blank(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The word at the beginning of s, with the blanks behind it. */
static size_t word_len(struct slice s) {
        size_t at = 0;
        while (at < s.len && !is_blank(s.data[at]))
                at++;
        while (at < s.len && is_blank(s.data[at]))
                at++;
        return at;
}

/* Cuts a line that is too long between its words. last: how much less fits behind the last word. */
static void put_words(struct pretty *p, struct slice line, size_t indent, size_t width, size_t last,
        bool *is_first) {
        size_t start = 0;
        size_t at = 0;
        while (at < line.len) {
                size_t next = at + word_len(slice_sub(line, at, line.len));
                size_t room = next == line.len ? width - last : width;
                if (length(repr_text(slice_sub(line, start, next), p->arena)) > room) {
                        if (at > start)
                                put_piece(p, slice_sub(line, start, at), indent, is_first);
                        start = at;
                }
                at = next;
        }
        if (start < line.len)
                put_piece(p, slice_sub(line, start, line.len), indent, is_first);
}

static void put_text(struct pretty *p, struct slice text, size_t indent, size_t allowance) {
        bool is_first = true;
        size_t width = CLIENT_PRETTY_WIDTH - indent;
        for (size_t at = 0; at < text.len;) {
                size_t end = slice_find_char(text, '\n', at);
                end += end < text.len;
                size_t last = end == text.len ? allowance : 0;
                struct slice line = slice_sub(text, at, end);
                if (length(repr_text(line, p->arena)) <= width - last)
                        put_piece(p, line, indent, &is_first);
                else
                        put_words(p, line, indent, width, last, &is_first);
                at = end;
        }
}

static void put_value(
        struct pretty *p, const struct value *value, size_t indent, size_t allowance) {
        struct slice whole = repr(value, p->arena);
        bool fits = length(whole) + indent + allowance <= CLIENT_PRETTY_WIDTH;
        if (fits || indent + allowance >= CLIENT_PRETTY_WIDTH ||
                (value->type != VALUE_LIST && value->type != VALUE_STRING)) {
                put(p, whole);
                return;
        }
        if (value->type == VALUE_STRING) {
                put_text(p, value->string, indent, allowance);
                return;
        }
        indent += CLIENT_PRETTY_INDENT;
        put(p, SLICE("[ "));
        for (size_t i = 0; i < value->list.count; i++) {
                bool is_last = i + 1 == value->list.count;
                put_value(p, &value->list.items[i], indent, is_last ? allowance + 1 : 1);
                if (!is_last) {
                        put(p, SLICE(","));
                        new_line(p, indent);
                }
        }
        put(p, SLICE("]"));
}

struct slice client_pretty(const struct value *value, struct arena *arena) {
        struct pretty p = {.out = BUFFER_INIT(TEXT_MAX), .arena = arena};
        put_value(&p, value, 0, 0);
        struct slice text = arena_copy(arena, buffer_view(&p.out));
        buffer_done(&p.out);
        return text;
}
