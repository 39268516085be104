/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends over its socket, in pieces: commands come one at a time, each is answered in
 * one frame, what is none is answered too, and the connection ends. */
#include "front/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire/json.h"

#define STEPS_MAX 10000

static struct loop *loop;

struct talk {
        struct client *client;
        struct value answer;
        unsigned commands, garbage, replies;
        bool is_over, is_due;
        struct buffer heard;
        size_t scanned;
};

static void on_command(void *user, struct client *client, const struct value *command) {
        struct talk *talk = user;
        FUZZ_REQUIRE(client == talk->client && client_is_waiting(client) && !talk->is_due);
        FUZZ_REQUIRE(command->type < VALUE_TYPE_COUNT);
        talk->commands++;
        talk->is_due = true;
}
static void on_end(void *user, struct client *client) {
        struct talk *talk = user;
        FUZZ_REQUIRE(!talk->is_over);
        talk->is_over = true;
        talk->client = client_free(client);
}
static void on_garbage(void *user, struct client *client, const char *reason) {
        struct talk *talk = user;
        FUZZ_REQUIRE(client == talk->client && reason[0]);
        talk->garbage++;
}
static void on_growth(void *user, struct client *client) {
        FUZZ_REQUIRE(user && client_held(client) < ((size_t)4 << 20));
}
static const struct client_ops ops = {on_command, on_end, on_garbage, on_growth};

/* Reads what the client was told. */
static void hear(struct talk *talk, int fd) {
        struct slice frame;
        size_t size;
        for (ssize_t len = 1; len > 0;) {
                char bytes[4096];
                len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                if (len > 0)
                        FUZZ_REQUIRE(buffer_append(&talk->heard,
                                             (struct slice){bytes, (size_t)len}) == 0);
        }
        while (frame_find(buffer_view(&talk->heard), &talk->scanned, &frame, &size) == 1) {
                struct arena arena = ARENA_INIT;
                struct pickle_reply reply;
                struct value json;
                FUZZ_REQUIRE(frame.len > 0 && frame.data[0] == '{'
                                     ? json_decode(frame, &arena, &json, NULL) == 0
                                     : pickle_decode_reply(frame, &arena, &reply, NULL) == 0);
                talk->replies++;
                buffer_consume(&talk->heard, size);
                arena_done(&arena);
        }
}

static void step(struct talk *talk, int fd) {
        struct value words = value_text("answer");
        const struct pickle_reply reply = {.outcome = PICKLE_OK, .value = words};
        FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        if (talk->is_due && talk->client) {
                talk->is_due = false;
                client_reply(talk->client, &reply);
        }
        hear(talk, fd);
}

static void send_all(struct talk *talk, int fd, struct slice piece) {
        while (piece.len > 0 && !talk->is_over) {
                ssize_t len = send(fd, piece.data, piece.len, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (len > 0)
                        piece = slice_sub(piece, (size_t)len, piece.len);
                step(talk, fd);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size), piece;
        struct talk talk = {.heard = BUFFER_INIT((size_t)1 << 20)};
        int fds[2];
        if (!loop)
                loop = loop_new();
        FUZZ_REQUIRE(loop && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        enum client_rank rank = fuzz_byte(&rest) % 2 ? CLIENT_READER : CLIENT_ADMIN;
        talk.client = client_new(loop, 1, fds[0], rank, &ops, &talk);
        FUZZ_REQUIRE(talk.client);
        while (fuzz_piece(&rest, &piece))
                send_all(&talk, fds[1], piece);
        (void)shutdown(fds[1], SHUT_WR);
        for (unsigned i = 0; i < STEPS_MAX && !talk.is_over; i++)
                step(&talk, fds[1]);
        hear(&talk, fds[1]);
        FUZZ_REQUIRE(talk.is_over && talk.replies <= talk.commands + talk.garbage);
        FUZZ_REQUIRE(buffer_len(&talk.heard) == 0);
        buffer_done(&talk.heard);
        (void)close(fds[1]);
        return 0;
}
