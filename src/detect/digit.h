/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decimal digits of every script (Unicode category Nd), as the \d of a date regex accepts them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Whether the first character of text (UTF-8) is a decimal digit: its length in bytes, with the value in *ret; else 0. */
size_t digit_value(struct slice text, int *ret);
/* Rewrites the digits of text as ASCII ones into buffer, of size bytes, and leaves the rest as it is. Returns the view of buffer, or
 * the empty slice if that is too small. */
struct slice digit_to_ascii(struct slice text, char *buffer, size_t size);
/* What Python's int(text) gives for text of any script. Returns 0, -EINVAL, or -ERANGE (above 64 bits). */
int digit_parse_int(struct slice text, int64_t *ret);
/* Decodes the character at position at (valid UTF-8, at < text.len); *ret_len is its length in bytes. */
uint32_t digit_decode_utf8(struct slice text, size_t at, size_t *ret_len);
