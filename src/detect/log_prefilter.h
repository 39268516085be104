/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefilter of one log: made when the log has proved long enough, anew when its jails or their
 * regexes change. */
#pragma once

#include "detect/prefilter.h"

#define LOG_PREFILTER_AFTER                                                                        \
        ((uint64_t)64 << 10) /* bytes of a log that are read without one: most logs never need it  \
                              */

struct scan_log;

struct log_prefilter {
        struct prefilter *prefilter; /* NULL: none (yet), or none to be had */
        uint64_t key;                /* of the jails and regexes it was made for */
        uint64_t bytes;              /* read since then */
        bool tried;                  /* to make one */
        bool is_vain;                /* it has let hardly any lines be passed over */
        unsigned rests;              /* times it was not asked for that */
};

void log_prefilter_done(struct log_prefilter *log_prefilter);
/* Looks through lines of the log, which are then asked about in order. Returns whether there is a
 * prefilter to ask: where it would be in vain, there is none now and then. */
bool log_prefilter_scan(
        struct log_prefilter *log_prefilter, const struct scan_log *log, struct slice lines);
/* What came of that: lines that were run, and such that were passed over. */
void log_prefilter_note(struct log_prefilter *log_prefilter, uint64_t run, uint64_t passed);
/* Hints about the line (a view of the scanned bytes, which begin at lines), as prefilter_line():
 * those of attachment i at index i. */
const uint64_t *log_prefilter_line(
        struct log_prefilter *log_prefilter, struct slice line, struct slice lines);
