/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `get JAIL OPTION` answers for options that live in the scanner: the value that its last
 * reply to a change gave. */
#pragma once

#include "base/arena.h"
#include "base/value.h"

enum scan_option {
        SCAN_OPTION_PREFREGEX,
        SCAN_OPTION_FAILREGEX,
        SCAN_OPTION_IGNOREREGEX,
        SCAN_OPTION_MAXLINES,
        SCAN_OPTION_DATEPATTERN,
        SCAN_OPTION_LOGTIMEZONE,
        SCAN_OPTION_LOGENCODING,
        SCAN_OPTION_JOURNALMATCH,
        SCAN_OPTION_COUNT
};

struct scan_options {
        struct arena arenas[SCAN_OPTION_COUNT]; /* one each: a new value frees the old one */
        struct value values[SCAN_OPTION_COUNT];
};

/* All at what a new jail has. */
void scan_options_init(struct scan_options *options);
void scan_options_done(struct scan_options *options);
/* A reload forgets the regexes and journal matches. */
void scan_options_begin_reload(struct scan_options *options);
/* Copies value. */
void scan_options_set(
        struct scan_options *options, enum scan_option option, const struct value *value);
/* Valid until it is set again. */
struct value scan_options_get(const struct scan_options *options, enum scan_option option);
