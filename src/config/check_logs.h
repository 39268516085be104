/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test of the configuration: log files that are not there. */
#pragma once

#include "base/value.h"
#include "config/conf_files.h"

/* What becomes of the jail. */
enum check_logs_end {
        CHECK_LOGS_SOME,    /* it follows those that are there */
        CHECK_LOGS_JOURNAL, /* none: it follows the journal instead */
        CHECK_LOGS_SKIPPED, /* none: it does not run, by its own wish */
        CHECK_LOGS_NONE, /* none: the test fails; a server waits for files that have a plain path */
};

/* Adds to store->findings what is to be said of the lines of the option logpath. */
void check_logs(struct conf_store *store, struct slice jail, const struct value *logpath,
        enum check_logs_end end);
/* A line of logpath without the word behind it ("tail"), which goes to *ret_from ("head" if there
 * is none). */
struct slice check_logs_split(struct slice line, struct slice *ret_from);
