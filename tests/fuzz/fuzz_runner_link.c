/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a runner says, in pieces (each a message's type and body): a client hears only of its own
 * program, with numbers that are one process, one error or one status; nonsense ends the
 * connection, which is made anew. */
#include "enforce/runner_link.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "channel/channel.h"
#include "fuzz.h"

#define CLIENTS 3

static struct loop *loop;
static char path[FUZZ_PATH_MAX + 8];
static int listener;

static void on_state(void *user, enum runner_link_state was) {
        (void)user;
        FUZZ_REQUIRE(was != RUNNER_AWAY);
}

static void on_started(void *user, pid_t pid, int *pidfd) {
        (void)user;
        FUZZ_REQUIRE(pid > 0 && fcntl(*pidfd, F_GETFD) >= 0);
}

static void on_failed(void *user, int error) {
        (void)user;
        FUZZ_REQUIRE(error > 0);
}

static void on_ended(void *user, int status) {
        (void)user;
        FUZZ_REQUIRE(status > -128 && status < 256);
}

static const struct runner_client_ops ops = {.on_state = on_state,
        .on_started = on_started,
        .on_failed = on_failed,
        .on_ended = on_ended};

static void ignore_message(void *user, struct message *message) {
        (void)user, (void)message;
}
static void ignore_close(void *user, const struct fault *fault) {
        (void)user, (void)fault;
}
static const struct channel_ops peer_ops = {.on_message = ignore_message, .on_close = ignore_close};

static void listen_somewhere(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char folder[FUZZ_PATH_MAX];
        fuzz_be_quiet();
        loop = loop_new();
        fuzz_path(folder);
        FUZZ_REQUIRE(loop && mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/s", folder);
        memcpy(address.sun_path, path, strlen(path) + 1);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        FUZZ_REQUIRE(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                     listen(listener, 8) == 0);
}

static void remove_socket(void) {
        (void)unlink(path);
        *strrchr(path, '/') = '\0';
        (void)rmdir(path);
}

/* The runner that has been connected to, ready. */
static struct channel *answer(struct runner_link *link) {
        const uint32_t version = CHANNEL_VERSION;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        FUZZ_REQUIRE(fd >= 0);
        struct channel *peer =
                channel_new(loop, fd, CHANNEL_RUNNER, CHANNEL_SERVER, &peer_ops, NULL);
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, version);
        FUZZ_REQUIRE(channel_send(peer, MESSAGE_RUN_READY, buffer_view(&body)) == 0);
        buffer_done(&body);
        FUZZ_REQUIRE(loop_step(loop, 0) == 0 && runner_link_state(link) == RUNNER_THERE);
        return peer;
}

static struct channel *say(struct runner_link *link, struct channel *peer, struct slice piece) {
        enum message_type type = MESSAGE_RUN_READY + fuzz_byte(&piece) % 4U;
        if (piece.len > message_info(type)->body_max)
                return peer;
        if (type == MESSAGE_RUN_STARTED)
                (void)channel_send_fd(peer, type, piece, 0);
        else
                (void)channel_send(peer, type, piece);
        FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        if (runner_link_state(link) == RUNNER_THERE)
                return peer;
        (void)channel_free(peer);
        return answer(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct slice rest = fuzz_input(data, size), piece;
        struct runner_client clients[CLIENTS];
        if (!loop) {
                listen_somewhere();
                (void)atexit(remove_socket);
        }
        struct runner_link *link = runner_link_new(loop, path);
        struct channel *peer = answer(link);
        for (size_t i = 0; i < CLIENTS; i++) {
                clients[i] = (struct runner_client){.ops = &ops};
                runner_link_add(link, &clients[i]);
        }
        while (fuzz_piece(&rest, &piece))
                peer = say(link, peer, piece);
        for (size_t i = 0; i < CLIENTS; i++)
                runner_link_remove(link, &clients[i]);
        (void)runner_link_free(link);
        (void)channel_free(peer);
        return 0;
}
