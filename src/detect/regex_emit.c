/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation becomes a few instructions, and runs on into the one behind it. Where it fails, the
 * newest choice is taken up; the oldest one of all is to have failed. A choice remembers which
 * groups had matched: that is enough to take captures back, as none is set twice (regex_tree.c).
 *
 * Registers: rdi place in the line, rsi its end, rdx frame, rcx behind the newest choice, r8 groups
 * that have matched, r9 table of sets; rax, r10 and r11 are for use within an operation.
 *
 * No byte at the end is read, nor one behind it. A place may be the end only where the newline may
 * have been taken before: there it is compared with the end, elsewhere it need not be. */
#include "detect/regex_emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "detect/regex_ends.h"
#include "detect/regex_targets.h"
#include "detect/x86.h"

#define FRAME(member) ((uint32_t)offsetof(struct regex_frame, member))
#define FRAME_ITEM(member, index)                                                                  \
        (FRAME(member) + (uint32_t)((index) * sizeof(((struct regex_frame *)0)->member[0])))

_Static_assert(sizeof(struct regex_choice) == 32 && offsetof(struct regex_choice, at) == 8 &&
                       offsetof(struct regex_choice, until) == 16 &&
                       offsetof(struct regex_choice, groups) == 24,
        "as the code below has it");

struct emitter {
        struct regex_code *code;
        struct assembler *out;
        bool *may_be_at_end; /* by operation */
        bool *is_reached;
        bool *is_placed;
        const struct regex_op **waiting; /* that jumps lead to */
        size_t waiting_count;
        size_t fail, miss, gave_up; /* labels; an operation's label is its index */
        bool has_failed;
};

#define PUT(emitter, ...) ASSEMBLER_PUT((emitter)->out, __VA_ARGS__)

static size_t index_of(const struct emitter *emitter, const struct regex_op *op) {
        return (size_t)(op - emitter->code->ops);
}

/* The operation's label, which will be somewhere. */
static size_t label_of(struct emitter *emitter, const struct regex_op *op) {
        size_t index = index_of(emitter, op);
        if (op->kind == REGEX_OP_FAIL)
                return emitter->fail;
        if (!emitter->is_reached[index])
                emitter->waiting[emitter->waiting_count++] = op;
        emitter->is_reached[index] = true;
        return index;
}

static void put_u32(struct emitter *emitter, size_t value) {
        assembler_put_u32(emitter->out, (uint32_t)value);
}

static void fail_if(struct emitter *emitter, enum assembler_if condition) {
        assembler_jump_if(emitter->out, condition, emitter->fail);
}

/* ---- characters and texts ---- */

static bool set_has_newline(const struct emitter *emitter, const struct regex_op *op) {
        return (emitter->code->sets['\n'] & op->set) != 0;
}

static bool may_be_at_end(const struct emitter *emitter, const struct regex_op *op) {
        return emitter->may_be_at_end[index_of(emitter, op)];
}

static void fail_at_end(struct emitter *emitter, const struct regex_op *op) {
        if (!may_be_at_end(emitter, op))
                return;
        PUT(emitter, CMP_RDI_RSI);
        fail_if(emitter, ASSEMBLER_NOT_BELOW);
}

/* Of the character in eax: not equal, if the set has it. */
static void test_set(struct emitter *emitter, uint64_t set) {
        if (set == 0) {
                PUT(emitter, 0x31, 0xc0); /* xor eax, eax: equal */
                return;
        }
        unsigned bit = (unsigned)__builtin_ctzll(set);
        PUT(emitter, TEST_SETS_OF_CHAR, (uint8_t)(bit / 8), (uint8_t)(1U << bit % 8));
}

static void load_and_test(struct emitter *emitter, uint64_t set) {
        PUT(emitter, LOAD_CHAR);
        test_set(emitter, set);
}

static void compare_bytes(struct emitter *emitter, const char *bytes, size_t at, size_t width) {
        if (width == 8)
                PUT(emitter, 0x48, 0xb8); /* mov rax, U64 */
        else if (width == 4)
                PUT(emitter, 0x81, 0xbf); /* cmp dword [rdi + U32], U32 */
        else
                PUT(emitter, 0x80, 0xbf); /* cmp byte [rdi + U32], U8 */
        if (width < 8)
                put_u32(emitter, at);
        assembler_put(emitter->out, bytes + at, width);
        if (width < 8)
                return;
        PUT(emitter, 0x48, 0x39, 0x87); /* cmp [rdi + U32], rax */
        put_u32(emitter, at);
}

