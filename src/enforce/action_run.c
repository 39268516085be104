/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small machine with a stack, because commands must not be waited for: a routine is a function
 * that is called again and again with its frame, which says at which step it is. It returns a
 * result, or ACTION_CALL after it has pushed another routine, whose result it finds in run->result
 * when it is called next, or ACTION_WAIT if it waits for a process or the resolver. Nesting is
 * fixed by the routines: a ban at most calls process, check, restart, operation, command. Upstream:
 * fail2ban/server/action.py CommandAction, 1.1. */
#include "enforce/action_run.h"

#include <assert.h>
#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/action_check.h"
#include "enforce/action_operation.h"
#include "enforce/action_report.h"
#include "enforce/action_ticket.h"
#include "enforce/resolver.h"

struct action_frame *action_run_push(struct action_run *run, action_routine *step_routine) {
        assert(run->depth < ACTION_DEPTH_MAX);
        struct action_frame *frame = &run->frames[run->depth++];
        *frame = (struct action_frame){.step_routine = step_routine};
        return frame;
}

/* Steps until the job waits or is done. */
static void step(struct action_run *run) {
        run->is_inside = true;
        while (run->depth > 0 && !run->is_waiting) {
                size_t depth = run->depth;
                struct action_frame *frame = &run->frames[depth - 1];
                enum action_result result = frame->step_routine(run, frame);
                if (result == ACTION_WAIT || result == ACTION_CALL)
                        continue;
                assert(run->depth == depth);
                run->depth--;
                run->result = result;
        }
        run->is_inside = false;
}

static void report_failure(struct action_run *run) {
        struct slice info = run->has_info ? action_info_repr(&run->info, &run->arena) : SLICE_NULL;
        action_report_failure(
                run->kind, run->subject.jail, run->subject.name, info, fault_text(&run->fault));
}

/* Returns 0, or negative errno of a job that failed. */
static int conclude(struct action_run *run) {
        bool is_raised = run->result == ACTION_RAISED;
        if (is_raised)
                report_failure(run);
        else
                fault_done(&run->fault);
        if (run->has_info)
                action_info_done(&run->info);
        run->has_info = false;
        arena_reset(&run->arena);
        return is_raised ? -EIO : 0;
}

static void advance(struct action_run *run) {
        step(run);
        if (run->is_waiting)
                return;
        int r = conclude(run);
        run->done(run->user, r < 0 ? &run->fault : NULL);
}

/* What was waited for has come. */
void action_run_resume(struct action_run *run, enum action_result result) {
        run->result = result;
        run->is_waiting = false;
        if (!run->is_inside)
                advance(run);
}

static void on_process(void *user, const struct process_result *result) {
        struct action_run *run = user;
        run->process = NULL;
        action_run_resume(run, result->status == 0 ? ACTION_TRUE : ACTION_FALSE);
}

/* frame->script: what to run. */
static enum action_result run_command(struct action_run *run, struct action_frame *frame) {
        if (frame->step++ > 0)
                return run->result;
        if (frame->script.command.len == 0)
                return ACTION_TRUE;
        struct process_request request = {
                .command = frame->script.command,
                .values = frame->script.values.list.count > 0 ? &frame->script.values : NULL,
                .timeout_s = action_props_timeout_s(run->subject.props),
                .logger = ACTION_LOGGER_UTILS,
        };
        run->is_waiting = true;
        run->process = process_run(run->subject.env->runner, &request, on_process, run);
        return ACTION_WAIT;
}

enum action_result action_run_call_command(
        struct action_run *run, const struct action_script *script) {
        action_run_push(run, run_command)->script = *script;
        return ACTION_CALL;
}

int action_run_expand(struct action_run *run, struct slice text,
        const struct action_dynamic_source *source, struct action_script *ret) {
        if (action_dynamic_expand(text, source, &run->arena, ret) == 0)
                return 0;
        return fault_raise(&run->fault, "ValueError", "a command of the action grows too long");
}

static void push_job(struct action_run *run, enum action_job_kind kind) {
        static action_routine *const routines[ACTION_JOB_COUNT] = {
                [ACTION_JOB_START] = action_operation_start,
                [ACTION_JOB_BAN] = action_ticket_ban,
                [ACTION_JOB_REBAN] = action_ticket_ban,
                [ACTION_JOB_PROLONG] = action_ticket_prolong,
                [ACTION_JOB_UNBAN] = action_ticket_unban,
                [ACTION_JOB_FLUSH] = action_operation_flush,
                [ACTION_JOB_FLUSH_TO_STOP] = action_operation_flush,
                [ACTION_JOB_STOP] = action_operation_stop,
                [ACTION_JOB_RELOAD] = action_operation_reload,
                [ACTION_JOB_CHECK] = action_check,
                [ACTION_JOB_RESTORE] = action_restore,
        };
        bool has_reban = action_props_text(run->subject.props, "actionreban").len > 0;
        action_run_push(run, routines[kind])->property =
                kind == ACTION_JOB_REBAN && has_reban ? "actionreban" : "actionban";
}

struct action_run *action_run_new(
        const struct action_run_subject *subject, action_run_done *done, void *user) {
        struct action_run *run = memory_new(sizeof(*run));
        *run = (struct action_run){.subject = *subject,
                .done = done,
                .user = user,
                .arena = ARENA_INIT,
                .fault = FAULT_INIT};
        return run;
}

struct action_run *action_run_free(struct action_run *run) {
        if (!run)
                return NULL;
        if (run->process)
                process_cancel(run->process);
        if (run->is_waiting && run->subject.env->resolver)
                resolver_forget(run->subject.env->resolver, run);
        if (run->has_info)
                action_info_done(&run->info);
        fault_done(&run->fault);
        arena_done(&run->arena);
        free(run);
        return NULL;
}

int action_run_start(struct action_run *run, enum action_job_kind kind, struct ticket *ticket) {
        assert(run->depth == 0 && !run->is_waiting);
        fault_done(&run->fault);
        run->kind = kind;
        run->has_host = false;
        run->has_info = ticket != NULL;
        if (ticket)
                action_info_init(&run->info, run->subject.env, ticket, &run->arena);
        push_job(run, kind);
        step(run);
        return run->is_waiting ? ACTION_RUN_WAITS : conclude(run);
}

const struct fault *action_run_fault(const struct action_run *run) {
        return &run->fault;
}
