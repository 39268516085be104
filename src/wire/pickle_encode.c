/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol 4 in one frame, without memo. A text that holds the mark which ends frames on the
 * control socket (a log line of an attacker may) is written in the old escaped form, where the
 * mark's bytes do not occur; so no reply can be cut by its content. Between texts stand only
 * opcodes and lengths, which never complete a mark. */
#include <errno.h>

#include "base/utf8.h"
#include "wire/frame.h"
#include "wire/pickle.h"

#define FRAME_HEADER 9 /* opcode and length */

static int put(struct buffer *out, const struct value *v, unsigned depth);

static int put_code(struct buffer *out, unsigned char code) {
        return buffer_append_char(out, (char)code);
}

/* An opcode and the low size bytes of number, little-endian. */
static int put_number(struct buffer *out, unsigned char code, uint64_t number, size_t size) {
        char bytes[9] = {(char)code};
        for (size_t i = 0; i < size; i++)
                bytes[1 + i] = (char)(number >> (8 * i) & 0xff);
        return buffer_append(out, (struct slice){bytes, 1 + size});
}

static int put_int(struct buffer *out, int64_t integer) {
        uint64_t bits = (uint64_t)integer;
        if (integer >= 0 && integer <= 0xff)
                return put_number(out, 'K', bits, 1);
        if (integer >= 0 && integer <= 0xffff)
                return put_number(out, 'M', bits, 2);
        if (integer >= INT32_MIN && integer <= INT32_MAX)
                return put_number(out, 'J', bits, 4);
        int r = put_number(out, 0x8a, 8, 1);
        char bytes[8];
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(bits >> (8 * i) & 0xff);
        return r < 0 ? r : buffer_append(out, (struct slice){bytes, sizeof(bytes)});
}

static int put_float(struct buffer *out, double real) {
        uint64_t bits;
        char bytes[9] = {'G'};
        memcpy(&bits, &real, sizeof(bits));
        for (size_t i = 0; i < 8; i++)
                bytes[1 + i] = (char)(bits >> (56 - 8 * i) & 0xff);
        return buffer_append(out, (struct slice){bytes, sizeof(bytes)});
}

/* Bytes that are no UTF-8 become the lone surrogates that Python has for them (PEP 383). */
static int put_repaired(struct buffer *out, struct slice text) {
        int r = 0;
        for (size_t at = 0, len; r == 0 && at < text.len; at += len) {
                uint32_t code;
                len = utf8_decode(text, at, &code);
                if (len > 0) {
                        r = buffer_append(out, slice_sub(text, at, at + len));
                        continue;
                }
                unsigned char byte = (unsigned char)text.data[at];
                const char surrogate[] = {(char)0xed, (char)(byte < 0xc0 ? 0xb2 : 0xb3),
                        (char)(0x80 | (byte & 0x3f))};
                r = buffer_append(out, (struct slice){surrogate, sizeof(surrogate)});
                len = 1;
        }
        return r;
}

static size_t repaired_len(struct slice text) {
        size_t total = 0;
        uint32_t code;
        for (size_t at = 0, len; at < text.len; at += len) {
                len = utf8_decode(text, at, &code);
                total += len > 0 ? len : 3;
                len = len > 0 ? len : 1;
        }
        return total;
}

static int put_escaped(struct buffer *out, struct slice text) {
        int r = put_code(out, 'V');
        for (size_t at = 0, len; r == 0 && at < text.len; at += len) {
                uint32_t code;
                len = utf8_decode(text, at, &code);
                if (len == 0)
                        code = 0xdc00U | (unsigned char)text.data[at];
                bool plain = code >= 0x20 && code < 0x7f && code != '\\' && code != '<';
                r = plain            ? put_code(out, (unsigned char)code)
                    : code < 0x10000 ? buffer_printf(out, "\\u%04x", (unsigned)code)
                                     : buffer_printf(out, "\\U%08x", (unsigned)code);
                len = len > 0 ? len : 1;
        }
        return r < 0 ? r : put_code(out, '\n');
}

static int put_text(struct buffer *out, struct slice text) {
        if (slice_find(text, SLICE(FRAME_END), 0) < text.len)
                return put_escaped(out, text);
        bool valid = utf8_is_valid(text);
        size_t len = valid ? text.len : repaired_len(text);
        int r = len < 0x100         ? put_number(out, 0x8c, len, 1)
                : len <= UINT32_MAX ? put_number(out, 'X', len, 4)
                                    : -ENOBUFS;
        if (r < 0)
                return r;
        return valid ? buffer_append(out, text) : put_repaired(out, text);
}