/* Goes to the label if the text does not stand at the place. The last bytes may be looked at twice.
 */
static void compare_text(struct emitter *emitter, struct slice text, size_t otherwise) {
        size_t width = text.len >= 8 ? 8 : text.len >= 4 ? 4 : 1;
        PUT(emitter, LEA_RAX_AT_RDI);
        put_u32(emitter, text.len);
        PUT(emitter, CMP_RAX_RSI);
        assembler_jump_if(emitter->out, ASSEMBLER_ABOVE, otherwise);
        for (size_t at = 0; at < text.len; at += width) {
                compare_bytes(
                        emitter, text.data, at + width <= text.len ? at : text.len - width, width);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, otherwise);
        }
}

static void emit_text(struct emitter *emitter, const struct regex_op *op) {
        compare_text(emitter, op->text, emitter->fail);
        PUT(emitter, ADD_RDI_U32);
        put_u32(emitter, op->text.len);
}

static void emit_char(struct emitter *emitter, const struct regex_op *op) {
        fail_at_end(emitter, op);
        PUT(emitter, CMP_CHAR_U8, (uint8_t)op->c);
        fail_if(emitter, ASSEMBLER_NOT_EQUAL);
        PUT(emitter, INC_RDI);
}

static void emit_set(struct emitter *emitter, const struct regex_op *op) {
        fail_at_end(emitter, op);
        load_and_test(emitter, op->set);
        fail_if(emitter, ASSEMBLER_EQUAL);
        PUT(emitter, INC_RDI);
}

static void digit_or(struct emitter *emitter, size_t otherwise) {
        PUT(emitter, LOAD_CHAR, SUB_EAX_U8, '0', CMP_EAX_U8, 9);
        assembler_jump_if(emitter->out, ASSEMBLER_ABOVE, otherwise);
        PUT(emitter, INC_RDI);
}

static void emit_quad(struct emitter *emitter, const struct regex_op *op) {
        fail_at_end(emitter, op);
        for (int part = 0; part < 4; part++) {
                size_t behind = assembler_label(emitter->out);
                digit_or(emitter, emitter->fail);
                digit_or(emitter, behind);
                digit_or(emitter, behind);
                assembler_place(emitter->out, behind);
                if (part == 3)
                        break;
                PUT(emitter, CMP_CHAR_U8, '.');
                fail_if(emitter, ASSEMBLER_NOT_EQUAL);
                PUT(emitter, INC_RDI);
        }
}

/* ---- choices ---- */

/* Pushes a choice: label, the place, r10, groups. */
static void push(struct emitter *emitter, size_t label) {
        PUT(emitter, CMP_RCX_FRAME);
        put_u32(emitter, FRAME(choices_end));
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, emitter->gave_up);
        PUT(emitter, LEA_RAX_LABEL);
        assembler_put_distance(emitter->out, label);
        PUT(emitter, 0x48, 0x89, 0x01);     /* mov [rcx], rax */
        PUT(emitter, 0x48, 0x89, 0x79, 8);  /* mov [rcx + 8], rdi */
        PUT(emitter, 0x4c, 0x89, 0x51, 16); /* mov [rcx + 16], r10 */
        PUT(emitter, 0x4c, 0x89, 0x41, 24); /* mov [rcx + 24], r8 */
        PUT(emitter, 0x48, 0x83, 0xc1, 32); /* add rcx, 32 */
}

