/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict number parsing: the whole text or an error; the output is untouched on error. And printing without printf(). */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* Decimal digits only. Returns 0, -EINVAL (empty, or another character), -ERANGE. */
int number_parse_u32(struct slice s, uint32_t *ret);
int number_parse_u64(struct slice s, uint64_t *ret);
/* As above with an optional leading '-' or '+'. */
int number_parse_i64(struct slice s, int64_t *ret);
/* What Python's int(text) accepts in base 10: white space around, sign, digits with single underscores between. */
int number_parse_python_int(struct slice s, int64_t *ret);
/* Python's float(text) without inf, nan and hex: white space around, sign, digits, fraction, exponent. */
int number_parse_double(struct slice s, double *ret);

#define NUMBER_DIGITS_MAX 20
/* Writes v in decimal, without NUL. Returns the number of digits. */
size_t number_print_u64(uint64_t v, char to[static NUMBER_DIGITS_MAX]);