static int put_bytes(struct buffer *out, struct slice bytes) {
        int r = bytes.len < 0x100         ? put_number(out, 'C', bytes.len, 1)
                : bytes.len <= UINT32_MAX ? put_number(out, 'B', bytes.len, 4)
                                          : -ENOBUFS;
        return r < 0 ? r : buffer_append(out, bytes);
}

static int put_items(struct buffer *out, const struct value *v, unsigned depth) {
        int r = 0;
        for (size_t i = 0; r == 0 && i < v->list.count; i++)
                r = put(out, &v->list.items[i], depth + 1);
        return r;
}

/* An empty container, and its items behind a mark. */
static int put_container(struct buffer *out, const struct value *v, unsigned depth,
        unsigned char empty, unsigned char extend) {
        int r = put_code(out, empty);
        if (r < 0 || v->list.count == 0)
                return r;
        r = put_code(out, '(');
        if (r == 0)
                r = put_items(out, v, depth);
        return r < 0 ? r : put_code(out, extend);
}

static int put_tuple(struct buffer *out, const struct value *v, unsigned depth) {
        static const unsigned char codes[] = {')', 0x85, 0x86, 0x87, 't'};
        size_t count = v->list.count < 4 ? v->list.count : 4;
        int r = count == 4 ? put_code(out, '(') : 0;
        if (r == 0)
                r = put_items(out, v, depth);
        return r < 0 ? r : put_code(out, codes[count]);
}

static int put(struct buffer *out, const struct value *v, unsigned depth) {
        if (depth > VALUE_DEPTH_MAX)
                return -ENOBUFS;
        switch (v->type) {
        case VALUE_BOOL:
                return put_code(out, v->boolean ? 0x88 : 0x89);
        case VALUE_INT:
                return put_int(out, v->integer);
        case VALUE_FLOAT:
                return put_float(out, v->real);
        case VALUE_STRING:
                return put_text(out, v->string);
        case VALUE_BYTES:
                return put_bytes(out, v->string);
        case VALUE_LIST:
                return put_container(out, v, depth, ']', 'e');
        case VALUE_TUPLE:
                return put_tuple(out, v, depth);
        case VALUE_DICT:
                return put_container(out, v, depth, '}', 'u');
        case VALUE_SET:
                return put_container(out, v, depth, 0x8f, 0x90);
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return put_code(out, 'N');
}

static int put_class(struct buffer *out, struct slice class) {
        size_t dot = class.len;
        while (dot > 0 && class.data[dot - 1] != '.')
                dot--;
        struct slice module = dot > 0 ? slice_sub(class, 0, dot - 1) : SLICE("builtins");
        int r = put_text(out, module);
        if (r == 0)
                r = put_text(out, slice_sub(class, dot, class.len));
        return r < 0 ? r : put_code(out, 0x93);
}

static int put_error(struct buffer *out, const struct pickle_reply *reply) {
        struct value single = reply->value;
        struct value arguments = reply->value;
        if (!value_is_container(&arguments)) {
                arguments.list.items = &single;
                arguments.list.count = 1;
        }
        arguments.type = VALUE_TUPLE;
        int r = put_number(out, 'K', 1, 1);
        if (r == 0)
                r = put_class(out, reply->error_class);
        if (r == 0)
                r = put(out, &arguments, 1);
        if (r == 0)
                r = put_code(out, 'R');
        return r < 0 ? r : put_code(out, 0x86);
}

static int put_reply(struct buffer *out, const struct pickle_reply *reply) {
        int r;
        switch (reply->outcome) {
        case PICKLE_OK:
                r = put_number(out, 'K', 0, 1);
                if (r == 0)
                        r = put(out, &reply->value, 1);
                return r < 0 ? r : put_code(out, 0x86);
        case PICKLE_ERROR:
                return put_error(out, reply);
        case PICKLE_RAW:
                break;
        }
        return put(out, &reply->value, 0);
}

int pickle_encode_reply(struct buffer *out, const struct pickle_reply *reply) {
        size_t before = buffer_len(out);
        int r = buffer_append(out, SLICE("\x80\x04\x95\0\0\0\0\0\0\0\0"));
        if (r == 0)
                r = put_reply(out, reply);
        if (r == 0)
                r = put_code(out, '.');
        if (r < 0) {
                out->end -= buffer_len(out) - before;
                return r;
        }
        size_t size = buffer_len(out) - before - 2 - FRAME_HEADER;
        char *length = out->bytes + out->end - size - 8;
        for (size_t i = 0; i < 8; i++)
                length[i] = (char)((uint64_t)size >> (8 * i) & 0xff);
        return 0;
}

int pickle_encode(struct buffer *out, const struct value *v) {
        return pickle_encode_reply(out, &(struct pickle_reply){.outcome = PICKLE_RAW, .value = *v});
}
