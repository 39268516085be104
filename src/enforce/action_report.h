/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log says of a job that has failed. */
#pragma once

#include "enforce/action_run.h"

/* info: action_info_repr() of the job's ticket, or empty. */
void action_report_failure(enum action_job_kind kind, struct slice jail, const char *action,
        struct slice info, const char *why);
