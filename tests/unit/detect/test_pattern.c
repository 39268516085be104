/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/pattern.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "regex_check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct regex_match_row matches[] = {
  /* clang-format off */
        {"Failed \\S+ for (\\S+)", "x Failed password for root", 2, 26},
        {"^a", "ba", -1, -1},
        {"\xc3\xa9+", "a\xc3\xa9\xc3\xa9", 1, 5},
        {"[^a]", "a\xc3\xa9", 1, 3},
        {"(?i)STRASSE", "strasse", 0, 7},
        {"(?i)\xc3\x89", "\xc3\xa9", 0, 2},
        {"x*", "aaa", 0, 0},
        {"\\w+$", "ab \xc3\xa9\n", 3, 5},
  /* clang-format on */
};

static void matches_are_pythons(void **state) {
        (void)state;
        check_matches(matches, COUNT(matches));
}

static struct pattern *compile(const char *regex, unsigned flags) {
        struct pattern *pattern = NULL;
        assert_int_equal(pattern_compile(slice_of(regex), flags, &pattern, NULL), 0);
        return pattern;
}

static bool span(const struct pattern_match *match, size_t group, size_t from, size_t to) {
        size_t start;
        size_t end;
        return pattern_match_span(match, group, &start, &end) && start == from && end == to;
}

static void groups_are_found_by_name_and_number(void **state) {
        struct pattern_match match;
        struct slice subject = SLICE("for root");
        size_t start;
        size_t end;
        (void)state;
        struct pattern *pattern = compile("(x)?for (?P<user>\\S+)(?P<host>y)?", PATTERN_PLAIN);
        assert_int_equal(pattern_group_count(pattern), 3);
        assert_slice(pattern_group_name(pattern, 1), "");
        assert_slice(pattern_group_name(pattern, 2), "user");
        assert_slice(pattern_group_name(pattern, 4), "");
        assert_int_equal(pattern_group_number(pattern, SLICE("host")), 3);
        assert_int_equal(pattern_group_number(pattern, SLICE("no")), 0);
        assert_int_equal(pattern_search(pattern, subject, 0, subject.len, &match, NULL), 1);
        assert_true(span(&match, 0, 0, 8));
        assert_true(span(&match, 2, 4, 8));
        assert_false(pattern_match_span(&match, 1, &start, &end));
        assert_false(
                pattern_match_span(&match, 3, &start, &end)); /* behind the last that took part */
        assert_false(pattern_match_span(&match, 100, &start, &end));
        (void)pattern_free(pattern);
}

static void bounds_hide_what_is_after_and_show_what_is_before(void **state) {
        static const struct {
                const char *regex;
                size_t from, to;
                int result;
        } rows[] = {
                {"b",       0, 3,  1},
                {"b",       2, 3,  0},
                {"^b",      1, 3,  0},
                {"\\bb",    1, 3,  0},
                {"(?<=a)b", 1, 3,  1},
                {"b$",      0, 2,  1},
                {"b(?=c)",  0, 2,  0},
                {"c",       0, 99, 1},
                {"c",       3, 2,  0},
                {"",        3, 3,  1},
        };
        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct pattern_match match;
                struct pattern *pattern = compile(rows[i].regex, PATTERN_PLAIN);
                if (pattern_search(pattern, SLICE("abc"), rows[i].from, rows[i].to, &match, NULL) !=
                        rows[i].result)
                        fail_msg("row %zu", i);
                (void)pattern_free(pattern);
        }
}

static void multi_line_flag_lets_lines_begin_and_end(void **state) {
        struct pattern_match match;
        struct slice subject = SLICE("ab\ncd\n");
        (void)state;
        struct pattern *plain = compile("^cd$", PATTERN_PLAIN);
        struct pattern *multi = compile("^cd$", PATTERN_MULTILINE);
        assert_int_equal(pattern_search(plain, subject, 0, subject.len, &match, NULL), 0);
        assert_int_equal(pattern_search(multi, subject, 0, subject.len, &match, NULL), 1);
        assert_true(span(&match, 0, 3, 5));
        (void)pattern_free(multi);
        multi = compile("^$", PATTERN_MULTILINE);
        assert_int_equal(pattern_search(multi, subject, 0, subject.len, &match, NULL), 1);
        assert_true(span(&match, 0, 6, 6)); /* behind the last line end too */
        (void)pattern_free(multi);
        (void)pattern_free(plain);
}

static void nul_is_a_character(void **state) {
        struct pattern_match match;
        (void)state;
        struct pattern *pattern = compile("a.b", PATTERN_PLAIN);
        assert_int_equal(pattern_search(pattern, SLICE("xa\0b"), 0, 4, &match, NULL), 1);
        assert_true(span(&match, 0, 1, 4));
        (void)pattern_free(pattern);
}

/* The two compiled forms must not differ: each subject is searched as it is and, made not ASCII by
 * a tail, by the other form. */
