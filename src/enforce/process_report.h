/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log lines about a command, as upstream writes them (spec server.md 4.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/slice.h"

#define PROCESS_REPORT_LINES_MAX 1000 /* lines of output logged of one command */

struct process_report {
        uint64_t id; /* the HEXID of all lines */
        const char *logger;
        struct slice
                text; /* the command as logged: itself, or repr of the list of it and its values */
        bool has_values;
        bool is_said; /* whether "exec:" has been logged */
};

/* "-- exec: COMMAND", once. */
void process_report_command(struct process_report *report, enum diag_level level);
/* "-- timed out after N seconds.", with the command. */
void process_report_timeout(struct process_report *report, double timeout_s);
/* The command could not be started: error is a positive errno. */
void process_report_not_run(struct process_report *report, int error);
/* It had to be given up although it was killed. */
void process_report_lost(struct process_report *report, int64_t pid);
/* The outcome; status: exit status, or negative signal. is_success: the caller's judgement of it.
 */
void process_report_end(struct process_report *report, int status, bool is_success,
        struct slice output, struct slice errors);
