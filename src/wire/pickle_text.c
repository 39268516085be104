/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's str may hold bytes that are no text, as lone surrogates (PEP 383). Here they are those
 * bytes themselves, and pickle_encode.c makes surrogates of them again. */
#include "wire/pickle_text.h"

#include <errno.h>
#include <math.h>

#include "base/number.h"
#include "base/utf8.h"

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads exactly count hexadecimal digits from at on. */
static bool read_hex(struct slice s, size_t at, size_t count, uint32_t *ret) {
        if (count > s.len - at)
                return false;
        *ret = 0;
        for (size_t i = 0; i < count; i++) {
                int digit = hex_digit(s.data[at + i]);
                if (digit < 0)
                        return false;
                *ret = *ret << 4 | (uint32_t)digit;
        }
        return true;
}

/* Appends code; a surrogate that stands for a byte is that byte. Returns the number of bytes, 0 if
 * code is no character. */
static size_t put_code(char *out, uint32_t code) {
        if (code >= 0xdc80 && code <= 0xdcff) {
                *out = (char)(code & 0xff);
                return 1;
        }
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        return utf8_encode(code, out);
}

int pickle_text_utf8(struct slice s, struct arena *arena, struct value *ret, struct fault *fault) {
        char *out = arena_alloc(arena, s.len + 1);
        size_t end = 0;
        for (size_t at = 0, len; at < s.len; at += len) {
                uint32_t code;
                len = utf8_decode(s, at, &code);
                if (len > 0) {
                        memcpy(out + end, s.data + at, len);
                        end += len;
                        continue;
                }
                /* ED B2 80 .. ED B3 BF */
                unsigned char second = at + 2 < s.len ? (unsigned char)s.data[at + 1] : 0;
                unsigned char third = second ? (unsigned char)s.data[at + 2] : 0;
                if ((unsigned char)s.data[at] != 0xed || (second != 0xb2 && second != 0xb3) ||
                        (third & 0xc0) != 0x80)
                        return fault_set(fault, -EBADMSG,
                                "'utf-8' codec can't decode byte 0x%02x in position %zu",
                                (unsigned)(unsigned char)s.data[at], at);
                out[end++] = (char)((second == 0xb2 ? 0x80 : 0xc0) | (third & 0x3f));
                len = 3;
        }
        *ret = value_string((struct slice){out, end});
        return 0;
}

static struct slice latin1(struct slice s, struct arena *arena) {
        char *out = arena_alloc(arena, 2 * s.len + 1);
        size_t end = 0;
        for (size_t i = 0; i < s.len; i++)
                end += utf8_encode((unsigned char)s.data[i], out + end);
        return (struct slice){out, end};
}

int pickle_text_old(struct slice s, struct arena *arena, struct value *ret, struct fault *fault) {
        (void)fault;
        *ret = value_string(utf8_is_valid(s) ? arena_copy(arena, s) : latin1(s, arena));
        return 0;
}

/* The escape after a backslash at at - 1. Returns how many bytes it takes with its result in *ret;
 * 0: none, the backslash stays. */
static size_t read_escape(struct slice s, size_t at, char *ret) {
        static const char letters[] = "\\'\"abfnrtv";
        static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";
        const char *letter = s.data[at] ? strchr(letters, s.data[at]) : NULL;
        uint32_t code = 0;
        size_t len = 0;
        if (letter) {
                *ret = meanings[letter - letters];
                return 1;
        }
        if (s.data[at] == 'x' && read_hex(s, at + 1, 2, &code)) {
                *ret = (char)code;
                return 3;
        }
        while (len < 3 && at + len < s.len && s.data[at + len] >= '0' && s.data[at + len] <= '7')
                code = code << 3 | (uint32_t)(s.data[at + len++] - '0');
        if (len > 0)
                *ret = (char)(code & 0xff);
        return len;
}

