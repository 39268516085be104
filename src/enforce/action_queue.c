/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each action has its own queue; sequence numbers make one order of them. The job with the lowest
 * number of all idle actions is next, and while one runs (the front) no other is begun, unless it
 * takes longer than ACTION_PATIENCE_MS: then it stops being the front and holds up only its own
 * action. Jobs that the kernel does in one go (action_batch.h) are taken together, before later
 * ones of other actions that were given between them. Callbacks of orders are made last, because
 * they may free the list. */
#include "enforce/action_queue.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "enforce/action_batch.h"

static void advance(struct action_list *list);

struct action_order *action_order_new(action_list_done *done, void *user) {
        struct action_order *order = memory_new(sizeof(*order));
        *order = (struct action_order){.pending = 1, .done = done, .user = user};
        return order;
}

static void order_settle(struct action_list *list, struct action_order *order) {
        if (--order->pending > 0)
                return;
        if (list->finished_last)
                list->finished_last->next = order;
        else
                list->finished_first = order;
        list->finished_last = order;
        action_queue_kick(list);
}

void action_order_close(struct action_list *list, struct action_order *order) {
        order->seq = list->seq;
        order_settle(list, order);
}

static struct action_job *job_new(struct action *action, struct action_order *order,
        enum action_job_kind kind, struct ticket *ticket, uint64_t seq) {
        struct action_job *job = memory_new(sizeof(*job));
        *job = (struct action_job){.seq = seq, .kind = kind, .order = order};
        if (ticket)
                job->ticket = ticket_ref(ticket);
        order->pending++;
        action->list->pending++;
        action_queue_kick(action->list);
        return job;
}

void action_queue_add(struct action *action, struct action_order *order, enum action_job_kind kind,
        struct ticket *ticket) {
        struct action_job *job = job_new(action, order, kind, ticket, ++action->list->seq);
        if (action->last)
                action->last->next = job;
        else
                action->first = job;
        action->last = job;
}

void action_queue_add_first(struct action *action, struct action_order *order,
        enum action_job_kind kind, struct ticket *ticket, uint64_t seq) {
        struct action_job *job = job_new(action, order, kind, ticket, seq);
        job->next = action->first;
        action->first = job;
        if (!action->last)
                action->last = job;
}

static void job_end(struct action *action, struct action_job *job, bool success) {
        struct action_list *list = action->list;
        struct action_order *order = job->order;
        if (!success)
                order->failed++;
        list->pending--;
        if (job->ticket)
                (void)ticket_unref(job->ticket);
        free(job);
        order_settle(list, order);
}

/* Others need not wait for the action any more. */
static void leave_front(struct action *action) {
        struct action_list *list = action->list;
        if (list->front != action)
                return;
        list->front = NULL;
        loop_timer_cancel(list->env.loop, &list->patience);
}

void action_queue_clear(struct action *action) {
        action->run = action_run_free(action->run);
        if (action->python)
                python_action_cancel(action->python);
        leave_front(action);
        action_queue_kick(action->list);
        if (action->running)
                job_end(action, STEAL_PTR(action->running), true);
        while (action->first) {
                struct action_job *job = action->first;
                action->first = job->next;
                job_end(action, job, true);
        }
        action->last = NULL;
}

static void on_kick(void *user) {
        advance(user);
}

void action_queue_kick(struct action_list *list) {
        if (!loop_timer_is_set(&list->kick))
                loop_timer_set_in(list->env.loop, &list->kick, 0, on_kick, list);
}

/* The idle action whose next job comes first; NULL if there is none. */
static struct action *next_action(const struct action_list *list) {
        struct action *next = NULL;
        for (size_t i = 0; i < list->count; i++) {
                struct action *action = list->actions[i];
                if (!action->running && action->first &&
                        (!next || action->first->seq < next->first->seq))
                        next = action;
        }
        return next;
}

bool action_queue_is_skipped(const struct action *action, const struct action_job *job) {
        bool is_ban = job->kind == ACTION_JOB_BAN || job->kind == ACTION_JOB_PROLONG;
        if (job->kind == ACTION_JOB_REBAN && action->guard.count > 0) {
                struct address address = ticket_address(job->ticket);
                return action_state_bits(&action->state, address_family_name(&address)) &
                       ACTION_LOST;
        }
        return is_ban && action_queue_is_skipped_when_restored(action, job->ticket);
}

bool action_queue_is_skipped_when_restored(
        const struct action *action, const struct ticket *ticket) {
        return ticket->restored && action_props_is_true(&action->props, "norestored");
}

struct nftset **action_queue_nftset(struct action_list *list) {
        return list->env.nft ? nft_watch_link(list->env.nft) : &list->nftset;
}