static void ascii_form_and_the_other_agree(void **state) {
        static const char *const regexes[] = {"\\w+", "\\W+", "\\s+", "\\S+", "\\d+", "\\D+",
                "(?i)K", "[^a]+", "\\b.\\b", "[\\s\\d]+", "(?i)[^K]"};
        (void)state;
        for (size_t i = 0; i < COUNT(regexes); i++) {
                struct pattern *pattern = compile(regexes[i], PATTERN_PLAIN);
                for (unsigned c = 0; c < 128; c++) {
                        char subject[8] = {'-', (char)c, '-', '\xe2', '\x82', '\xac'};
                        struct pattern_match match;
                        size_t start = 0, start2 = 0;
                        size_t end = 0, end2 = 0;
                        int r = pattern_search(
                                pattern, (struct slice){subject, 3}, 0, 2, &match, NULL);
                        bool there = r == 1 && pattern_match_span(&match, 0, &start, &end);
                        memcpy(subject + 2, "\xe2\x82\xac", 3);
                        r = pattern_search(pattern, (struct slice){subject, 5}, 0, 2, &match, NULL);
                        bool there2 = r == 1 && pattern_match_span(&match, 0, &start2, &end2);
                        assert_true(there == there2 && start == start2 && end == end2);
                        struct slice whole = {subject, 2};
                        assert_int_equal(pattern_subject_of(whole),
                                c == '\n' ? PATTERN_SUBJECT_LINE : PATTERN_SUBJECT_ASCII);
                        assert_int_equal(pattern_search_whole(pattern, whole, PATTERN_SUBJECT_ASCII,
                                                 &match, NULL),
                                there);
                        assert_int_equal(pattern_search_whole(pattern, whole, PATTERN_SUBJECT_OTHER,
                                                 &match, NULL),
                                there);
                }
                (void)pattern_free(pattern);
        }
}

static void one_byte_makes_a_subject_not_ascii(void **state) {
        char subject[24];
        (void)state;
        memset(subject, 'x', sizeof(subject));
        for (size_t len = 0; len <= sizeof(subject); len++) {
                assert_int_equal(
                        pattern_subject_of((struct slice){subject, len}), PATTERN_SUBJECT_ASCII);
                for (size_t i = 0; i < len; i++) {
                        subject[i] = '\x80';
                        assert_int_equal(pattern_subject_of((struct slice){subject, len}),
                                PATTERN_SUBJECT_OTHER);
                        subject[i] = 'x';
                }
        }
}

static void a_line_has_one_newline_and_it_is_at_the_end(void **state) {
        static const struct {
                struct slice subject;
                enum pattern_subject kind;
        } rows[] = {
                {{"", 0},           PATTERN_SUBJECT_ASCII},
                {{"\n", 1},         PATTERN_SUBJECT_LINE },
                {{"abc\n", 4},      PATTERN_SUBJECT_LINE },
                {{"abc", 3},        PATTERN_SUBJECT_ASCII},
                {{"abc\n\n", 5},    PATTERN_SUBJECT_ASCII},
                {{"a\nbc\n", 5},    PATTERN_SUBJECT_ASCII},
                {{"a\nb", 3},       PATTERN_SUBJECT_ASCII},
                {{"\xc3\xa4\n", 3}, PATTERN_SUBJECT_OTHER},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(pattern_subject_of(rows[i].subject), rows[i].kind);
}

static void search_that_takes_too_long_is_given_up(void **state) {
        struct pattern_match match;
        struct fault fault = FAULT_INIT;
        struct slice subject =
                SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
        (void)state;
        struct pattern *pattern = compile("^(a+)+(a+)+$", PATTERN_PLAIN);
        assert_int_equal(pattern_search(pattern, subject, 0, subject.len, &match, &fault), -ELOOP);
        assert_non_null(strstr(fault_text(&fault), "^(a+)+(a+)+$"));
        fault_done(&fault);
        (void)pattern_free(pattern);
}

/* A line may be long: the JIT stack must not end the search in an error. */
static void long_subjects_are_searched_or_given_up_but_never_crash(void **state) {
        const size_t len = (size_t)1 << 20;
        char *bytes = memory_new(len);
        struct pattern_match match;
        (void)state;
        memset(bytes, 'a', len);
        static const struct {
                const char *regex;
                int result;
        } rows[] = {
                {"^.*b",         0},
                {"^.*a$",        1},
                {"^(?:a|b)*$",   1},
                {"^(?:(a)|b)+c", 0}
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct pattern *pattern = compile(rows[i].regex, PATTERN_PLAIN);
                int r = pattern_search(pattern, (struct slice){bytes, len}, 0, len, &match, NULL);
                if (r != rows[i].result && r != -ELOOP)
                        fail_msg("'%s': %d", rows[i].regex, r);
                (void)pattern_free(pattern);
        }
        free(bytes);
}

static void regex_that_is_too_long_is_refused(void **state) {
        char *bytes = memory_new(PATTERN_TEXT_MAX + 1);
        struct pattern *pattern = NULL;
        struct fault fault = FAULT_INIT;
        (void)state;
        memset(bytes, 'a', PATTERN_TEXT_MAX + 1);
        assert_int_equal(pattern_compile((struct slice){bytes, PATTERN_TEXT_MAX + 1}, PATTERN_PLAIN,
                                 &pattern, &fault),
                -E2BIG);
        assert_null(pattern);
        fault_done(&fault);
        free(bytes);
        assert_null(pattern_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(matches_are_pythons),
                cmocka_unit_test(groups_are_found_by_name_and_number),
                cmocka_unit_test(bounds_hide_what_is_after_and_show_what_is_before),
                cmocka_unit_test(multi_line_flag_lets_lines_begin_and_end),
                cmocka_unit_test(nul_is_a_character),
                cmocka_unit_test(ascii_form_and_the_other_agree),
                cmocka_unit_test(one_byte_makes_a_subject_not_ascii),
                cmocka_unit_test(a_line_has_one_newline_and_it_is_at_the_end),
                cmocka_unit_test(search_that_takes_too_long_is_given_up),
                cmocka_unit_test(long_subjects_are_searched_or_given_up_but_never_crash),
                cmocka_unit_test(regex_that_is_too_long_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
