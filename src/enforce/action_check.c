/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what an action has set up is still there (actioncheck), and setting it up again where it
 * is not: by actionrepair, or by a stop and a start. */
#include "enforce/action_check.h"

#include "base/diag.h"
#include "enforce/action_operation.h"

/* Whether the administrator wants no repair now; says so. */
static bool is_repair_refused(struct action_run *run, const struct action_frame *frame) {
        if (frame->repair == ACTION_REPAIR_ALL ||
                action_props_is_true(run->subject.props, "actionrepair_on_unban"))
                return false;
        diag(DIAG_ERROR,
                frame->repair == ACTION_REPAIR_NOT_ON_UNBAN ? ACTION_LOGGER : ACTION_LOGGER_LIST,
                "Invariant check failed. %s is impossible.",
                frame->repair == ACTION_REPAIR_NOT_ON_UNBAN ? "Unban" : "Flush");
        return true;
}

static enum action_result give_up_repair(void) {
        diag(DIAG_CRITICAL, ACTION_LOGGER, "Unable to restore environment");
        return ACTION_FALSE;
}

/* The check has failed: repairs, by actionrepair or by a restart. */
static enum action_result begin_repair(struct action_run *run, struct action_frame *frame) {
        struct slice repair;
        diag(DIAG_ERROR, ACTION_LOGGER,
                "Invariant check failed. Trying to restore a sane environment");
        *run->subject.epoch = ++*run->subject.jail_epoch;
        if (action_operation_text(run, "actionrepair", frame->family, &repair) < 0)
                return ACTION_RAISED;
        if (repair.len > 0) {
                struct action_script script = {.command = repair, .values = value_list()};
                frame->step = 2;
                return action_run_call_command(run, &script);
        }
        frame->step = 3;
        action_run_push(run, action_operation_stop)->family = frame->family;
        return ACTION_CALL;
}

static enum action_result check_again(struct action_run *run, struct action_frame *frame) {
        struct action_script script = {.command = frame->text, .values = value_list()};
        if (!action_state_bits(run->subject.state, frame->family))
                return ACTION_TRUE;
        frame->step = 5;
        return action_run_call_command(run, &script);
}

static enum action_result call_start(struct action_run *run, const struct action_frame *frame) {
        struct action_frame *start = action_run_push(run, action_operation_start);
        start->family = frame->family;
        start->is_forced = frame->is_forced || !action_props_start_on_demand(run->subject.props);
        return ACTION_CALL;
}

/* frame: family, repair, is_forced. Runs actioncheck, and repairs what it finds. */
enum action_result action_check_family(struct action_run *run, struct action_frame *frame) {
        struct action_script script = {.values = value_list()};
        switch (frame->step) {
        case 0: /* check */
                if (!frame->is_forced && frame->family &&
                        !action_state_knows(run->subject.state, frame->family))
                        return ACTION_TRUE;
                if (action_operation_text(run, "actioncheck", frame->family, &frame->text) < 0)
                        return ACTION_RAISED;
                script.command = frame->text;
                frame->step = 1;
                return action_run_call_command(run, &script);
        case 1: /* checked */
                if (run->result == ACTION_TRUE)
                        return ACTION_TRUE;
                return is_repair_refused(run, frame) ? ACTION_REFUSED : begin_repair(run, frame);
        case 2: /* repaired */
                action_state_set(run->subject.state, frame->family,
                        run->result == ACTION_TRUE ? ACTION_STARTED : 0);
                if (run->result != ACTION_TRUE)
                        return give_up_repair();
                return check_again(run, frame);
        case 3: /* stopped, or not: what counts is whether the start succeeds */
                /* Differs: upstream does not run a start again that another family has run, even if
                 * the environment is gone. */
                fault_done(&run->fault);
                action_state_forget_operation(run->subject.state, ACTION_OPERATION_START);
                frame->step = 4;
                return call_start(run, frame);
        case 4: /* started */
                if (run->result == ACTION_RAISED)
                        return ACTION_RAISED;
                return check_again(run, frame);
        default: /* checked again */
                return run->result == ACTION_TRUE ? ACTION_TRUE : give_up_repair();
        }
}

/* frame: repair. Checks every started family. */
enum action_result action_check(struct action_run *run, struct action_frame *frame) {
        struct action_state *state = run->subject.state;
        if (frame->step == 0) {
                if (action_props_text(run->subject.props, "actioncheck").len == 0)
                        return ACTION_TRUE;
                frame->families =
                        action_operation_families(run, ACTION_STARTED, &frame->family_count);
        } else if (run->result == ACTION_RAISED) {
                return ACTION_RAISED;
        } else if (run->result == ACTION_FALSE) {
                const char *family = frame->families[frame->step - 1];
                action_state_set(state, family, 0);
                action_state_forget(state, ACTION_OPERATION_START, family);
        }
        if ((size_t)frame->step == frame->family_count)
                return ACTION_TRUE;
        struct action_frame *check = action_run_push(run, action_check_family);
        check->family = frame->families[frame->step++];
        check->repair = frame->repair;
        check->is_forced = true;
        return ACTION_CALL;
}

/* What is lost is not stopped first: there is nothing, and what is left holds bans. */
enum action_result action_restore(struct action_run *run, struct action_frame *frame) {
        if (frame->step == 0) {
                frame->families = action_operation_families(
                        run, ACTION_STARTED | ACTION_LOST, &frame->family_count);
                action_state_forget_operation(run->subject.state, ACTION_OPERATION_START);
        } else if (run->result == ACTION_RAISED) {
                return ACTION_RAISED;
        }
        if ((size_t)frame->step == frame->family_count)
                return ACTION_TRUE;
        struct action_frame *start = action_run_push(run, action_operation_start);
        start->family = frame->families[frame->step++];
        start->is_forced = true;
        return ACTION_CALL;
}
