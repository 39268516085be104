/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run first goes as far as it can. If it may end earlier, it tries the places from there to the
 * nearest (or the other way round), and the rest of them is a choice.
 *
 * Most runs need no count: the newline is behind the line's last character, and ends every loop
 * over a set without it. */
#include "detect/emitter_run.h"

#define EACH_BYTE ((size_t)0x01010101) /* times a byte: four of them */
#define UNROLLED_MAX 4                 /* characters of a run that is written out */

static bool takes_all(const struct emitter *emitter, uint64_t set) {
        for (size_t c = 0; c < 128; c++)
                if (c != '\n' && !(emitter->code->sets[c] & set))
                        return false;
        return true;
}

/* Whether the run goes on until there is something else, and that is the newline at the latest. */
static bool is_stopped(const struct emitter *emitter, const struct regex_op *op) {
        return op->max == REGEX_TREE_FOREVER && op->text.len == 0 &&
               !emitter_set_has_newline(emitter, op);
}

static bool is_unrolled(const struct emitter *emitter, const struct regex_op *op) {
        return op->max <= UNROLLED_MAX && op->text.len == 0 &&
               !emitter_set_has_newline(emitter, op);
}

/* Moves the place over what the set has, at most to r11. */
static void reach_limit(struct emitter *emitter, const struct regex_op *op) {
        size_t loop = assembler_label(emitter->out);
        size_t out = assembler_label(emitter->out);
        assembler_place(emitter->out, loop);
        PUT(emitter, CMP_RDI_R11);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, out);
        emitter_load_and_test(emitter, op->set);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, out);
        if (op->text.len > 0) {
                size_t on = assembler_label(emitter->out);
                PUT(emitter, CMP_AL_U8, (uint8_t)op->text.data[0]);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, on);
                emitter_compare_text(emitter, op->text, on);
                assembler_jump(emitter->out, out);
                assembler_place(emitter->out, on);
        }
        PUT(emitter, INC_RDI);
        assembler_jump(emitter->out, loop);
        assembler_place(emitter->out, out);
}

/* The only character but the newline that the set has not; -1: there are others. */
static int only_other(const struct emitter *emitter, uint64_t set) {
        int other = -1;
        for (int c = 0; c < 128; c++) {
                if (c == '\n' || (emitter->code->sets[c] & set))
                        continue;
                if (other >= 0)
                        return -1;
                other = c;
        }
        return other;
}

/* Moves the place over sixteen characters at a time as long as the line has so many; goes to the
 * label where it is at c or the newline. */
static void reach_wide(struct emitter *emitter, int c, size_t out) {
        size_t wide = assembler_label(emitter->out);
        size_t found = assembler_label(emitter->out);
        size_t narrow = assembler_label(emitter->out);
        PUT(emitter, MOV_EAX_U32);
        emitter_put_u32(emitter, (unsigned)c * EACH_BYTE);
        PUT(emitter, MOVD_XMM0_EAX, PSHUFD_XMM0_XMM0_U8, 0, MOV_EAX_U32);
        emitter_put_u32(emitter, '\n' * EACH_BYTE);
        PUT(emitter, MOVD_XMM1_EAX, PSHUFD_XMM1_XMM1_U8, 0);
        assembler_place(emitter->out, wide);
        PUT(emitter, LEA_RAX_BEHIND_16, CMP_RAX_RSI);
        assembler_jump_if(emitter->out, ASSEMBLER_ABOVE, narrow);
        PUT(emitter, LOAD_XMM2_FROM_CHAR, MOVDQA_XMM3_XMM2, PCMPEQB_XMM2_XMM0, PCMPEQB_XMM3_XMM1,
                POR_XMM2_XMM3, PMOVMSKB_EAX_XMM2, TEST_EAX_EAX);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, found);
        PUT(emitter, ADD_RDI_S8, 16);
        assembler_jump(emitter->out, wide);
        assembler_place(emitter->out, found);
        PUT(emitter, BSF_EAX_EAX, ADD_RDI_RAX);
        assembler_jump(emitter->out, out);
        assembler_place(emitter->out, narrow);
}

/* Moves it over all that the set has, which the newline is not of. */
static void reach_other(struct emitter *emitter, uint64_t set) {
        if (takes_all(emitter, set)) {
                PUT(emitter, LEA_RDI_BEFORE_END);
                return;
        }
        size_t loop = assembler_label(emitter->out);
        size_t out = assembler_label(emitter->out);
        int other = only_other(emitter, set);
        if (other >= 0)
                reach_wide(emitter, other, out);
        assembler_place(emitter->out, loop);
        PUT(emitter, LOAD_CHAR, INC_RDI);
        emitter_test_set(emitter, set);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, loop);
        PUT(emitter, DEC_RDI);
        assembler_place(emitter->out, out);
}

static uint64_t without_newline(struct emitter *emitter, const struct regex_op *op) {
        struct regex_first first = emitter->code->firsts[__builtin_ctzll(op->set)];
        first.set.bits[0] &= ~(UINT64_C(1) << '\n');
        uint64_t set = regex_code_set(emitter->code, first);
        emitter->has_failed = emitter->has_failed || set == 0;
        return set;
}

