/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation becomes a few instructions, and runs on into the one behind it. Where it fails, the
 * newest choice is taken up; the oldest one of all is to have failed. A choice remembers which
 * groups had matched: that is enough to take captures back, as none is set twice (regex_tree.c).
 */
#include "detect/regex_emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "detect/emitter.h"
#include "detect/emitter_run.h"
#include "detect/regex_ends.h"
#include "detect/regex_targets.h"

/* Whatever something else than a switch leads to, is not. */
static bool *find_checked(const struct regex_code *code) {
        bool *is_checked = memory_new_array(code->op_count, sizeof(bool));
        memset(is_checked, true, code->op_count * sizeof(bool));
        is_checked[code->start - code->ops] = false;
        for (const struct regex_op *op = code->ops; op < code->ops + code->op_count; op++) {
                if (op->kind == REGEX_OP_SWITCH || op->kind == REGEX_OP_BOTH)
                        continue;
                if (op->next)
                        is_checked[op->next - code->ops] = false;
                if (op->other)
                        is_checked[op->other - code->ops] = false;
        }
        return is_checked;
}

static void emit_char(struct emitter *emitter, const struct regex_op *op) {
        if (!emitter_is_checked(emitter, op)) {
                emitter_fail_at_end(emitter, op);
                PUT(emitter, CMP_CHAR_U8, (uint8_t)op->c);
                emitter_fail_if(emitter, ASSEMBLER_NOT_EQUAL);
        }
        PUT(emitter, INC_RDI);
}

/* ---- begin and end ---- */

static void emit_fail(struct emitter *emitter) {
        assembler_place(emitter->out, emitter->fail);
        PUT_AT(emitter, FRAME(tries_left), DEC_U32_IN_FRAME);
        assembler_jump_if(emitter->out, ASSEMBLER_NEGATIVE, emitter->gave_up);
        PUT(emitter, 0x48, 0x83, 0xe9, 32); /* sub rcx, 32 */
        PUT(emitter, 0x48, 0x8b, 0x79, 8);  /* mov rdi, [rcx + 8] */
        PUT(emitter, 0x4c, 0x8b, 0x41, 24); /* mov r8, [rcx + 24] */
        PUT(emitter, 0x3e, 0xff, 0x21);     /* notrack jmp [rcx] */
        assembler_place(emitter->out, emitter->gave_up);
        PUT_AT(emitter, FRAME(gave_up), STORE_U32_IN_FRAME);
        emitter_put_u32(emitter, 1);
        assembler_place(emitter->out, emitter->miss);
        PUT(emitter, 0x31, 0xc0, RETURN); /* xor eax, eax */
}

static bool looks_back(const struct regex_code *code) {
        for (size_t i = 0; i < code->op_count; i++) {
                uint8_t kind = code->ops[i].kind;
                if (kind == REGEX_OP_BEHIND || kind == REGEX_OP_NOT_BEHIND ||
                        kind == REGEX_OP_BORDER || kind == REGEX_OP_NOT_BORDER)
                        return true;
        }
        return false;
}

static void emit_start(struct emitter *emitter) {
        PUT(emitter, 0xf3, 0x0f, 0x1e, 0xfa); /* endbr64 */
        PUT(emitter, 0x45, 0x31, 0xc0);       /* xor r8d, r8d */
        PUT(emitter, 0x49, 0xb9);             /* mov r9, U64 */
        assembler_put_u64(emitter->out, (uint64_t)(uintptr_t)emitter->code->sets);
        PUT_AT(emitter, FRAME(tries_left), STORE_S32_AS_64_IN_FRAME);
        emitter_put_u32(emitter, REGEX_EMIT_TRIES_MAX); /* and gave_up, behind it, is 0 */
        if (looks_back(emitter->code))
                PUT_AT(emitter, FRAME(begin), STORE_RDI_IN_FRAME);
        PUT_AT(emitter, FRAME_ITEM(choices, 1), LEA_RCX_FRAME);
        PUT(emitter, LEA_RAX_LABEL);
        assembler_put_distance(emitter->out, emitter->miss);
        PUT(emitter, 0x48, 0x89, 0x41, 0xe0); /* mov [rcx - 32], rax */
}

