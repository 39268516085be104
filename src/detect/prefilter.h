/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds in a whole buffer, in one pass, what literals (detect/literals.h) each line holds that some
 * jail's regexes require. It is a hint that saves work, never where correctness lives: where
 * there is none every line may match everything. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/literals.h"

#define PREFILTER_JAILS_MAX 64   /* of one log; with more there is no prefilter */
#define PREFILTER_CLAUSES_MAX 64 /* of one jail */
#define PREFILTER_HITS_MAX                                                                         \
        131072 /* in one buffer; behind the last one every line is a candidate                     \
                */
#define PREFILTER_ALL (~UINT64_C(0))

struct prefilter;

/* What a jail's regexes require: clauses[k] is about bit k. One without literals is in every line.
 */
struct prefilter_jail {
        const struct literals *clauses;
        size_t count; /* at most PREFILTER_CLAUSES_MAX; the bits above are always set */
};

/* sample: some of what will be scanned, or nothing; see needles_new(). Returns NULL if there is
 * none to be had: not built in, not for this processor, too many jails, or no jail that requires
 * anything. */
struct prefilter *prefilter_new(
        const struct prefilter_jail *jails, size_t count, struct slice sample);
struct prefilter *prefilter_free(struct prefilter *prefilter);

/* Looks through buffer. Then prefilter_line() is called for its lines in order. */
void prefilter_scan(struct prefilter *prefilter, struct slice buffer);
/* Hints about the line (from start to end, offsets in the buffer, a view of whose bytes is given):
 * bit k of hints[i] is clear if it holds none of the literals of clause k of jail i. Valid until
 * the next call. */
const uint64_t *prefilter_line(
        struct prefilter *prefilter, struct slice line, size_t start, size_t end);
/* The jails that it told anything of, a bit each: hints of all others are those of a line without
 * literals. */
uint64_t prefilter_touched(const struct prefilter *prefilter);
/* Lines behind the last one asked about that end at this offset, or before it, hold no literal:
 * they need not be asked about, unless there are bytes beyond ASCII in them. */
size_t prefilter_quiet(const struct prefilter *prefilter);
/* The hints about a line that holds no literal at all; prefilter_line() returns this very pointer
 * for such lines. */
const uint64_t *prefilter_idle(const struct prefilter *prefilter);

/* A date is cut out of a line before its regexes see it, so a literal may come together at the seam
 * that is not in the line. This tells quickly whether one does. */
struct prefilter_seam {
        struct literals literals;
        uint64_t pairs[128][2]; /* bit b of pairs[a]: some literal holds a followed by b */
};
/* literals must outlive it. */
void prefilter_seam_init(struct prefilter_seam *seam, const struct literals *literals);
/* Whether a literal lies across the end of before and the start of after. */
bool prefilter_seam_holds(
        const struct prefilter_seam *seam, struct slice before, struct slice after);
