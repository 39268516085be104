/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What formula.c computes with: Python's arithmetic on numbers that may be impossible. */
#pragma once

#include <stddef.h>

#include "enforce/formula.h"

struct formula_value {
        struct formula_number number;
        const char *kind;   /* exception class in Python, if there is a reason */
        const char *reason; /* why there is no number; NULL: there is one */
};

enum formula_operator {
        FORMULA_PLUS,
        FORMULA_MINUS,
        FORMULA_TIMES,
        FORMULA_DIVIDE,
        FORMULA_FLOOR,
        FORMULA_MODULO,
        FORMULA_POWER,
        FORMULA_LEFT,
        FORMULA_RIGHT,
        FORMULA_LT,
        FORMULA_LE,
        FORMULA_GT,
        FORMULA_GE,
        FORMULA_EQ,
        FORMULA_NE,
        FORMULA_OPERATOR_COUNT
};

struct formula_value formula_value_of(struct formula_number number);
bool formula_is_true(const struct formula_value *v);
struct formula_value formula_binary(
        enum formula_operator what, const struct formula_value *a, const struct formula_value *b);
/* "math.exp", "min", ...: returns 0, -ENOENT (no such function), -EINVAL (not with so many
 * arguments). random: for random.random(). */
int formula_call(struct slice name, const struct formula_value *arguments, size_t count,
        double random, struct formula_value *ret);
/* math.pi, math.e, True, False. */
bool formula_constant(struct slice name, struct formula_number *ret);
