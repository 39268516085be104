/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scan link of the jails that read the journal: made with the first of them, and given the folders that they need. */
#pragma once

#include "base/journal_source.h"
#include "enforce/scan_link.h"

#define JOURNAL_LINK_LOOK_MS 5000 /* folders that were absent are looked for this often */

struct journal_link;

/* Starts nothing yet. program, ops, user and clock as for scan_link_new(). */
struct journal_link *journal_link_new(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user);
/* NULL is allowed. Returns NULL. */
struct journal_link *journal_link_free(struct journal_link *journal);
/* Lets the process read what source names, and starts it if it does not run. Returns the link, or NULL with a fault: no support for the
 * journal in this build (-EOPNOTSUPP), a path that is not absolute, too many folders, a process that cannot be started. */
struct scan_link *journal_link_use(struct journal_link *journal, const struct journal_source *source, struct fault *fault);
/* NULL while no jail has used it. */
struct scan_link *journal_link_scan(const struct journal_link *journal);
