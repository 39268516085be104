/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A jail as the scanner knows it: its filter, and what surrounds it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/value.h"
#include "detect/filter.h"
#include "detect/journal_match.h"
#include "detect/line.h"

#define SCAN_ERRORS_MAX 100 /* failing lines, less half for each good one, from which on they are counted but not told any more */

struct scan_log;

struct scan_jail {
        uint32_t id;
        char *name;
        struct filter_env env;
        struct filter *filter;
        enum line_encoding encoding;
        bool keeps_ascii;            /* the encoding */
        char *encoding_name;         /* as set */
        struct journal_match match;  /* what it wants of a journal */
        uint64_t match_changes;      /* grows with each change of that */
        unsigned errors;             /* recent lines that could not be processed */
        bool muted;                  /* more than SCAN_ERRORS_MAX of them: said once */
        uint64_t lines;              /* since the last COUNT record */
        uint64_t dropped;            /* of these */
        struct scan_log *unreported; /* the log with lines that this jail has seen and no batch has told; at most one */
};

/* So many lines have led to nothing. */
static inline void scan_jail_note_passed(struct scan_jail *jail, uint64_t lines) {
        jail->lines += lines;
        jail->errors = lines < 32 ? jail->errors >> lines : 0;
}

/* env is copied, with user replaced by the jail; its clock must outlive the jail. */
struct scan_jail *scan_jail_new(uint32_t id, struct slice name, const struct filter_env *env);
struct scan_jail *scan_jail_free(struct scan_jail *jail);
/* Carries out an option; parameters and results as filter_set(). */
int scan_jail_set(struct scan_jail *jail, struct slice option, const struct value *arguments, struct arena *arena,
        struct value *ret_value, struct fault *fault);
/* Date of a raw line by the jail's own detector. Returns whether it has one. */
bool scan_jail_date(struct scan_jail *jail, struct slice raw, struct arena *arena, double *ret_time);
