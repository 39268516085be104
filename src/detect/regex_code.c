/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program is made from its end: so it is known of each part what can come behind it. Where the
 * next character decides whether a part can be taken or passed over, or where a run of characters
 * must end, nothing else is ever tried. What is tried, is tried in the regex' order; so the match
 * is the one that a search which backtracks finds.
 *
 * Invariant: `struct regex_first` may hold more than a part can begin with, and never less. Where a
 * part may be empty it holds what can follow, too. Source: LL(1) prediction, e.g. Aho et al.,
 * Compilers, 4.4. */
#include "detect/regex_code.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define NEWLINE (UINT64_C(1) << '\n')
#define FAR 1000 /* ops that are passed over before one is run */

struct maker {
        struct regex_code *code;
        struct regex_op *ops;
        size_t op_count;
        size_t first_both; /* no BOTH is in front of it */
        bool has_failed;
};

/* What is made: where it begins, and with what it can begin. */
struct piece {
        const struct regex_op *op;
        struct regex_first first;
};

static struct piece make(struct maker *maker, const struct regex_node *node, struct piece next);

/* ---- sets ---- */

static struct regex_first either_first(struct regex_first a, struct regex_first b) {
        return (struct regex_first){
                {{a.set.bits[0] | b.set.bits[0], a.set.bits[1] | b.set.bits[1]}}, a.end || b.end};
}

static bool share_char(struct regex_set a, struct regex_set b) {
        return ((a.bits[0] & b.bits[0]) | (a.bits[1] & b.bits[1])) != 0;
}

static bool is_same_first(const struct regex_first *a, const struct regex_first *b) {
        return a->set.bits[0] == b->set.bits[0] && a->set.bits[1] == b->set.bits[1] &&
               a->end == b->end;
}

static struct regex_first anything(void) {
        return (struct regex_first){{{UINT64_MAX, UINT64_MAX}}, true};
}

uint64_t regex_code_set(struct regex_code *code, struct regex_first first) {
        size_t i = 0;
        while (i < code->set_count && !is_same_first(&code->firsts[i], &first))
                i++;
        if (i == REGEX_CODE_SETS)
                return 0;
        uint64_t bit = UINT64_C(1) << i;
        if (i < code->set_count)
                return bit;
        code->firsts[code->set_count++] = first;
        for (unsigned half = 0; half < 2; half++)
                for (uint64_t left = first.set.bits[half]; left != 0; left &= left - 1)
                        code->sets[64 * half + (unsigned)__builtin_ctzll(left)] |= bit;
        if (first.end)
                code->sets[REGEX_CODE_END] |= bit;
        return bit;
}

static uint64_t bit_of(struct maker *maker, struct regex_first first) {
        uint64_t bit = regex_code_set(maker->code, first);
        maker->has_failed = maker->has_failed || bit == 0;
        return bit;
}

static uint64_t bit_of_set(struct maker *maker, struct regex_set set) {
        return bit_of(maker, (struct regex_first){set, false});
}

/* The only character of the set, or -1. */
static int only_char(struct regex_set set) {
        int count = __builtin_popcountll(set.bits[0]) + __builtin_popcountll(set.bits[1]);
        if (count != 1)
                return -1;
        return set.bits[0] ? __builtin_ctzll(set.bits[0]) : 64 + __builtin_ctzll(set.bits[1]);
}

/* ---- what a part begins with, before it is made ---- */

static struct regex_first first_of(const struct regex_node *node, struct regex_first next);

static struct regex_first first_of_sequence(
        const struct regex_node *child, struct regex_first next) {
        return child ? first_of(child, first_of_sequence(child->next, next)) : next;
}

static struct regex_first first_of(const struct regex_node *node, struct regex_first next) {
        struct regex_first all = {{{0}}, false};
        switch (node->kind) {
        case REGEX_SET:
                return (struct regex_first){node->set, false};
        case REGEX_SEQUENCE:
                return first_of_sequence(node->first, next);
        case REGEX_EITHER:
        case REGEX_IF:
                for (const struct regex_node *child = node->first; child; child = child->next)
                        all = either_first(all, first_of(child, next));
                return all;
        case REGEX_REPEAT:
                all = first_of(node->first, next);
                return node->min > 0 ? all : either_first(all, next);
        case REGEX_GROUP:
                return node->is_barred ? all : first_of(node->first, next);
        case REGEX_END:
        case REGEX_BORDER:
        case REGEX_AHEAD:
        case REGEX_BEHIND:
                break;
        }
        return next;
}

