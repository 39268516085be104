/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time expressions such as "1d 12h", "10*60" or "1.5h" to seconds, and seconds to short text such
 * as "1d 12h". */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/value.h"

#define DURATION_INPUT_MAX 1024 /* bytes of an expression */
#define DURATION_DEPTH_MAX 64   /* nesting of parentheses, signs and powers */

/* Evaluates an expression: numbers, units (s m h d w mo y and their longer forms, any case), + - *
 * / // % ** and parentheses; a blank between a unit or number and a following number is a plus; '#'
 * starts a comment. Gives VALUE_INT, or VALUE_FLOAT where Python would have a float. Returns 0;
 * -EINVAL (fault kind SyntaxError or NameError), -EDOM (ZeroDivisionError, or no real result),
 * -ERANGE (beyond int64 or double), -E2BIG (too long or too deep). *ret is untouched on error. */
int duration_parse(struct slice text, struct value *ret, struct fault *fault);
/* The same, truncated towards zero to whole seconds. */
int duration_parse_s(struct slice text, int64_t *ret_s, struct fault *fault);
/* "1y 3w 4d", "2d 7h 15m", "59m 54s", "0": three units at most, rounded accordingly. seconds:
 * VALUE_INT or VALUE_FLOAT; the text is in arena. */
struct slice duration_print(const struct value *seconds, struct arena *arena);
