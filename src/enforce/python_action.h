/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action written in Python: what the action's queue and clients want of it, as requests to the
 * process of python_link.h. After a new start of that process it is made and started again, with
 * what clients have set. */
#pragma once

#include "enforce/action_props.h"
#include "enforce/action_run.h"
#include "enforce/python_link.h"

#define PYTHON_SETTINGS_MAX 256 /* of an action, set by clients and said again to a new process */

struct python_action;

struct python_action_config {
        const struct action_env *env; /* env->python is there */
        struct slice jail, name, file;
        struct slice json;          /* arguments of its class, a JSON object */
        struct action_props *props; /* what the action is able to do is written here, as for a
                                       command action: actionflush, actionprolong, norestored */
};

/* Returns NULL with fault if json is none. env and props must outlive it. */
struct python_action *python_action_new(
        const struct python_action_config *config, struct fault *fault);
/* Requests that are not answered are forgotten. NULL is allowed. Returns NULL. */
struct python_action *python_action_free(struct python_action *action);
/* Before it is freed while the server goes on: what clients have asked ends with a fault. */
void python_action_dismiss(struct python_action *action);
/* Whether it was made of the same file and arguments. */
bool python_action_is_same(
        const struct python_action *action, struct slice file, struct slice json);

/* Like action_run_start(), which see; always ACTION_RUN_WAITS, or 0 if there is nothing to do. One
 * job at a time. */
int python_action_start(struct python_action *action, enum action_job_kind kind,
        struct ticket *ticket, action_run_done *done, void *user);
/* done is not called any more. */
void python_action_cancel(struct python_action *action);

/* What a client asks: "new", "get", "set", "properties", "methods". value may be NULL. ret is what
 * came back, NULL with fault; it is valid during the call. done comes once, from the loop. */
typedef void python_action_done(void *user, const struct value *ret, const struct fault *fault);
void python_action_ask(struct python_action *action, const char *what, struct slice property,
        const struct value *value, python_action_done *done, void *user);
