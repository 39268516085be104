/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data column: JSON, byte for byte as Python's json.dumps(ensure_ascii=False) writes it. */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/value.h"

#define STORE_JSON_MAX ((size_t)4 << 20) /* bytes of one column */

/* Appends v. A set becomes the text of its list, bytes their text, as upstream's adapter does it;
 * an invalid byte becomes '?' (of bytes: U+FFFD). Returns 0, or -ENOBUFS if out is full or v is
 * nested deeper than VALUE_DEPTH_MAX. */
int store_json_put(struct buffer *out, const struct value *v);
/* Reads a column into arena; invalid UTF-8 is read as U+FFFD. Returns 0 and a DICT, or -EBADMSG
 * (the database is damaged). */
int store_json_get(struct slice text, struct arena *arena, struct value *ret);
