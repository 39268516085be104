/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings of one to eight bytes a character of China, Japan and Korea, as Python's codecs decode
 * them. Tables of our own (nine for 16 encodings, 350 kB, of which only what is used gets into
 * memory), because iconv() loads its modules when it is first asked, which a sandbox forbids, and
 * other systems' have other characters, or none.
 *
 * Not here: encodings in which bytes mean something only together with what came before (iso2022.h,
 * utf7.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define MULTIBYTE_COUNT 16
#define MULTIBYTE_NAME_MAX 32 /* bytes of a name, the end included */

/* What bytes stand for. */
struct multibyte_char {
        uint32_t code; /* 0: NUL, or nothing */
        uint32_t then; /* a mark that belongs to it; 0: none */
};

/* The index of the encoding of that name, which is in lower case, with '_' between its parts; or
 * -1. */
int multibyte_find(struct slice name);
/* The character at the front of raw, which is not empty, in *ret; U+FFFD with *ret_broken for bytes
 * that are none. Returns how many bytes belong to it. A newline always stands for itself. */
size_t multibyte_next(int index, struct slice raw, struct multibyte_char *ret, bool *ret_broken);
/* Whether only the bytes below 128 stand for ASCII characters, wherever they are. */
bool multibyte_is_ascii_compatible(int index);
/* Whether text of bytes below 128 alone is ASCII. */
bool multibyte_has_ascii(int index);

/* Sets of 94 times 94 characters, as iso2022.h has them. */
enum multibyte_set {
        MULTIBYTE_JISX0208,
        MULTIBYTE_JISX0212,
        MULTIBYTE_JISX0213_2000, /* first plane */
        MULTIBYTE_JISX0213_2004,
        MULTIBYTE_JISX0213_SECOND,
        MULTIBYTE_KSX1001,
        MULTIBYTE_GB2312,
};
/* The character in row and cell (1 to 94; anything else has none); code 0: none. */
struct multibyte_char multibyte_of_set(enum multibyte_set set, unsigned row, unsigned cell);
