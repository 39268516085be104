/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that the administrator has configured to be run, or that serves one of these: started
 * by stockade-runner if there is one, else by our own fork. Both ways look alike from here. */
#pragma once

#include "base/loop.h"
#include "enforce/runner_link.h"

struct child;

enum child_reach { CHILD_LEADER, CHILD_GROUP }; /* whom signals are for */

/* Borrowed during the call. */
struct child_request {
        const char *path;         /* absolute */
        char *const *words;       /* arguments from argv[0] on, NULL at the end */
        char *const *environment; /* the same; NULL: ours */
        int fds[EXEC_FDS_MAX];    /* as in base/exec.h */
        enum child_reach reach;
};

/* Called from the loop, each at most once. From inside them the child may be freed. */
struct child_ops {
        void (*on_started)(void *user);           /* not if child_start() has done it already */
        void (*on_failed)(void *user, int error); /* it could not be started: a positive errno */
        /* It is dead, and keeps its number until it is freed. status: of exit, or the negative
         * number of a signal; that of SIGKILL, too, if it has outlived the runner. */
        void (*on_ended)(void *user, int status);
};

/* link: NULL for our own fork. Returns 0 with ret, or a positive errno. ops outlives the child. */
int child_start(struct loop *loop, struct runner_link *link, const struct child_request *request,
        const struct child_ops *ops, void *user, struct child **ret);
/* Kills what still runs, without a word; a child of ours is waited for. NULL is allowed. Returns
 * NULL. */
struct child *child_free(struct child *child);
/* Lets it do what it does. NULL is allowed. Returns NULL. */
struct child *child_forget(struct child *child);
/* A dead leader's group can still be reached, until it is freed. One that has not been started yet
 * gets it then. */
void child_kill(struct child *child, int signal);
/* Whether the runner that has started it is gone; its own end then is none of its faults. */
bool child_is_lost(const struct child *child);
/* 0: it has not been started yet. */
pid_t child_pid(const struct child *child);
