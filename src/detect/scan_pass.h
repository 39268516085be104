/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes over lines of a log that lead to nothing in any of its jails, as many as there are in a
 * row. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/filter_pass.h"
#include "detect/input_file.h"
#include "detect/prefilter.h"

struct scan_log;

struct scan_pass {
        struct scan_log *log;
        struct filter_passes
                passes;        /* one an attachment of the log; none: nothing is passed over */
        struct line_ends ends; /* of the chunk's lines */
        uint64_t from;         /* offset in the log from which on all jails get its lines */
        uint64_t total;        /* lines passed over so far, by all or by some */
};

/* For the lines of a chunk; is_scanned: the log has a prefilter, which has looked through them. */
void scan_pass_begin(struct scan_pass *pass, struct scan_log *log, const struct input_chunk *chunk,
        bool is_scanned);
/* Runs lines from the offset in the chunk's lines on, where log->done is, and moves log->done
 * behind them. What they do is as if each had been run by itself. Returns where they end; at: the
 * first one is to be run by itself. */
size_t scan_pass_run(struct scan_pass *pass, size_t at);
/* Which of the log's attachments have to run the line by themselves, a bit each: an ASCII line at
 * log->done, not to be skipped, a part of the chunk, with the hints of log_prefilter_line(). The
 * others are done with it. false: all of them have to, or there are too many for bits. */
bool scan_pass_line(struct scan_pass *pass, const struct filter_line *line, const uint64_t *hints,
        uint64_t *ret_busy);
/* Jails and their filters learn of lines passed over when they are asked for something else: this
 * must come in front of that, and of time's going on. */
void scan_pass_settle(struct scan_pass *pass, size_t index);
void scan_pass_settle_all(struct scan_pass *pass);
/* Settles all; nothing more is passed over. */
void scan_pass_end(struct scan_pass *pass);
