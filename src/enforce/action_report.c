/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts are upstream's, which people look for (fail2ban/server/actions.py, 1.1). */
#include "enforce/action_report.h"

#include "base/diag.h"

#define LOGGER "fail2ban.actions"

void action_report_failure(enum action_job_kind kind, struct slice jail, const char *action,
        struct slice info, const char *why) {
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
                [ACTION_JOB_RESTORE] = "Failed to restore",
        };
        if (info.len > 0)
                diag(DIAG_ERROR, LOGGER, "%s jail '%.*s' action '%s' info '%.*s': %s",
                        beginnings[kind], SLICE_ARG(jail), action, SLICE_ARG(info), why);
        else
                diag(DIAG_ERROR, LOGGER, "%s jail '%.*s' action '%s': %s", beginnings[kind],
                        SLICE_ARG(jail), action, why);
}
