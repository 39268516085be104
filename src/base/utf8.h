/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define UTF8_SEQUENCE_MAX 4

/* Length of the valid sequence that begins at at (less than s.len), its code point in *ret; 0 if
 * there is none. */
size_t utf8_decode(struct slice s, size_t at, uint32_t *ret);
/* Writes the sequence of code (a valid code point) and returns its length. */
size_t utf8_encode(uint32_t code, char buffer[static UTF8_SEQUENCE_MAX]);
bool utf8_is_valid(struct slice s);
