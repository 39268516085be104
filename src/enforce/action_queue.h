/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of an action list: its actions, what each has still to do, and in which order (action.h).
 */
#pragma once

#include "enforce/action.h"
#include "enforce/action_guard.h"
#include "enforce/action_run.h"
#include "enforce/python_action.h"

#define ACTION_GATHER NFTSET_BATCH_MAX
#define ACTION_QUEUE_BURST 256 /* jobs that need no waiting, in one go */

/* What one call asked for: done when all its jobs are. */
struct action_order {
        unsigned pending; /* jobs, plus one while they are being made */
        unsigned failed;
        action_list_done *done;
        void *user;
        struct ticket *ticket; /* whose ban_epoch is kept, or NULL */
        bool is_ban;           /* ticket gets the epoch when all is done */
        bool is_check;         /* if a repair has lost the bans, ticket is banned again */
        uint64_t seq;          /* of its last job */
        struct action_order *next;
};

struct action_job {
        struct action_job *next;
        uint64_t seq;
        enum action_job_kind kind;
        struct ticket *ticket;
        struct action_order *order;
};

struct action {
        struct action_list *list;
        char *name;
        struct action_props props;
        struct action_tags *tags;
        struct action_state state;
        struct action_run *run;
        struct python_action *python; /* it is written in Python; else NULL */
        uint32_t epoch;
        struct action_guard guard;
        struct action_job *first, *last;
        struct action_job *running;
        size_t batch_max;  /* jobs of the next batch (action_batch.h); 0: as many as may be */
        bool has_refused;  /* the kernel has refused it: the next job runs by itself */
        bool is_started;   /* its start is queued, or done */
        bool is_untouched; /* by the reload so far */
        bool is_dropped;   /* goes when its last job is done */
};

struct action_list {
        struct action_env env;
        char *jail;
        struct action *actions[ACTIONS_MAX];
        size_t count;
        bool is_reloading;
        uint32_t epoch;
        uint64_t seq;
        size_t pending;
        uint64_t refused;
        struct nftset *nftset; /* its own, where the server has none */
        int64_t last_check_us;
        bool has_checked;
        bool gathers; /* bans wait until there are ACTION_GATHER of them */
        struct action *front; /* what it does holds up the others */
        struct loop_timer kick, patience;
        struct action_order *finished_first, *finished_last;
        bool is_telling; /* callbacks of orders are being made; a list freed by one of them ... */
        bool is_freed;   /* ... stays as an empty shell until they are through */
};

struct action_order *action_order_new(action_list_done *done, void *user);
/* The maker is through. */
void action_order_close(struct action_list *list, struct action_order *order);
/* Appends a job. ticket is referenced. */
void action_queue_add(struct action *action, struct action_order *order, enum action_job_kind kind,
        struct ticket *ticket);
/* Puts a job before all that the action has still to do. */
void action_queue_add_first(struct action *action, struct action_order *order,
        enum action_job_kind kind, struct ticket *ticket, uint64_t seq);
/* The link to nftables, made by whoever needs it first. */
struct nftset **action_queue_nftset(struct action_list *list);
/* Whether the action has nothing to do for the job: a ban that was restored, "norestored"; a set
 * that could not be put back. */
bool action_queue_is_skipped(const struct action *action, const struct action_job *job);
/* Whether the action never heard of the ticket, because it was restored ("norestored"). */
bool action_queue_is_skipped_when_restored(
        const struct action *action, const struct ticket *ticket);
/* An action has carried out the ticket's ban. */
void action_queue_tell_held(const struct action_list *list, const struct ticket *ticket);
/* Drops what the action has still to do, kills what it does. */
void action_queue_clear(struct action *action);
/* Lets the loop look after the queue. */
void action_queue_kick(struct action_list *list);

struct action *action_new(struct action_list *list, struct slice name);
struct action *action_free(struct action *action);
/* Called by the queue: a dropped action is idle; a check is through. */
void action_list_forget(struct action_list *list, struct action *action);
void action_list_reban_first(struct action_list *list, struct ticket *ticket, uint64_t seq);
