/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocking I/O with the kernel's own time limits. Replies come from a process that may be of
 * another version, or none of ours: what is read is bounded, and decoded by a decoder that runs
 * nothing. Upstream: client/csocket.py, 1.1. */
#include "main/client_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/frame.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/* An errno as Python's OSError shows it. */
static int fail_errno(struct fault *fault, int code) {
        if (code == -EAGAIN || code == -ETIMEDOUT)
                (void)fault_raise(fault, "OSError", "timed out");
        else
                (void)fault_raise(fault, "OSError", "[Errno %d] %s", -code, strerror(-code));
        return code;
}

static int set_timeout(int fd, double timeout_s) {
        if (timeout_s < 0)
                return 0;
        if (timeout_s > 1e9)
                timeout_s = 1e9;
        struct timeval limit = {.tv_sec = (time_t)timeout_s};
        limit.tv_usec = (suseconds_t)((timeout_s - (double)limit.tv_sec) * 1e6);
        if (limit.tv_sec == 0 && limit.tv_usec == 0)
                limit.tv_usec = 1; /* 0 would be no limit */
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
                setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
                return -errno;
        return 0;
}

int client_socket_open(
        struct client_socket *client, struct slice path, double timeout_s, struct fault *fault) {
        *client = CLIENT_SOCKET_INIT;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (path.len >= sizeof(address.sun_path)) {
                (void)fault_raise(fault, "OSError", "AF_UNIX path too long");
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, path.data, path.len);
        CLEANUP(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return fail_errno(fault, -errno);
        int r = set_timeout(fd, timeout_s);
        if (r < 0)
                return fail_errno(fault, r);
        while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                if (errno != EINTR)
                        return fail_errno(fault, -errno);
        client->fd = steal_fd(&fd);
        client->in = BUFFER_INIT(FRAME_REPLY_MAX + sizeof(FRAME_END) + CHUNK_BYTES);
        return 0;
}

static int send_all(int fd, struct slice bytes) {
        while (bytes.len > 0) {
                ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        bytes = slice_sub(bytes, (size_t)n, bytes.len);
        }
        return 0;
}

int client_socket_send(
        struct client_socket *client, const struct value *command, struct fault *fault) {
        struct buffer out = BUFFER_INIT(CLIENT_SOCKET_COMMAND_MAX);
        int r = pickle_encode(&out, command);
        if (r == 0)
                r = buffer_append(&out, SLICE(FRAME_END));
        if (r < 0)
                (void)fault_raise(fault, "ValueError", "command is too large or nested too deep");
        else if ((r = send_all(client->fd, buffer_view(&out))) < 0)
                (void)fail_errno(fault, r);
        buffer_done(&out);
        return r;
}

/* Reads once. Returns 0 or negative errno. */
static int read_chunk(struct client_socket *client, struct fault *fault) {
        char *room = buffer_room(&client->in, CHUNK_BYTES);
        if (!room) {
                (void)fault_raise(
                        fault, "ValueError", "reply is larger than %zu bytes", FRAME_REPLY_MAX);
                return -EMSGSIZE;
        }
        ssize_t n;
        while ((n = recv(client->fd, room, CHUNK_BYTES, 0)) < 0)
                if (errno != EINTR)
                        return fail_errno(fault, -errno);
        if (n == 0)
                return fail_errno(fault, -ECONNRESET);
        buffer_commit(&client->in, (size_t)n);
        return 0;
}

int client_socket_receive(struct client_socket *client, struct arena *arena,
        struct pickle_reply *ret, struct fault *fault) {
        struct slice frame;
        size_t size;
        while (frame_find(buffer_view(&client->in), &client->scanned, &frame, &size) == 0) {
                int r = read_chunk(client, fault);
                if (r < 0)
                        return r;
        }
        int r = pickle_decode_reply(frame, arena, ret, fault);
        buffer_consume(&client->in, size);
        client->scanned = 0;
        return r;
}

void client_socket_close(struct client_socket *client) {
        if (client->fd >= 0) {
                (void)send_all(client->fd, SLICE(FRAME_CLOSE FRAME_END)); /* it may be gone */
                (void)shutdown(client->fd, SHUT_RDWR);
                (void)close(client->fd);
        }
        buffer_done(&client->in);
        *client = CLIENT_SOCKET_INIT;
}
