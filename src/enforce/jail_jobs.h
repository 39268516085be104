/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on a jail that answer only when its actions have run. For the files jail*.c alone. */
#pragma once

#include "enforce/jail.h"

/* A host name whose addresses a command waits for. */
struct jail_asked {
        struct jail_job *job;
        struct slice name; /* in the job's arena, as this */
};

/* A command that waits for actions. */
struct jail_job {
        struct jail_job *next;
        struct jail *jail;
        unsigned pending;
        uint64_t count;
        struct arena arena;
        struct value absent;
        jail_count_done *done;
        void *user;
        struct loop_timer timer;
};

struct jail_job *jail_job_new(struct jail *jail, jail_count_done *done, void *user);
void jail_job_hold(struct jail_job *job);
/* The last release makes the answer come, from the loop. */
void jail_job_release(struct jail_job *job);
/* The same, as the actions' callback. */
void jail_job_on_action(void *user, unsigned failed);
void jail_jobs_done(struct jail *jail);

/* jail_bans.c: no job of the jail waits for the addresses of a name any more. */
void jail_bans_forget_names(struct jail *jail);
