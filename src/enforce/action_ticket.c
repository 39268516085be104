/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done for one ticket. The command is tried, and once more after its family was checked; a
 * family that is to be started with its first ban is started before. */
#include "enforce/action_ticket.h"

#include "base/diag.h"
#include "enforce/action_batch.h"
#include "enforce/action_check.h"
#include "enforce/action_operation.h"
#include "enforce/kernel_set.h"
#include "enforce/resolver.h"

static void on_host(void *user, struct slice name) {
        struct action_run *run = user;
        run->info.host = arena_copy(&run->arena, name);
        run->has_host = true;
        if (run->is_waiting)
                action_run_resume(run, ACTION_TRUE);
}

/* Whether the name of the address has to be waited for. */
static bool ask_host(struct action_run *run, struct slice text) {
        struct resolver *resolver = run->subject.env->resolver;
        if (run->has_host || !resolver || run->info.address.family == ADDRESS_NONE ||
                slice_find(text, SLICE("<ip-host>"), 0) == text.len)
                return false;
        run->is_waiting = true;
        resolver_ask_name(resolver, &run->info.address, on_host, run);
        return run->is_waiting;
}

/* Whatever goes wrong in process, the command itself is run, so that errors are those of the
 * command. */
static bool is_done_in_process(struct action_run *run, const struct action_script *script) {
        struct nftset **nftset = run->subject.nftset;
        struct plain_command command;
        struct nftset_command does;
        size_t bad;
        if (!nftset || !action_batch_is_allowed(run->subject.props) ||
                script->values.list.count > 0 || run->info.address.family == ADDRESS_NONE)
                return false;
        if (!plain_command_parse(script->command, &run->arena, &command) ||
                !kernel_set_recognise(&command, &run->info.address, &does))
                return false;
        const struct nftset_element element = {
                &does.place, does.deed, does.timeout_ms, run->info.address};
        if (!*nftset)
                *nftset = nftset_new();
        if (!*nftset || kernel_set_apply(*nftset, &element, 1, &bad) != 0)
                return false;
        diag(DIAG_DEBUG, ACTION_LOGGER_UTILS, "in process: %.*s -- returned successfully 0",
                SLICE_ARG(script->command));
        return true;
}

/* Tries frame->property's command with the ticket's values; frame->index: failures so far. */
static enum action_result try_command(struct action_run *run, struct action_frame *frame) {
        struct action_script script;
        struct slice text;
        if (action_tags_command(
                    run->subject.tags, frame->property, run->info.family, &text, &run->fault) < 0)
                return ACTION_RAISED;
        frame->step = 0;
        if (ask_host(run, text))
                return ACTION_WAIT;
        struct action_dynamic_source source = action_info_source(&run->info);
        if (action_run_expand(run, text, &source, &script) < 0)
                return ACTION_RAISED;
        if (is_done_in_process(run, &script))
                return ACTION_TRUE;
        frame->step = 1;
        return action_run_call_command(run, &script);
}

/* frame: property. A command that fails is tried once more, after a check and repair if there is an
 * actioncheck. */
static enum action_result run_process(struct action_run *run, struct action_frame *frame) {
        bool is_unban = strcmp(frame->property, "actionunban") == 0;
        if (frame->step == 0)
                return try_command(run, frame);
        if (frame->step == 1) {
                if (run->result == ACTION_TRUE || ++frame->index > 1)
                        return run->result;
                if (action_props_text(run->subject.props, "actioncheck").len == 0)
                        return try_command(run, frame);
                struct action_frame *check = action_run_push(run, action_check_family);
                check->family = run->info.family;
                check->repair = is_unban ? ACTION_REPAIR_NOT_ON_UNBAN : ACTION_REPAIR_ALL;
                check->is_forced = !is_unban;
                frame->step = 2;
                return ACTION_CALL;
        }
        if (run->result == ACTION_RAISED)
                return ACTION_RAISED;
        return run->result == ACTION_TRUE ? try_command(run, frame) : ACTION_FALSE;
}

static enum action_result raise_ticket(struct action_run *run, const char *doing) {
        fault_raise(&run->fault, "RuntimeError", "Error %s %.*s", doing, SLICE_ARG(run->info.ip));
        return ACTION_RAISED;
}

static enum action_result call_process(struct action_run *run, const char *property) {
        action_run_push(run, run_process)->property = property;
        return ACTION_CALL;
}

/* frame: property. */
enum action_result action_ticket_ban(struct action_run *run, struct action_frame *frame) {
        struct action_state *state = run->subject.state;
        const char *family = run->info.family;
        if (frame->step == 0) {
                frame->step = 1;
                run->result = ACTION_TRUE;
                if (action_props_start_on_demand(run->subject.props) &&
                        !action_state_bits(state, family)) {
                        struct action_frame *start = action_run_push(run, action_operation_start);
                        start->family = family;
                        start->is_forced = true;
                        return ACTION_CALL;
                }
        }
        if (run->result == ACTION_RAISED)
                return ACTION_RAISED;
        if (frame->step == 1) {
                frame->step = 2;
                return call_process(run, frame->property);
        }
        if (run->result != ACTION_TRUE)
                return raise_ticket(run, "banning");
        action_state_set(state, family,
                action_state_bits(state, family) | ACTION_STARTED | ACTION_HOLDS_BANS);
        return ACTION_TRUE;
}

enum action_result action_ticket_unban(struct action_run *run, struct action_frame *frame) {
        if (frame->step++ > 0)
                return run->result == ACTION_FALSE ? raise_ticket(run, "unbanning") : run->result;
        if (!(action_state_bits(run->subject.state, run->info.family) & ACTION_HOLDS_BANS))
                return ACTION_TRUE;
        return call_process(run, "actionunban");
}

enum action_result action_ticket_prolong(struct action_run *run, struct action_frame *frame) {
        if (frame->step++ > 0)
                return run->result == ACTION_FALSE ? raise_ticket(run, "prolonging") : run->result;
        /* Never a shell with the bare name of the tag, however the job came here. */
        if (slice_trim(action_props_text(run->subject.props, "actionprolong")).len == 0)
                return raise_ticket(run, "prolonging");
        return call_process(run, "actionprolong");
}
