/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings of one to four bytes a character of China, Japan and Korea, as Python's codecs decode
 * them. Tables of our own (five for ten encodings, 160 kB, of which only what is used gets into
 * memory), because iconv() loads its modules when it is first asked, which a sandbox forbids, and
 * other systems' have other characters, or none.
 *
 * Not here, and refused as unknown: what means something only together with what came before
 * (iso2022_*, hz, utf_7), which no log is written in; johab, big5hkscs and the encodings of JIS X
 * 0213, which have tables of their own for next to no user; EBCDIC, whose line ends are not those
 * by which fail2ban reads lines: to it such a log is one line. Of euc_kr, syllables spelled in
 * eight bytes are not read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define MULTIBYTE_COUNT 10
#define MULTIBYTE_NAME_MAX 32 /* bytes of a name, the end included */

/* The index of the encoding of that name, which is in lower case, with '_' between its parts; or
 * -1. */
int multibyte_find(struct slice name);
/* The character at the front of raw, which is not empty, in *ret; U+FFFD with *ret_broken for bytes
 * that are none. Returns how many bytes belong to it. A newline always stands for itself. */
size_t multibyte_next(int index, struct slice raw, uint32_t *ret, bool *ret_broken);
/* Whether only the bytes below 128 stand for ASCII characters, wherever they are. */
bool multibyte_is_ascii_compatible(int index);
