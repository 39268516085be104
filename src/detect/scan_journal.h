/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log that is the journal, as the scanner follows it: opens, seeks, waits, opens anew after a rotation; its entries go through
 * pipeline.c. */
#pragma once

#include "base/loop.h"
#include "detect/pipeline.h"
#include "detect/scan_log.h"

#define SCAN_JOURNAL_LOOK_US ((int64_t)2000000) /* the journal is looked at this often without being asked */

struct scan_journal;

/* Makes log, whose path is "systemd-journal" and a text of journal_source_text(), a journal that has been run up to cursor (shorter than
 * SCAN_LOG_CURSOR_MAX; empty: nothing yet). loop must outlive it. Returns 0, or negative errno with a fault: the text is malformed, or this
 * program was built without libsystemd. */
int scan_journal_attach(struct loop *loop, struct scan_log *log, struct slice cursor, struct fault *fault);
/* Done by scan_log_free(). */
struct scan_journal *scan_journal_free(struct scan_journal *journal);
/* The end has been reached once: entries are for all jails from now on, whatever they asked for at first. Says so. */
void scan_journal_begin_operation(struct scan_log *log);

/* Runs what is there, for a while. Returns 0 when all entries have been run (log->ready says whether to look again at once);
 * SCAN_JOURNAL_E_MORE if there are more; SCAN_JOURNAL_E_ABSENT if nothing can be read for now (it has been said). */
enum { SCAN_JOURNAL_E_MORE = 1, SCAN_JOURNAL_E_ABSENT = 2 };
int scan_journal_serve(struct scan_journal *journal, struct pipeline *pipeline);
