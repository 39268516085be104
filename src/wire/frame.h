/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and replies on the control socket end with a mark; nothing is length-prefixed (spec
 * server.md 2). */
#pragma once

#include "base/buffer.h"

#define FRAME_END "<F2B_END_COMMAND>"
#define FRAME_CLOSE "<F2B_CLOSE_COMMAND>"
#define FRAME_REQUEST_MAX ((size_t)32 << 20) /* bytes of one request */
#define FRAME_REPLY_MAX ((size_t)256 << 20)  /* bytes of one reply, as a client takes it */

/* Finds the first whole frame in in. A frame ends with FRAME_END; one that begins with '[' or '{'
 * (JSON, one line) may end with a newline instead. scanned: bytes known to hold no end, kept by the
 * caller between calls (start with 0, set to 0 with each frame found), so that a frame that comes
 * in pieces is searched once. Returns 1 with the frame without its end in *ret (a view), and
 * *ret_size what to consume (ret->len + 1: it ended with a newline); 0 if there is none yet. */
int frame_find(struct slice in, size_t *scanned, struct slice *ret, size_t *ret_size);
