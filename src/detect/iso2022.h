/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings of Japan and Korea in which escape sequences choose the character set of the bytes
 * behind them (ISO 2022), as Python's codecs decode them. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

#define ISO2022_COUNT 7
#define ISO2022_NAME_MAX 32 /* bytes of a name, the end included */

/* The index of the encoding of that name, which is in lower case, with '_' between its parts; or
 * -1. */
int iso2022_find(struct slice name);
/* The text of a line, which begins in ASCII, as UTF-8: raw itself if it is ASCII without a control
 * character that would matter, else in arena. U+FFFD stands for each sequence that is none, and
 * sets *ret_broken; it may have taken the line end with it. */
struct slice iso2022_decode(int index, struct slice raw, struct arena *arena, bool *ret_broken);