/* ---- making ---- */

static struct regex_op *new_op(
        struct maker *maker, enum regex_op_kind kind, const struct regex_op *next) {
        if (maker->op_count == REGEX_CODE_OPS_MAX) {
                maker->has_failed = true;
                maker->op_count--; /* it is for nothing now */
        }
        struct regex_op *op = &maker->ops[maker->op_count++];
        *op = (struct regex_op){.kind = (uint8_t)kind, .next = next};
        return op;
}

static struct piece make_fail(struct maker *maker) {
        return (struct piece){
                new_op(maker, REGEX_OP_FAIL, NULL), {{{0}}, false}
        };
}

/* One of two; which, the next character may tell. */
static struct piece make_split(struct maker *maker, struct piece a, struct piece b) {
        struct regex_op *op = new_op(maker, REGEX_OP_SPLIT, a.op);
        op->other = b.op;
        op->set = bit_of(maker, a.first);
        op->follow = bit_of(maker, b.first);
        return (struct piece){op, either_first(a.first, b.first)};
}

static struct piece make_either(
        struct maker *maker, const struct regex_node *child, struct piece next) {
        struct piece piece = make(maker, child, next);
        return child->next ? make_split(maker, piece, make_either(maker, child->next, next))
                           : piece;
}

/* The text of children that are single characters, the last of which is given by its index. */
static struct slice text_before(
        struct maker *maker, const struct regex_node *const *children, size_t last) {
        size_t first = last + 1;
        char bytes[REGEX_TREE_CHILDREN_MAX];
        while (first > 0 && children[first - 1]->kind == REGEX_SET &&
                only_char(children[first - 1]->set) >= 0)
                first--;
        for (size_t i = first; i <= last; i++)
                bytes[i - first] = (char)only_char(children[i]->set);
        return arena_copy(&maker->code->arena, (struct slice){bytes, last + 1 - first});
}

static struct piece make_text(struct maker *maker, struct slice text, struct piece next) {
        struct regex_op *op = new_op(maker, text.len == 1 ? REGEX_OP_CHAR : REGEX_OP_TEXT, next.op);
        unsigned char c = (unsigned char)text.data[0];
        op->text = text;
        op->c = text.data[0];
        struct piece piece = {.op = op};
        piece.first.set.bits[c / 64] = UINT64_C(1) << (c % 64);
        return piece;
}

static size_t list_children(
        struct maker *maker, const struct regex_node *node, const struct regex_node **children) {
        size_t count = 0;
        for (const struct regex_node *child = node->first; child; child = child->next) {
                if (count == REGEX_TREE_CHILDREN_MAX) {
                        maker->has_failed = true;
                        break;
                }
                children[count++] = child;
        }
        return count;
}

static struct piece make_sequence(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        const struct regex_node *children[REGEX_TREE_CHILDREN_MAX];
        size_t left = list_children(maker, node, children);
        while (left > 0) {
                struct slice text = text_before(maker, children, left - 1);
                if (text.len > 0) {
                        next = make_text(maker, text, next);
                        left -= text.len;
                } else {
                        next = make(maker, children[--left], next);
                }
        }
        return next;
}

static struct piece make_set(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct slice text = text_before(maker, &node, 0);
        if (text.len > 0)
                return make_text(maker, text, next);
        struct regex_op *op = new_op(maker, REGEX_OP_SET, next.op);
        op->set = bit_of_set(maker, node->set);
        return (struct piece){
                op, {node->set, false}
        };
}

/* The node is a mere text: gives it. */
static bool is_text(struct maker *maker, const struct regex_node *node, struct slice *ret) {
        const struct regex_node *children[REGEX_TREE_CHILDREN_MAX] = {node};
        size_t count = node->kind == REGEX_SEQUENCE ? list_children(maker, node, children) : 1;
        *ret = count > 0 ? text_before(maker, children, count - 1) : SLICE_NULL;
        return count > 0 && ret->len == count;
}

/* ---- runs of characters ---- */

struct run {
        struct regex_set set;
        struct slice stop; /* in front of which it ends; or empty */
};

/* "X", or "(?!TEXT)X". */
static bool is_run(struct maker *maker, const struct regex_node *node, struct run *ret) {
        *ret = (struct run){.stop = SLICE_NULL};
        if (node->kind == REGEX_SEQUENCE && node->first && node->first->kind == REGEX_AHEAD &&
                node->first->is_negative && node->first->next && !node->first->next->next &&
                is_text(maker, node->first->first, &ret->stop))
                node = node->first->next;
        ret->set = node->set;
        return node->kind == REGEX_SET;
}

