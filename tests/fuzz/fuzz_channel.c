/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a peer that may be anybody's, for each pair of ends, in pieces: only messages that the
 * table allows for them are handed over, each within its cap; after the first fault nothing is, and
 * it is told once. */
#include "channel/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

#define STEPS_MAX 1000

static const enum channel_role pairs[][2] = {
        {CHANNEL_SERVER,   CHANNEL_SCANNER },
        {CHANNEL_SERVER,   CHANNEL_FRONT   },
        {CHANNEL_SERVER,   CHANNEL_RESOLVER},
        {CHANNEL_SCANNER,  CHANNEL_SERVER  },
        {CHANNEL_FRONT,    CHANNEL_SERVER  },
        {CHANNEL_RESOLVER, CHANNEL_SERVER  },
        {CHANNEL_SERVER,   CHANNEL_RUNNER  },
        {CHANNEL_RUNNER,   CHANNEL_SERVER  },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

struct link {
        const enum channel_role *ends;
        struct channel *channel;
        unsigned closed;
        size_t bytes;
};

static struct loop *loop;

static void on_message(void *user, struct message *message) {
        struct link *link = user;
        const struct message_info *info = message_info(message->type);
        FUZZ_REQUIRE(info && info->to == link->ends[0] && info->from == link->ends[1]);
        FUZZ_REQUIRE(message->body.len <= info->body_max && link->closed == 0);
        for (size_t i = 0; i < MESSAGE_FDS_MAX; i++) /* none was sent */
                FUZZ_REQUIRE(message->fds[i] < 0);
        link->bytes += message->body.len + 8;
}

static void on_close(void *user, const struct fault *fault) {
        struct link *link = user;
        FUZZ_REQUIRE(fault && fault->code < 0 && fault->text);
        link->closed++;
        if (fault->code != -EPIPE) /* freed from within, as many do */
                link->channel = channel_free(link->channel);
}

static void say(struct link *link, int fd, struct slice piece) {
        while (piece.len > 0 && link->closed == 0) {
                ssize_t len = send(fd, piece.data, piece.len, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (len > 0)
                        piece = slice_sub(piece, (size_t)len, piece.len);
                FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct channel_ops ops = {.on_message = on_message, .on_close = on_close};
        struct slice rest = fuzz_input(data, size), piece;
        struct link link = {.ends = pairs[fuzz_byte(&rest) % PAIRS]};
        int fds[2];
        if (!loop)
                loop = loop_new();
        FUZZ_REQUIRE(loop && channel_pair(fds) == 0);
        link.channel = channel_new(loop, fds[0], link.ends[0], link.ends[1], &ops, &link);
        FUZZ_REQUIRE(link.channel);
        while (fuzz_piece(&rest, &piece))
                say(&link, fds[1], piece);
        (void)close(fds[1]);
        for (unsigned i = 0; i < STEPS_MAX && link.closed == 0; i++)
                FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        FUZZ_REQUIRE(link.closed == 1 && link.bytes <= size);
        (void)channel_free(link.channel);
        return 0;
}
