/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client's end of the control socket: one command at a time, and its reply. */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "base/value.h"
#include "wire/pickle.h"

#define CLIENT_SOCKET_NO_TIMEOUT (-1.0)
#define CLIENT_SOCKET_COMMAND_MAX ((size_t)256 << 20) /* bytes of one command */

struct client_socket {
        int fd; /* -1: not connected */
        struct buffer in;
        size_t scanned; /* bytes of in that hold no mark */
};

#define CLIENT_SOCKET_INIT ((struct client_socket){.fd = -1})

/* All return 0 or negative errno with a fault. fault->kind is "OSError" where the socket is to
 * blame (text as Python has it: "[Errno 111] Connection refused", "timed out"), otherwise something
 * else: a command or reply that is too large, or a reply that is none. */

/* Connects to path. timeout_s: for connecting, and for each wait of later calls. */
int client_socket_open(
        struct client_socket *client, struct slice path, double timeout_s, struct fault *fault);
/* Sends command (a LIST). */
int client_socket_send(
        struct client_socket *client, const struct value *command, struct fault *fault);
/* Waits for one reply; it is in arena. */
int client_socket_receive(struct client_socket *client, struct arena *arena,
        struct pickle_reply *ret, struct fault *fault);
/* Takes leave of the server. May be called again, and without a connection. */
void client_socket_close(struct client_socket *client);
