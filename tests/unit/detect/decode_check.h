/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines, and what a decoder makes of them. */
#pragma once

#include "../cmocka_include.h"
#include "base/arena.h"

#define R "\ufffd"

struct decode_row {
        const char *raw;
        const char *text;
        bool broken;
};

typedef struct slice decode_function(struct slice raw, struct arena *arena, bool *ret_broken);

static inline void decode_check(
        decode_function *decode, const struct decode_row *rows, size_t count) {
        for (size_t i = 0; i < count; i++) {
                struct arena arena = ARENA_INIT;
                bool broken = !rows[i].broken;
                struct slice text = decode(slice_of(rows[i].raw), &arena, &broken);
                if (!slice_is(text, rows[i].text) || broken != rows[i].broken)
                        fail_msg("row %zu: '%.*s'", i, SLICE_ARG(text));
                arena_done(&arena);
        }
}
