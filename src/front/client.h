/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client's connection: bytes in, commands out; replies in, bytes out. One command at a time:
 * what a client sends ahead waits with the kernel, beyond what had to be read to find the first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/value.h"
#include "wire/frame.h"
#include "wire/pickle.h"

/* Bytes of a reply in either form. */
#define CLIENT_REPLY_MAX FRAME_REPLY_MAX
/* Milliseconds that a request may take from its first to its last byte, and a reply to be taken. */
#define CLIENT_PATIENCE_MS 30000
/* Bytes thrown away for a client that has been refused, so that it comes to read why. */
#define CLIENT_LINGER_MAX ((size_t)256 << 20)

/* Bytes of a request of somebody who may only look. */
#define CLIENT_READER_MAX ((size_t)64 << 10)

struct client;

enum client_rank { CLIENT_ADMIN, CLIENT_READER };

struct client_ops {
        /* A command; the next comes after client_reply(). It is valid during the call. */
        void (*on_command)(void *user, struct client *client, const struct value *command);
        /* The connection is over: client_free() it, also from within. */
        void (*on_end)(void *user, struct client *client);
        /* What came is no request: reason. It has been answered. */
        void (*on_garbage)(void *user, struct client *client, const char *reason);
        /* It holds more memory than before. client_refuse() is allowed, client_free() is not. */
        void (*on_growth)(void *user, struct client *client);
};

/* Takes over fd. rank: how large its requests may be. ops must outlive it. NULL (errno set) if it cannot be watched; fd is closed then.
 */
struct client *client_new(struct loop *loop, uint32_t number, int fd, enum client_rank rank,
        const struct client_ops *ops, void *user);
/* Closes. NULL is allowed. Returns NULL. */
struct client *client_free(struct client *client);
uint32_t client_number(const struct client *client);
/* Whether a command has not been answered. */
bool client_is_waiting(const struct client *client);
/* Answers the command, in the form in which it came. */
void client_reply(struct client *client, const struct pickle_reply *reply);
/* Answers a command that waits with ['SHUTDOWN']. */
void client_shut_down(struct client *client);
/* Bytes of memory that the connection holds for its client. */
size_t client_held(const struct client *client);
/* Gives up what it holds, says why unless a reply is on its way, and ends the connection soon. */
void client_refuse(struct client *client, const char *reason);
/* Whether bytes are left that the client has not taken. */
bool client_has_output(const struct client *client);
