/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small machine with a stack, because commands must not be waited for: a routine is a function
 * that is called again and again with its frame, which says at which step it is. It returns a
 * result, or RUN_CALL after it has pushed another routine, whose result it finds in run->result
 * when it is called next, or RUN_WAIT if it waits for a process or the resolver. Nesting is fixed
 * by the routines: a ban at most calls process, check, restart, operation, command. Upstream:
 * fail2ban/server/action.py CommandAction, 1.1. */
#include "enforce/action_run.h"

#include <assert.h>
#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/resolver.h"

#define LOGGER "fail2ban.CommandAction"
#define LOGGER_ACTIONS "fail2ban.actions"
#define LOGGER_UTILS "fail2ban.utils"
#define DEPTH_MAX 8

enum run_result {
        RUN_FALSE,
        RUN_TRUE,
        RUN_REFUSED, /* a check failed, and nothing is to be repaired */
        RUN_RAISED,  /* run->fault says why */
        RUN_CALL,
        RUN_WAIT,
};

struct frame;
typedef enum run_result routine(struct action_run *run, struct frame *frame);

/* What may be repaired when a check fails. */
enum repair {
        REPAIR_ALL,
        REPAIR_NOT_ON_UNBAN,
        REPAIR_NOT_ON_FLUSH,
};

struct frame {
        routine *step_routine;
        int step;
        const char *property; /* a command's name, or what an operation is called */
        const char *family;
        const char **families; /* in arena */
        size_t family_count;
        size_t index;
        enum action_operation operation;
        enum repair repair;
        bool is_forced;
        bool is_failed;
        struct slice text;
        struct action_script script;
};

struct action_run {
        struct action_run_subject subject;
        action_run_done *done;
        void *user;
        struct arena arena; /* of one job */
        struct frame frames[DEPTH_MAX];
        size_t depth;
        enum run_result result; /* of the routine that returned last */
        bool is_inside;         /* advance() runs: callbacks only leave their result */
        bool is_waiting;
        bool has_host;
        enum action_job_kind kind;
        struct action_info info; /* of the job's ticket */
        bool has_info;
        struct process *process;
        struct fault fault;
};

static struct frame *push(struct action_run *run, routine *step_routine) {
        assert(run->depth < DEPTH_MAX);
        struct frame *frame = &run->frames[run->depth++];
        *frame = (struct frame){.step_routine = step_routine};
        return frame;
}

static void advance(struct action_run *run);

/* What was waited for has come. */
static void resume(struct action_run *run, enum run_result result) {
        run->result = result;
        run->is_waiting = false;
        if (!run->is_inside)
                advance(run);
}

static void on_process(void *user, const struct process_result *result) {
        struct action_run *run = user;
        run->process = NULL;
        resume(run, result->status == 0 ? RUN_TRUE : RUN_FALSE);
}

/* frame->script: what to run. */
static enum run_result run_command(struct action_run *run, struct frame *frame) {
        if (frame->step++ > 0)
                return run->result;
        if (frame->script.command.len == 0)
                return RUN_TRUE;
        struct process_request request = {
                .command = frame->script.command,
                .values = frame->script.values.list.count > 0 ? &frame->script.values : NULL,
                .timeout_s = action_props_timeout_s(run->subject.props),
                .logger = LOGGER_UTILS,
        };
        run->is_waiting = true;
        run->process = process_run(run->subject.env->runner, &request, on_process, run);
        return RUN_WAIT;
}

static enum run_result call_command(struct action_run *run, const struct action_script *script) {
        push(run, run_command)->script = *script;
        return RUN_CALL;
}

static int expand_dynamic(struct action_run *run, struct slice text,
        const struct action_dynamic_source *source, struct action_script *ret) {
        if (action_dynamic_expand(text, source, &run->arena, ret) == 0)
                return 0;
        return fault_raise(&run->fault, "ValueError", "a command of the action grows too long");
}

/* A command with its static tags and <family>: how operations and checks use it. */
static int operation_text(
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
        r = expand_dynamic(run, *ret, &source, &script);
        *ret = script.command;
        return r;
}

