/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a run: its stack of routines, for action_run.c and the routines themselves. */
#pragma once

#include "enforce/action_run.h"

#define ACTION_LOGGER "fail2ban.CommandAction"
#define ACTION_LOGGER_LIST "fail2ban.actions"
#define ACTION_LOGGER_UTILS "fail2ban.utils"
#define ACTION_DEPTH_MAX 8

enum action_result {
        ACTION_FALSE,
        ACTION_TRUE,
        ACTION_REFUSED, /* a check failed, and nothing is to be repaired */
        ACTION_RAISED,  /* run->fault says why */
        ACTION_CALL,
        ACTION_WAIT,
};

struct action_frame;
/* One step of a routine. */
typedef enum action_result action_routine(struct action_run *run, struct action_frame *frame);

/* What may be repaired when a check fails. */
enum action_repair {
        ACTION_REPAIR_ALL,
        ACTION_REPAIR_NOT_ON_UNBAN,
        ACTION_REPAIR_NOT_ON_FLUSH,
};

struct action_frame {
        action_routine *step_routine;
        int step;
        const char *property; /* a command's name, or what an operation is called */
        const char *family;
        const char **families; /* in arena */
        size_t family_count;
        size_t index;
        enum action_operation operation;
        enum action_repair repair;
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
        struct action_frame frames[ACTION_DEPTH_MAX];
        size_t depth;
        enum action_result result; /* of the routine that returned last */
        bool is_inside;            /* advance() runs: callbacks only leave their result */
        bool is_waiting;
        bool has_host;
        enum action_job_kind kind;
        struct action_info info; /* of the job's ticket */
        bool has_info;
        struct process *process;
        struct fault fault;
};

/* A frame for routine, which runs next; its other fields are zero, to be set by the caller. */
struct action_frame *action_run_push(struct action_run *run, action_routine *step_routine);
/* What was waited for has come. */
void action_run_resume(struct action_run *run, enum action_result result);
/* Pushes a routine that runs script: ACTION_TRUE if it succeeds or is empty. Gives ACTION_CALL. */
enum action_result action_run_call_command(
        struct action_run *run, const struct action_script *script);
/* action_dynamic_expand() into the run's arena. Returns 0, or negative errno with run->fault. */
int action_run_expand(struct action_run *run, struct slice text,
        const struct action_dynamic_source *source, struct action_script *ret);
