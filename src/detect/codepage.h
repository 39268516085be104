/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings of one byte a character, beyond those of line.c: as Python's codecs decode them. Tables
 * of our own, because iconv() loads its modules when it is first asked, which a sandbox forbids.
 *
 * Not here, and refused as unknown: EBCDIC, whose line ends are not those by which fail2ban reads
 * lines. To it all that it finds written at a time is one line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define CODEPAGE_NAME_MAX 32 /* bytes of a name, the end included */

/* The index of the encoding of that name, which is in lower case, with '_' between its parts; or
 * -1. */
int codepage_find(struct slice name);
/* The character of a byte; 0 if there is none (a NUL is the byte 0 alone). */
uint32_t codepage_char(int index, unsigned char byte);
/* Whether only the bytes below 128 stand for ASCII characters. */
bool codepage_is_ascii_compatible(int index);
/* Whether text of bytes below 128 alone is ASCII. */
bool codepage_has_ascii(int index);
size_t codepage_count(void);
