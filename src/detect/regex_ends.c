/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end comes behind what may take the newline, and stays there until something is taken. Each
 * operation is visited at most twice: not at the end, and at it. */
#include "detect/regex_ends.h"

#include <stdlib.h>

#include "base/memory.h"

#define ASCII 128

static bool set_has_newline(const struct regex_code *code, const struct regex_op *op) {
        return (code->sets['\n'] & op->set) != 0;
}

/* Whether it may be so behind op, if it may (or may not) be so at it. */
static bool end_behind(const struct regex_code *code, const struct regex_op *op, bool before) {
        switch ((enum regex_op_kind)op->kind) {
        case REGEX_OP_CHAR:
        case REGEX_OP_TEXT:
                return op->text.data[op->text.len - 1] == '\n';
        case REGEX_OP_SET:
                return set_has_newline(code, op);
        case REGEX_OP_RUN:
        case REGEX_OP_GREEDY:
        case REGEX_OP_LAZY:
                return set_has_newline(code, op) || (op->min == 0 && before);
        case REGEX_OP_MATCH:
        case REGEX_OP_FAIL:
        case REGEX_OP_SPLIT:
        case REGEX_OP_SWITCH:
        case REGEX_OP_BOTH:
        case REGEX_OP_OPEN:
        case REGEX_OP_CLOSE:
        case REGEX_OP_END:
        case REGEX_OP_BORDER:
        case REGEX_OP_NOT_BORDER:
        case REGEX_OP_BEHIND:
        case REGEX_OP_NOT_BEHIND:
        case REGEX_OP_AHEAD:
        case REGEX_OP_NOT_AHEAD:
        case REGEX_OP_FOUND:
        case REGEX_OP_NOT_TEXT:
        case REGEX_OP_IF:
                break;
        }
        return before;
}

struct visit {
        const struct regex_op *op;
        bool is_at_end;
};

struct walk {
        const struct regex_code *code;
        bool *may_be_at_end; /* by operation */
        bool *is_seen;
        struct visit *visits; /* to come */
        size_t count, capacity;
};

static void add(struct walk *walk, const struct regex_op *op, bool is_at_end) {
        size_t index = op ? (size_t)(op - walk->code->ops) : 0;
        if (!op || (walk->is_seen[index] && (!is_at_end || walk->may_be_at_end[index])))
                return;
        walk->is_seen[index] = true;
        walk->may_be_at_end[index] = walk->may_be_at_end[index] || is_at_end;
        memory_reserve(&walk->visits, walk->count, &walk->capacity, sizeof(*walk->visits));
        walk->visits[walk->count++] = (struct visit){op, is_at_end};
}

static void add_table(struct walk *walk, const struct regex_op *op, bool is_at_end) {
        const struct regex_op *ops = walk->code->ops;
        /* Neighbours mostly lead to the same, and what is beyond ASCII to nothing. */
        for (size_t c = 0; c < ASCII; c++)
                if (c == 0 || op->table[c] != op->table[c - 1])
                        add(walk, ops + op->table[c], false);
        if (is_at_end)
                add(walk, ops + op->table[REGEX_CODE_END], true);
}

bool *regex_ends_find(const struct regex_code *code) {
        struct walk walk = {
                .code = code,
                .may_be_at_end = memory_new_array(code->op_count, sizeof(bool)),
                .is_seen = memory_new_array(code->op_count, sizeof(bool)),
        };
        add(&walk, code->start, false);
        while (walk.count > 0) {
                struct visit visit = walk.visits[--walk.count];
                const struct regex_op *op = visit.op;
                if (op->kind == REGEX_OP_SWITCH) {
                        add_table(&walk, op, visit.is_at_end);
                        continue;
                }
                add(&walk, op->next, end_behind(code, op, visit.is_at_end));
                if (op->kind != REGEX_OP_FOUND)
                        add(&walk, op->other, visit.is_at_end);
        }
        free(walk.visits);
        free(walk.is_seen);
        return walk.may_be_at_end;
}
