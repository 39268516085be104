/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evaluates the arithmetic part of Python's expressions, for bantime.formula and bantime.factor
 * (spec server.md 3.3): numbers,
 * + - * / // % ** << >>, comparisons, and/or/not, "a if c else b", math.*, random.random(), min,
 * max, abs, int, float, round, pow, and the names ban.Time, ban.Count, banFactor. Nothing else can
 * be reached from there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"

#define FORMULA_TEXT_MAX 4096 /* bytes */
#define FORMULA_DEPTH_MAX                                                                          \
        192 /* nesting of parentheses (each counts three), signs, powers, conditions */
#define FORMULA_ARGUMENTS_MAX 8 /* of a function */

/* As in Python an integer stays one until it meets a float. One that outgrows 64 bits becomes a
 * float. */
struct formula_number {
        bool is_float;
        int64_t integer;
        double real;
};

struct formula_env {
        struct formula_number time;   /* ban.Time, seconds */
        struct formula_number count;  /* ban.Count */
        struct formula_number factor; /* banFactor */
        double random;                /* random.random(), [0, 1) */
};

struct formula_number formula_integer(int64_t integer);
struct formula_number formula_real(double real);
double formula_as_real(const struct formula_number *number);

/* env NULL: the ban's names are unknown. Returns 0; -EINVAL (kind SyntaxError, NameError,
 * TypeError), -E2BIG (too long or too deep), -EDOM (ZeroDivisionError, ValueError, OverflowError:
 * the text is good, but not with these numbers). *ret is untouched on error. */
int formula_eval(struct slice text, const struct formula_env *env, struct formula_number *ret,
        struct fault *fault);
