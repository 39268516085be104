/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's repr() and str() of a value: what `-d`, the log, replies and fail2ban-regex print. */
#pragma once

#include "base/buffer.h"
#include "base/value.h"

/* Appends repr(text): quotes as Python chooses them, escapes for what is not printable. Invalid
 * UTF-8 appears as \xNN. Returns 0, or -ENOBUFS if out is full. */
int repr_put_text(struct buffer *out, struct slice text);
/* Appends repr(v); a set as {1, 2}, an empty one as set(), bytes as b'...', a float in its shortest
 * form. Returns 0 or -ENOBUFS. */
int repr_put(struct buffer *out, const struct value *v);
/* The same as text in arena. */
struct slice repr_text(struct slice text, struct arena *arena);
struct slice repr(const struct value *v, struct arena *arena);
/* str(v): a text as it is, everything else as repr(). */
struct slice repr_str(const struct value *v, struct arena *arena);
