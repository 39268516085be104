/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 ends at any other character, which is text unless it is a minus sign; or, if bits are left
 * that should not be, a part of the broken piece. */
#include "detect/utf7.h"

#include <stdint.h>

#include "detect/text_out.h"

#define UNIT_BITS 16
#define DIGIT_BITS 6

struct decoder {
        bool is_shifted; /* to base64 */
        uint32_t bits;   /* of a unit that is not whole yet */
        unsigned bit_count;
        uint32_t high; /* surrogate that waits for another; 0: none */
        struct text_out out;
};

/* Of base64; -1: none. */
static int digit_of(unsigned char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void put_unit(struct decoder *d, uint32_t unit) {
        bool is_high = unit >= 0xd800 && unit < 0xdc00, is_low = unit >= 0xdc00 && unit < 0xe000;
        uint32_t high = d->high;
        d->high = is_high ? unit : 0;
        if (high && is_low) {
                text_out_put(&d->out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
                return;
        }
        if (high)
                (void)text_out_put_broken(&d->out, 0);
        if (is_low)
                (void)text_out_put_broken(&d->out, 0);
        else if (!is_high)
                text_out_put(&d->out, unit);
}

static void take_digit(struct decoder *d, unsigned digit) {
        d->bits = d->bits << DIGIT_BITS | digit;
        d->bit_count += DIGIT_BITS;
        if (d->bit_count < UNIT_BITS)
                return;
        d->bit_count -= UNIT_BITS;
        uint32_t unit = d->bits >> d->bit_count;
        d->bits &= (1U << d->bit_count) - 1;
        put_unit(d, unit);
}

/* A character that is not of base64. */
static size_t take_end(struct decoder *d, unsigned char c) {
        d->is_shifted = false;
        if (d->bit_count >= DIGIT_BITS || d->bits != 0)
                return text_out_put_broken(&d->out, 1);
        if (d->high && c < 0x80)
                (void)text_out_put_broken(&d->out, 0);
        return c == '-' ? 1 : 0;
}

static size_t take_plus(struct decoder *d, const unsigned char *p, size_t left) {
        if (left > 1 && p[1] == '-') {
                text_out_put(&d->out, '+');
                return 2;
        }
        if (left > 1 && digit_of(p[1]) < 0)
                return text_out_put_broken(&d->out, 2);
        d->is_shifted = true;
        d->bits = 0;
        d->bit_count = 0;
        d->high = 0;
        return 1;
}

/* Takes what stands at p, of so many bytes. Returns its length. */
static size_t take(struct decoder *d, const unsigned char *p, size_t left) {
        int digit = d->is_shifted ? digit_of(p[0]) : -1;
        if (digit >= 0) {
                take_digit(d, (unsigned)digit);
                return 1;
        }
        if (d->is_shifted)
                return take_end(d, p[0]);
        if (p[0] == '+')
                return take_plus(d, p, left);
        if (p[0] >= 0x80)
                return text_out_put_broken(&d->out, 1);
        text_out_put(&d->out, p[0]);
        return 1;
}

struct slice utf7_decode(struct slice raw, struct arena *arena, bool *ret_broken) {
        struct decoder d = {0};
        *ret_broken = false;
        if (slice_is_ascii(raw) && slice_find_char(raw, '+', 0) == raw.len)
                return raw;
        d.out = text_out_new(raw.len, arena);
        for (size_t at = 0; at < raw.len;)
                at += take(&d, (const unsigned char *)raw.data + at, raw.len - at);
        if (d.is_shifted && (d.high || d.bit_count >= DIGIT_BITS || d.bits != 0))
                (void)text_out_put_broken(&d.out, 0);
        *ret_broken = d.out.is_broken;
        return (struct slice){d.out.text, d.out.len};
}
