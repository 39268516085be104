/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that runs the actions written in Python (main/stockade-python): started when the
 * first of them is added, started again when it ends. Requests and answers are lines of JSON.
 * Nothing here waits; a request that takes too long ends the process, and with it its thread. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/value.h"

#define PYTHON_LINE_MAX                                                                            \
        ((size_t)4 << 20) /* bytes of a request, which fails beyond; or of an answer, else the
                             process is ended */
#define PYTHON_OUTPUT_MAX                                                                          \
        ((size_t)32 << 20)         /* bytes not yet taken by the process, else it is ended */
#define PYTHON_REQUESTS_MAX 100000 /* at once; beyond they fail */
#define PYTHON_TIMEOUT_S 60        /* of a request */
#define PYTHON_BACKOFF_MAX_S 60    /* between starts without success: 1, 2, 4, ... s */
#define PYTHON_LOGGER_MAX 64       /* bytes of a logger's name */

struct python_link;
struct runner_link;

/* An answer: the message, or NULL and why there is none (kind is an exception's class). Called
 * once, from the loop. */
typedef void python_done(void *user, const struct value *answer, const struct fault *fault);
/* The process asks for a tag of what a request is about; false: there is none. */
typedef bool python_tag(void *user, struct slice tag, struct arena *arena, struct value *ret);

/* Somebody who has to say things again to a new process. */
struct python_watcher {
        void (*on_restart)(void *user);
        void *user;
        struct python_watcher *previous, *next;
};

/* program: the path, or NULL: beside the server, or in its libexec folder. Nothing is started yet.
 */
struct python_link *python_link_new(struct loop *loop, const char *program);
/* Has it started by stockade-runner. runner: NULL: by our own fork; outlives link. */
void python_link_set_runner(struct python_link *link, struct runner_link *runner);
/* Ends the process; no callback comes any more. NULL is allowed. Returns NULL. */
struct python_link *python_link_free(struct python_link *link);
void python_link_watch(struct python_link *link, struct python_watcher *watcher);
void python_link_unwatch(struct python_link *link, struct python_watcher *watcher);
/* A number that no other action has. */
uint64_t python_link_number(struct python_link *link);

/* Sends message (a DICT; "id" is added) and waits for its answer. tag may be NULL. */
void python_link_ask(struct python_link *link, struct value message, python_done *done,
        python_tag *tag, void *user);
/* Sends a message that has no answer. */
void python_link_tell(struct python_link *link, struct value message);
/* Forgets all requests of user: done is not called. */
void python_link_forget(struct python_link *link, const void *user);
/* How often the process was started. */
uint64_t python_link_starts(const struct python_link *link);