static void emit_match(struct emitter *emitter) {
        PUT_AT(emitter, FRAME(groups), STORE_R8_IN_FRAME);
        PUT(emitter, MOV_RAX_RDI, RETURN);
}

/* ---- what the next character tells ---- */

static void jump_by_table(struct emitter *emitter, const uint16_t *table) {
        size_t label = assembler_label(emitter->out);
        PUT(emitter, LEA_R10_LABEL);
        assembler_put_distance(emitter->out, label);
        PUT(emitter, 0x49, 0x0f, 0xbf, 0x04, 0x42); /* movsx rax, word [r10 + 2 * rax] */
        PUT(emitter, 0x4c, 0x01, 0xd0);             /* add rax, r10 */
        PUT(emitter, 0x3e, 0xff, 0xe0);             /* notrack jmp rax */
        emitter->tables[emitter->table_count++] = (struct emitter_table){table, label};
        for (size_t c = 0; c < REGEX_CODE_ASCII; c++)
                (void)emitter_label(emitter, emitter->code->ops + table[c]);
}

/* Behind all code, which is the denser for it. */
static void emit_tables(struct emitter *emitter) {
        for (size_t i = 0; i < emitter->table_count; i++) {
                const struct emitter_table *table = &emitter->tables[i];
                size_t from = emitter->out->len;
                assembler_place(emitter->out, table->label);
                for (size_t c = 0; c < REGEX_CODE_ASCII; c++)
                        assembler_put_distance_from(emitter->out, from,
                                emitter_label(emitter, emitter->code->ops + table->ops[c]));
        }
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
                emitter_test_set(emitter, set);
        }
        assembler_jump_if(emitter->out, is_one ? ASSEMBLER_EQUAL : ASSEMBLER_NOT_EQUAL,
                emitter_label(emitter, emitter->code->ops + target->op));
}

/* Returns where most characters lead, which is run on into; NULL: nothing. */
static const struct regex_op *emit_switch(struct emitter *emitter, const struct regex_op *op) {
        const struct regex_op *ops = emitter->code->ops;
        struct regex_target targets[REGEX_TARGETS_MAX];
        size_t count = regex_targets_list(op->table, targets);
        if (emitter_may_be_at_end(emitter, op)) {
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW,
                        emitter_label(emitter, ops + op->table[REGEX_CODE_END]));
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
        PUT_AT(emitter, FRAME(begin), CMP_RDI_FRAME);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_ABOVE, is_negative ? out : emitter->fail);
        PUT(emitter, LOAD_LAST_CHAR);
        emitter_test_set(emitter, op->set);
        emitter_fail_if(emitter, is_negative ? ASSEMBLER_NOT_EQUAL : ASSEMBLER_EQUAL);
        assembler_place(emitter->out, out);
}

/* In front of the line and behind it there is no word: r10 is 1 behind a character of one, and rax
 * in front of one. */
static void emit_border(struct emitter *emitter, const struct regex_op *op) {
        size_t begin = assembler_label(emitter->out);
        size_t end = assembler_label(emitter->out);
        PUT(emitter, 0x45, 0x31, 0xd2); /* xor r10d, r10d */
        PUT_AT(emitter, FRAME(begin), CMP_RDI_FRAME);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_ABOVE, begin);
        PUT(emitter, LOAD_LAST_CHAR);
        emitter_test_set(emitter, op->set);
        PUT(emitter, 0x41, 0x0f, 0x95, 0xc2); /* setne r10b */
        assembler_place(emitter->out, begin);
        PUT(emitter, 0x31, 0xc0); /* xor eax, eax */
        PUT(emitter, CMP_RDI_RSI);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, end);
        emitter_load_and_test(emitter, op->set);
        PUT(emitter, 0x0f, 0x95, 0xc0); /* setne al */
        assembler_place(emitter->out, end);
        PUT(emitter, 0x44, 0x38, 0xd0); /* cmp al, r10b */
        emitter_fail_if(
                emitter, op->kind == REGEX_OP_BORDER ? ASSEMBLER_EQUAL : ASSEMBLER_NOT_EQUAL);
}

