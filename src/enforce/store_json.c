/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written by hand, because the bytes must be Python's: ", " and ": " between, only quotes,
 * backslashes and control characters escaped. Read by jansson: the file is root's own, and it is
 * checked anyway. */
#include "enforce/store_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/repr.h"
#include "base/utf8.h"

#define REPLACEMENT SLICE("\xef\xbf\xbd")

static int put(struct buffer *out, const struct value *v, unsigned depth);

static int put_escape(struct buffer *out, unsigned char c) {
        switch (c) {
        case '"':
                return buffer_append(out, SLICE("\\\""));
        case '\\':
                return buffer_append(out, SLICE("\\\\"));
        case '\n':
                return buffer_append(out, SLICE("\\n"));
        case '\r':
                return buffer_append(out, SLICE("\\r"));
        case '\t':
                return buffer_append(out, SLICE("\\t"));
        case '\f':
                return buffer_append(out, SLICE("\\f"));
        case '\b':
                return buffer_append(out, SLICE("\\b"));
        default:
                return buffer_printf(out, "\\u%04x", (unsigned)c);
        }
}

/* Length of what may stand as it is from at on. */
static size_t plain_len(struct slice s, size_t at) {
        size_t i = at;
        uint32_t code;
        while (i < s.len) {
                unsigned char c = (unsigned char)s.data[i];
                if (c < 0x20 || c == '"' || c == '\\')
                        break;
                size_t step = c < 0x80 ? 1 : utf8_decode(s, i, &code);
                if (step == 0)
                        break;
                i += step;
        }
        return i - at;
}

/* bad: what stands for an invalid byte. */
static int put_string(struct buffer *out, struct slice s, struct slice bad) {
        int r = buffer_append_char(out, '"');
        for (size_t i = 0; i < s.len && r == 0;) {
                size_t plain = plain_len(s, i);
                r = buffer_append(out, slice_sub(s, i, i + plain));
                i += plain;
                if (i == s.len || r < 0)
                        break;
                unsigned char c = (unsigned char)s.data[i++];
                r = c >= 0x80 ? buffer_append(out, bad) : put_escape(out, c);
        }
        return r < 0 ? r : buffer_append_char(out, '"');
}

static int put_float(struct buffer *out, double f) {
        struct arena arena = ARENA_INIT;
        struct slice text = isnan(f)   ? SLICE("NaN")
                            : isinf(f) ? (f < 0 ? SLICE("-Infinity") : SLICE("Infinity"))
                                       : value_float_text(f, &arena);
        int r = buffer_append(out, text);
        arena_done(&arena);
        return r;
}

static int put_items(struct buffer *out, const struct value *v, unsigned depth) {
        int r = buffer_append_char(out, '[');
        for (size_t i = 0; i < v->list.count && r == 0; i++) {
                if (i > 0)
                        r = buffer_append(out, SLICE(", "));
                if (r == 0)
                        r = put(out, &v->list.items[i], depth + 1);
        }
        return r < 0 ? r : buffer_append_char(out, ']');
}

/* Keys are text, whatever they were. */
static int put_key(struct buffer *out, const struct value *key) {
        if (key->type == VALUE_STRING || key->type == VALUE_BYTES)
                return put_string(out, key->string, SLICE("?"));
        int r = buffer_append_char(out, '"');
        if (r == 0)
                r = put(out, key, VALUE_DEPTH_MAX);
        return r < 0 ? r : buffer_append_char(out, '"');
}

static int put_dict(struct buffer *out, const struct value *v, unsigned depth) {
        int r = buffer_append_char(out, '{');
        for (size_t i = 0; i + 1 < v->list.count && r == 0; i += 2) {
                if (i > 0)
                        r = buffer_append(out, SLICE(", "));
                if (r == 0)
                        r = put_key(out, &v->list.items[i]);
                if (r == 0)
                        r = buffer_append(out, SLICE(": "));
                if (r == 0)
                        r = put(out, &v->list.items[i + 1], depth + 1);
        }
        return r < 0 ? r : buffer_append_char(out, '}');
}

