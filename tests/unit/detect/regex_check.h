/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of regexes, their searches and their errors; what is expected was answered by
 * CPython 3.11's re. */
#pragma once

#include "../cmocka_include.h"

#include "base/fault.h"
#include "detect/pattern.h"

struct regex_match_row {
        const char *regex;
        const char *subject;
        int start; /* byte offsets of the whole match; -1: none */
        int end;
};

struct regex_error_row {
        const char *regex;
        const char *text;
};

static inline void check_match(
        const struct regex_match_row *row, struct slice regex, struct slice subject) {
        struct pattern *pattern = NULL;
        struct pattern_match match;
        struct fault fault = FAULT_INIT;
        size_t start = 0;
        size_t end = 0;
        if (pattern_compile(regex, PATTERN_PLAIN, &pattern, &fault) < 0)
                fail_msg("'%s': %s", row->regex, fault_text(&fault));
        int r = pattern_search(pattern, subject, 0, subject.len, &match, &fault);
        if (r != (row->start >= 0))
                fail_msg("'%s' in '%s': %d", row->regex, row->subject, r);
        if (r == 1) {
                assert_true(pattern_match_span(&match, 0, &start, &end));
                if (start != (size_t)row->start || end != (size_t)row->end)
                        fail_msg("'%s' in '%s': %zu to %zu", row->regex, row->subject, start, end);
        }
        (void)pattern_free(pattern);
        fault_done(&fault);
}

static inline void check_matches(const struct regex_match_row *rows, size_t count) {
        for (size_t i = 0; i < count; i++)
                check_match(&rows[i], slice_of(rows[i].regex), slice_of(rows[i].subject));
}

static inline void check_errors(const struct regex_error_row *rows, size_t count) {
        for (size_t i = 0; i < count; i++) {
                struct pattern *pattern = NULL;
                struct fault fault = FAULT_INIT;
                if (pattern_compile(slice_of(rows[i].regex), PATTERN_PLAIN, &pattern, &fault) == 0)
                        fail_msg("'%s' was taken", rows[i].regex);
                if (strcmp(fault_text(&fault), rows[i].text) != 0)
                        fail_msg("'%s': %s", rows[i].regex, fault_text(&fault));
                assert_string_equal(fault.kind, "error");
                fault_done(&fault);
        }
}
