/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a front says that may be anybody's, with three clients connected: a command comes only from
 * a client that is there, with the role that it has, and what is said in the front's name is text
 * of its own loggers. */
#include "enforce/front_link.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "fake_supervise.h"

#define CLIENTS 3

static struct loop *loop;
static unsigned accepted;
static struct front_link *front;

/* In the place of control_socket.c: three clients wait, the second of them may only look. */
int control_socket_accept(struct control_socket *socket, int *ret_fd, uid_t *ret_uid) {
        (void)socket;
        if (accepted == CLIENTS)
                return -EAGAIN;
        *ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        *ret_uid = ++accepted == 2 ? 12345 : 0;
        return *ret_fd < 0 ? -errno : 0;
}
bool control_socket_peer_is_in(int fd, gid_t group) {
        (void)fd, (void)group;
        return true;
}

static void on_command(
        void *user, const struct front_request *request, const struct value *command) {
        struct call call = {.failed = false, .result = *command};
        (void)user;
        FUZZ_REQUIRE(request->connection >= 1 && request->connection <= accepted);
        FUZZ_REQUIRE((request->role == CALL_READER) == (request->connection == 2));
        FUZZ_REQUIRE(command->type < VALUE_TYPE_COUNT);
        front_link_answer(front, request, &call);
}

static void on_message(void *user, int level, const char *logger, struct slice text) {
        (void)user;
        FUZZ_REQUIRE(level >= 0 && logger && text.len <= DIAG_TEXT_MAX);
}

static const struct front_link_ops ops = {on_command, on_message};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct control_socket control = {.fd = -1};
        if (!loop) {
                fuzz_be_quiet();
                loop = loop_new();
                control.fd = eventfd(1, EFD_CLOEXEC); /* readable: somebody waits */
                FUZZ_REQUIRE(loop && control.fd >= 0);
        }
        accepted = 0;
        front = front_link_new(loop, "/nonexistent", &control, &ops, NULL);
        struct slice rest = fuzz_input(data, size), first;
        front_link_set_readers(front, 1);
        FUZZ_REQUIRE(front_link_start(front, NULL) == 0);
        if (fuzz_piece(&rest, &first)) { /* READY, mostly; then the clients come */
                char head[2] = {(char)(first.len & 0xff), (char)(first.len >> 8)};
                struct arena arena = ARENA_INIT;
                fake_child_says(ARENA_JOIN(&arena, (struct slice){head, 2}, first));
                arena_done(&arena);
                FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        }
        fake_child_says(rest);
        FUZZ_REQUIRE(front_link_connections(front) <= CLIENTS);
        front = front_link_free(front);
        return 0;
}
