/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One child process: fork and exec with one channel as fd 3 and nothing else, watched by a pidfd, started again when it ends. */
#pragma once

#include <sys/types.h>

#include "base/fault.h"
#include "base/loop.h"
#include "channel/channel.h"

struct supervise;
struct runner_link;

#define SUPERVISE_CHANNEL_FD 3       /* the child's end of the channel */
#define SUPERVISE_ARGUMENTS_MAX 256
#define SUPERVISE_BACKOFF_MIN_MS 100 /* the first restart comes at once, the second after this, doubling ... */
#define SUPERVISE_BACKOFF_MAX_MS 5000 /* ... up to this */

struct supervise_ops {
        /* A new process runs; channel is its link, valid until on_end. Messages may be sent at once. */
        void (*on_start)(void *user, struct channel *channel);
        void (*on_message)(void *user, struct message *message);
        /* It is gone, and everything complete that it had sent has been handed to on_message. how: "killed by signal 9", "exit code 1",
         * "protocol violation: ...". A new one is started by itself, unless supervise_stop() was called. */
        void (*on_end)(void *user, const char *how);
};

struct supervise_config {
        const char *program; /* file name, e.g. "stockade-scanner": looked for beside our own program, else in STOCKADE_LIBEXECDIR */
        const char *path;    /* absolute path instead; NULL: as above */
        const char *label;   /* for messages, e.g. "scanner" */
        enum channel_role role;
        const struct supervise_ops *ops;
        void *user;
};

/* Starts nothing yet. The texts of config are copied, ops must outlive it. */
struct supervise *supervise_new(struct loop *loop, const struct supervise_config *config);
/* Kills the process if it runs and waits for it; no callback comes any more. NULL is allowed. Returns NULL. Not from inside a callback
 * of this object. */
struct supervise *supervise_free(struct supervise *supervise);

/* Has it started by stockade-runner, which is our own fork while there is none. runner: NULL: always by our own; outlives supervise. */
void supervise_set_runner(struct supervise *supervise, struct runner_link *runner);

/* Starts the process. Returns 0, -EALREADY if it runs, or negative errno with fault (program not found, fork failed). A failure that
 * shows later (exec, confinement) comes as on_end. */
int supervise_start(struct supervise *supervise, struct fault *fault);
/* What the program is given as arguments when it is started next; texts are copied. */
void supervise_set_arguments(struct supervise *supervise, const char *const *arguments, size_t count);
/* Puts a new process in the place of the one that runs, which has done nothing wrong: what it has sent and nobody has read is dropped, on_end
 * is not called, and on_start is. Does nothing if none runs. */
void supervise_renew(struct supervise *supervise);
/* Ends it for good: closes the channel, which children take as the order to end; kills it after timeout_ms. on_end is called. */
void supervise_stop(struct supervise *supervise, int timeout_ms);
/* Kills it because it hangs; what it has sent is still handled. It is started again (with back-off). */
void supervise_kill(struct supervise *supervise, const char *reason);
/* Kills it because it broke the protocol: nothing more of what it has sent is handled. Started again likewise. */
void supervise_violation(struct supervise *supervise, const char *reason);
/* The process has done useful work: the back-off starts anew at the next end. */
void supervise_progress(struct supervise *supervise);

/* Process id, or 0 if none runs, or the runner has not answered yet. */
pid_t supervise_pid(const struct supervise *supervise);
/* The running process's link, or NULL. */
struct channel *supervise_channel(const struct supervise *supervise);
/* How often it has been started. */
uint64_t supervise_starts(const struct supervise *supervise);
