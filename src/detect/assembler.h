/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code in the making: bytes, and jumps to places that are not known yet. For x86-64. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSEMBLER_BYTES_MAX ((size_t)1 << 20)
#define ASSEMBLER_NOWHERE SIZE_MAX

/* Bytes that will hold how far a label is from something; of a jump, only one if that is enough. */
struct assembler_fixup {
        size_t at;   /* of the bytes */
        size_t from; /* what the distance is counted from */
        size_t label;
        uint8_t width; /* four, or two in tables */
        uint8_t jump;  /* bytes of the jump in front of it, or 0 */
        bool is_short;
};

/* Zeroed: empty. */
struct assembler {
        uint8_t *bytes;
        size_t len, capacity;
        size_t *labels; /* where they are, also when jumps are short; or ASSEMBLER_NOWHERE */
        size_t label_count, label_capacity;
        struct assembler_fixup *fixups;
        size_t fixup_count, fixup_capacity;
        bool is_full; /* there was more than ASSEMBLER_BYTES_MAX: it is good for nothing */
};

void assembler_done(struct assembler *assembler);

/* Appends bytes, and integers with the low byte first. */
void assembler_put(struct assembler *assembler, const void *bytes, size_t len);
void assembler_put_u8(struct assembler *assembler, uint8_t value);
void assembler_put_u32(struct assembler *assembler, uint32_t value);
void assembler_put_u64(struct assembler *assembler, uint64_t value);
#define ASSEMBLER_PUT(assembler, ...)                                                              \
        assembler_put((assembler), (const uint8_t[]){__VA_ARGS__},                                 \
                sizeof((const uint8_t[]){__VA_ARGS__}))

/* A label, which is nowhere so far. */
size_t assembler_label(struct assembler *assembler);
/* The label is here. */
void assembler_place(struct assembler *assembler, size_t label);
/* Appends the label's distance from behind these four bytes, or, in two bytes, from another place.
 */
void assembler_put_distance(struct assembler *assembler, size_t label);
void assembler_put_distance_from(struct assembler *assembler, size_t from, size_t label);

/* What conditional jumps ask, as the second byte of their code. */
enum assembler_if {
        ASSEMBLER_BELOW = 0x82,
        ASSEMBLER_NOT_BELOW = 0x83, /* and: the bit was clear is BELOW's opposite */
        ASSEMBLER_EQUAL = 0x84,
        ASSEMBLER_NOT_EQUAL = 0x85,
        ASSEMBLER_NOT_ABOVE = 0x86,
        ASSEMBLER_ABOVE = 0x87,
        ASSEMBLER_NEGATIVE = 0x88,
};
void assembler_jump(struct assembler *assembler, size_t label);
void assembler_jump_if(struct assembler *assembler, enum assembler_if condition, size_t label);

/* Makes jumps short where they can be, which moves what is behind them, and fills in the distances.
 * Returns false if a label is nowhere, or too far for two bytes, or if the code is too long. Once
 * only. */
bool assembler_finish(struct assembler *assembler);
