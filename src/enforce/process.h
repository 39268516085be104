/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs shell commands without waiting for them: own session, output captured, time limited (spec server.md 4.5). */
#pragma once

#include "base/clock.h"
#include "base/loop.h"
#include "base/slice.h"
#include "base/value.h"

#define PROCESS_OUTPUT_MAX ((size_t)256 << 10) /* bytes kept of stdout and of stderr, each; the rest is counted and dropped */
#define PROCESS_RUNNING_MAX 64                 /* at once; the others wait their turn */
#define PROCESS_VALUES_MAX 64                  /* of one command */
#define PROCESS_NOT_RUN 126                    /* status of a command that could not be started */

struct runner_link;
struct runner;  /* all commands of the server */
struct process; /* one command, waiting or running */

struct process_result {
        int status;         /* exit status; 128 + n or negative -n as upstream reports a signal; 127 not found */
        bool timed_out;
        struct slice output, errors; /* stdout, stderr */
};

struct process_request {
        struct slice command;        /* for /bin/sh -c */
        const struct value *values;  /* LIST of texts that travel as $0, $1, ...; or NULL */
        double timeout_s;
        const char *logger;          /* e.g. "fail2ban.utils" */
        int quiet_status;            /* an exit status besides 0 that is no error to be logged (ignorecommand: 1); 0: none */
};

/* Called once, from the loop. The views are valid during the call. */
typedef void process_done(void *user, const struct process_result *result);

struct runner *runner_new(struct loop *loop, const struct clock *clock);
/* Has commands started by stockade-runner from now on, while it is there. link: NULL: by our own fork; outlives runner. */
void runner_set_link(struct runner *runner, struct runner_link *link);
/* Kills what runs (its whole process group); no callback any more. NULL is allowed. Returns NULL. */
struct runner *runner_free(struct runner *runner);
/* Starts (or queues) the command; logs its outcome as upstream does. request is copied. Never fails from within: a start that
 * fails is a result (PROCESS_NOT_RUN; for want of processes, memory or fds only after timeout_s of trying), and so is a command or value
 * with a NUL byte. A command without values that is one plain command
 * (plain_command.h) is executed without a shell. */
struct process *process_run(struct runner *runner, const struct process_request *request, process_done *done, void *user);
/* Kills it; done is not called. */
void process_cancel(struct process *process);
/* Bytes of output dropped so far. */
uint64_t runner_dropped_bytes(const struct runner *runner);
