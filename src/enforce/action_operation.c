/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start, stop, flush and reload: a command for each family, of which the same text runs once. Which
 * family is started, holds bans, and has run what is in action_state.c. */
#include "enforce/action_operation.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/action_check.h"

/* A command with its static tags and <family>: how operations and checks use it. */
int action_operation_text(
        struct action_run *run, const char *property, const char *family, struct slice *ret) {
        struct action_script script;
        struct action_info info = {.env = run->subject.env, .family = family};
        int r = action_tags_command(run->subject.tags, property, family, ret, &run->fault);
        if (r < 0)
                return r;
        *ret = arena_copy(&run->arena, *ret); /* the properties may change while a command runs */
        if (!family || !*family || slice_find_char(*ret, '<', 0) == ret->len)
                return 0;
        struct action_dynamic_source source = action_info_family_source(&info);
        r = action_run_expand(run, *ret, &source, &script);
        *ret = script.command;
        return r;
}

static void after_operation(struct action_run *run, const struct action_frame *frame,
        const char *family, bool success) {
        struct action_state *state = run->subject.state;
        unsigned bits = action_state_bits(state, family);
        if (success && frame->operation == ACTION_OPERATION_START) {
                action_state_forget(state, ACTION_OPERATION_STOP, family);
                action_state_set(state, family, ACTION_STARTED);
        } else if (success && frame->operation == ACTION_OPERATION_STOP) {
                action_state_forget(state, ACTION_OPERATION_START, family);
        } else if (success && frame->operation == ACTION_OPERATION_FLUSH && bits) {
                action_state_set(state, family, bits & ~ACTION_HOLDS_BANS);
        }
        if (success && frame->text.len > 0)
                action_state_remember(state, frame->operation, family, frame->text);
        else
                action_state_forget(state, frame->operation, family);
}

static enum action_result end_operation(struct action_run *run, struct action_frame *frame) {
        static const char *const names[] = {"starting", "stopping", "flushing", "reloading"};
        if (!frame->is_failed)
                return ACTION_TRUE;
        char *why = NULL;
        if (run->fault.text) {
                struct slice text = repr_text(slice_of(run->fault.text), &run->arena);
                why = memory_copy_text(
                        arena_printf(&run->arena, "ValueError(%.*s)", SLICE_ARG(text)));
        }
        struct slice jail = repr_text(run->subject.jail, &run->arena);
        fault_raise(&run->fault, "RuntimeError", "Error %s action Jail(%.*s)/%s: %s",
                names[frame->operation], SLICE_ARG(jail), run->subject.name,
                why ? why : "'Script error'");
        free(why);
        return ACTION_RAISED;
}

/* Runs the command of the next family; a command that another family has run already is not run
 * again. */
static enum action_result next_operation(struct action_run *run, struct action_frame *frame) {
        const char *family = frame->families[frame->index];
        struct action_info info;
        struct action_script script;
        if (action_operation_text(run, frame->property, family, &frame->text) < 0) {
                frame->is_failed = true;
                frame->index++;
                return ACTION_FALSE;
        }
        if (frame->text.len == 0 ||
                action_state_has_run(run->subject.state, frame->operation, family, frame->text)) {
                after_operation(run, frame, family, true);
                frame->index++;
                return ACTION_TRUE;
        }
        action_info_init_nobody(&info, run->subject.env, family);
        struct action_dynamic_source source = action_info_source(&info);
        int r = action_run_expand(run, frame->text, &source, &script);
        action_info_done(&info);
        if (r < 0) {
                frame->is_failed = true;
                frame->index++;
                return ACTION_FALSE;
        }
        frame->step = 1;
        return action_run_call_command(run, &script);
}

/* frame: property, operation, families. */
static enum action_result run_operation(struct action_run *run, struct action_frame *frame) {
        if (frame->step == 1) {
                bool success = run->result == ACTION_TRUE;
                frame->is_failed = frame->is_failed || !success;
                after_operation(run, frame, frame->families[frame->index], success);
                frame->index++;
                frame->step = 0;
        }
        while (frame->index < frame->family_count)
                if (next_operation(run, frame) == ACTION_CALL)
                        return ACTION_CALL;
        return end_operation(run, frame);
}

static void call_operation(struct action_run *run, enum action_operation operation,
        const char **families, size_t count) {
        static const char *const properties[] = {
                "actionstart", "actionstop", "actionflush", "actionreload"};
        struct action_frame *frame = action_run_push(run, run_operation);
        frame->operation = operation;
        frame->property = properties[operation];
        frame->families = families;
        frame->family_count = count;
        if (operation == ACTION_OPERATION_FLUSH || operation == ACTION_OPERATION_RELOAD)
                action_state_forget_operation(run->subject.state, operation);
}