static void emit_fail(struct emitter *emitter) {
        assembler_place(emitter->out, emitter->fail);
        PUT(emitter, 0xff, 0x8a); /* dec dword [rdx + U32] */
        put_u32(emitter, FRAME(tries_left));
        assembler_jump_if(emitter->out, ASSEMBLER_NEGATIVE, emitter->gave_up);
        PUT(emitter, 0x48, 0x83, 0xe9, 32); /* sub rcx, 32 */
        PUT(emitter, 0x48, 0x8b, 0x79, 8);  /* mov rdi, [rcx + 8] */
        PUT(emitter, 0x4c, 0x8b, 0x41, 24); /* mov r8, [rcx + 24] */
        PUT(emitter, 0x3e, 0xff, 0x21);     /* notrack jmp [rcx] */
        assembler_place(emitter->out, emitter->gave_up);
        PUT(emitter, 0xc7, 0x82); /* mov dword [rdx + U32], U32 */
        put_u32(emitter, FRAME(gave_up));
        put_u32(emitter, 1);
        assembler_place(emitter->out, emitter->miss);
        PUT(emitter, 0x31, 0xc0, RETURN); /* xor eax, eax */
}

static bool has_behind(const struct regex_code *code) {
        for (size_t i = 0; i < code->op_count; i++)
                if (code->ops[i].kind == REGEX_OP_BEHIND ||
                        code->ops[i].kind == REGEX_OP_NOT_BEHIND)
                        return true;
        return false;
}

static void emit_start(struct emitter *emitter) {
        PUT(emitter, 0xf3, 0x0f, 0x1e, 0xfa); /* endbr64 */
        PUT(emitter, 0x45, 0x31, 0xc0);       /* xor r8d, r8d */
        PUT(emitter, 0x49, 0xb9);             /* mov r9, U64 */
        assembler_put_u64(emitter->out, (uint64_t)(uintptr_t)emitter->code->sets);
        PUT(emitter, 0x48, 0xc7, 0x82); /* mov qword [rdx + U32], U32: both halves */
        put_u32(emitter, FRAME(tries_left));
        put_u32(emitter, REGEX_EMIT_TRIES_MAX);
        if (has_behind(emitter->code)) {
                PUT(emitter, STORE_RDI_IN_FRAME);
                put_u32(emitter, FRAME(begin));
        }
        PUT(emitter, 0x48, 0x8d, 0x8a); /* lea rcx, [rdx + U32] */
        put_u32(emitter, FRAME(choices) + sizeof(struct regex_choice));
        PUT(emitter, LEA_RAX_LABEL);
        assembler_put_distance(emitter->out, emitter->miss);
        PUT(emitter, 0x48, 0x89, 0x41, 0xe0); /* mov [rcx - 32], rax */
}

static void emit_match(struct emitter *emitter) {
        PUT(emitter, STORE_R8_IN_FRAME);
        put_u32(emitter, FRAME(groups));
        PUT(emitter, MOV_RAX_RDI, RETURN);
}

/* ---- runs ---- */

static bool takes_all(const struct emitter *emitter, const struct regex_op *op) {
        for (size_t c = 0; c < 128; c++)
                if (c != '\n' && !(emitter->code->sets[c] & op->set))
                        return false;
        return true;
}

/* Moves the place over what the set has, at most to r11. */
static void reach_limit(struct emitter *emitter, const struct regex_op *op) {
        size_t loop = assembler_label(emitter->out);
        size_t out = assembler_label(emitter->out);
        assembler_place(emitter->out, loop);
        PUT(emitter, CMP_RDI_R11);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, out);
        load_and_test(emitter, op->set);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, out);
        if (op->text.len > 0) {
                size_t on = assembler_label(emitter->out);
                PUT(emitter, CMP_AL_U8, (uint8_t)op->text.data[0]);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, on);
                compare_text(emitter, op->text, on);
                assembler_jump(emitter->out, out);
                assembler_place(emitter->out, on);
        }
        PUT(emitter, INC_RDI);
        assembler_jump(emitter->out, loop);
        assembler_place(emitter->out, out);
}

/* Moves it over what the set has, which the newline is not of. */
static void reach_other(struct emitter *emitter, const struct regex_op *op) {
        size_t loop = assembler_label(emitter->out);
        size_t out = assembler_label(emitter->out);
        if (may_be_at_end(emitter, op)) {
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, out);
        }
        if (takes_all(emitter, op)) {
                PUT(emitter, LEA_RDI_BEFORE_END);
        } else {
                assembler_place(emitter->out, loop);
                PUT(emitter, LOAD_CHAR, INC_RDI);
                test_set(emitter, op->set);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, loop);
                PUT(emitter, DEC_RDI);
        }
        assembler_place(emitter->out, out);
}

