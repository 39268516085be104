/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python pickles, protocols 0 to 5 in, 4 out: values only. A closed set of opcodes; nothing is ever
 * called or built (spec server.md 2). */
#pragma once

#include "base/buffer.h"
#include "base/fault.h"
#include "base/value.h"

#define PICKLE_ITEMS_MAX 2000000 /* values made by one pickle */
#define PICKLE_MEMO_MAX 1000000  /* memo entries */
#define PICKLE_COPIED_MAX                                                                          \
        ((size_t)16 << 20) /* bytes that memo references and DUP stand for: values and texts */

/* Decodes one whole pickle to a value in arena; texts are copied. Any reference to a class or
 * function is refused. Integers beyond 64 bits are refused. Texts of protocols 0 and 1 that are no
 * UTF-8 are taken as Latin-1. A memo reference shares nothing: it copies (within the caps).
 * Trailing bytes after STOP are refused. Returns 0, or -EBADMSG with a fault in Python's words
 * where it has some ("pickle data was truncated", "Ran out of input"), so that "ERROR: TEXT" is the
 * reply. */
int pickle_decode(struct slice bytes, struct arena *arena, struct value *ret, struct fault *fault);

/* A reply as a client sees it: the tuple (0, value), the tuple (1, class(*arguments)), or a bare
 * value. */
enum pickle_outcome { PICKLE_OK, PICKLE_ERROR, PICKLE_RAW };
struct pickle_reply {
        enum pickle_outcome outcome;
        struct value value;       /* of OK and RAW; of ERROR: LIST of the exception's arguments */
        struct slice error_class; /* of ERROR: "module.name", e.g.
                                     "fail2ban.exceptions.UnknownJailException" */
};
/* Decodes a reply of this server or of fail2ban's. Beyond pickle_decode() it understands calls of
 * builtins.str (a text), and of exception classes where the reply has one (builtins.*, fail2ban.*),
 * with attributes set behind them ignored. */
int pickle_decode_reply(
        struct slice bytes, struct arena *arena, struct pickle_reply *ret, struct fault *fault);

/* Appends the pickle of v (protocol 4, no memo, a frame). Returns 0, or -ENOBUFS if out is full or
 * v is nested too deep. */
int pickle_encode(struct buffer *out, const struct value *v);
int pickle_encode_reply(struct buffer *out, const struct pickle_reply *reply);
