/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of each kind, beside what may come in front of them and behind; their code is called. Random
 * ones are in test_regex_native.c. */
#include "detect/emitter_run.h"

#include "../cmocka_include.h"
#include "detect/regex_native.h"

static void runs_end_where_they_should(void **state) {
        static const struct {
                const char *regex, *line;
                int end; /* of the match; -1: there is none */
        } rows[] = {
                {"^a*b",             "aab\n",        3 },
                {"^a*b",             "b\n",          1 },
                {"^a+b",             "b\n",          -1},
                {"^a+b",             "aab\n",        3 },
                {"^a{2,}b",          "ab\n",         -1},
                {"^a{2,}b",          "aaab\n",       4 },
                {"^a{1,3}b",         "aaab\n",       4 },
                {"^a{1,3}b",         "aaaab\n",      -1},
                {"^a{2,3}b",         "ab\n",         -1},
                {"^a{2}b",           "aab\n",        3 },
                {"^a{6,7}b",         "aaaaaaab\n",   8 },
                {"^a{6,7}b",         "aaaaab\n",     -1},
                {"^a{6,7}b",         "aaaaaaaab\n",  -1},
                {"^.+b",             "ababa\n",      4 },
                {"^.+?b",            "ababa\n",      2 },
                {"^.+ab",            "abbab ab b\n", 8 },
                {"^.*?ab b",         "abab b\n",     6 },
                {"^[ab]{1,2}?b",     "aab\n",        3 },
                {"^[ab]{2}b",        "abb\n",        3 },
                {"^[ab]{1,3}b",      "abbbb\n",      4 },
                {"^[ab]{1,6}b",      "abbbbbbbb\n",  7 },
                {"^[ab]{1,6}?c",     "abbbbbc\n",    7 },
                {"^[ab]{1,6}?c",     "abbbbbbc\n",   -1},
                {"^\\s*$",           " \t\n",        3 },
                {"^\\s*",            "\n",           1 },
                {"^\\s+a",           " a\n",         2 },
                {"^\\s+a",           "a\n",          -1},
                {"^\\s*?$",          "  \n",         2 },
                {"^\\n*a",           "a\n",          1 },
                {"^\\s{1,2}a",       "  a\n",        3 },
                {"^\\s{1,6}a",       "   a\n",       4 },
                {"^\\s+\\s*a",       "\n",           -1},
                {"^a\\s*a*$",        "a\n",          2 },
                {"^a\\s*a+$",        "a\n",          -1},
                {"^(?:(?!bc).)*b",   "abbc\n",       3 },
                {"^(?:(?!bc).)*$",   "abb\n",        3 },
                {"^(?:(?!bc).)*$",   "abbc\n",       -1},
                {"^(?:(?!b).){2,3}", "aaaab\n",      3 },
                {"^(?:(?!b).){2,3}", "ab\n",         -1},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct regex_native *native = regex_native_new(slice_of(rows[i].regex), 0);
                const size_t *spans;
                uint64_t groups;
                assert_non_null(native);
                enum regex_native_result r =
                        regex_native_search(native, slice_of(rows[i].line), &spans, &groups);
                if ((r == REGEX_NATIVE_MATCH) != (rows[i].end >= 0))
                        fail_msg("'%s' in '%s'", rows[i].regex, rows[i].line);
                if (r == REGEX_NATIVE_MATCH &&
                        spans[1] != (size_t)(uintptr_t)(rows[i].line + rows[i].end))
                        fail_msg("'%s' in '%s'", rows[i].regex, rows[i].line);
                (void)regex_native_free(native);
        }
}

/* Where the last ", c" in the line ends; 0: there is none. */
static size_t last_end(const char *line, size_t len) {
        for (size_t at = len; at >= 3; at--)
                if (memcmp(line + at - 3, ", c", 3) == 0)
                        return at;
        return 0;
}

/* Lines of all lengths with commas at many places, with and without what follows. */
static void check_long_runs(struct slice regex) {
        struct regex_native *native = regex_native_new(regex, 0);
        uint32_t seed = 3;
        assert_non_null(native);
        for (size_t round = 0; round < 20000; round++) {
                size_t len = round % 100;
                char line[101];
                for (size_t i = 0; i < len; i++) {
                        seed = seed * 1664525U + 1013904223U;
                        line[i] = ", cxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[seed >> 27];
                }
                if (len >= 3 && round % 3 > 0) {
                        seed = seed * 1664525U + 1013904223U;
                        memcpy(line + (seed >> 8) % (len - 2), ", c", 3);
                }
                line[len] = '\n';
                const size_t *spans;
                uint64_t groups;
                size_t end = last_end(line, len);
                enum regex_native_result r =
                        regex_native_search(native, (struct slice){line, len + 1}, &spans, &groups);
                assert_int_equal(r == REGEX_NATIVE_MATCH, end > 0);
                if (end > 0)
                        assert_ptr_equal((const char *)(uintptr_t)spans[1], line + end);
        }
        (void)regex_native_free(native);
}

/* The first bad character of a line, or its newline, at all places; "[^:]" takes the newline, too.
 */
static void long_runs_end_at_the_first_other_character(void **state) {
        struct regex_native *shut = regex_native_new(SLICE("^x[^:\\n]*(?P<a>.*)$"), 0);
        struct regex_native *open = regex_native_new(SLICE("^x[^:]*(?P<a>.*)$"), 0);
        (void)state;
        assert_non_null(shut);
        assert_non_null(open);
        for (size_t len = 1; len < 80; len++)
                for (size_t at = 1; at <= len; at++) {
                        char line[81];
                        const size_t *spans;
                        uint64_t groups;
                        memset(line, 'x', len);
                        line[len] = '\n';
                        if (at < len)
                                line[at] = ':';
                        struct slice text = {line, len + 1};
                        assert_int_equal(regex_native_search(shut, text, &spans, &groups),
                                REGEX_NATIVE_MATCH);
                        assert_ptr_equal((const char *)(uintptr_t)spans[2], line + at);
                        assert_int_equal(regex_native_search(open, text, &spans, &groups),
                                REGEX_NATIVE_MATCH);
                        assert_ptr_equal(
                                (const char *)(uintptr_t)spans[2], line + at + (at == len));
                }
        (void)regex_native_free(shut);
        (void)regex_native_free(open);
}

static void long_runs_end_in_front_of_the_last_text(void **state) {
        (void)state;
        check_long_runs(SLICE("^.*, c"));
        check_long_runs(SLICE("^\\s*.*, c")); /* the run may begin at the end */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(runs_end_where_they_should),
                cmocka_unit_test(long_runs_end_at_the_first_other_character),
                cmocka_unit_test(long_runs_end_in_front_of_the_last_text),
        };
        if (!REGEX_EMIT_IS_THERE)
                return 77; /* skipped */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
