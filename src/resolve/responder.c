/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the channel, which belongs to the loop's thread, and the pool. The server never sends
 * more questions than there are threads; one that does is not ours. */
#include "resolve/responder.h"

#include <errno.h>

#include "base/memory.h"
#include "channel/channel.h"

#define EXIT_PROTOCOL 1

struct responder {
        struct loop *loop;
        struct channel *channel;
        struct lookup_pool *pool;
};

static void send(struct responder *responder, enum message_type type, const struct buffer *body) {
        /* A channel that cannot be written to ends, and so do we. */
        (void)channel_send(responder->channel, type, buffer_view(body));
}

static void on_answer(void *user, const struct lookup_answer *answer) {
        struct responder *responder = user;
        struct buffer body = BUFFER_INIT(2048);
        if (responder->channel && lookup_put_answer(&body, answer) == 0)
                send(responder, MESSAGE_RESOLVE_ANSWER, &body);
        buffer_done(&body);
}

static void on_message(void *user, struct message *message) {
        struct responder *responder = user;
        struct lookup_question question;
        if (lookup_get_question(message->body, &question) < 0 ||
                lookup_pool_ask(responder->pool, &question) < 0)
                loop_stop(responder->loop, EXIT_PROTOCOL);
}

static void on_close(void *user, const struct fault *fault) {
        struct responder *responder = user;
        responder->channel = channel_free(responder->channel);
        loop_stop(responder->loop, fault->code == -EPIPE ? 0 : EXIT_PROTOCOL);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

struct responder *responder_new(struct loop *loop, int channel_fd) {
        struct responder *responder = memory_new(sizeof(*responder));
        *responder = (struct responder){.loop = loop};
        responder->channel = channel_new(
                loop, channel_fd, CHANNEL_RESOLVER, CHANNEL_SERVER, &channel_ops, responder);
        return responder->channel ? responder : responder_free(responder);
}

struct responder *responder_free(struct responder *responder) {
        if (!responder)
                return NULL;
        responder->pool = lookup_pool_free(responder->pool);
        responder->channel = channel_free(responder->channel);
        free(responder);
        return NULL;
}

int responder_run(struct responder *responder, lookup_pool_work *work) {
        struct buffer body = BUFFER_INIT(16);
        responder->pool = lookup_pool_new(responder->loop, LOOKUPS_MAX, work, on_answer, responder);
        if (!responder->pool)
                return EXIT_PROTOCOL;
        (void)message_put_u32(&body, CHANNEL_VERSION);
        send(responder, MESSAGE_RESOLVE_READY, &body);
        buffer_done(&body);
        int r = loop_run(responder->loop);
        return r < 0 ? EXIT_PROTOCOL : r;
}