static void reach(struct emitter *emitter, const struct regex_op *op) {
        if (op->max == REGEX_TREE_FOREVER && op->text.len == 0 && !set_has_newline(emitter, op)) {
                reach_other(emitter, op);
                return;
        }
        if (op->max == REGEX_TREE_FOREVER) {
                PUT(emitter, MOV_R11_RSI);
        } else {
                PUT(emitter, LEA_R11_AT_RDI);
                put_u32(emitter, op->max);
                PUT(emitter, CMP_R11_RSI, CMOVA_R11_RSI);
        }
        reach_limit(emitter, op);
}

static void emit_run(struct emitter *emitter, const struct regex_op *op) {
        if (op->min > 0)
                PUT(emitter, MOV_R10_RDI);
        reach(emitter, op);
        if (op->min == 0)
                return;
        PUT(emitter, LEA_RAX_AT_R10);
        put_u32(emitter, op->min);
        PUT(emitter, CMP_RDI_RAX);
        fail_if(emitter, ASSEMBLER_BELOW);
}

/* Goes to the label if what follows can begin at the place. */
static void jump_if_follows(struct emitter *emitter, const struct regex_op *op, size_t label) {
        size_t on = assembler_label(emitter->out);
        PUT(emitter, CMP_RDI_RSI);
        bool follows_end = (emitter->code->sets[REGEX_CODE_END] & op->follow) != 0;
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, follows_end ? label : on);
        load_and_test(emitter, op->follow);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, label);
        assembler_place(emitter->out, on);
}

/* From the place to r10, step by step, until what follows can begin there; what is left is a
 * choice. */
static void emit_search(struct emitter *emitter, const struct regex_op *op) {
        size_t loop = assembler_label(emitter->out);
        size_t found = assembler_label(emitter->out);
        size_t resume = assembler_label(emitter->out);
        size_t next = label_of(emitter, op->next);
        bool is_greedy = op->kind == REGEX_OP_GREEDY;
        assembler_place(emitter->out, loop);
        jump_if_follows(emitter, op, found);
        PUT(emitter, CMP_RDI_R10);
        fail_if(emitter, ASSEMBLER_EQUAL);
        if (is_greedy)
                PUT(emitter, DEC_RDI);
        else
                PUT(emitter, INC_RDI);
        assembler_jump(emitter->out, loop);

        assembler_place(emitter->out, resume);
        PUT(emitter, 0x4c, 0x8b, 0x51, 16); /* mov r10, [rcx + 16] */
        if (is_greedy)
                PUT(emitter, DEC_RDI);
        else
                PUT(emitter, INC_RDI);
        assembler_jump(emitter->out, loop);

        assembler_place(emitter->out, found);
        PUT(emitter, CMP_RDI_R10);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, next);
        push(emitter, resume);
}

static void emit_choosing_run(struct emitter *emitter, const struct regex_op *op) {
        PUT(emitter, MOV_R10_RDI);
        reach(emitter, op);
        if (op->kind == REGEX_OP_LAZY)
                PUT(emitter, XCHG_RDI_R10);
        if (op->min > 0) {
                if (op->kind == REGEX_OP_LAZY)
                        PUT(emitter, ADD_RDI_U32);
                else
                        PUT(emitter, ADD_R10_U32);
                put_u32(emitter, op->min);
                PUT(emitter, CMP_RDI_R10);
                fail_if(emitter, op->kind == REGEX_OP_LAZY ? ASSEMBLER_ABOVE : ASSEMBLER_BELOW);
        }
        emit_search(emitter, op);
}

/* ---- what the next character tells ---- */

static void jump_by_table(struct emitter *emitter, const uint16_t *table) {
        size_t label = assembler_label(emitter->out);
        PUT(emitter, LEA_R10_LABEL);
        assembler_put_distance(emitter->out, label);
        PUT(emitter, 0x49, 0x63, 0x04, 0x82); /* movsxd rax, [r10 + 4 * rax] */
        PUT(emitter, 0x4c, 0x01, 0xd0);       /* add rax, r10 */
        PUT(emitter, 0x3e, 0xff, 0xe0);       /* notrack jmp rax */
        assembler_place(emitter->out, label);
        size_t from = emitter->out->len;
        for (size_t c = 0; c < REGEX_CODE_END; c++)
                assembler_put_distance_from(
                        emitter->out, from, label_of(emitter, emitter->code->ops + table[c]));
}