static struct piece make_run(struct maker *maker, const struct run *run,
        const struct regex_node *node, struct piece next) {
        struct regex_op *op = new_op(maker, REGEX_OP_GREEDY, next.op);
        if (!share_char(run->set, next.first.set))
                op->kind = REGEX_OP_RUN;
        else if (node->is_lazy)
                op->kind = REGEX_OP_LAZY;
        op->set = bit_of_set(maker, run->set);
        op->follow = bit_of(maker, next.first);
        op->min = (uint32_t)node->min;
        op->max = node->max;
        op->text = run->stop;
        struct regex_first first = {run->set, false};
        return (struct piece){op, node->min > 0 ? first : either_first(first, next.first)};
}

/* ---- repeats ---- */

static struct piece make_choice(
        struct maker *maker, const struct regex_node *node, struct piece take, struct piece pass) {
        return node->is_lazy ? make_split(maker, pass, take) : make_split(maker, take, pass);
}

/* "X*": at each round's end it is decided anew. */
static struct piece make_loop(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct regex_op *op = new_op(maker, REGEX_OP_SPLIT, NULL);
        struct regex_first inner = first_of(node->first, next.first);
        struct piece round = {op, either_first(inner, next.first)};
        struct piece take = make(maker, node->first, round);
        struct piece split = make_choice(maker, node, (struct piece){take.op, inner}, next);
        *op = *split.op;
        return (struct piece){op, round.first};
}

static struct piece make_repeat(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct run run;
        if (node->max > 1 && is_run(maker, node->first, &run))
                return make_run(maker, &run, node, next);
        struct piece piece = next;
        if (node->max == REGEX_TREE_FOREVER)
                piece = make_loop(maker, node, next);
        for (size_t i = node->min; node->max != REGEX_TREE_FOREVER && i < node->max; i++)
                piece = make_choice(maker, node, make(maker, node->first, piece), next);
        for (size_t i = 0; i < node->min; i++)
                piece = make(maker, node->first, piece);
        return piece;
}

/* ---- the others ---- */

static struct piece make_group(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        if (node->is_barred)
                return make_fail(maker);
        struct regex_op *close = new_op(maker, REGEX_OP_CLOSE, next.op);
        struct piece inner = make(maker, node->first, (struct piece){close, next.first});
        struct regex_op *open = new_op(maker, REGEX_OP_OPEN, inner.op);
        open->group = close->group = (uint8_t)node->group;
        return (struct piece){open, inner.first};
}

static struct piece make_ahead(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct regex_op *op =
                new_op(maker, node->is_negative ? REGEX_OP_NOT_AHEAD : REGEX_OP_AHEAD, next.op);
        if (node->is_negative && is_text(maker, node->first, &op->text)) {
                op->kind = REGEX_OP_NOT_TEXT;
                return (struct piece){op, next.first};
        }
        if (maker->code->look_count == REGEX_CODE_LOOKS)
                maker->has_failed = true;
        op->group = (uint8_t)maker->code->look_count++;
        struct regex_op *found = new_op(maker, REGEX_OP_FOUND, NULL);
        found->other = op;
        op->other = make(maker, node->first, (struct piece){found, anything()}).op;
        return (struct piece){op, next.first};
}

static struct piece make_behind(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct regex_op *op =
                new_op(maker, node->is_negative ? REGEX_OP_NOT_BEHIND : REGEX_OP_BEHIND, next.op);
        op->set = bit_of_set(maker, node->set);
        return (struct piece){op, next.first};
}

static struct piece make_border(
        struct maker *maker, const struct regex_node *node, struct piece next) {
        struct regex_op *op =
                new_op(maker, node->is_negative ? REGEX_OP_NOT_BORDER : REGEX_OP_BORDER, next.op);
        op->set = bit_of_set(maker, regex_set_of_words());
        return (struct piece){op, next.first};
}

static struct piece make_if(struct maker *maker, const struct regex_node *node, struct piece next) {
        struct piece yes = make(maker, node->first, next);
        struct piece no = make(maker, node->first->next, next);
        struct regex_op *op = new_op(maker, REGEX_OP_IF, yes.op);
        op->other = no.op;
        op->group = (uint8_t)node->group;
        return (struct piece){op, either_first(yes.first, no.first)};
}

