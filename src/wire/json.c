/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jansson reads; what it would make of a text is bounded before it sees it (items, depth), because
 * it spends hundreds of bytes on an empty object. Writing is done here, straight into the buffer.
 */
#include "wire/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "base/repr.h"
#include "base/utf8.h"
#include "wire/frame.h"

static int put(struct buffer *out, const struct value *v, unsigned depth);

/* Counts what opens or separates items, outside of strings. */
static int check_size(struct slice text, struct fault *fault) {
        size_t items = 0;
        size_t depth = 0;
        bool in_string = false;
        for (size_t i = 0; i < text.len; i++) {
                char c = text.data[i];
                if (in_string && c == '\\')
                        i++;
                else if (c == '"')
                        in_string = !in_string;
                if (in_string)
                        continue;
                items += c == '[' || c == '{' || c == ',' || c == ':';
                if (c == '[' || c == '{')
                        depth++;
                else if ((c == ']' || c == '}') && depth > 0)
                        depth--;
                if (depth > VALUE_DEPTH_MAX)
                        return fault_set(fault, -EBADMSG, "JSON is nested too deep");
        }
        if (text.len > JSON_TEXT_MAX || items > JSON_ITEMS_MAX)
                return fault_set(fault, -EBADMSG, "JSON of more than %d items or %zu bytes",
                        JSON_ITEMS_MAX, JSON_TEXT_MAX);
        return 0;
}

static struct value string_of(const char *text, size_t len, struct arena *arena) {
        return value_string(arena_copy(arena, (struct slice){text, len}));
}

static struct value value_of(const json_t *json, struct arena *arena) {
        struct value v = VALUE_OF_NONE;
        switch (json_typeof(json)) {
        case JSON_OBJECT:
                v = value_dict();
                for (void *i = json_object_iter((json_t *)(uintptr_t)json); i;
                        i = json_object_iter_next((json_t *)(uintptr_t)json, i)) {
                        const char *key = json_object_iter_key(i);
                        (void)value_append(&v, string_of(key, strlen(key), arena), arena);
                        (void)value_append(&v, value_of(json_object_iter_value(i), arena), arena);
                }
                return v;
        case JSON_ARRAY:
                v = value_list();
                for (size_t i = 0; i < json_array_size(json); i++)
                        (void)value_append(&v, value_of(json_array_get(json, i), arena), arena);
                return v;
        case JSON_STRING:
                return string_of(json_string_value(json), json_string_length(json), arena);
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
        return v;
}

int json_decode(struct slice text, struct arena *arena, struct value *ret, struct fault *fault) {
        json_error_t error;
        int r = check_size(text, fault);
        if (r < 0)
                return r;
        json_t *json = json_loadb(text.len > 0 ? text.data : "", text.len,
                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        if (!json)
                return fault_set(fault, -EBADMSG, "JSON: line %d, column %d: %s", error.line,
                        error.column, error.text);
        *ret = value_of(json, arena);
        json_decref(json);
        return 0;
}

static int put_char(struct buffer *out, uint32_t code) {
        static const char letters[] = "\"\\\n\r\t\b\f";
        static const char escapes[] = "\"\\nrtbf";
        const char *letter = code > 0 ? strchr(letters, (int)code) : NULL;
        if (letter)
                return buffer_printf(out, "\\%c", escapes[letter - letters]);
        return buffer_printf(out, "\\u%04x", (unsigned)code);
}

static bool is_plain(uint32_t code) {
        return code >= 0x20 && code != '"' && code != '\\' && code != 0x7f;
}

static int put_string(struct buffer *out, struct slice text) {
        bool holds_mark = slice_find(text, SLICE(FRAME_END), 0) < text.len;
        int r = buffer_append_char(out, '"');
        for (size_t at = 0, len; r == 0 && at < text.len; at += len) {
                uint32_t code = 0;
                len = utf8_decode(text, at, &code);
                if (len == 0)
                        r = buffer_append(out, SLICE("\ufffd"));
                else if (is_plain(code) && !(holds_mark && code == '<'))
                        r = buffer_append(out, slice_sub(text, at, at + len));
                else
                        r = put_char(out, code);
                len = len > 0 ? len : 1;
        }
        return r < 0 ? r : buffer_append_char(out, '"');
}

static int put_float(struct buffer *out, double real) {
        struct arena arena = ARENA_INIT;
        int r = buffer_append(out, isfinite(real) ? value_float_text(real, &arena) : SLICE("null"));
        arena_done(&arena);
        return r;
}

/* A key that is no text is shown as Python's str() shows it. */
static int put_key(struct buffer *out, const struct value *key) {
        struct arena arena = ARENA_INIT;
        int r = put_string(out, key->type == VALUE_BYTES ? key->string : repr_str(key, &arena));
        arena_done(&arena);
        return r;
}

static int put_items(struct buffer *out, const struct value *v, unsigned depth) {
        bool is_dict = v->type == VALUE_DICT;
        int r = buffer_append_char(out, is_dict ? '{' : '[');
        for (size_t i = 0; r == 0 && i < v->list.count; i++) {
                bool is_key = is_dict && i % 2 == 0;
                if (i > 0)
                        r = buffer_append_char(out, is_dict && !is_key ? ':' : ',');
                if (r == 0)
                        r = is_key ? put_key(out, &v->list.items[i])
                                   : put(out, &v->list.items[i], depth + 1);
        }
        return r < 0 ? r : buffer_append_char(out, is_dict ? '}' : ']');
}

static int put(struct buffer *out, const struct value *v, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return -ENOBUFS;
        switch (v->type) {
        case VALUE_BOOL:
                return buffer_append(out, v->boolean ? SLICE("true") : SLICE("false"));
        case VALUE_INT:
                return buffer_printf(out, "%" PRId64, v->integer);
        case VALUE_FLOAT:
                return put_float(out, v->real);
        case VALUE_STRING:
        case VALUE_BYTES:
                return put_string(out, v->string);
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_SET:
        case VALUE_DICT:
                return put_items(out, v, depth);
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return buffer_append(out, SLICE("null"));
}

int json_encode(struct buffer *out, const struct value *v) {
        return put(out, v, 0);
}
