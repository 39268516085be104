/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A regex of Python's `re`, run by PCRE2: compiled once, searched without allocation, and bounded in time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"

struct pattern;

enum pattern_flag {
        PATTERN_PLAIN = 0,
        PATTERN_MULTILINE = 1, /* ^ and $ match at every line */
};

#define PATTERN_TEXT_MAX 65536     /* bytes of a regex */
#define PATTERN_GROUPS_MAX 256     /* capturing groups of a regex */
#define PATTERN_LEAN_AFTER 64      /* searches of ASCII text, after which our own code, and as many again, after which a lean form is worth its making */
#define PATTERN_MATCH_LIMIT 1000000 /* PCRE2's match limit: what one search may try */

/* Compiles regex (valid UTF-8), which means what Python's re.compile() takes it for. flags: enum pattern_flag. Returns 0, or -EINVAL with
 * kind "error" and Python's text where Python rejects it (" at position N" included), also where we do and Python does not; -E2BIG above
 * a cap. */
int pattern_compile(struct slice regex, unsigned flags, struct pattern **ret, struct fault *fault);
struct pattern *pattern_free(struct pattern *pattern);

/* Capturing groups, without the whole match. */
size_t pattern_group_count(const struct pattern *pattern);
/* Name of group 1 .. count; empty if it has none. Borrows from the pattern. */
struct slice pattern_group_name(const struct pattern *pattern, size_t group);
/* Number of the named group, 0 if there is none. */
size_t pattern_group_number(const struct pattern *pattern, struct slice name);

/* Where the last search matched. Valid until the next search of any pattern: there is one place for it in the process. */
struct pattern_match {
        const size_t *spans; /* start and end of each group, the whole match first; for pattern_match_span() */
        size_t count;        /* groups, the whole match included, behind which none took part */
        size_t origin;       /* what spans are counted from: to be taken off each that is set */
        uint64_t groups;     /* a bit each, modulo 64, for those that may have taken part: spans tell nothing of others */
};

/* Searches subject (valid UTF-8; NUL is a character) between the byte offsets from and to, both at character borders: what is before from
 * can be looked at but not matched, what is after to does not exist. Returns 1 (then *ret is set), 0, or a negative error: -ELOOP if the
 * limits were passed (fault names the regex), -EFAULT on PCRE2's own errors. */
int pattern_search(const struct pattern *pattern, struct slice subject, size_t from, size_t to, struct pattern_match *ret,
        struct fault *fault);
/* The same of a whole subject that many regexes search, and which is looked at only once for that. */
enum pattern_subject {
        PATTERN_SUBJECT_ASCII,
        PATTERN_SUBJECT_LINE, /* ASCII with one newline, at its end */
        PATTERN_SUBJECT_OTHER,
};
enum pattern_subject pattern_subject_of(struct slice subject);
enum pattern_subject pattern_subject_of_ascii(struct slice subject); /* of one that is known to be */
int pattern_search_whole(const struct pattern *pattern, struct slice subject, enum pattern_subject kind, struct pattern_match *ret,
        struct fault *fault);
/* What a PATTERN_SUBJECT_LINE begins with in which the whole search finds a match. false: that is not known. */
struct regex_begin;
bool pattern_begin(const struct pattern *pattern, struct regex_begin *ret);
#define PATTERN_UNSET SIZE_MAX /* a span's start, if the group took no part */
/* Span of a group; false if it took no part. */
static inline bool pattern_match_span(const struct pattern_match *match, size_t group, size_t *ret_start, size_t *ret_end) {
        if (group >= match->count || !(match->groups >> group % 64 & 1) || match->spans[2 * group] == PATTERN_UNSET)
                return false;
        *ret_start = match->spans[2 * group] - match->origin;
        *ret_end = match->spans[2 * group + 1] - match->origin;
        return true;
}