/* Goes to the target if the character in eax leads there. */
static void jump_to_target(
        struct emitter *emitter, const uint16_t *table, const struct regex_target *target) {
        bool is_one = target->count == 1;
        if (is_one) {
                PUT(emitter, CMP_AL_U8, (uint8_t)target->c);
        } else {
                uint64_t set = regex_targets_set(emitter->code, table, target->op);
                emitter->has_failed = emitter->has_failed || set == 0;
                test_set(emitter, set);
        }
        assembler_jump_if(emitter->out, is_one ? ASSEMBLER_EQUAL : ASSEMBLER_NOT_EQUAL,
                label_of(emitter, emitter->code->ops + target->op));
}

/* Returns where most characters lead, which is run on into; NULL: nothing. */
static const struct regex_op *emit_switch(struct emitter *emitter, const struct regex_op *op) {
        const struct regex_op *ops = emitter->code->ops;
        struct regex_target targets[REGEX_TARGETS_MAX];
        size_t count = regex_targets_list(op->table, targets);
        if (may_be_at_end(emitter, op)) {
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW,
                        label_of(emitter, ops + op->table[REGEX_CODE_END]));
        }
        if (count != 1)
                PUT(emitter, LOAD_CHAR);
        if (count == 0) {
                jump_by_table(emitter, op->table);
                return NULL;
        }
        for (size_t i = 0; i + 1 < count; i++)
                jump_to_target(emitter, op->table, &targets[i]);
        return ops + targets[count - 1].op;
}

/* ---- looking ---- */

static void emit_behind(struct emitter *emitter, const struct regex_op *op) {
        bool is_negative = op->kind == REGEX_OP_NOT_BEHIND;
        size_t out = assembler_label(emitter->out);
        PUT(emitter, CMP_RDI_FRAME);
        put_u32(emitter, FRAME(begin));
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_ABOVE, is_negative ? out : emitter->fail);
        PUT(emitter, LOAD_LAST_CHAR);
        test_set(emitter, op->set);
        fail_if(emitter, is_negative ? ASSEMBLER_NOT_EQUAL : ASSEMBLER_EQUAL);
        assembler_place(emitter->out, out);
}

static void emit_end(struct emitter *emitter) {
        PUT(emitter, LEA_RAX_BEFORE_END, CMP_RDI_RAX);
        fail_if(emitter, ASSEMBLER_BELOW);
}

/* What does not match must fail: so what is behind is the choice. */
static void emit_ahead(struct emitter *emitter, const struct regex_op *op) {
        PUT(emitter, STORE_RCX_IN_FRAME);
        put_u32(emitter, FRAME_ITEM(look_choices, op->group));
        if (op->kind == REGEX_OP_NOT_AHEAD) {
                push(emitter, label_of(emitter, op->next));
                return;
        }
        PUT(emitter, STORE_RDI_IN_FRAME);
        put_u32(emitter, FRAME_ITEM(look_places, op->group));
}

static const struct regex_op *emit_found(struct emitter *emitter, const struct regex_op *op) {
        const struct regex_op *look = op->other;
        PUT(emitter, LOAD_RCX_FROM_FRAME);
        put_u32(emitter, FRAME_ITEM(look_choices, look->group));
        if (look->kind == REGEX_OP_NOT_AHEAD) {
                assembler_jump(emitter->out, emitter->fail);
                return NULL;
        }
        PUT(emitter, LOAD_RDI_FROM_FRAME);
        put_u32(emitter, FRAME_ITEM(look_places, look->group));
        return look->next;
}

static void emit_not_text(struct emitter *emitter, const struct regex_op *op) {
        size_t on = assembler_label(emitter->out);
        compare_text(emitter, op->text, on);
        assembler_jump(emitter->out, emitter->fail);
        assembler_place(emitter->out, on);
}

/* ---- the whole ---- */

