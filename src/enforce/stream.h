/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries out a list of commands: a configuration. What is wrong with one jail costs that jail
 * only. Options for the scanner are sent one after the other without waiting for its answers; a
 * jail starts when all of its have come. */
#pragma once

#include "enforce/call.h"

#define STREAM_WAITING_MAX 64 /* streams that wait for another one to end */

struct server;
struct stream;

struct stream_request {
        const struct value *commands; /* LIST; must live until done */
        const struct value *former; /* DICT of jail -> LIST of the commands that it came from: what
                                       a jail with an error goes back to; or NULL */
};

/* error: of the first command that failed, or NULL; valid during the call. */
typedef void stream_done(void *user, const struct call_error *error);
void stream_run(
        struct server *server, const struct stream_request *request, stream_done *done, void *user);

/* One stream at a time. */
typedef void stream_turn(void *user);
struct stream_waiter {
        stream_turn *turn;
        void *user;
};
struct stream_queue {
        bool busy;
        struct stream *current;
        struct stream_waiter waiting[STREAM_WAITING_MAX];
        size_t count;
};
/* Calls turn at once, or when those before have left. Returns 0, or -EBUSY if too many wait. */
int stream_queue_enter(struct stream_queue *queue, stream_turn *turn, void *user);
void stream_queue_leave(struct stream_queue *queue);
/* The server ends: forgets who waits and the stream that runs. */
void stream_queue_done(struct stream_queue *queue);
