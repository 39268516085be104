/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw bytes of one log line to text: decoding by `logencoding`, invalid bytes to U+FFFD (spec filter.md 4.6). */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

enum line_encoding { LINE_UTF8, LINE_ASCII, LINE_LATIN1, LINE_UTF8_SIG, LINE_UTF16LE, LINE_UTF16BE, LINE_OTHER };

/* Resolves a codec name as Python does ("utf-8", "UTF8", "latin1", "ascii", "auto", ...). Returns 0, or -EINVAL with LookupError
 * "unknown encoding: X". */
int line_encoding_parse(struct slice name, enum line_encoding *ret, struct fault *fault);

/* The line's text as valid UTF-8. Returns the input itself where it is valid already (no copy), else a repaired copy in arena;
 * *ret_repaired tells which. */
struct slice line_decode(enum line_encoding encoding, struct slice raw, struct arena *arena, bool *ret_repaired);
/* Without the \r and \n at the end. */
struct slice line_strip_end(struct slice raw);
