/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: made by us, or handed over by the init system (socket activation).
 * Connections are accepted here, where the peer's user is known from the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"

enum control_force {
        CONTROL_CAREFUL, /* a socket that is there is left alone */
        CONTROL_FORCE,   /* one that nobody listens on is replaced */
};

struct control_socket {
        int fd;     /* listening, non-blocking; -1: none */
        char *path; /* to be removed at the end; NULL: not ours */
};

#define CONTROL_SOCKET_NONE ((struct control_socket){-1, NULL})
#define CONTROL_BACKLOG 1024
#define CONTROL_ALIVE_MS 2000

/* Takes the socket of LISTEN_FDS if there is one (and clears those variables), else makes path,
 * mode 0700, with the last level of its folder. Says what it finds there. Returns 0; -EADDRINUSE if
 * something is there ("Server already running"); other negative errno, with fault. */
int control_socket_open(struct control_socket *socket, const char *path, enum control_force force,
        struct fault *fault);
/* Whether there is a socket of LISTEN_FDS for this process, not yet taken. */
bool control_socket_is_handed_over(void);
/* Closes, and removes it if it is ours and still there. */
void control_socket_close(struct control_socket *socket);
/* Accepts one connection. Returns 0 with the fd (non-blocking, close-on-exec) and the peer's
 * effective user; -EAGAIN if nobody waits; other negative errno. */
int control_socket_accept(struct control_socket *socket, int *ret_fd, uid_t *ret_uid);
#define CONTROL_NO_GROUP ((gid_t)-1)
/* Lets members of group connect (mode 0770), or nobody but the owner (CONTROL_NO_GROUP, mode 0700).
 * A socket of the init system is left as it made it. Returns 0 or negative errno with fault. */
int control_socket_set_group(const struct control_socket *socket, gid_t group, struct fault *fault);
/* Whether the peer that is connected to fd was in group when it connected. */
bool control_socket_peer_is_in(int fd, gid_t group);
/* Whether a server listens on path, and goes on to for CONTROL_ALIVE_MS: what a server had forked
 * when it was killed holds its socket until it has become another program. */
bool control_socket_is_alive(const char *path);
