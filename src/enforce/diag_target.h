/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the server's messages go: file, syslog, the journal, stdout, stderr, in upstream's line format (spec server.md 3.7). */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/value.h"

struct diag_target;

#define DIAG_TARGET_PUSH_MS 500 /* how often the owner calls diag_target_push() */

/* The target of the process; nothing is open yet: messages go to stderr. verbosity: number of -v. The program must ignore SIGPIPE. */
struct diag_target *diag_target_new(const struct clock *clock, unsigned verbosity);
struct diag_target *diag_target_free(struct diag_target *target);
/* "STDOUT", "SYSLOG[facility=auth, format=...]", a path, ...; becomes base/diag's sink. Returns 0; on failure negative errno with fault
 * ("Failed to change log target"), and messages go where they went, after upstream's two messages. */
int diag_target_set(struct diag_target *target, struct slice text, struct fault *fault);
/* As given, without options. */
struct slice diag_target_name(const struct diag_target *target);
/* Returns -EINVAL if the socket is not there ("Failed to change syslog socket"). */
int diag_target_set_syslog_socket(struct diag_target *target, struct slice path, struct fault *fault);
struct slice diag_target_syslog_socket(const struct diag_target *target);
/* What "auto" stands for, in place of /dev/log; path must live as long as target. For tests. */
void diag_target_set_system_socket(struct diag_target *target, const char *path);
/* set loglevel: "INFO", "7", ...: returns 0, or -EINVAL (ValueError "Invalid log level 'FOO'"). Sets base/diag's threshold. */
int diag_target_set_level(struct diag_target *target, struct slice level, struct fault *fault);
/* As set, in upper case. */
struct slice diag_target_level(const struct diag_target *target);
/* Reopens a file (logrotate). Returns the reply: "rolled over" or "flushed". */
const char *diag_target_flush(struct diag_target *target);
/* Tries again to write what the target did not take (a full pipe, a syslog daemon that is gone); messages beyond a cap were dropped, which
 * is told once it takes them again. To be called now and then; every message does it too. */
void diag_target_push(struct diag_target *target);
