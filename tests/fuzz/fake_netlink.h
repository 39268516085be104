/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of libmnl's sockets: a kernel that answers with the pieces of the input, one
 * datagram each, whatever it is asked. The lengths of its messages are right, as the kernel's are:
 * libmnl does not take care of others. */
#pragma once

#include <errno.h>
#include <libmnl/libmnl.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "fuzz.h"

struct mnl_socket {
        int fd;
};

static struct mnl_socket fake_socket = {-1};
static struct slice fake_answers;
/* Told what is sent, if set. */
static void (*fake_sent)(const char *bytes, size_t len);

struct mnl_socket *mnl_socket_open2(int bus, int flags) {
        (void)bus, (void)flags;
        return &fake_socket;
}
int mnl_socket_bind(struct mnl_socket *socket, unsigned groups, pid_t pid) {
        (void)socket, (void)groups, (void)pid;
        return 0;
}
int mnl_socket_close(struct mnl_socket *socket) {
        (void)socket;
        return 0;
}
int mnl_socket_get_fd(const struct mnl_socket *socket) {
        return socket->fd;
}
unsigned mnl_socket_get_portid(const struct mnl_socket *socket) {
        (void)socket;
        return 7;
}
int mnl_socket_setsockopt(const struct mnl_socket *socket, int type, void *value, socklen_t len) {
        (void)socket, (void)type, (void)value, (void)len;
        return 0;
}
ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *bytes, size_t len) {
        const char *all = bytes;
        volatile char last = len > 0 ? all[len - 1] : 0; /* the sanitizer looks at it */
        (void)socket, (void)last;
        if (fake_sent)
                fake_sent(all, len);
        return (ssize_t)len;
}

static void mend_lengths(char *bytes, size_t len) {
        for (size_t at = 0; at + sizeof(struct nlmsghdr) <= len;) {
                struct nlmsghdr header;
                memcpy(&header, bytes + at, sizeof(header));
                if (header.nlmsg_len > len - at)
                        header.nlmsg_len = (uint32_t)(len - at);
                if (header.nlmsg_len < sizeof(header))
                        header.nlmsg_len = sizeof(header);
                memcpy(bytes + at, &header, sizeof(header));
                at += NLMSG_ALIGN(header.nlmsg_len);
        }
}

/* What lies behind the datagram may not be looked at. */
static ssize_t fake_receive(char *room, size_t size) {
        struct slice piece;
        ASAN_UNPOISON_MEMORY_REGION(room, size);
        if (!fuzz_piece(&fake_answers, &piece)) {
                errno = EAGAIN;
                return -1;
        }
        if (piece.len > size)
                piece.len = size;
        if (piece.len > 0)
                memcpy(room, piece.data, piece.len);
        mend_lengths(room, piece.len);
        size_t aligned = NLMSG_ALIGN(piece.len) < size ? NLMSG_ALIGN(piece.len) : size;
        memset(room + piece.len, 0, aligned - piece.len);
        ASAN_POISON_MEMORY_REGION(room + aligned, size - aligned);
        return (ssize_t)piece.len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *room, size_t size) {
        (void)socket;
        return fake_receive(room, size);
}