/* Of a group. */
static void emit_border(struct emitter *emitter, const struct regex_op *op) {
        bool is_end = op->kind == REGEX_OP_CLOSE;
        PUT(emitter, STORE_RDI_IN_FRAME);
        put_u32(emitter, FRAME_ITEM(spans, 2U * op->group + is_end));
        if (is_end)
                PUT(emitter, BTS_R8_U8, op->group);
}

static const struct regex_op *emit_if(struct emitter *emitter, const struct regex_op *op) {
        PUT(emitter, BT_R8_U8, op->group);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, label_of(emitter, op->other));
        return op->next;
}

/* Returns what is to be run on into; NULL: nothing. */
static const struct regex_op *emit_op(struct emitter *emitter, const struct regex_op *op) {
        switch ((enum regex_op_kind)op->kind) {
        case REGEX_OP_MATCH:
                emit_match(emitter);
                return NULL;
        case REGEX_OP_FAIL:
        case REGEX_OP_SPLIT:
                assembler_jump(emitter->out, emitter->fail);
                return NULL;
        case REGEX_OP_CHAR:
                emit_char(emitter, op);
                break;
        case REGEX_OP_TEXT:
                emit_text(emitter, op);
                break;
        case REGEX_OP_SET:
                emit_set(emitter, op);
                break;
        case REGEX_OP_QUAD:
                emit_quad(emitter, op);
                break;
        case REGEX_OP_RUN:
                emit_run(emitter, op);
                break;
        case REGEX_OP_GREEDY:
        case REGEX_OP_LAZY:
                emit_choosing_run(emitter, op);
                break;
        case REGEX_OP_SWITCH:
                return emit_switch(emitter, op);
        case REGEX_OP_BOTH:
                push(emitter, label_of(emitter, op->other));
                break;
        case REGEX_OP_OPEN:
        case REGEX_OP_CLOSE:
                emit_border(emitter, op);
                break;
        case REGEX_OP_END:
                emit_end(emitter);
                break;
        case REGEX_OP_BEHIND:
        case REGEX_OP_NOT_BEHIND:
                emit_behind(emitter, op);
                break;
        case REGEX_OP_AHEAD:
        case REGEX_OP_NOT_AHEAD:
                emit_ahead(emitter, op);
                return op->other;
        case REGEX_OP_FOUND:
                return emit_found(emitter, op);
        case REGEX_OP_NOT_TEXT:
                emit_not_text(emitter, op);
                break;
        case REGEX_OP_IF:
                return emit_if(emitter, op);
        }
        return op->next;
}

/* The operation and what is run on into, up to what is there already. */
static void emit_chain(struct emitter *emitter, const struct regex_op *op) {
        while (op) {
                size_t index = index_of(emitter, op);
                if (emitter->is_placed[index] || op->kind == REGEX_OP_FAIL) {
                        assembler_jump(emitter->out, label_of(emitter, op));
                        return;
                }
                emitter->is_placed[index] = emitter->is_reached[index] = true;
                assembler_place(emitter->out, index);
                op = emit_op(emitter, op);
        }
}

bool regex_emit(struct regex_code *code, struct assembler *assembler) {
        size_t count = code->op_count;
        struct emitter emitter = {
                .code = code,
                .out = assembler,
                .may_be_at_end = regex_ends_find(code),
                .is_reached = memory_new_array(count, sizeof(bool)),
                .is_placed = memory_new_array(count, sizeof(bool)),
                .waiting = memory_new_array(count, sizeof(*emitter.waiting)),
        };
        for (size_t i = 0; i < count; i++)
                (void)assembler_label(assembler);
        emitter.fail = assembler_label(assembler);
        emitter.miss = assembler_label(assembler);
        emitter.gave_up = assembler_label(assembler);
        emit_start(&emitter);
        emit_chain(&emitter, code->start);
        while (emitter.waiting_count > 0) {
                const struct regex_op *op = emitter.waiting[--emitter.waiting_count];
                if (!emitter.is_placed[index_of(&emitter, op)])
                        emit_chain(&emitter, op);
        }
        emit_fail(&emitter);
        free(emitter.may_be_at_end);
        free(emitter.is_reached);
        free(emitter.is_placed);
        free(emitter.waiting);
        return !emitter.has_failed && assembler_finish(assembler);
}
