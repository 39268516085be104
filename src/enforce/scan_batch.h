/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks what the scanner says about logs, and applies it to the plan and the callbacks in one step. */
#pragma once

#include "enforce/scan_plan.h"

#define SCAN_BATCH_KEPT_MAX                                                                        \
        1024 /* records that are read but once; the scanner's usual batches have fewer */

/* All return 0 (or what is said), or -EPROTO with fault: then nothing was applied, and the scanner
 * is not to be trusted. A log that has been removed meanwhile is no error. */

/* SCAN_BATCH. Returns SCAN_BATCH_E_PROGRESS if the log has moved on. */
enum { SCAN_BATCH_E_PROGRESS = 1 };
int scan_batch_apply(struct scan_plan *plan, const struct scan_link_ops *ops, void *user, struct slice body, struct fault *fault);
/* Calls on_position for each jail of the log. */
void scan_batch_tell_position(const struct scan_plan *plan, const struct scan_link_ops *ops, void *user, uint32_t log);
/* SCAN_TRUNCATED. *ret_log: the log, or NULL; *ret_reason: view of the body. */
int scan_batch_truncated(struct scan_plan *plan, struct slice body, struct plan_log **ret_log, struct slice *ret_reason,
        struct fault *fault);
/* SCAN_DRAINED. */
int scan_batch_drained(struct scan_plan *plan, struct slice body, struct plan_log **ret_log, struct fault *fault);
