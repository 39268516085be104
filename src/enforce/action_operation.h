/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routines of a run that work on all of an action: start, stop, flush, reload. */
#pragma once

#include "enforce/action_frame.h"

/* frame: family (NULL: all that the action knows), is_forced (also one that is started on demand).
 */
action_routine action_operation_start;
/* frame: family (NULL: all that are started). */
action_routine action_operation_stop;
/* Of all families that hold bans; where it fails, they are checked. */
action_routine action_operation_flush;
/* Of all that are started. */
action_routine action_operation_reload;

/* A property's command with its static tags and <family>: how operations and checks use it. Returns
 * 0, or negative errno with run->fault. */
int action_operation_text(
        struct action_run *run, const char *property, const char *family, struct slice *ret);
/* The families that have all of bits (ACTION_STARTED, ...), in the run's arena. */
const char **action_operation_families(struct action_run *run, unsigned bits, size_t *ret_count);
