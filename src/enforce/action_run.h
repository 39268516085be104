/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One job of one action from its first command to its last: start, ban, unban, ... with the checks,
 * repairs and retries between (spec server.md 4.2). An action runs one job at a time. */
#pragma once

#include "enforce/action_info.h"
#include "enforce/action_state.h"
#include "enforce/action_tags.h"
#include "enforce/nftset.h"

enum action_job_kind {
        ACTION_JOB_START,
        ACTION_JOB_BAN,
        ACTION_JOB_REBAN,
        ACTION_JOB_PROLONG,
        ACTION_JOB_UNBAN,
        ACTION_JOB_FLUSH,
        ACTION_JOB_FLUSH_TO_STOP, /* nothing is repaired any more */
        ACTION_JOB_STOP,
        ACTION_JOB_RELOAD,
        ACTION_JOB_CHECK,
        ACTION_JOB_RESTORE, /* starts again the families that were lost */
        ACTION_JOB_COUNT
};

struct action_run;

/* What a run works on; everything is borrowed and must outlive it. */
struct action_run_subject {
        const struct action_env *env;
        struct slice jail;
        const char *name; /* of the action */
        const struct action_props *props;
        struct action_tags *tags;
        struct action_state *state;
        uint32_t *jail_epoch;   /* grows with each repair ... */
        uint32_t *epoch;        /* ... and this is set to it */
        struct nftset **nftset; /* made when it is first needed; NULL: commands are always run */
};

/* Called from the loop when a run that had to wait is through. fault: why it failed (already
 * logged), NULL if it did not. */
typedef void action_run_done(void *user, const struct fault *fault);

struct action_run *action_run_new(
        const struct action_run_subject *subject, action_run_done *done, void *user);
/* Kills what runs. NULL is allowed. Returns NULL. */
struct action_run *action_run_free(struct action_run *run);
/* ticket: whom a ban, unban, ... is for; else NULL. Returns 0 when the job is done already,
 * negative errno if it failed (logged; the text is action_run_fault()), or ACTION_RUN_WAITS: then
 * done will be called. */
enum { ACTION_RUN_WAITS = 1 };
int action_run_start(struct action_run *run, enum action_job_kind kind, struct ticket *ticket);
const struct fault *action_run_fault(const struct action_run *run);
