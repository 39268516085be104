/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw bytes of one log line to text: decoding by `logencoding`, invalid bytes to U+FFFD (spec filter.md 4.6). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "detect/iso2022.h"
#include "detect/multibyte.h"

enum line_encoding {
        LINE_UTF8,
        LINE_ASCII,
        LINE_LATIN1,
        LINE_UTF8_SIG,
        LINE_UTF16LE,
        LINE_UTF16BE,
        LINE_UTF16,
        LINE_UTF32LE,
        LINE_UTF32BE,
        LINE_UTF32,
        LINE_UTF7,
        LINE_HZ,
        LINE_ISO2022, /* LINE_ISO2022 + n is encoding n of iso2022.h */
        LINE_MULTIBYTE = LINE_ISO2022 + ISO2022_COUNT, /* LINE_MULTIBYTE + n is encoding n of multibyte.h */
        LINE_CODEPAGE = LINE_MULTIBYTE + MULTIBYTE_COUNT, /* and all above: LINE_CODEPAGE + n is encoding n of codepage.h */
};

/* Resolves a codec name as Python does ("utf-8", "UTF8", "latin1", "ascii", "auto", ...); LINE_UTF16 and LINE_UTF32 tell their byte order by a
 * mark in front of each text, else little-endian. Returns 0, or -EINVAL with LookupError "unknown encoding: X" (which is what a codec
 * gets that Python has and we do not: multibyte.h has which and why). */
int line_encoding_parse(struct slice name, enum line_encoding *ret, struct fault *fault);

/* Whether ASCII characters are themselves, one byte each, and nothing else is such a byte. */
bool line_encoding_is_ascii_compatible(enum line_encoding encoding);

/* Bytes of the encoding's units: 1, 2 or 4. */
size_t line_unit(enum line_encoding encoding);

/* The line's text as valid UTF-8. Returns the input itself where it is valid already (no copy), else a repaired copy in arena;
 * *ret_repaired tells which. */
struct slice line_decode(enum line_encoding encoding, struct slice raw, struct arena *arena, bool *ret_repaired);
/* Bytes of the first line in raw, its end included; 0 if raw holds no complete line. In UTF-16 a line ends with a newline of two bytes, in UTF-32 of four. */
size_t line_length(enum line_encoding encoding, struct slice raw);
/* Without the \r and \n at the end. */
struct slice line_strip_end(struct slice raw);
