/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command on many ids is one job: it counts, holds itself for each order that the actions have
 * not carried out, and answers once, from the loop. Jobs of a jail that is freed are dropped
 * without an answer: jail_stop() waits for the actions before. */
#include "enforce/jail_jobs.h"

#include "base/memory.h"
#include "enforce/jail_state.h"

struct jail_job *jail_job_new(struct jail *jail, jail_count_done *done, void *user) {
        struct jail_job *job = memory_new(sizeof(*job));
        *job = (struct jail_job){.next = jail->jobs,
                .jail = jail,
                .pending = 1,
                .arena = ARENA_INIT,
                .absent = value_list(),
                .done = done,
                .user = user};
        jail->jobs = job;
        return job;
}

void jail_job_hold(struct jail_job *job) {
        job->pending++;
}

static void job_free(struct jail *jail, struct jail_job *job) {
        struct jail_job **place = &jail->jobs;
        while (*place != job)
                place = &(*place)->next;
        *place = job->next;
        loop_timer_cancel(jail->env.loop, &job->timer);
        arena_done(&job->arena);
        free(job);
}

static void on_done(void *user) {
        struct jail_job *job = user;
        struct arena arena = job->arena;
        struct value absent = job->absent;
        uint64_t count = job->count;
        jail_count_done *done = job->done;
        void *done_user = job->user;
        job->arena = ARENA_INIT;
        job_free(job->jail, job);
        if (done)
                done(done_user, count, &absent);
        arena_done(&arena);
}

void jail_job_release(struct jail_job *job) {
        if (--job->pending == 0)
                loop_timer_set_in(job->jail->env.loop, &job->timer, 0, on_done, job);
}

void jail_job_on_action(void *user, unsigned failed) {
        (void)failed; /* said by the actions; the ban counts all the same */
        jail_job_release(user);
}

void jail_jobs_done(struct jail *jail) {
        jail_bans_forget_names(jail); /* who has not answered yet */
        while (jail->jobs)
                job_free(jail, jail->jobs);
}