int pickle_text_quoted(
        struct slice line, struct arena *arena, struct value *ret, struct fault *fault) {
        struct slice s = slice_trim_right(line);
        if (s.len < 2 || s.data[0] != s.data[s.len - 1] || (s.data[0] != '\'' && s.data[0] != '"'))
                return fault_set(fault, -EBADMSG, "the STRING opcode argument must be quoted");
        s = slice_sub(s, 1, s.len - 1);
        char *out = arena_alloc(arena, s.len + 1);
        size_t end = 0;
        for (size_t at = 0; at < s.len;) {
                out[end] = s.data[at++];
                if (out[end] == '\\' && at < s.len)
                        at += read_escape(s, at, &out[end]);
                end++;
        }
        return pickle_text_old((struct slice){out, end}, arena, ret, fault);
}

int pickle_text_escaped(
        struct slice line, struct arena *arena, struct value *ret, struct fault *fault) {
        char *out = arena_alloc(arena, 2 * line.len + 1);
        size_t end = 0;
        for (size_t at = 0; at < line.len;) {
                char c = line.data[at++];
                char next = c == '\\' && at < line.len ? line.data[at] : 0;
                if (next != 'u' && next != 'U') {
                        end += utf8_encode((unsigned char)c, out + end);
                        if (next == '\\') /* escapes nothing, but is not the beginning of an escape
                                             either */
                                out[end++] = line.data[at++];
                        continue;
                }
                size_t digits = next == 'u' ? 4 : 8;
                uint32_t code;
                size_t len = read_hex(line, at + 1, digits, &code) ? put_code(out + end, code) : 0;
                if (len == 0)
                        return fault_set(fault, -EBADMSG,
                                "'rawunicodeescape' codec can't decode the escape in position %zu",
                                at - 1);
                end += len;
                at += 1 + digits;
        }
        *ret = value_string((struct slice){out, end});
        return 0;
}

int pickle_text_int(struct slice line, struct value *ret, struct fault *fault) {
        int64_t integer;
        if (slice_is(line, "00") || slice_is(line, "01")) {
                *ret = value_bool(line.data[1] == '1');
                return 0;
        }
        if (number_parse_i64(slice_trim(line), &integer) < 0)
                return fault_set(fault, -EBADMSG, "could not convert string to int");
        *ret = value_int(integer);
        return 0;
}

int pickle_text_long(struct slice line, struct value *ret, struct fault *fault) {
        if (line.len > 0 && line.data[line.len - 1] == 'L')
                line.len--;
        int64_t integer;
        if (number_parse_i64(slice_trim(line), &integer) < 0)
                return fault_set(fault, -EBADMSG, "could not convert string to int of 64 bits");
        *ret = value_int(integer);
        return 0;
}

int pickle_text_float(struct slice line, struct value *ret, struct fault *fault) {
        double real;
        struct slice s = slice_trim(line);
        bool negative = slice_has_prefix(s, SLICE("-"));
        struct slice word = slice_sub(s, negative ? 1 : 0, s.len);
        if (slice_is(word, "inf"))
                real = negative ? -(double)INFINITY : (double)INFINITY;
        else if (slice_is(word, "nan"))
                real = (double)NAN;
        else if (number_parse_double(s, &real) < 0)
                return fault_set(fault, -EBADMSG, "could not convert string to float");
        *ret = value_float(real);
        return 0;
}

int pickle_text_binary_long(struct slice bytes, struct value *ret, struct fault *fault) {
        uint64_t integer = 0;
        unsigned char sign =
                bytes.len > 0 && ((unsigned char)bytes.data[bytes.len - 1] & 0x80) ? 0xff : 0;
        for (size_t i = 0; i < 8; i++)
                integer |= (uint64_t)(i < bytes.len ? (unsigned char)bytes.data[i] : sign)
                           << (8 * i);
        bool fits = bytes.len <= 8 || ((integer >> 63) != 0) == (sign != 0);
        for (size_t i = 8; i < bytes.len; i++)
                fits = fits && (unsigned char)bytes.data[i] == sign;
        if (!fits)
                return fault_set(fault, -EBADMSG, "integer of more than 64 bits");
        *ret = value_int((int64_t)integer);
        return 0;
}
