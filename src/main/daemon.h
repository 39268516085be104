/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going to the background, with word back to whoever started the program. */
#pragma once

#include "base/fault.h"

/* Logs with their rotations, clients, three for each running action. */
#define DAEMON_FDS_MAX 8192

enum daemon_side {
        DAEMON_STARTER, /* waits for the report, and exits with it */
        DAEMON_SERVER,  /* is on its own */
};

/* Forks twice, into a session of its own, folder /, standard fds at /dev/null, SIGHUP ignored, no
 * other fd open. *ret_report: where the server writes its exit status so far (daemon_report), and
 * the starter reads it (daemon_wait). Returns 0 in both processes, or negative errno with fault. */
int daemon_detach(enum daemon_side *ret_side, int *ret_report, struct fault *fault);
/* Reports once; *report is closed and -1 then. -1 is allowed and does nothing. */
void daemon_report(int *report, int status);
/* The status reported within timeout_ms; 255 if there is none. Closes report. */
int daemon_wait(int report, int timeout_ms);
/* Lets the process have up to DAEMON_FDS_MAX open files, as far as the hard limit allows: what a
 * login or systemd gives (1024) is less than the logs and clients that the server takes. Programs
 * that it starts inherit that; it is not so many that one would suffer that closes them all. */
void daemon_raise_fds(void);
/* The process's name in ps and top. */
void daemon_set_name(const char *name);
