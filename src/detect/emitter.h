/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of regex_emit.c share: a program on its way to machine code.
 *
 * Registers: rdi place in the line, rsi its end, rdx frame (regex_frame_base()), rcx behind the
 * newest choice, r8 groups that have matched, r9 table of sets; rax, r10 and r11 are for use within
 * an operation. */
#pragma once

#include "detect/regex_emit.h"
#include "detect/x86.h"

#define FRAME(member) ((int32_t)offsetof(struct regex_frame, member) - REGEX_FRAME_BASE)
#define FRAME_ITEM(member, index)                                                                  \
        (FRAME(member) + (int32_t)((index) * sizeof(((struct regex_frame *)0)->member[0])))

_Static_assert(sizeof(struct regex_choice) == 32 && offsetof(struct regex_choice, at) == 8 &&
                       offsetof(struct regex_choice, until) == 16 &&
                       offsetof(struct regex_choice, groups) == 24,
        "as the code below has it");

/* By the next character, which op is run: the table, and where its distances are. */
struct emitter_table {
        const uint16_t *ops;
        size_t label;
};

struct emitter {
        struct regex_code *code;
        struct assembler *out;
        bool *may_be_at_end; /* by operation */
        bool *is_checked;    /* that what it takes first is there */
        bool *is_reached;
        bool *is_placed;
        const struct regex_op **waiting; /* that jumps lead to */
        size_t waiting_count;
        struct emitter_table *tables; /* one for an operation at most */
        size_t table_count;
        size_t fail, miss, gave_up; /* labels; an operation's label is its index */
        bool has_failed;
};

#define PUT(emitter, ...) ASSEMBLER_PUT((emitter)->out, __VA_ARGS__)

size_t emitter_index(const struct emitter *emitter, const struct regex_op *op);
/* The operation's label, which will be somewhere. */
size_t emitter_label(struct emitter *emitter, const struct regex_op *op);
void emitter_put_u32(struct emitter *emitter, size_t value);
/* Appends an instruction that ends in the byte that tells how a number of four bytes is added to a
 * register, as x86.h has it, and the number in as few bytes as hold it. */
void emitter_put_at(struct emitter *emitter, int32_t number, const uint8_t *bytes, size_t len);
#define PUT_AT(emitter, number, ...)                                                               \
        emitter_put_at((emitter), (number), (const uint8_t[]){__VA_ARGS__},                        \
                sizeof((const uint8_t[]){__VA_ARGS__}))
/* Appends an instruction that adds a number of one byte to a register, but for that byte, and the
 * number; of one that takes four bytes, if it has to. */
void emitter_add(struct emitter *emitter, uint32_t number, const uint8_t instruction[static 3]);
#define PUT_ADD(emitter, number, ...)                                                              \
        emitter_add((emitter), (number), (const uint8_t[]){__VA_ARGS__})
void emitter_fail_if(struct emitter *emitter, enum assembler_if condition);

bool emitter_set_has_newline(const struct emitter *emitter, const struct regex_op *op);
bool emitter_may_be_at_end(const struct emitter *emitter, const struct regex_op *op);
bool emitter_is_checked(const struct emitter *emitter, const struct regex_op *op);
void emitter_fail_at_end(struct emitter *emitter, const struct regex_op *op);

/* Whether the set has the character in eax: then not equal. The second one reads it first. */
void emitter_test_set(struct emitter *emitter, uint64_t set);
void emitter_load_and_test(struct emitter *emitter, uint64_t set);
/* Goes to the label if the text does not stand at the place. */
void emitter_compare_text(struct emitter *emitter, struct slice text, size_t otherwise);
/* REGEX_OP_TEXT. */
void emitter_take_text(struct emitter *emitter, const struct regex_op *op);
/* Passes over a character of the set, or goes to the label. */
void emitter_take_or(struct emitter *emitter, uint64_t set, size_t otherwise);
/* The first character that an operation must take; fails if it is not there. */
void emitter_take_first(struct emitter *emitter, const struct regex_op *op);

/* Pushes a choice: label, place, groups. */
void emitter_push(struct emitter *emitter, size_t label);