static const char **new_families(struct action_run *run) {
        return arena_alloc_array(&run->arena, ACTION_FAMILIES_MAX, sizeof(const char *));
}

/* The families that have all of bits. */
const char **action_operation_families(struct action_run *run, unsigned bits, size_t *ret_count) {
        const struct action_state *state = run->subject.state;
        const char **families = new_families(run);
        *ret_count = 0;
        for (size_t i = 0; i < state->count; i++) {
                const char *name = state->families[i].name;
                if ((action_state_bits(state, name) & bits) == bits)
                        families[(*ret_count)++] =
                                name ? arena_copy(&run->arena, slice_of(name)).data : NULL;
        }
        return families;
}

static bool is_separator(char c) {
        return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r';
}

/* The families that the action knows. */
static const char **own_families(struct action_run *run, size_t *ret_count) {
        struct slice words = action_props_text(run->subject.props, "families");
        const char **families = new_families(run);
        *ret_count = 0;
        for (size_t at = 0, end; at < words.len && *ret_count < ACTION_FAMILIES_MAX; at = end) {
                while (at < words.len && is_separator(words.data[at]))
                        at++;
                for (end = at; end < words.len && !is_separator(words.data[end]);)
                        end++;
                if (end > at)
                        families[(*ret_count)++] =
                                arena_copy(&run->arena, slice_sub(words, at, end)).data;
        }
        if (*ret_count > 0)
                return families;
        if (!action_props_are_conditional(run->subject.props)) {
                families[(*ret_count)++] = "";
                return families;
        }
        families[(*ret_count)++] = "inet4";
        if (run->subject.env->has_ipv6)
                families[(*ret_count)++] = "inet6";
        return families;
}

static const char **one_family(struct action_run *run, const char *family) {
        const char **families = new_families(run);
        families[0] = family;
        return families;
}

/* frame: family (NULL: all that the action knows), is_forced. */
enum action_result action_operation_start(struct action_run *run, struct action_frame *frame) {
        size_t count = 1;
        if (frame->step++ > 0)
                return run->result;
        if (!frame->is_forced && action_props_start_on_demand(run->subject.props))
                return ACTION_TRUE;
        const char **families =
                frame->family ? one_family(run, frame->family) : own_families(run, &count);
        call_operation(run, ACTION_OPERATION_START, families, count);
        return ACTION_CALL;
}

/* frame: family (NULL: all that are started). */
enum action_result action_operation_stop(struct action_run *run, struct action_frame *frame) {
        struct action_state *state = run->subject.state;
        size_t count = 1;
        if (frame->step++ > 0)
                return run->result;
        if (frame->family) {
                if (!action_state_knows(state, frame->family))
                        return ACTION_TRUE;
                action_state_set(state, frame->family, 0);
                call_operation(run, ACTION_OPERATION_STOP, one_family(run, frame->family), count);
                return ACTION_CALL;
        }
        const char **families = action_operation_families(run, ACTION_STARTED, &count);
        if (count == 0)
                return ACTION_TRUE;
        action_state_clear(state);
        call_operation(run, ACTION_OPERATION_STOP, families, count);
        return ACTION_CALL;
}

enum action_result action_operation_flush(struct action_run *run, struct action_frame *frame) {
        size_t count;
        if (frame->step == 0) {
                const char **families =
                        action_operation_families(run, ACTION_STARTED | ACTION_HOLDS_BANS, &count);
                if (count == 0)
                        return ACTION_TRUE;
                call_operation(run, ACTION_OPERATION_FLUSH, families, count);
                frame->step = 1;
                return ACTION_CALL;
        }
        if (frame->step == 2 || run->result != ACTION_RAISED)
                return run->result;
        diag(DIAG_ERROR, ACTION_LOGGER_LIST, "Failed to flush bans in jail '%.*s' action '%s': %s",
                SLICE_ARG(run->subject.jail), run->subject.name, fault_text(&run->fault));
        diag(DIAG_INFO, ACTION_LOGGER_LIST, "No flush occurred, do consistency check");
        fault_done(&run->fault);
        frame->step = 2;
        action_run_push(run, action_check)->repair = run->kind == ACTION_JOB_FLUSH_TO_STOP
                                                             ? ACTION_REPAIR_NOT_ON_FLUSH
                                                             : ACTION_REPAIR_ALL;
        return ACTION_CALL;
}

enum action_result action_operation_reload(struct action_run *run, struct action_frame *frame) {
        size_t count;
        if (frame->step++ > 0)
                return run->result;
        const char **families = action_operation_families(run, ACTION_STARTED, &count);
        call_operation(run, ACTION_OPERATION_RELOAD, families, count);
        return ACTION_CALL;
}
