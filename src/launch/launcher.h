/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts programs for one server, which connects to a socket that the init system has made, and
 * tells it how they end. Messages RUN_* of channel/messages.def. */
#pragma once

#include "base/loop.h"

#define LAUNCHER_PROGRAMS_MAX 1024 /* at once; beyond, starts fail with EAGAIN */
#define LAUNCHER_IDLE_MS 30000     /* without a server; then it ends, the socket starts it again */

struct launcher;

/* listener: a listening socket of streams, borrowed. loop must outlive it. Returns NULL (errno
 * set) if it cannot be watched. */
struct launcher *launcher_new(struct loop *loop, int listener);
/* What has been started goes on. NULL is allowed. Returns NULL. */
struct launcher *launcher_free(struct launcher *launcher);
/* Works until the server has gone, or none has come for idle_ms. Returns the exit code: 0, or 1 if
 * the server broke the protocol, or the loop failed. */
int launcher_run(struct launcher *launcher, int idle_ms);
