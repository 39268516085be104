/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A broken piece is one byte, but for what the end of the text breaks off. */
#include "detect/hz.h"

#include "detect/multibyte.h"
#include "detect/text_out.h"

struct decoder {
        bool is_shifted; /* to GB 2312 */
        struct text_out out;
};

static size_t take_tilde(struct decoder *d, const unsigned char *p, size_t left) {
        if (left < 2)
                return text_out_put_broken(&d->out, left);
        if (p[1] == (d->is_shifted ? '}' : '{'))
                d->is_shifted = !d->is_shifted;
        else if (p[1] == '~' && !d->is_shifted)
                text_out_put(&d->out, '~');
        else if (p[1] != '\n' || d->is_shifted)
                return text_out_put_broken(&d->out, 1);
        return 2;
}

static bool is_end(const unsigned char *p, size_t left) {
        return left == 1 && (p[0] == '\n' || p[0] == '\r');
}

static size_t take_pair(struct decoder *d, const unsigned char *p, size_t left) {
        if (!d->out.is_broken && is_end(p, left))
                return left;
        if (left < 2)
                return text_out_put_broken(&d->out, left);
        struct multibyte_char c = multibyte_of_set(MULTIBYTE_GB2312, p[0] - 0x20U, p[1] - 0x20U);
        if (c.code == 0)
                return text_out_put_broken(&d->out, 1);
        text_out_put(&d->out, c.code);
        return 2;
}

/* Takes what stands at p, of so many bytes. Returns its length. */
static size_t take(struct decoder *d, const unsigned char *p, size_t left) {
        if (p[0] == '~')
                return take_tilde(d, p, left);
        if (p[0] >= 0x80)
                return text_out_put_broken(&d->out, 1);
        if (d->is_shifted)
                return take_pair(d, p, left);
        text_out_put(&d->out, p[0]);
        return 1;
}

struct slice hz_decode(struct slice raw, struct arena *arena, bool *ret_broken) {
        struct decoder d = {0};
        *ret_broken = false;
        if (slice_is_ascii(raw) && slice_find_char(raw, '~', 0) == raw.len)
                return raw;
        d.out = text_out_new(raw.len, arena);
        for (size_t at = 0; at < raw.len;)
                at += take(&d, (const unsigned char *)raw.data + at, raw.len - at);
        *ret_broken = d.out.is_broken;
        return (struct slice){d.out.text, d.out.len};
}