#define FEW 16 /* characters of a set that is not likely to take many */

/* The same for what few are taken of: each costs more, and the end less. */
static void reach_few(struct emitter *emitter, uint64_t set) {
        size_t loop = assembler_label(emitter->out);
        size_t other = assembler_label(emitter->out);
        assembler_place(emitter->out, loop);
        emitter_take_or(emitter, set, other);
        assembler_jump(emitter->out, loop);
        assembler_place(emitter->out, other);
}

/* The same of a set that the newline is of: it comes last. */
static void reach_newline(struct emitter *emitter, const struct regex_op *op, size_t out) {
        const uint64_t *bits = emitter->code->firsts[__builtin_ctzll(op->set)].set.bits;
        uint64_t set = without_newline(emitter, op);
        if (__builtin_popcountll(bits[0]) + __builtin_popcountll(bits[1]) <= FEW)
                reach_few(emitter, set);
        else
                reach_other(emitter, set);
        PUT(emitter, CMP_CHAR_U8, '\n');
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, out);
        PUT(emitter, INC_RDI);
}

/* Such a run that must take one: behind the newline there is nothing more. */
static void run_with_newline(struct emitter *emitter, const struct regex_op *op) {
        size_t more = assembler_label(emitter->out);
        size_t out = assembler_label(emitter->out);
        emitter_fail_at_end(emitter, op);
        emitter_load_and_test(emitter, without_newline(emitter, op));
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, more);
        PUT(emitter, CMP_AL_U8, '\n');
        emitter_fail_if(emitter, ASSEMBLER_NOT_EQUAL);
        PUT(emitter, INC_RDI, MOV_R10_RDI);
        assembler_jump(emitter->out, out);
        assembler_place(emitter->out, more);
        PUT(emitter, INC_RDI, MOV_R10_RDI);
        reach_newline(emitter, op, out);
        assembler_place(emitter->out, out);
}

static void reach_counted(struct emitter *emitter, const struct regex_op *op) {
        if (op->max == REGEX_TREE_FOREVER) {
                PUT(emitter, MOV_R11_RSI);
        } else {
                PUT_AT(emitter, (int32_t)op->max, LEA_R11_AT_RDI);
                PUT(emitter, CMP_R11_RSI, CMOVA_R11_RSI);
        }
        reach_limit(emitter, op);
}

/* Moves the place to the farthest that the run reaches. */
static void reach(struct emitter *emitter, const struct regex_op *op) {
        size_t out = assembler_label(emitter->out);
        bool is_counted = op->max != REGEX_TREE_FOREVER || op->text.len > 0;
        if (emitter_may_be_at_end(emitter, op) && !is_counted) {
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, out);
        }
        if (is_counted)
                reach_counted(emitter, op);
        else if (emitter_set_has_newline(emitter, op))
                reach_newline(emitter, op, out);
        else
                reach_other(emitter, op->set);
        assembler_place(emitter->out, out);
}

/* A run of few characters. The last of those that it must take is where r10 is set. */
static void reach_unrolled(struct emitter *emitter, const struct regex_op *op) {
        size_t out = assembler_label(emitter->out);
        if (emitter_may_be_at_end(emitter, op) && op->min == 0) {
                PUT(emitter, MOV_R10_RDI, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, out);
        }
        for (size_t i = 0; i < op->max; i++) {
                if (i == op->min && op->kind != REGEX_OP_RUN)
                        PUT(emitter, MOV_R10_RDI);
                if (i == 0 && op->min > 0)
                        emitter_take_first(emitter, op);
                else
                        emitter_take_or(emitter, op->set, i < op->min ? emitter->fail : out);
        }
        if (op->min == op->max && op->kind != REGEX_OP_RUN)
                PUT(emitter, MOV_R10_RDI);
        assembler_place(emitter->out, out);
}

/* Fails if the run is too short. r10 is where it began before, and behind what it must take then.
 */
static void require(struct emitter *emitter, size_t min) {
        if (min == 0)
                return;
        PUT_ADD(emitter, (uint32_t)min, ADD_R10_S8);
        PUT(emitter, CMP_RDI_R10);
        emitter_fail_if(emitter, ASSEMBLER_BELOW);
}

/* Moves the place to the farthest that the run reaches, and r10 behind what it must take. */
void emitter_run(struct emitter *emitter, const struct regex_op *op) {
        if (is_unrolled(emitter, op)) {
                reach_unrolled(emitter, op);
        } else if (op->min == 1 && is_stopped(emitter, op)) {
                emitter_take_first(emitter, op);
                PUT(emitter, MOV_R10_RDI);
                reach_other(emitter, op->set);
        } else if (op->min == 1 && op->max == REGEX_TREE_FOREVER && op->text.len == 0) {
                run_with_newline(emitter, op);
        } else {
                PUT(emitter, MOV_R10_RDI);
                reach(emitter, op);
                require(emitter, op->min);
        }
}

