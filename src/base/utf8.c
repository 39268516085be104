/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sequence at a time. Whether a code point needs its sequence's length, and is one at all, is
 * asked of the result: simpler than ranges of second bytes. Source: RFC 3629. */
#include "base/utf8.h"

static size_t sequence_len(unsigned char lead) {
        if (lead < 0x80)
                return 1;
        if (lead < 0xc2 || lead > 0xf4)
                return 0;
        return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t utf8_decode(struct slice s, size_t at, uint32_t *ret) {
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned char lead = (unsigned char)s.data[at];
        size_t len = sequence_len(lead);
        if (len == 0 || len > s.len - at)
                return 0;
        uint32_t code = len == 1 ? lead : lead & (0x7fU >> len);
        for (size_t i = 1; i < len; i++) {
                unsigned char c = (unsigned char)s.data[at + i];
                if ((c & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (c & 0x3f);
        }
        if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        *ret = code;
        return len;
}

size_t utf8_encode(uint32_t code, char buffer[static UTF8_SEQUENCE_MAX]) {
        if (code < 0x80) {
                buffer[0] = (char)code;
                return 1;
        }
        size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        for (size_t i = len - 1; i > 0; i--, code >>= 6)
                buffer[i] = (char)(0x80 | (code & 0x3f));
        buffer[0] = (char)((0xf00U >> len & 0xff) | code);
        return len;
}

bool utf8_is_valid(struct slice s) {
        uint32_t code;
        for (size_t at = 0, len; at < s.len; at += len) {
                len = utf8_decode(s, at, &code);
                if (len == 0)
                        return false;
        }
        return true;
}
