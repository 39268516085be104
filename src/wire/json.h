/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as JSON, by jansson: the second form of the control socket, and `--json` of the programs. */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"
#include "base/value.h"

#define JSON_TEXT_MAX ((size_t)32 << 20)

/* Parses one JSON text into arena (objects become DICT, arrays LIST). Depth at most VALUE_DEPTH_MAX; duplicate keys, numbers beyond int64 and
 * trailing text are refused. Returns 0, or -EBADMSG with a fault that names line and column. */
int json_decode(struct slice text, struct arena *arena, struct value *ret, struct fault *fault);
/* Appends v: tuples and sets as arrays, keys as text, bytes as text with U+FFFD for what is no UTF-8. One line, without a newline.
 * Returns 0 or -ENOBUFS. */
int json_encode(struct buffer *out, const struct value *v);
