/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front process: clients on one side, the server on the other (channel/messages.def). It
 * decodes what strangers send, and knows nothing that they could steal. */
#pragma once

#include "base/loop.h"

#define FRONT_CLIENTS_MAX 1024
/* Memory of all connections' buffers together; who holds most pays for more. Room for a largest
 * request and a largest reply at once. */
#define FRONT_MEMORY_MAX ((size_t)192 << 20)
#define FRONT_GARBAGE_MS 60000 /* between two messages about requests that cannot be decoded */
#define FRONT_END_MS 1000      /* for clients to take their last replies */

struct front;

/* Takes over channel_fd. loop must outlive it. Returns NULL (errno set) if fd is unusable. */
struct front *front_new(struct loop *loop, int channel_fd);
struct front *front_free(struct front *front);
/* Works until the server closes the channel. Returns the exit code: 0, or 1 if the server broke the
 * protocol. */
int front_run(struct front *front);
