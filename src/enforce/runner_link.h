/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's end of the connection to stockade-runner, which starts programs outside of what the
 * server's unit closes. */
#pragma once

#include "base/exec.h"
#include "base/loop.h"
#include "base/slice.h"

#define RUNNER_LINK_ENV "STOCKADE_RUNNER" /* the socket's path, set by the unit */
#define RUNNER_LINK_READY_S 30            /* for a runner to answer, once connected */
#define RUNNER_LINK_RETRY_S 1             /* from one that has not answered to the next try */

struct runner_link;

enum runner_link_state {
        RUNNER_AWAY,   /* programs are for the server itself to start */
        RUNNER_COMING, /* it will be there, or away, in a moment */
        RUNNER_THERE,
};

/* What somebody who has a program started is told; each from the loop. */
struct runner_client_ops {
        /* The state has become another. was is RUNNER_THERE if what had been asked is not known
         * there any more. */
        void (*on_state)(void *user, enum runner_link_state was);
        /* pidfd stays with the caller: duplicate it, or set it to -1 to keep it. */
        void (*on_started)(void *user, pid_t pid, int *pidfd);
        void (*on_failed)(void *user, int error); /* positive errno */
        void (*on_ended)(void *user, int status); /* or the negative number of a signal */
};

/* Embedded in its owner's struct. */
struct runner_client {
        uint32_t number; /* the program's */
        const struct runner_client_ops *ops;
        void *user;
        struct runner_client *next, *previous;
};

/* Connects, without waiting. path is copied. */
struct runner_link *runner_link_new(struct loop *loop, const char *path);
/* Sends what is still to be sent, waiting for that a moment. All clients must be gone. NULL is
 * allowed. Returns NULL. */
struct runner_link *runner_link_free(struct runner_link *link);
/* Tries again to connect, if it is away. NULL: RUNNER_AWAY. */
enum runner_link_state runner_link_state(struct runner_link *link);

/* Gives client a number; ops and user are set. */
void runner_link_add(struct runner_link *link, struct runner_client *client);
void runner_link_remove(struct runner_link *link, struct runner_client *client);
/* Asks for the program body (channel/program.h, with the client's number) and fds. Returns 0, or a
 * positive errno. Only while RUNNER_THERE, as the other two. */
int runner_link_start(struct runner_link *link, struct slice body, const int fds[EXEC_FDS_MAX]);
/* reach: 1: the whole group, 0: its leader. */
void runner_link_kill(
        struct runner_link *link, const struct runner_client *client, int signal, uint8_t reach);
void runner_link_release(struct runner_link *link, const struct runner_client *client);
