/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts inside pickles, in the ways that the protocols write them. Inside of wire/ only. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/value.h"

/* Each puts the value into *ret; texts are new ones in arena. Returns 0, or -EBADMSG with a fault.
 */

/* UTF-8 as Python's pickler writes it: a byte that Python carries as a lone surrogate
 * (U+DC80..U+DCFF) becomes that byte again. */
int pickle_text_utf8(struct slice s, struct arena *arena, struct value *ret, struct fault *fault);
/* Bytes of Python 2's str: text if they are UTF-8, else Latin-1. */
int pickle_text_old(struct slice s, struct arena *arena, struct value *ret, struct fault *fault);
/* The line of a STRING: quoted, with escapes. */
int pickle_text_quoted(
        struct slice line, struct arena *arena, struct value *ret, struct fault *fault);
/* The line of a UNICODE: Latin-1 with \u and \U escapes. */
int pickle_text_escaped(
        struct slice line, struct arena *arena, struct value *ret, struct fault *fault);
/* The lines of INT ("00" and "01" are bools), LONG ("12L") and FLOAT. */
int pickle_text_int(struct slice line, struct value *ret, struct fault *fault);
int pickle_text_long(struct slice line, struct value *ret, struct fault *fault);
int pickle_text_float(struct slice line, struct value *ret, struct fault *fault);
/* A little-endian two's complement of any length. */
int pickle_text_binary_long(struct slice bytes, struct value *ret, struct fault *fault);
