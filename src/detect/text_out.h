/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that a decoder of shifting encodings makes of a line: UTF-8, with U+FFFD for each piece
 * that is broken. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/utf8.h"

#define TEXT_OUT_BYTE_MAX 3 /* bytes of text that one of a line gives at most */

struct text_out {
        char *text;
        size_t len;
        bool is_broken;
};

/* Empty, with room for what a line of so many bytes gives. */
static inline struct text_out text_out_new(size_t raw_len, struct arena *arena) {
        return (struct text_out){
                .text = arena_alloc_raw(arena, raw_len + UTF8_SEQUENCE_MAX, TEXT_OUT_BYTE_MAX)};
}

static inline void text_out_put(struct text_out *out, uint32_t code) {
        out->len += utf8_encode(code, out->text + out->len);
}

/* Returns len, the bytes of the line that are skipped for it. */
static inline size_t text_out_put_broken(struct text_out *out, size_t len) {
        out->is_broken = true;
        text_out_put(out, 0xfffd);
        return len;
}