static struct piece make(struct maker *maker, const struct regex_node *node, struct piece next) {
        if (maker->has_failed)
                return next;
        switch (node->kind) {
        case REGEX_SET:
                return make_set(maker, node, next);
        case REGEX_SEQUENCE:
                return make_sequence(maker, node, next);
        case REGEX_EITHER:
                return make_either(maker, node->first, next);
        case REGEX_REPEAT:
                return make_repeat(maker, node, next);
        case REGEX_GROUP:
                return make_group(maker, node, next);
        case REGEX_END:
                return (struct piece){
                        new_op(maker, REGEX_OP_END, next.op), {{{NEWLINE, 0}}, true}
                };
        case REGEX_BORDER:
                return make_border(maker, node, next);
        case REGEX_AHEAD:
                return make_ahead(maker, node, next);
        case REGEX_BEHIND:
                return make_behind(maker, node, next);
        case REGEX_IF:
                return make_if(maker, node, next);
        }
        return next;
}

/* ---- what the next character tells ---- */

static const struct regex_op *resolve(
        struct maker *maker, const struct regex_op *op, unsigned c, unsigned *left);

static bool has(const struct maker *maker, uint64_t bit, unsigned c) {
        return (maker->code->sets[c] & bit) != 0;
}

/* Both, or the one that there is. */
static const struct regex_op *both(
        struct maker *maker, const struct regex_op *a, const struct regex_op *b) {
        if (a->kind == REGEX_OP_FAIL || b->kind == REGEX_OP_FAIL)
                return a->kind == REGEX_OP_FAIL ? b : a;
        for (size_t i = maker->first_both; i < maker->op_count; i++) {
                const struct regex_op *known = &maker->ops[i];
                if (known->kind == REGEX_OP_BOTH && known->next == a && known->other == b)
                        return known;
        }
        struct regex_op *op = new_op(maker, REGEX_OP_BOTH, a);
        op->other = b;
        return op;
}

static const struct regex_op *resolve_split(
        struct maker *maker, const struct regex_op *op, unsigned c, unsigned *left) {
        const struct regex_op *fail = &maker->ops[0];
        const struct regex_op *next = fail;
        const struct regex_op *other = fail;
        if (has(maker, op->set, c))
                next = resolve(maker, op->next, c, left);
        if (has(maker, op->follow, c))
                other = resolve(maker, op->other, c, left);
        return both(maker, next, other);
}

/* What is run instead of op where c comes next: something behind it if that is the same, or the
 * first op if it must fail. */
static const struct regex_op *resolve(
        struct maker *maker, const struct regex_op *op, unsigned c, unsigned *left) {
        const struct regex_op *fail = &maker->ops[0];
        if (*left == 0)
                maker->has_failed = true;
        if (maker->has_failed)
                return op;
        --*left;
        switch ((enum regex_op_kind)op->kind) {
        case REGEX_OP_SPLIT:
                return resolve_split(maker, op, c, left);
        case REGEX_OP_RUN:
        case REGEX_OP_GREEDY:
        case REGEX_OP_LAZY:
                if (has(maker, op->set, c))
                        return op;
                if (op->min > 0 || !has(maker, op->follow, c))
                        return fail;
                return resolve(maker, op->next, c, left);
        case REGEX_OP_SET:
                return has(maker, op->set, c) ? op : fail;
        case REGEX_OP_CHAR:
        case REGEX_OP_TEXT:
                return (unsigned char)op->c == c ? op : fail;
        case REGEX_OP_NOT_TEXT:
                return (unsigned char)op->text.data[0] == c ? op
                                                            : resolve(maker, op->next, c, left);
        case REGEX_OP_MATCH:
        case REGEX_OP_FAIL:
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
        case REGEX_OP_IF:
                break;
        }
        return op;
}

/* What can come next: the characters, and the end. What is beyond ASCII fails. */
static unsigned next_char(unsigned i) {
        return i < REGEX_CODE_ASCII ? i : REGEX_CODE_END;
}

