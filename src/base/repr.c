/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPython 3.11's repr(), written straight into a buffer. What counts as printable is Unicode's
 * business: unprintable.def. Nesting ends at VALUE_DEPTH_MAX with "...", so that no value can
 * exhaust the stack. */
#include "base/repr.h"

#include <errno.h>
#include <inttypes.h>

#include "base/utf8.h"

#define REPR_MAX                                                                                   \
        ((size_t)1 << 30) /* of a text in an arena: more than any value that came through a        \
                             channel can give */

static const struct {
        uint32_t first;
        uint32_t last;
} unprintable[] = {
#include "base/unprintable.def"
};

static int put(struct buffer *out, const struct value *v, unsigned depth);

static bool is_printable(uint32_t code) {
        if (code < 0x7f)
                return code >= 0x20;
        size_t low = 0;
        size_t high = sizeof(unprintable) / sizeof(unprintable[0]);
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (unprintable[middle].last < code)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low == sizeof(unprintable) / sizeof(unprintable[0]) || code < unprintable[low].first;
}

static int put_escaped(struct buffer *out, uint32_t code) {
        switch (code) {
        case '\n':
                return buffer_append(out, SLICE("\\n"));
        case '\t':
                return buffer_append(out, SLICE("\\t"));
        case '\r':
                return buffer_append(out, SLICE("\\r"));
        default:
                break;
        }
        if (code < 0x100)
                return buffer_printf(out, "\\x%02x", (unsigned)code);
        if (code < 0x10000)
                return buffer_printf(out, "\\u%04x", (unsigned)code);
        return buffer_printf(out, "\\U%08x", (unsigned)code);
}

static char quote_of(struct slice s) {
        bool has_single = slice_find_char(s, '\'', 0) < s.len;
        return has_single && slice_find_char(s, '"', 0) == s.len ? '"' : '\'';
}

/* Length of what can stand as it is from at on. */
static size_t plain_run(struct slice s, size_t at, char quote, enum value_type type) {
        size_t end = at;
        while (end < s.len) {
                uint32_t code = (unsigned char)s.data[end];
                size_t len = 1;
                if (code >= 0x80)
                        len = type == VALUE_STRING ? utf8_decode(s, end, &code) : 0;
                if (len == 0 || !is_printable(code) || code == '\\' || code == (unsigned char)quote)
                        break;
                end += len;
        }
        return end - at;
}

static int put_quoted(struct buffer *out, struct slice s, enum value_type type) {
        char quote = quote_of(s);
        int r = buffer_append_char(out, quote);
        for (size_t at = 0; r == 0 && at < s.len;) {
                size_t run = plain_run(s, at, quote, type);
                r = buffer_append(out, slice_sub(s, at, at + run));
                at += run;
                if (r < 0 || at == s.len)
                        break;
                uint32_t code = (unsigned char)s.data[at];
                size_t len = type == VALUE_STRING ? utf8_decode(s, at, &code) : 1;
                if (code == '\\' || code == (unsigned char)quote)
                        r = buffer_printf(out, "\\%c", (char)code);
                else
                        r = put_escaped(out, code);
                at += len > 0 ? len : 1;
        }
        return r < 0 ? r : buffer_append_char(out, quote);
}

static int put_items(struct buffer *out, const struct value *v, const char *begin, const char *end,
        unsigned depth) {
        int r = buffer_append(out, slice_of(begin));
        for (size_t i = 0; r == 0 && i < v->list.count; i++) {
                if (i > 0)
                        r = buffer_append(out,
                                v->type == VALUE_DICT && i % 2 == 1 ? SLICE(": ") : SLICE(", "));
                if (r == 0)
                        r = put(out, &v->list.items[i], depth + 1);
        }
        if (r == 0 && v->type == VALUE_TUPLE && v->list.count == 1)
                r = buffer_append_char(out, ',');
        return r < 0 ? r : buffer_append(out, slice_of(end));
}

static int put_float(struct buffer *out, double real) {
        struct arena arena = ARENA_INIT;
        int r = buffer_append(out, value_float_text(real, &arena));
        arena_done(&arena);
        return r;
}

static int put(struct buffer *out, const struct value *v, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return buffer_append(out, SLICE("..."));
        switch (v->type) {
        case VALUE_BOOL:
                return buffer_append(out, v->boolean ? SLICE("True") : SLICE("False"));
        case VALUE_INT:
                return buffer_printf(out, "%" PRId64, v->integer);
        case VALUE_FLOAT:
                return put_float(out, v->real);
        case VALUE_STRING:
                return put_quoted(out, v->string, VALUE_STRING);
        case VALUE_BYTES:
                return buffer_append_char(out, 'b') < 0 ? -ENOBUFS
                                                        : put_quoted(out, v->string, VALUE_BYTES);
        case VALUE_LIST:
                return put_items(out, v, "[", "]", depth);
        case VALUE_TUPLE:
                return put_items(out, v, "(", ")", depth);
        case VALUE_SET:
                if (v->list.count == 0)
                        return buffer_append(out, SLICE("set()"));
                return put_items(out, v, "{", "}", depth);
        case VALUE_DICT:
                return put_items(out, v, "{", "}", depth);
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return buffer_append(out, SLICE("None"));
}

int repr_put_text(struct buffer *out, struct slice text) {
        return put_quoted(out, text, VALUE_STRING);
}

int repr_put(struct buffer *out, const struct value *v) {
        return put(out, v, 0);
}

struct slice repr(const struct value *v, struct arena *arena) {
        struct buffer out = BUFFER_INIT(REPR_MAX);
        (void)repr_put(&out, v); /* cannot be full: see REPR_MAX */
        struct slice text = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return text;
}

struct slice repr_text(struct slice text, struct arena *arena) {
        const struct value v = value_string(text);
        return repr(&v, arena);
}

struct slice repr_str(const struct value *v, struct arena *arena) {
        return v->type == VALUE_STRING ? v->string : repr(v, arena);
}