static void after_operation(
        struct action_run *run, const struct frame *frame, const char *family, bool success) {
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

static enum run_result end_operation(struct action_run *run, struct frame *frame) {
        static const char *const names[] = {"starting", "stopping", "flushing", "reloading"};
        if (!frame->is_failed)
                return RUN_TRUE;
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
        return RUN_RAISED;
}

/* Runs the command of the next family; a command that another family has run already is not run
 * again. */
static enum run_result next_operation(struct action_run *run, struct frame *frame) {
        const char *family = frame->families[frame->index];
        struct action_info info;
        struct action_script script;
        if (operation_text(run, frame->property, family, &frame->text) < 0) {
                frame->is_failed = true;
                frame->index++;
                return RUN_FALSE;
        }
        if (frame->text.len == 0 ||
                action_state_has_run(run->subject.state, frame->operation, family, frame->text)) {
                after_operation(run, frame, family, true);
                frame->index++;
                return RUN_TRUE;
        }
        action_info_init_nobody(&info, run->subject.env, family);
        struct action_dynamic_source source = action_info_source(&info);
        int r = expand_dynamic(run, frame->text, &source, &script);
        action_info_done(&info);
        if (r < 0) {
                frame->is_failed = true;
                frame->index++;
                return RUN_FALSE;
        }
        frame->step = 1;
        return call_command(run, &script);
}

/* frame: property, operation, families. */
static enum run_result run_operation(struct action_run *run, struct frame *frame) {
        if (frame->step == 1) {
                bool success = run->result == RUN_TRUE;
                frame->is_failed = frame->is_failed || !success;
                after_operation(run, frame, frame->families[frame->index], success);
                frame->index++;
                frame->step = 0;
        }
        while (frame->index < frame->family_count)
                if (next_operation(run, frame) == RUN_CALL)
                        return RUN_CALL;
        return end_operation(run, frame);
}

static void call_operation(struct action_run *run, enum action_operation operation,
        const char **families, size_t count) {
        static const char *const properties[] = {
                "actionstart", "actionstop", "actionflush", "actionreload"};
        struct frame *frame = push(run, run_operation);
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
static const char **started_families(struct action_run *run, unsigned bits, size_t *ret_count) {
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
static enum run_result run_start(struct action_run *run, struct frame *frame) {
        size_t count = 1;
        if (frame->step++ > 0)
                return run->result;
        if (!frame->is_forced && action_props_start_on_demand(run->subject.props))
                return RUN_TRUE;
        const char **families =
                frame->family ? one_family(run, frame->family) : own_families(run, &count);
        call_operation(run, ACTION_OPERATION_START, families, count);
        return RUN_CALL;
}

/* frame: family (NULL: all that are started). */
static enum run_result run_stop(struct action_run *run, struct frame *frame) {
        struct action_state *state = run->subject.state;
        size_t count = 1;
        if (frame->step++ > 0)
                return run->result;
        if (frame->family) {
                if (!action_state_knows(state, frame->family))
                        return RUN_TRUE;
                action_state_set(state, frame->family, 0);
                call_operation(run, ACTION_OPERATION_STOP, one_family(run, frame->family), count);
                return RUN_CALL;
        }
        const char **families = started_families(run, ACTION_STARTED, &count);
        if (count == 0)
                return RUN_TRUE;
        action_state_clear(state);
        call_operation(run, ACTION_OPERATION_STOP, families, count);
        return RUN_CALL;
}

static void call_start(struct action_run *run, const char *family, bool is_forced) {
        struct frame *frame = push(run, run_start);
        frame->family = family;
        frame->is_forced = is_forced;
}

/* Whether the administrator wants no repair now; says so. */
static bool is_repair_refused(struct action_run *run, const struct frame *frame) {
        if (frame->repair == REPAIR_ALL ||
                action_props_is_true(run->subject.props, "actionrepair_on_unban"))
                return false;
        diag(DIAG_ERROR, frame->repair == REPAIR_NOT_ON_UNBAN ? LOGGER : LOGGER_ACTIONS,
                "Invariant check failed. %s is impossible.",
                frame->repair == REPAIR_NOT_ON_UNBAN ? "Unban" : "Flush");
        return true;
}

static enum run_result give_up_repair(void) {
        diag(DIAG_CRITICAL, LOGGER, "Unable to restore environment");
        return RUN_FALSE;
}

/* The check has failed: repairs, by actionrepair or by a restart. */
static enum run_result begin_repair(struct action_run *run, struct frame *frame) {
        struct slice repair;
        diag(DIAG_ERROR, LOGGER, "Invariant check failed. Trying to restore a sane environment");
        *run->subject.epoch = ++*run->subject.jail_epoch;
        if (operation_text(run, "actionrepair", frame->family, &repair) < 0)
                return RUN_RAISED;
        if (repair.len > 0) {
                struct action_script script = {.command = repair, .values = value_list()};
                frame->step = 2;
                return call_command(run, &script);
        }
        frame->step = 3;
        push(run, run_stop)->family = frame->family;
        return RUN_CALL;
}

static enum run_result check_again(struct action_run *run, struct frame *frame) {
        struct action_script script = {.command = frame->text, .values = value_list()};
        if (!action_state_bits(run->subject.state, frame->family))
                return RUN_TRUE;
        frame->step = 5;
        return call_command(run, &script);
}

/* frame: family, repair, is_forced. Runs actioncheck, and repairs what it finds. */
static enum run_result run_invariant(struct action_run *run, struct frame *frame) {
        struct action_script script = {.values = value_list()};
        switch (frame->step) {
        case 0: /* check */
                if (!frame->is_forced && frame->family &&
                        !action_state_knows(run->subject.state, frame->family))
                        return RUN_TRUE;
                if (operation_text(run, "actioncheck", frame->family, &frame->text) < 0)
                        return RUN_RAISED;
                script.command = frame->text;
                frame->step = 1;
                return call_command(run, &script);
        case 1: /* checked */
                if (run->result == RUN_TRUE)
                        return RUN_TRUE;
                return is_repair_refused(run, frame) ? RUN_REFUSED : begin_repair(run, frame);
        case 2: /* repaired */
                action_state_set(run->subject.state, frame->family,
                        run->result == RUN_TRUE ? ACTION_STARTED : 0);
                if (run->result != RUN_TRUE)
                        return give_up_repair();
                return check_again(run, frame);
        case 3: /* stopped, or not: what counts is whether the start succeeds */
                /* Differs: upstream does not run a start again that another family has run, even if
                 * the environment is gone. */
                fault_done(&run->fault);
                action_state_forget_operation(run->subject.state, ACTION_OPERATION_START);
                frame->step = 4;
                call_start(run, frame->family,
                        frame->is_forced || !action_props_start_on_demand(run->subject.props));
                return RUN_CALL;
        case 4: /* started */
                if (run->result == RUN_RAISED)
                        return RUN_RAISED;
                return check_again(run, frame);
        default: /* checked again */
                return run->result == RUN_TRUE ? RUN_TRUE : give_up_repair();
        }
}

static void on_host(void *user, struct slice name) {
        struct action_run *run = user;
        run->info.host = arena_copy(&run->arena, name);
        run->has_host = true;
        if (run->is_waiting)
                resume(run, RUN_TRUE);
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

/* A stock nftables command for the ticket's own address is done in process; whatever goes wrong
 * there, the command itself is run, so that errors are those of the command. Property "inprocess =
 * false" turns this off. */
static bool is_done_in_process(struct action_run *run, const struct action_script *script) {
        const struct value *wanted = action_props_get(run->subject.props, SLICE("inprocess"));
        struct nftset **nftset = run->subject.nftset;
        struct plain_command command;
        struct nftset_element element;
        size_t bad;
        bool is_off = wanted && (slice_is(repr_str(wanted, &run->arena), "false") ||
                                        slice_is(repr_str(wanted, &run->arena), "False"));
        if (is_off || !nftset || script->values.list.count > 0 ||
                run->info.address.family == ADDRESS_NONE)
                return false;
        if (!plain_command_parse(script->command, &run->arena, &command) ||
                !nftset_recognise(&command, &run->info.address, &element))
                return false;
        if (!*nftset)
                *nftset = nftset_new();
        if (!*nftset || nftset_apply(*nftset, &element, 1, &bad) != 0)
                return false;
        diag(DIAG_DEBUG, LOGGER_UTILS, "in process: %.*s -- returned successfully 0",
                SLICE_ARG(script->command));
        return true;
}

/* Tries frame->property's command with the ticket's values; frame->index: failures so far. */
static enum run_result try_command(struct action_run *run, struct frame *frame) {
        struct action_script script;
        struct slice text;
        if (action_tags_command(
                    run->subject.tags, frame->property, run->info.family, &text, &run->fault) < 0)
                return RUN_RAISED;
        frame->step = 0;
        if (ask_host(run, text))
                return RUN_WAIT;
        struct action_dynamic_source source = action_info_source(&run->info);
        if (expand_dynamic(run, text, &source, &script) < 0)
                return RUN_RAISED;
        if (is_done_in_process(run, &script))
                return RUN_TRUE;
        frame->step = 1;
        return call_command(run, &script);
}

/* frame: property. A command that fails is tried once more, after a check and repair if there is an
 * actioncheck. */
static enum run_result run_process(struct action_run *run, struct frame *frame) {
        bool is_unban = strcmp(frame->property, "actionunban") == 0;
        if (frame->step == 0)
                return try_command(run, frame);
        if (frame->step == 1) {
                if (run->result == RUN_TRUE || ++frame->index > 1)
                        return run->result;
                if (action_props_text(run->subject.props, "actioncheck").len == 0)
                        return try_command(run, frame);
                struct frame *check = push(run, run_invariant);
                check->family = run->info.family;
                check->repair = is_unban ? REPAIR_NOT_ON_UNBAN : REPAIR_ALL;
                check->is_forced = !is_unban;
                frame->step = 2;
                return RUN_CALL;
        }
        if (run->result == RUN_RAISED)
                return RUN_RAISED;
        return run->result == RUN_TRUE ? try_command(run, frame) : RUN_FALSE;
}

static enum run_result raise_ticket(struct action_run *run, const char *doing) {
        fault_raise(&run->fault, "RuntimeError", "Error %s %.*s", doing, SLICE_ARG(run->info.ip));
        return RUN_RAISED;
}

static enum run_result call_process(struct action_run *run, const char *property) {
        push(run, run_process)->property = property;
        return RUN_CALL;
}

/* frame: property. */
static enum run_result run_ban(struct action_run *run, struct frame *frame) {
        struct action_state *state = run->subject.state;
        const char *family = run->info.family;
        if (frame->step == 0) {
                frame->step = 1;
                run->result = RUN_TRUE;
                if (action_props_start_on_demand(run->subject.props) &&
                        !action_state_bits(state, family)) {
                        call_start(run, family, true);
                        return RUN_CALL;
                }
        }
        if (run->result == RUN_RAISED)
                return RUN_RAISED;
        if (frame->step == 1) {
                frame->step = 2;
                return call_process(run, frame->property);
        }
        if (run->result != RUN_TRUE)
                return raise_ticket(run, "banning");
        action_state_set(state, family,
                action_state_bits(state, family) | ACTION_STARTED | ACTION_HOLDS_BANS);
        return RUN_TRUE;
}

static enum run_result run_unban(struct action_run *run, struct frame *frame) {
        if (frame->step++ > 0)
                return run->result == RUN_FALSE ? raise_ticket(run, "unbanning") : run->result;
        if (!(action_state_bits(run->subject.state, run->info.family) & ACTION_HOLDS_BANS))
                return RUN_TRUE;
        return call_process(run, "actionunban");
}

static enum run_result run_prolong(struct action_run *run, struct frame *frame) {
        if (frame->step++ > 0)
                return run->result == RUN_FALSE ? raise_ticket(run, "prolonging") : run->result;
        return call_process(run, "actionprolong");
}

/* frame: repair. Checks every started family. */
static enum run_result run_check(struct action_run *run, struct frame *frame) {
        struct action_state *state = run->subject.state;
        if (frame->step == 0) {
                if (action_props_text(run->subject.props, "actioncheck").len == 0)
                        return RUN_TRUE;
                frame->families = started_families(run, ACTION_STARTED, &frame->family_count);
        } else if (run->result == RUN_RAISED) {
                return RUN_RAISED;
        } else if (run->result == RUN_FALSE) {
                const char *family = frame->families[frame->step - 1];
                action_state_set(state, family, 0);
                action_state_forget(state, ACTION_OPERATION_START, family);
        }
        if ((size_t)frame->step == frame->family_count)
                return RUN_TRUE;
        struct frame *check = push(run, run_invariant);
        check->family = frame->families[frame->step++];
        check->repair = frame->repair;
        check->is_forced = true;
        return RUN_CALL;
}

static enum run_result run_flush(struct action_run *run, struct frame *frame) {
        size_t count;
        if (frame->step == 0) {
                const char **families =
                        started_families(run, ACTION_STARTED | ACTION_HOLDS_BANS, &count);
                if (count == 0)
                        return RUN_TRUE;
                call_operation(run, ACTION_OPERATION_FLUSH, families, count);
                frame->step = 1;
                return RUN_CALL;
        }
        if (frame->step == 2 || run->result != RUN_RAISED)
                return run->result;
        diag(DIAG_ERROR, LOGGER_ACTIONS, "Failed to flush bans in jail '%.*s' action '%s': %s",
                SLICE_ARG(run->subject.jail), run->subject.name, fault_text(&run->fault));
        diag(DIAG_INFO, LOGGER_ACTIONS, "No flush occurred, do consistency check");
        fault_done(&run->fault);
        frame->step = 2;
        push(run, run_check)->repair =
                run->kind == ACTION_JOB_FLUSH_TO_STOP ? REPAIR_NOT_ON_FLUSH : REPAIR_ALL;
        return RUN_CALL;
}

static enum run_result run_reload(struct action_run *run, struct frame *frame) {
        size_t count;
        if (frame->step++ > 0)
                return run->result;
        const char **families = started_families(run, ACTION_STARTED, &count);
        call_operation(run, ACTION_OPERATION_RELOAD, families, count);
        return RUN_CALL;
}

static void push_job(struct action_run *run, enum action_job_kind kind) {
        static routine *const routines[ACTION_JOB_COUNT] = {
                [ACTION_JOB_START] = run_start,
                [ACTION_JOB_BAN] = run_ban,
                [ACTION_JOB_REBAN] = run_ban,
                [ACTION_JOB_PROLONG] = run_prolong,
                [ACTION_JOB_UNBAN] = run_unban,
                [ACTION_JOB_FLUSH] = run_flush,
                [ACTION_JOB_FLUSH_TO_STOP] = run_flush,
                [ACTION_JOB_STOP] = run_stop,
                [ACTION_JOB_RELOAD] = run_reload,
                [ACTION_JOB_CHECK] = run_check,
        };
        bool has_reban = action_props_text(run->subject.props, "actionreban").len > 0;
        push(run, routines[kind])->property =
                kind == ACTION_JOB_REBAN && has_reban ? "actionreban" : "actionban";
}

static void report_failure(struct action_run *run) {
        static const char *const beginnings[ACTION_JOB_COUNT] = {
                [ACTION_JOB_START] = "Failed to start",
                [ACTION_JOB_BAN] = "Failed to execute ban",
                [ACTION_JOB_REBAN] = "Failed to execute reban",
                [ACTION_JOB_PROLONG] = "Failed to execute ban",
                [ACTION_JOB_UNBAN] = "Failed to execute unban",
                [ACTION_JOB_FLUSH] = "Failed to flush bans in",
                [ACTION_JOB_FLUSH_TO_STOP] = "Failed to flush bans in",
                [ACTION_JOB_STOP] = "Failed to stop",
                [ACTION_JOB_RELOAD] = "Failed to reload",
                [ACTION_JOB_CHECK] = "Failed to check",
        };
        const char *beginning = beginnings[run->kind];
        if (run->has_info) {
                struct slice info = action_info_repr(&run->info, &run->arena);
                diag(DIAG_ERROR, LOGGER_ACTIONS, "%s jail '%.*s' action '%s' info '%.*s': %s",
                        beginning, SLICE_ARG(run->subject.jail), run->subject.name, SLICE_ARG(info),
                        fault_text(&run->fault));
        } else {
                diag(DIAG_ERROR, LOGGER_ACTIONS, "%s jail '%.*s' action '%s': %s", beginning,
                        SLICE_ARG(run->subject.jail), run->subject.name, fault_text(&run->fault));
        }
}

/* Steps until the job waits or is done. */
static void step(struct action_run *run) {
        run->is_inside = true;
        while (run->depth > 0 && !run->is_waiting) {
                size_t depth = run->depth;
                struct frame *frame = &run->frames[depth - 1];
                enum run_result result = frame->step_routine(run, frame);
                if (result == RUN_WAIT || result == RUN_CALL)
                        continue;
                assert(run->depth == depth);
                run->depth--;
                run->result = result;
        }
        run->is_inside = false;
}

/* Returns 0, or negative errno of a job that failed. */
static int conclude(struct action_run *run) {
        bool is_raised = run->result == RUN_RAISED;
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
