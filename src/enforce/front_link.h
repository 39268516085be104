/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of the front: accepts clients, hands their connections over, takes the commands
 * that the front has decoded, and gives the answers back. A front that ends takes its clients with
 * it; commands that run meanwhile end without a reader. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"
#include "base/loop.h"
#include "base/value.h"
#include "enforce/call.h"
#include "enforce/control_socket.h"

#define FRONT_CONNECTIONS_MAX 256 /* at once; the others wait in the socket's queue */
#define FRONT_READERS_MAX 192     /* of these, of users who may only look: the rest is the administrator's */
#define FRONT_ACCEPT_BURST 64     /* connections accepted at once ... */
#define FRONT_ACCEPT_RATE 500     /* ... and in a second, in the long run */

struct front_link;

/* A command of a client. It is to be answered once. */
struct front_request {
        uint32_t connection;
        uint32_t sequence;
        enum call_role role;
};

struct front_link_ops {
        /* command is valid during the call. */
        void (*on_command)(
                void *user, const struct front_request *request, const struct value *command);
        /* A message of the front itself. */
        void (*on_message)(void *user, int level, const char *logger, struct slice text);
};

/* program: path of the front, NULL: found as supervise.h says. control (listening) and ops must
 * outlive it. Starts nothing yet. */
struct front_link *front_link_new(struct loop *loop, const char *program,
        struct control_socket *control, const struct front_link_ops *ops, void *user);
/* Ends the front. NULL is allowed. Returns NULL. */
struct front_link *front_link_free(struct front_link *link);
int front_link_start(struct front_link *link, struct fault *fault);
/* No more clients. Those that are connected can still be answered. */
void front_link_stop_listening(struct front_link *link);
/* Answers with the value, or the error if call has failed. Nothing if the client is gone. */
void front_link_answer(
        struct front_link *link, const struct front_request *request, const struct call *call);
/* Answers ['SHUTDOWN']. */
void front_link_answer_shutdown(struct front_link *link, const struct front_request *request);
/* Has the front answer what is left with ['SHUTDOWN'], and ends it, at the latest after timeout_ms;
 * then done is called. */
typedef void front_link_done(void *user);
void front_link_stop(struct front_link *link, int timeout_ms, front_link_done *done, void *user);
/* For the next front: what a running one says too much is dropped here. */
void front_link_set_threshold(struct front_link *link, int level);
/* Members of the group may connect, and look (CONTROL_NO_GROUP: nobody but root and us). */
void front_link_set_readers(struct front_link *link, gid_t group);
pid_t front_link_pid(const struct front_link *link);
size_t front_link_connections(const struct front_link *link);
