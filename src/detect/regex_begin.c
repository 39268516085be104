/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree is gone through with all places at once that a part may stand at; each character set is
 * noted for the places it is found at. Places from PLACES on are one, as they do not matter.
 *
 * Invariant: a place may have more characters than a match can have there, and never less; so what
 * all of them have in common, matches have, too. */
#include "detect/regex_begin.h"

#define PLACES REGEX_BEGIN_BYTES
#define BEYOND (UINT32_C(1) << PLACES)
#define STEPS_MAX 20000     /* repeats in repeats make many */
#define ROUNDS (PLACES + 1) /* of a repeat: all places are beyond then, or none comes anew */

struct walk {
        struct regex_set at[PLACES];
        unsigned steps;
};

/* Returns the places behind the node, a bit each, of those in front of it. */
static uint32_t pass(struct walk *walk, const struct regex_node *node, uint32_t from);

static void add(struct walk *walk, unsigned place, struct regex_set set) {
        walk->at[place].bits[0] |= set.bits[0];
        walk->at[place].bits[1] |= set.bits[1];
}

static uint32_t pass_set(struct walk *walk, struct regex_set set, uint32_t from) {
        for (uint32_t left = from & ~BEYOND; left != 0; left &= left - 1)
                add(walk, (unsigned)__builtin_ctz(left), set);
        return (from & ~BEYOND) << 1 | (from & BEYOND);
}

static uint32_t pass_sequence(struct walk *walk, const struct regex_node *child, uint32_t from) {
        for (; child; child = child->next)
                from = pass(walk, child, from);
        return from;
}

static uint32_t pass_either(struct walk *walk, const struct regex_node *child, uint32_t from) {
        uint32_t behind = 0;
        for (; child; child = child->next)
                behind |= pass(walk, child, from);
        return behind;
}

static uint32_t pass_repeat(struct walk *walk, const struct regex_node *node, uint32_t from) {
        for (size_t i = 0; i < node->min && i < ROUNDS; i++)
                from = pass(walk, node->first, from);
        uint32_t behind = from;
        for (size_t i = node->min; i < node->max; i++) {
                from = pass(walk, node->first, from);
                if ((from & ~behind) == 0)
                        break;
                behind |= from;
        }
        return behind;
}

static uint32_t pass(struct walk *walk, const struct regex_node *node, uint32_t from) {
        if (from == 0 || walk->steps == STEPS_MAX)
                return from;
        walk->steps++;
        switch (node->kind) {
        case REGEX_SET:
                return pass_set(walk, node->set, from);
        case REGEX_SEQUENCE:
                return pass_sequence(walk, node->first, from);
        case REGEX_EITHER:
        case REGEX_IF:
                return pass_either(walk, node->first, from);
        case REGEX_REPEAT:
                return pass_repeat(walk, node, from);
        case REGEX_GROUP:
                return node->is_barred ? 0 : pass(walk, node->first, from);
        case REGEX_END:
        case REGEX_BORDER:
        case REGEX_AHEAD:
        case REGEX_BEHIND:
                break;
        }
        return from;
}

/* Behind the match there may be anything. */
static void add_rest(struct walk *walk, uint32_t ends) {
        static const struct regex_set anything = {
                {UINT64_MAX, UINT64_MAX}
        };
        for (unsigned place = 0; place < PLACES; place++)
                if ((ends & ((UINT32_C(2) << place) - 1)) != 0)
                        add(walk, place, anything);
}

/* The bits that are the same in all characters of the set. */
static uint8_t common_bits(const struct regex_set *set, uint8_t *ret_mask) {
        unsigned all = 0x7f, any = 0;
        for (unsigned half = 0; half < 2; half++)
                for (uint64_t left = set->bits[half]; left != 0; left &= left - 1) {
                        unsigned c = 64 * half + (unsigned)__builtin_ctzll(left);
                        all &= c;
                        any |= c;
                }
        *ret_mask = (uint8_t)(~(all ^ any) & 0x7f);
        return (uint8_t)(all & *ret_mask);
}

bool regex_begin_find(struct slice regex, struct regex_begin *ret) {
        struct arena arena = ARENA_INIT;
        struct regex_tree tree;
        struct walk walk = {.steps = 0};
        bool is_known = regex_tree_read(regex, 0, &arena, &tree);
        if (is_known)
                add_rest(&walk, pass(&walk, tree.root, 1));
        arena_done(&arena);
        if (!is_known || walk.steps == STEPS_MAX)
                return false;
        uint8_t bits[PLACES], mask[PLACES];
        for (unsigned place = 0; place < PLACES; place++)
                bits[place] = common_bits(&walk.at[place], &mask[place]);
        ret->first = walk.at[0];
        memcpy(ret->bits, bits, sizeof(bits));
        memcpy(ret->mask, mask, sizeof(mask));
        return true;
}
