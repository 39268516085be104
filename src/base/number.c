/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers from text, without locale and without leniency: strtol and friends accept too much. */
#include "base/number.h"

#include <errno.h>
#include <limits.h>

#define NUMBER_TEXT_MAX 64

int number_parse_u64(struct slice s, uint64_t *ret) {
        uint64_t total = 0;
        if (s.len == 0)
                return -EINVAL;
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] < '0' || s.data[i] > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(total, (uint64_t)10, &total) ||
                        __builtin_add_overflow(total, (uint64_t)(s.data[i] - '0'), &total))
                        return -ERANGE;
        }
        *ret = total;
        return 0;
}

int number_parse_u32(struct slice s, uint32_t *ret) {
        uint64_t wide;
        int r = number_parse_u64(s, &wide);
        if (r < 0)
                return r;
        if (wide > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t)wide;
        return 0;
}

int number_parse_i64(struct slice s, int64_t *ret) {
        bool negative = s.len > 0 && s.data[0] == '-';
        bool sign = negative || (s.len > 0 && s.data[0] == '+');
        uint64_t magnitude;
        int r = number_parse_u64(slice_sub(s, sign ? 1 : 0, s.len), &magnitude);
        if (r < 0)
                return r;
        if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
                return -ERANGE;
        *ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
        return 0;
}

int number_parse_python_int(struct slice s, int64_t *ret) {
        char plain[NUMBER_TEXT_MAX];
        size_t len = 0;
        s = slice_trim(s);
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] == '_') {
                        bool between = i > 0 && i + 1 < s.len && s.data[i - 1] >= '0' && s.data[i - 1] <= '9' &&
                                s.data[i + 1] >= '0' && s.data[i + 1] <= '9';
                        if (!between)
                                return -EINVAL;
                        continue;
                }
                if (len == sizeof(plain))
                        return -ERANGE;
                plain[len++] = s.data[i];
        }
        return number_parse_i64((struct slice){plain, len}, ret);
}

static size_t digits_at(struct slice s, size_t from) {
        size_t i = from;
        while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9')
                i++;
        return i - from;
}

/* The end of a number's text starting at 0, or 0 if it is none: [+-] (D [. D*] | . D) [e [+-] D] */
static size_t double_extent(struct slice s) {
        size_t i = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;
        size_t whole = digits_at(s, i);
        size_t fraction = 0;
        i += whole;
        if (i < s.len && s.data[i] == '.') {
                fraction = digits_at(s, i + 1);
                i += 1 + fraction;
        }
        if (whole + fraction == 0)
                return 0;
        if (i < s.len && (s.data[i] == 'e' || s.data[i] == 'E')) {
                size_t at = i + 1;
                if (at < s.len && (s.data[at] == '-' || s.data[at] == '+'))
                        at++;
                size_t exponent = digits_at(s, at);
                if (exponent == 0)
                        return 0;
                i = at + exponent;
        }
        return i;
}

int number_parse_double(struct slice s, double *ret) {
        char text[NUMBER_TEXT_MAX + 1];
        s = slice_trim(s);
        if (s.len == 0 || s.len > NUMBER_TEXT_MAX || double_extent(s) != s.len)
                return -EINVAL;
        memcpy(text, s.data, s.len);
        text[s.len] = '\0';
        *ret = strtod(text, NULL);
        return 0;
}

size_t number_print_u64(uint64_t v, char to[static NUMBER_DIGITS_MAX]) {
        char digits[NUMBER_DIGITS_MAX];
        size_t at = sizeof(digits);
        do
                digits[--at] = (char)('0' + v % 10);
        while ((v /= 10) > 0);
        memcpy(to, digits + at, sizeof(digits) - at);
        return sizeof(digits) - at;
}