static void add_char(struct regex_set *set, char c) {
        unsigned char byte = (unsigned char)c;
        set->bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

/* Characters that some op asks for by themselves. */
static struct regex_set named_chars(const struct maker *maker) {
        struct regex_set named = {{0}};
        for (size_t i = 0; i < maker->op_count; i++) {
                const struct regex_op *op = &maker->ops[i];
                if (op->kind == REGEX_OP_CHAR || op->kind == REGEX_OP_TEXT)
                        add_char(&named, op->c);
                else if (op->kind == REGEX_OP_NOT_TEXT)
                        add_char(&named, op->text.data[0]);
        }
        return named;
}

/* Of each what comes first of those that no op tells from it: resolve() sees no more of a character
 * than its sets and whether it is named. */
static void find_twins(const struct maker *maker, unsigned twins[REGEX_CODE_ASCII + 1]) {
        const uint64_t *sets = maker->code->sets;
        struct regex_set named = named_chars(maker);
        for (unsigned i = 0; i <= REGEX_CODE_ASCII; i++) {
                unsigned twin =
                        i < REGEX_CODE_ASCII && regex_set_has(&named, (unsigned char)i) ? i : 0;
                while (twin < i && (twins[twin] != twin || sets[twin] != sets[next_char(i)] ||
                                           regex_set_has(&named, (unsigned char)twin)))
                        twin++;
                twins[i] = twin;
        }
}

static uint16_t *make_table(struct maker *maker, const struct regex_op *op,
        const unsigned twins[REGEX_CODE_ASCII + 1]) {
        uint16_t *table =
                arena_alloc_array(&maker->code->arena, REGEX_CODE_END + 1, sizeof(*table));
        for (unsigned i = 0; i <= REGEX_CODE_ASCII; i++) {
                unsigned left = FAR;
                if (twins[i] < i)
                        table[next_char(i)] = table[twins[i]];
                else
                        table[next_char(i)] =
                                (uint16_t)(resolve(maker, op, next_char(i), &left) - maker->ops);
        }
        return table;
}

/* Splits are looked at until all have their tables, as each may lead to any of the others. */
static void make_switches(struct maker *maker) {
        const uint16_t *tables[REGEX_CODE_OPS_MAX];
        unsigned twins[REGEX_CODE_ASCII + 1];
        size_t count = maker->op_count;
        find_twins(maker, twins);
        maker->first_both = count;
        for (size_t i = 0; i < count; i++)
                tables[i] = maker->ops[i].kind == REGEX_OP_SPLIT
                                    ? make_table(maker, &maker->ops[i], twins)
                                    : NULL;
        for (size_t i = 0; i < count; i++)
                if (tables[i]) {
                        maker->ops[i].kind = REGEX_OP_SWITCH;
                        maker->ops[i].table = tables[i];
                }
}

/* Into the memory of the code, no more of it than needed. */
static void keep_ops(struct maker *maker, const struct regex_op *start) {
        struct regex_code *code = maker->code;
        code->ops = arena_alloc_array(&code->arena, maker->op_count, sizeof(*code->ops));
        code->op_count = maker->op_count;
        code->start = code->ops + (start - maker->ops);
        for (size_t i = 0; i < maker->op_count; i++) {
                struct regex_op *op = &code->ops[i];
                *op = maker->ops[i];
                if (op->kind != REGEX_OP_SWITCH && op->next)
                        op->next = code->ops + (op->next - maker->ops);
                if (op->other)
                        op->other = code->ops + (op->other - maker->ops);
        }
}

static struct regex_code *make_all(const struct regex_tree *tree) {
        struct maker maker = {.code = memory_new(sizeof(*maker.code))};
        maker.code->arena = ARENA_INIT;
        maker.code->group_count = tree->group_count;
        maker.ops = memory_new_array(REGEX_CODE_OPS_MAX, sizeof(*maker.ops));
        (void)make_fail(&maker);
        const struct regex_op *match = new_op(&maker, REGEX_OP_MATCH, NULL);
        const struct regex_op *start =
                make(&maker, tree->root, (struct piece){match, anything()}).op;
        make_switches(&maker);
        keep_ops(&maker, start);
        free(maker.ops);
        return maker.has_failed ? regex_code_free(maker.code) : maker.code;
}

struct regex_code *regex_code_new(struct slice regex, size_t barred) {
        struct arena arena = ARENA_INIT;
        struct regex_tree tree;
        struct regex_code *code = NULL;
        if (regex_tree_read(regex, barred, &arena, &tree))
                code = make_all(&tree);
        arena_done(&arena);
        return code;
}

struct regex_code *regex_code_free(struct regex_code *code) {
        if (!code)
                return NULL;
        arena_done(&code->arena);
        free(code);
        return NULL;
}