static void emit_end(struct emitter *emitter) {
        PUT(emitter, LEA_RAX_BEFORE_END, CMP_RDI_RAX);
        emitter_fail_if(emitter, ASSEMBLER_BELOW);
}

/* What does not match must fail: so what is behind is the choice. */
static void emit_ahead(struct emitter *emitter, const struct regex_op *op) {
        PUT_AT(emitter, FRAME_ITEM(look_choices, op->group), STORE_RCX_IN_FRAME);
        if (op->kind == REGEX_OP_NOT_AHEAD) {
                emitter_push(emitter, emitter_label(emitter, op->next));
                return;
        }
        PUT_AT(emitter, FRAME_ITEM(look_places, op->group), STORE_RDI_IN_FRAME);
}

static const struct regex_op *emit_found(struct emitter *emitter, const struct regex_op *op) {
        const struct regex_op *look = op->other;
        PUT_AT(emitter, FRAME_ITEM(look_choices, look->group), LOAD_RCX_FROM_FRAME);
        if (look->kind == REGEX_OP_NOT_AHEAD) {
                assembler_jump(emitter->out, emitter->fail);
                return NULL;
        }
        PUT_AT(emitter, FRAME_ITEM(look_places, look->group), LOAD_RDI_FROM_FRAME);
        return look->next;
}

static void emit_not_text(struct emitter *emitter, const struct regex_op *op) {
        size_t on = assembler_label(emitter->out);
        emitter_compare_text(emitter, op->text, on);
        assembler_jump(emitter->out, emitter->fail);
        assembler_place(emitter->out, on);
}

/* ---- the whole ---- */

/* Where a group begins or ends. */
static void emit_group(struct emitter *emitter, const struct regex_op *op) {
        bool is_end = op->kind == REGEX_OP_CLOSE;
        PUT_AT(emitter, FRAME_ITEM(spans, 2U * op->group + is_end), STORE_RDI_IN_FRAME);
        if (is_end)
                PUT(emitter, BTS_R8_U8, op->group);
}

static const struct regex_op *emit_if(struct emitter *emitter, const struct regex_op *op) {
        PUT(emitter, BT_R8_U8, op->group);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, emitter_label(emitter, op->other));
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
                emitter_take_text(emitter, op);
                break;
        case REGEX_OP_SET:
                emitter_take_first(emitter, op);
                break;
        case REGEX_OP_RUN:
                emitter_run(emitter, op);
                break;
        case REGEX_OP_GREEDY:
        case REGEX_OP_LAZY:
                emitter_choosing_run(emitter, op);
                break;
        case REGEX_OP_SWITCH:
                return emit_switch(emitter, op);
        case REGEX_OP_BOTH:
                emitter_push(emitter, emitter_label(emitter, op->other));
                break;
        case REGEX_OP_OPEN:
        case REGEX_OP_CLOSE:
                emit_group(emitter, op);
                break;
        case REGEX_OP_END:
                emit_end(emitter);
                break;
        case REGEX_OP_BORDER:
        case REGEX_OP_NOT_BORDER:
                emit_border(emitter, op);
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
                size_t index = emitter_index(emitter, op);
                if (emitter->is_placed[index] || op->kind == REGEX_OP_FAIL) {
                        assembler_jump(emitter->out, emitter_label(emitter, op));
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
                .is_checked = find_checked(code),
                .is_reached = memory_new_array(count, sizeof(bool)),
                .is_placed = memory_new_array(count, sizeof(bool)),
                .waiting = memory_new_array(count, sizeof(*emitter.waiting)),
                .tables = memory_new_array(count, sizeof(*emitter.tables)),
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
                if (!emitter.is_placed[emitter_index(&emitter, op)])
                        emit_chain(&emitter, op);
        }
        emit_fail(&emitter);
        emit_tables(&emitter);
        free(emitter.may_be_at_end);
        free(emitter.is_checked);
        free(emitter.is_reached);
        free(emitter.is_placed);
        free(emitter.waiting);
        free(emitter.tables);
        return !emitter.has_failed && assembler_finish(assembler);
}
