/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A search that is watched: how much work it is, and how far into the regex it gets. Slow; for
 * people who write regexes (fail2ban-regex --check and --explain). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"

struct trial;

enum trial_purpose {
        TRIAL_WORK,  /* searches as any search does: lines that lack a letter are left at once */
        TRIAL_REACH, /* tries in any case */
};

enum trial_end {
        TRIAL_MISSED,
        TRIAL_MATCHED,
        TRIAL_STOPPED, /* it took too many steps */
};

struct trial_result {
        enum trial_end end;
        uint64_t steps; /* items of the regex that were tried, all attempts counted */
        /* The last item of the regex that was tried, in the order they are written, and how far in
         * the text it was: as far as possible, but behind ".*", which goes anywhere, as near as
         * possible. */
        size_t item;    /* byte offset in the regex; its length: it did match */
        size_t reached; /* byte offset in the subject */
};

/* regex: expanded, as for pattern_compile(); so are flags and what is returned. */
int trial_new(struct slice regex, unsigned flags, enum trial_purpose purpose, struct trial **ret,
        struct fault *fault);
struct trial *trial_free(struct trial *trial);
/* Searches subject (valid UTF-8), within max_steps. */
struct trial_result trial_run(struct trial *trial, struct slice subject, uint64_t max_steps);