void action_queue_tell_held(const struct action_list *list, const struct ticket *ticket) {
        if (list->env.held)
                list->env.held(list->env.user, ticket);
}

/* What the action's guard, and the jail, have to know of a job that is through. */
static void tell_guard(struct action *action, const struct action_job *job, bool success) {
        bool is_ban = job->kind == ACTION_JOB_BAN || job->kind == ACTION_JOB_REBAN;
        if (is_ban && success && !action_queue_is_skipped(action, job))
                action_queue_tell_held(action->list, job->ticket);
        if (is_ban && success)
                action_guard_learn(action, job->ticket);
        else if (!job->ticket)
                action_guard_settle(action);
}

static void settle(struct action *action, bool success) {
        struct action_list *list = action->list;
        leave_front(action);
        tell_guard(action, action->running, success);
        job_end(action, STEAL_PTR(action->running), success);
        if (action->is_dropped && !action->first)
                action_list_forget(list, action);
}

static void on_run(void *user, const struct fault *fault) {
        struct action *action = user;
        struct action_list *list = action->list;
        settle(action, fault == NULL);
        advance(list);
}

static void on_patience(void *user) {
        struct action_list *list = user;
        list->front = NULL;
        advance(list);
}

static struct action_job *take_first(struct action *action) {
        struct action_job *job = action->first;
        action->first = job->next;
        if (!action->first)
                action->last = NULL;
        action->running = job;
        return job;
}

/* Does the jobs that can be done together. Returns how many; the action may be gone then. */
static unsigned begin_batch(struct action *action) {
        size_t count = action_batch_run(action);
        for (size_t i = 0; i < count; i++) {
                (void)take_first(action);
                settle(action, true);
        }
        return (unsigned)count;
}

static int run_command_job(struct action *action, const struct action_job *job) {
        struct action_list *list = action->list;
        if (!action->run) {
                struct action_run_subject subject = {&list->env, slice_of(list->jail), action->name,
                        &action->props, action->tags, &action->state, &list->epoch, &action->epoch,
                        action_queue_nftset(list)};
                action->run = action_run_new(&subject, on_run, action);
        }
        return action_run_start(action->run, job->kind, job->ticket);
}

static void begin(struct action *action) {
        struct action_list *list = action->list;
        struct action_job *job = take_first(action);
        if (action_queue_is_skipped(action, job)) {
                settle(action, true);
                return;
        }
        if (job->kind == ACTION_JOB_STOP || job->kind == ACTION_JOB_FLUSH_TO_STOP)
                action_guard_done(action);
        else if (job->kind == ACTION_JOB_FLUSH)
                action_guard_pause(action);
        int r = action->python ? python_action_start(
                                         action->python, job->kind, job->ticket, on_run, action)
                               : run_command_job(action, job);
        if (r != ACTION_RUN_WAITS) {
                settle(action, r == 0);
                return;
        }
        list->front = action;
        loop_timer_set_in(list->env.loop, &list->patience, (int64_t)ACTION_PATIENCE_MS * 1000,
                on_patience, list);
}

static void order_tell(struct action_list *list, struct action_order *order) {
        if (order->is_ban && order->ticket)
                order->ticket->ban_epoch = list->epoch;
        if (order->is_check && order->ticket && order->ticket->ban_epoch < list->epoch)
                action_list_reban_first(list, order->ticket, order->seq);
        if (order->ticket)
                (void)ticket_unref(order->ticket);
        action_list_done *done = order->done;
        void *user = order->user;
        unsigned failed = order->failed;
        free(order);
        if (done)
                done(user, failed);
}

static void tell_finished(struct action_list *list) {
        list->is_telling = true;
        while (!list->is_freed && list->finished_first) {
                struct action_order *order = list->finished_first;
                list->finished_first = order->next;
                if (!list->finished_first)
                        list->finished_last = NULL;
                order_tell(list, order);
        }
        list->is_telling = false;
        if (list->is_freed)
                free(list);
}

static bool waits_for_more(const struct action_list *list, const struct action *action) {
        return list->gathers && list->pending < ACTION_GATHER &&
               action->first->kind == ACTION_JOB_BAN;
}

static void advance(struct action_list *list) {
        struct action *action;
        unsigned begun = 0;
        while (!list->front && (action = next_action(list)) && !waits_for_more(list, action)) {
                if (begun >= ACTION_QUEUE_BURST) {
                        action_queue_kick(list);
                        break;
                }
                unsigned count = begin_batch(action);
                if (count == 0)
                        begin(action);
                begun += count > 0 ? count : 1;
        }
        tell_finished(list);
}
