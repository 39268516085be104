/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A broken piece is one byte, but for what the end of the text breaks off. */
#include "detect/hz.h"

#include "base/utf8.h"
#include "detect/multibyte.h"

#define BROKEN 0xfffd

struct decoder {
        bool is_shifted; /* to GB 2312 */
        bool is_broken;
        char *text;
        size_t len;
};

static void put(struct decoder *d, uint32_t code) {
        d->len += utf8_encode(code, d->text + d->len);
}

/* Returns how much is skipped. */
static size_t put_broken(struct decoder *d, size_t len) {
        d->is_broken = true;
        put(d, BROKEN);
        return len;
}

static size_t take_tilde(struct decoder *d, const unsigned char *p, size_t left) {
        if (left < 2)
                return put_broken(d, left);
        if (p[1] == (d->is_shifted ? '}' : '{'))
                d->is_shifted = !d->is_shifted;
        else if (p[1] == '~' && !d->is_shifted)
                put(d, '~');
        else if (p[1] != '\n' || d->is_shifted)
                return put_broken(d, 1);
        return 2;
}

static bool is_end(const unsigned char *p, size_t left) {
        return left == 1 && (p[0] == '\n' || p[0] == '\r');
}

static size_t take_pair(struct decoder *d, const unsigned char *p, size_t left) {
        if (!d->is_broken && is_end(p, left))
                return left;
        if (left < 2)
                return put_broken(d, left);
        struct multibyte_char c = multibyte_of_set(MULTIBYTE_GB2312, p[0] - 0x20U, p[1] - 0x20U);
        if (c.code == 0)
                return put_broken(d, 1);
        put(d, c.code);
        return 2;
}

/* Takes what stands at p, of so many bytes. Returns its length. */
static size_t take(struct decoder *d, const unsigned char *p, size_t left) {
        if (p[0] == '~')
                return take_tilde(d, p, left);
        if (p[0] >= 0x80)
                return put_broken(d, 1);
        if (d->is_shifted)
                return take_pair(d, p, left);
        put(d, p[0]);
        return 1;
}

struct slice hz_decode(struct slice raw, struct arena *arena, bool *ret_broken) {
        struct decoder d = {0};
        *ret_broken = false;
        if (slice_is_ascii(raw) && slice_find_char(raw, '~', 0) == raw.len)
                return raw;
        d.text = arena_alloc(arena, raw.len * 3 + UTF8_SEQUENCE_MAX); /* a byte gives 3 at most */
        for (size_t at = 0; at < raw.len;)
                at += take(&d, (const unsigned char *)raw.data + at, raw.len - at);
        *ret_broken = d.is_broken;
        return (struct slice){d.text, d.len};
}
