/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digits zero of Unicode 14 (those that PCRE2 10.42 and Python 3.11 know); each is followed by its digits one to nine. */
#include "detect/digit.h"

#include <errno.h>

#include "base/number.h"

#define DIGIT_TEXT_MAX 64 /* bytes of an integer worth reading */

static const uint32_t zeros[] = {
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
        0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
        0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
        0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
        0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
};

uint32_t digit_decode_utf8(struct slice text, size_t at, size_t *ret_len) {
        const unsigned char *p = (const unsigned char *)text.data + at;
        size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
        if (len > text.len - at)
                len = 1; /* not valid UTF-8: never happens after line_decode() */
        *ret_len = len;
        if (len == 1)
                return p[0];
        uint32_t c = p[0] & (0xffU >> (len + 1));
        for (size_t i = 1; i < len; i++)
                c = c << 6 | (p[i] & 0x3f);
        return c;
}

size_t digit_value(struct slice text, int *ret) {
        if (text.len == 0)
                return 0;
        size_t len;
        uint32_t c = digit_decode_utf8(text, 0, &len);
        for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]) && zeros[i] <= c; i++) {
                if (c - zeros[i] > 9)
                        continue;
                *ret = (int)(c - zeros[i]);
                return len;
        }
        return 0;
}

struct slice digit_to_ascii(struct slice text, char *buffer, size_t size) {
        size_t count = 0;
        for (size_t at = 0; at < text.len;) {
                int value;
                size_t len = digit_value(slice_sub(text, at, text.len), &value);
                if (count == size)
                        return SLICE_NULL;
                buffer[count++] = len > 0 ? (char)('0' + value) : text.data[at];
                at += len > 0 ? len : 1;
        }
        return (struct slice){buffer, count};
}

int digit_parse_int(struct slice text, int64_t *ret) {
        char plain[DIGIT_TEXT_MAX];
        if (text.len > 0 && digit_to_ascii(text, plain, sizeof(plain)).len == 0)
                return -ERANGE;
        return number_parse_python_int(digit_to_ascii(text, plain, sizeof(plain)), ret);
}
