/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No byte at the line's end is read, nor one behind it. A place may be the end only where the
 * newline may have been taken before (regex_ends.h): there it is compared with the end. */
#include "detect/emitter.h"

/* How many bytes of a number are added to a register: two bits of the byte in front of it. */
#define NUMBER_MODES 0xc0U
#define NUMBER_NONE 0U
#define NUMBER_S8 0x40U
#define NUMBER_U32 0x80U
#define ADD_OF_U32 0x81

size_t emitter_index(const struct emitter *emitter, const struct regex_op *op) {
        return (size_t)(op - emitter->code->ops);
}

size_t emitter_label(struct emitter *emitter, const struct regex_op *op) {
        size_t index = emitter_index(emitter, op);
        if (op->kind == REGEX_OP_FAIL)
                return emitter->fail;
        if (!emitter->is_reached[index])
                emitter->waiting[emitter->waiting_count++] = op;
        emitter->is_reached[index] = true;
        return index;
}

void emitter_put_u32(struct emitter *emitter, size_t value) {
        assembler_put_u32(emitter->out, (uint32_t)value);
}

void emitter_put_at(struct emitter *emitter, int32_t number, const uint8_t *bytes, size_t len) {
        bool is_none = number == 0, is_short = number >= INT8_MIN && number <= INT8_MAX;
        unsigned mode = is_none ? NUMBER_NONE : is_short ? NUMBER_S8 : NUMBER_U32;
        assembler_put(emitter->out, bytes, len - 1);
        assembler_put_u8(emitter->out, (uint8_t)((bytes[len - 1] & ~NUMBER_MODES) | mode));
        if (mode == NUMBER_S8)
                assembler_put_u8(emitter->out, (uint8_t)number);
        else if (mode == NUMBER_U32)
                emitter_put_u32(emitter, (uint32_t)number);
}

void emitter_add(struct emitter *emitter, uint32_t number, const uint8_t instruction[static 3]) {
        bool is_short = number <= INT8_MAX;
        PUT(emitter, instruction[0], is_short ? instruction[1] : ADD_OF_U32, instruction[2]);
        if (is_short)
                assembler_put_u8(emitter->out, (uint8_t)number);
        else
                emitter_put_u32(emitter, number);
}

void emitter_fail_if(struct emitter *emitter, enum assembler_if condition) {
        assembler_jump_if(emitter->out, condition, emitter->fail);
}

bool emitter_set_has_newline(const struct emitter *emitter, const struct regex_op *op) {
        return (emitter->code->sets['\n'] & op->set) != 0;
}

bool emitter_may_be_at_end(const struct emitter *emitter, const struct regex_op *op) {
        return emitter->may_be_at_end[emitter_index(emitter, op)];
}

bool emitter_is_checked(const struct emitter *emitter, const struct regex_op *op) {
        return emitter->is_checked[emitter_index(emitter, op)];
}

void emitter_fail_at_end(struct emitter *emitter, const struct regex_op *op) {
        if (!emitter_may_be_at_end(emitter, op))
                return;
        PUT(emitter, CMP_RDI_RSI);
        emitter_fail_if(emitter, ASSEMBLER_NOT_BELOW);
}

void emitter_test_set(struct emitter *emitter, uint64_t set) {
        if (set == 0) {
                PUT(emitter, 0x31, 0xc0); /* xor eax, eax: equal */
                return;
        }
        unsigned bit = (unsigned)__builtin_ctzll(set);
        PUT(emitter, TEST_SETS_OF_CHAR, (uint8_t)(bit / 8), (uint8_t)(1U << bit % 8));
}

void emitter_load_and_test(struct emitter *emitter, uint64_t set) {
        PUT(emitter, LOAD_CHAR);
        emitter_test_set(emitter, set);
}

static void compare_bytes(struct emitter *emitter, const char *bytes, size_t at, size_t width) {
        if (width == 8)
                PUT(emitter, MOV_RAX_U64);
        else if (width == 4)
                PUT_AT(emitter, (int32_t)at, CMP_U32_AT_RDI);
        else
                PUT_AT(emitter, (int32_t)at, CMP_U8_AT_RDI);
        assembler_put(emitter->out, bytes + at, width);
        if (width == 8)
                PUT_AT(emitter, (int32_t)at, CMP_RAX_AT_RDI);
}

static size_t width_of(struct slice text) {
        return text.len >= 8 ? 8 : text.len >= 4 ? 4 : 1;
}

/* The last bytes may be looked at twice. */
static void compare_pieces(struct emitter *emitter, struct slice text, size_t otherwise) {
        size_t width = width_of(text);
        for (size_t at = 0; at < text.len; at += width) {
                compare_bytes(
                        emitter, text.data, at + width <= text.len ? at : text.len - width, width);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, otherwise);
        }
}

void emitter_compare_text(struct emitter *emitter, struct slice text, size_t otherwise) {
        PUT_AT(emitter, (int32_t)text.len, LEA_RAX_AT_RDI);
        PUT(emitter, CMP_RAX_RSI);
        assembler_jump_if(emitter->out, ASSEMBLER_ABOVE, otherwise);
        compare_pieces(emitter, text, otherwise);
}

/* Byte by byte there is always one more to look at, as long as none of them was the newline. */
void emitter_take_text(struct emitter *emitter, const struct regex_op *op) {
        struct slice text = op->text;
        bool is_inside = width_of(text) == 1 && !emitter_may_be_at_end(emitter, op) &&
                         slice_find_char(text, '\n', 0) == text.len;
        if (is_inside)
                compare_pieces(emitter, text, emitter->fail);
        else
                emitter_compare_text(emitter, text, emitter->fail);
        PUT_ADD(emitter, (uint32_t)text.len, ADD_RDI_S8);
}

void emitter_take_or(struct emitter *emitter, uint64_t set, size_t otherwise) {
        emitter_load_and_test(emitter, set);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, otherwise);
        PUT(emitter, INC_RDI);
}

void emitter_take_first(struct emitter *emitter, const struct regex_op *op) {
        if (emitter_is_checked(emitter, op)) {
                PUT(emitter, INC_RDI);
                return;
        }
        emitter_fail_at_end(emitter, op);
        emitter_take_or(emitter, op->set, emitter->fail);
}

void emitter_push(struct emitter *emitter, size_t label) {
        PUT_AT(emitter, FRAME(choices_end), CMP_RCX_FRAME);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, emitter->gave_up);
        PUT(emitter, LEA_RAX_LABEL);
        assembler_put_distance(emitter->out, label);
        PUT(emitter, 0x48, 0x89, 0x01);     /* mov [rcx], rax */
        PUT(emitter, 0x48, 0x89, 0x79, 8);  /* mov [rcx + 8], rdi */
        PUT(emitter, 0x4c, 0x89, 0x41, 24); /* mov [rcx + 24], r8 */
        PUT(emitter, 0x48, 0x83, 0xc1, 32); /* add rcx, 32 */
}
