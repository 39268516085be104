/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One end of the link between two processes: length-prefixed typed messages over a stream socketpair, with fds. The table in
 * messages.def says which message may go which way; everything else ends the channel. */
#pragma once

#include <stdbool.h>

#include "base/fault.h"
#include "base/loop.h"
#include "channel/message.h"

struct channel;

/* Both are called from the loop. */
struct channel_ops {
        void (*on_message)(void *user, struct message *message);
        /* The peer is gone, or broke the protocol (fault says how). Called once; the channel is
         * then mute, and the owner frees it. All complete messages that had arrived before were
         * handled first. */
        void (*on_close)(void *user, const struct fault *fault);
};

#define CHANNEL_OUT_MAX ((size_t)128 << 20) /* bytes not yet taken by the peer */

/* Makes the pair; both ends are non-blocking and close-on-exec. Returns 0 or negative errno. */
int channel_pair(int ret_fds[static 2]);

/* Whether a connected socket's other end is of the user that this process acts as: who connected, or who made it listen. false for
 * what is no such socket. For channels whose ends do not come from channel_pair(). */
bool channel_peer_is_own_user(int fd);

/* Takes over fd. self and peer name the ends for the permission table. ops must live as long as the
 * channel. */
struct channel *channel_new(struct loop *loop, int fd, enum channel_role self,
        enum channel_role peer, const struct channel_ops *ops, void *user);
/* Closes; no handler is called any more. NULL is allowed. Returns NULL. May be called from inside a handler. */
struct channel *channel_free(struct channel *channel);

/* Queues a message; fds are duplicated, the caller keeps its own. Never blocks. Returns 0, -EPIPE if the channel is closed, -EMSGSIZE
 * if the body is above the table's maximum, -ENOBUFS if the peer lags by CHANNEL_OUT_MAX. */
int channel_send(struct channel *channel, enum message_type type, struct slice body);
/* The same with a body of two pieces, which need not lie one behind the other. */
int channel_send_pieces(struct channel *channel, enum message_type type, struct slice head, struct slice rest);
int channel_send_fd(struct channel *channel, enum message_type type, struct slice body, int fd); /* -errno if there is no duplicate */
/* The same without a duplicate: fd must stay open until release(owner) is called, which happens exactly once, when it has been sent or
 * never will be; from inside this call, too, and also if that fails. */
typedef void channel_release(void *owner);
int channel_send_lent(struct channel *channel, enum message_type type, struct slice body, int fd, channel_release *release, void *owner);
/* Bytes queued and not yet taken: senders with more to come stop above their own mark. */
size_t channel_pending(const struct channel *channel);
/* Stops (true) or goes on (false) reading: messages stay with the peer meanwhile. */
void channel_pause(struct channel *channel, bool paused);
/* Writes out what is queued, waiting at most timeout_ms for the peer. Returns 0, -ETIMEDOUT or -EPIPE. For the end of a program. */
int channel_flush(struct channel *channel, int timeout_ms);
