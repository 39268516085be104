/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resolver process: the server's questions in, answers out (channel/messages.def). */
#pragma once

#include "base/loop.h"
#include "resolve/lookup_pool.h"

struct responder;

/* Takes over channel_fd. loop must outlive it. Returns NULL (errno set) if fd is unusable. */
struct responder *responder_new(struct loop *loop, int channel_fd);
struct responder *responder_free(struct responder *responder);
/* Tells the server that we are ready, and answers with work until it closes the channel. Threads
 * come into being here: confine before. Returns the exit code: 0, 1 if the server broke the
 * protocol, or there may be no threads. Lookups may still run then: leave by _exit(), which does
 * not wait for them as responder_free() does. */
int responder_run(struct responder *responder, lookup_pool_work *work);