/* Goes to the label if what follows can begin at the place. */
static void jump_if_follows(struct emitter *emitter, const struct regex_op *op, size_t label) {
        size_t on = assembler_label(emitter->out);
        if (emitter_may_be_at_end(emitter, op->next)) {
                bool can_end = (emitter->code->sets[REGEX_CODE_END] & op->follow) != 0;
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, can_end ? label : on);
        }
        emitter_load_and_test(emitter, op->follow);
        assembler_jump_if(emitter->out, ASSEMBLER_NOT_EQUAL, label);
        assembler_place(emitter->out, on);
}

/* The text that must come next if the run ends at the place; or an empty one. */
static struct slice text_behind(const struct regex_op *op) {
        const struct regex_op *next = op->next;
        while (next->kind == REGEX_OP_OPEN || next->kind == REGEX_OP_CLOSE)
                next = next->next;
        return next->kind == REGEX_OP_TEXT ? next->text : SLICE_NULL;
}

/* Whether a run may be so long that places are passed over many at a time. */
static bool looks_wide(const struct regex_op *op, struct slice text) {
        return op->kind == REGEX_OP_GREEDY && op->max == REGEX_TREE_FOREVER && text.len > 0;
}

/* From the place back, sixteen characters at a time as long as r10 is farther, to one that is c:
 * then to the label. */
static void step_wide(struct emitter *emitter, const struct regex_op *op, char c, size_t found) {
        size_t wide = assembler_label(emitter->out);
        size_t none = assembler_label(emitter->out);
        size_t narrow = assembler_label(emitter->out);
        if (emitter_may_be_at_end(emitter, op->next)) {
                PUT(emitter, CMP_RDI_RSI);
                assembler_jump_if(emitter->out, ASSEMBLER_NOT_BELOW, narrow);
        }
        PUT(emitter, MOV_EAX_U32);
        emitter_put_u32(emitter, (unsigned char)c * EACH_BYTE);
        PUT(emitter, MOVD_XMM0_EAX, PSHUFD_XMM0_XMM0_U8, 0);
        assembler_place(emitter->out, wide);
        PUT(emitter, LEA_RAX_BEFORE_16, CMP_RAX_R10);
        assembler_jump_if(emitter->out, ASSEMBLER_BELOW, narrow);
        PUT(emitter, LOAD_XMM1_UP_TO_CHAR, PCMPEQB_XMM1_XMM0, PMOVMSKB_EAX_XMM1, TEST_EAX_EAX);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, none);
        PUT(emitter, BSR_EAX_EAX, LEA_RDI_AT_RAX_OF_16);
        assembler_jump(emitter->out, found);
        assembler_place(emitter->out, none);
        PUT(emitter, SUB_RDI_U8, 16);
        assembler_jump(emitter->out, wide);
        assembler_place(emitter->out, narrow);
}

/* To the next place, and there to the label; fails if there is none. */
static void step_to(struct emitter *emitter, const struct regex_op *op, size_t label) {
        PUT(emitter, CMP_RDI_R10);
        emitter_fail_if(emitter, ASSEMBLER_EQUAL);
        if (op->kind == REGEX_OP_GREEDY)
                PUT(emitter, DEC_RDI);
        else
                PUT(emitter, INC_RDI);
        assembler_jump(emitter->out, label);
}

/* From the place to r10, step by step, until what follows can begin there; what is left is a
 * choice.
 */
static void choose_end(struct emitter *emitter, const struct regex_op *op) {
        size_t look = assembler_label(emitter->out);
        size_t narrow = assembler_label(emitter->out);
        size_t again = assembler_label(emitter->out);
        size_t found = assembler_label(emitter->out);
        size_t resume = assembler_label(emitter->out);
        size_t next = emitter_label(emitter, op->next);
        struct slice text = text_behind(op);
        assembler_place(emitter->out, look);
        if (looks_wide(op, text))
                step_wide(emitter, op, text.data[0], found);
        assembler_place(emitter->out, narrow);
        jump_if_follows(emitter, op, found);
        step_to(emitter, op, narrow);

        assembler_place(emitter->out, resume);
        PUT(emitter, 0x4c, 0x8b, 0x51, 16); /* mov r10, [rcx + 16] */
        assembler_place(emitter->out, again);
        step_to(emitter, op, look);

        assembler_place(emitter->out, found);
        if (text.len > 0)
                emitter_compare_text(emitter, text, again);
        PUT(emitter, CMP_RDI_R10);
        assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, next);
        PUT(emitter, 0x4c, 0x89, 0x51, 16); /* mov [rcx + 16], r10 */
        emitter_push(emitter, resume);
}

void emitter_choosing_run(struct emitter *emitter, const struct regex_op *op) {
        emitter_run(emitter, op);
        if (op->kind == REGEX_OP_LAZY) {
                PUT(emitter, XCHG_RDI_R10);
        } else {
                PUT(emitter, CMP_RDI_R10);
                assembler_jump_if(emitter->out, ASSEMBLER_EQUAL, emitter_label(emitter, op->next));
        }
        choose_end(emitter, op);
}