/* Upstream's adapter makes a list of a set, and text of the list. */
static int put_set(struct buffer *out, const struct value *v) {
        struct arena arena = ARENA_INIT;
        struct value list = *v;
        list.type = VALUE_LIST;
        int r = put_string(out, repr(&list, &arena), SLICE("?"));
        arena_done(&arena);
        return r;
}

static int put(struct buffer *out, const struct value *v, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return -ENOBUFS;
        switch (v->type) {
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                return buffer_append(out, SLICE("null"));
        case VALUE_BOOL:
                return buffer_append(out, v->boolean ? SLICE("true") : SLICE("false"));
        case VALUE_INT:
                return buffer_printf(out, "%" PRId64, v->integer);
        case VALUE_FLOAT:
                return put_float(out, v->real);
        case VALUE_STRING:
                return put_string(out, v->string, SLICE("?"));
        case VALUE_BYTES:
                return put_string(out, v->string, REPLACEMENT);
        case VALUE_LIST:
        case VALUE_TUPLE:
                return put_items(out, v, depth);
        case VALUE_DICT:
                return put_dict(out, v, depth);
        case VALUE_SET:
                return put_set(out, v);
        }
        return -ENOBUFS;
}

int store_json_put(struct buffer *out, const struct value *v) {
        return put(out, v, 0);
}

static struct value convert(const json_t *json, struct arena *arena, unsigned depth);

static struct value convert_object(const json_t *json, struct arena *arena, unsigned depth) {
        struct value dict = value_dict();
        json_t *item;
        void *object = json_object_iter(
                (json_t *)(uintptr_t)json); /* jansson's iterators want it not const */
        for (; object; object = json_object_iter_next((json_t *)(uintptr_t)json, object)) {
                item = json_object_iter_value(object);
                struct slice key = arena_copy(arena, slice_of(json_object_iter_key(object)));
                value_dict_put(&dict, value_string(key), convert(item, arena, depth + 1), arena);
        }
        return dict;
}

static struct value convert_array(const json_t *json, struct arena *arena, unsigned depth) {
        struct value list = value_list();
        for (size_t i = 0; i < json_array_size(json); i++)
                (void)value_append(
                        &list, convert(json_array_get(json, i), arena, depth + 1), arena);
        return list;
}

static struct value convert(const json_t *json, struct arena *arena, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return VALUE_OF_NONE;
        switch (json_typeof(json)) {
        case JSON_OBJECT:
                return convert_object(json, arena, depth);
        case JSON_ARRAY:
                return convert_array(json, arena, depth);
        case JSON_STRING:
                return value_string(arena_copy(
                        arena, (struct slice){json_string_value(json), json_string_length(json)}));
        case JSON_INTEGER:
                return value_int(json_integer_value(json));
        case JSON_REAL:
                return value_float(json_real_value(json));
        case JSON_TRUE:
        case JSON_FALSE:
                return value_bool(json_is_true(json));
        case JSON_NULL:
                break;
        }
        return VALUE_OF_NONE;
}

static struct slice repair_utf8(struct slice text, struct arena *arena) {
        uint32_t code;
        if (utf8_is_valid(text))
                return text;
        char *to = arena_alloc(arena, text.len * REPLACEMENT.len + 1);
        size_t len = 0;
        for (size_t i = 0; i < text.len;) {
                size_t step = utf8_decode(text, i, &code);
                struct slice piece = step ? slice_sub(text, i, i + step) : REPLACEMENT;
                memcpy(to + len, piece.data, piece.len);
                len += piece.len;
                i += step ? step : 1;
        }
        return (struct slice){to, len};
}

int store_json_get(struct slice text, struct arena *arena, struct value *ret) {
        json_error_t error;
        if (text.len > STORE_JSON_MAX)
                return -EBADMSG;
        text = repair_utf8(text, arena);
        json_t *json = json_loadb(text.data ? text.data : "", text.len, JSON_ALLOW_NUL, &error);
        if (!json)
                return -EBADMSG;
        int r = json_is_object(json) ? 0 : -EBADMSG;
        if (r == 0)
                *ret = convert(json, arena, 0);
        json_decref(json);
        return r;
}
