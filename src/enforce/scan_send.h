/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan as messages to the scanner. Each function is given the channel of the running process, or NULL: then nothing is sent, the next
 * process will be told by scan_send_plan(). Send errors are not reported: a channel that cannot be written to ends, and so does the
 * process. */
#pragma once

#include "channel/channel.h"
#include "enforce/scan_plan.h"

void scan_send_hello(struct channel *channel, int notify_fd, int threshold);
void scan_send_threshold(struct channel *channel, int threshold);
/* Jails with their options. */
void scan_send_jails(struct channel *channel, const struct scan_plan *plan);
/* States, then logs as far as they had got. */
void scan_send_progress(struct channel *channel, const struct scan_plan *plan);

void scan_send_jail_add(struct channel *channel, const struct plan_jail *jail);
void scan_send_jail_del(struct channel *channel, uint32_t jail);
/* option_and_arguments: as in struct plan_option. */
void scan_send_set(struct channel *channel, uint32_t request, uint32_t jail, struct slice option_and_arguments);

/* Everything about the log: file, jails, rotations, start. Nothing if it has no file. */
void scan_send_log(struct channel *channel, const struct plan_log *log);
void scan_send_attach(struct channel *channel, const struct plan_log *log, const struct plan_jail *jail);
void scan_send_detach(struct channel *channel, const struct plan_log *log, const struct plan_jail *jail);
/* The newest file has been appended by rotation. */
void scan_send_rotate(struct channel *channel, const struct plan_log *log);
/* SCAN_LOG_START, _STOP, _DEL or _POKE. */
void scan_send_log_order(struct channel *channel, enum message_type type, const struct plan_log *log);
