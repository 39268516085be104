/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as JSON (read by jansson): the second form of the control socket, and `--json` of the
 * programs. A request is one line: an array of words, or {"command": [...]}. Its reply:
 * {"ok":true,"result":...} or
 * {"ok":false,"error":{"type":"module.Class","message":"..."}}. */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"
#include "base/value.h"

#define JSON_TEXT_MAX ((size_t)32 << 20)
#define JSON_ITEMS_MAX 200000 /* arrays, objects and what they hold */

/* Parses one JSON text into arena (objects become DICT, arrays LIST). Depth at most
 * VALUE_DEPTH_MAX; duplicate keys, numbers beyond int64 and trailing text are refused, and so are
 * more than JSON_ITEMS_MAX items. Returns 0, or -EBADMSG with a fault that names line and column.
 */
int json_decode(struct slice text, struct arena *arena, struct value *ret, struct fault *fault);
/* Appends v: tuples and sets as arrays, keys as text, what is no UTF-8 as U+FFFD, a number that
 * JSON does not have (inf, nan) as null. One line, without a newline and without FRAME_END in it.
 * Returns 0, or -ENOBUFS if out is full or v is nested too deep. */
int json_encode(struct buffer *out, const struct value *v);
