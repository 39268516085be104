/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/dialect.h"

#include <errno.h>

#include "regex_check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct regex_error_row errors[] = {
  /* clang-format off */
        {"(", "missing ), unterminated subpattern at position 0"},
        {")", "unbalanced parenthesis at position 0"},
        {"a)", "unbalanced parenthesis at position 1"},
        {"[", "unterminated character set at position 0"},
        {"[a", "unterminated character set at position 0"},
        {"[]", "unterminated character set at position 0"},
        {"*", "nothing to repeat at position 0"},
        {"a**", "multiple repeat at position 2"},
        {"a{2}{3}", "multiple repeat at position 4"},
        {"^*", "nothing to repeat at position 1"},
        {"(?P<a>x)(?P<a>y)", "redefinition of group name 'a' as group 2; was group 1 at position 12"},
        {"(?P<1>x)", "bad character in group name '1' at position 4"},
        {"(?P<>x)", "missing group name at position 4"},
        {"(?P<a", "missing >, unterminated name at position 4"},
        {"(?P=b)", "unknown group name 'b' at position 4"},
        {"(?P>x)", "unknown extension ?P> at position 1"},
        {"(?<a>x)", "unknown extension ?<a at position 1"},
        {"(?<=a+)b", "look-behind requires fixed-width pattern"},
        {"(?z)", "unknown extension ?z at position 1"},
        {"a(?i)", "global flags not at the start of the expression at position 1"},
        {"(?i", "missing -, : or ) at position 3"},
        {"(?i-", "missing flag at position 4"},
        {"(?-", "missing flag at position 3"},
        {"(?L)x", "bad inline flags: cannot use 'L' flag with a str pattern at position 3"},
        {"(?au:x)", "bad inline flags: flags 'a', 'u' and 'L' are incompatible at position 4"},
        {"(?i-i:x)", "bad inline flags: flag turned on and off at position 5"},
        {"(?#x", "missing ), unterminated comment at position 0"},
        {"(?(1)a|b", "missing ), unterminated subpattern at position 0"},
        {"(?(1)a|b|c)(x)", "conditional backref with more than two branches at position 8"},
        {"(?(2)a)", "invalid group reference 2 at position 3"},
        {"(?(n)a)", "unknown group name 'n' at position 3"},
        {"(?(0)a)", "bad group number at position 3"},
        {"(?<=(a)\\1)", "cannot refer to group defined in the same lookbehind subpattern at position 9"},
        {"x{3,2}", "min repeat greater than max repeat at position 2"},
        {"(?R)", "unknown extension ?R at position 1"},
        {"(*FAIL)", "nothing to repeat at position 1"},
        {"(?", "unexpected end of pattern at position 2"},
        {"(?P", "unexpected end of pattern at position 3"},
        {"(?:", "missing ), unterminated subpattern at position 0"},
        {"a|*", "nothing to repeat at position 2"},
        {"ab\n(", "missing ), unterminated subpattern at position 3 (line 2, column 1)"},
        {"(?|a)", "unknown extension ?| at position 1"},
  /* clang-format on */
};

static void what_python_rejects_is_rejected_with_its_text(void **state) {
        (void)state;
        check_errors(errors, COUNT(errors));
}

static const struct regex_match_row matches[] = {
  /* clang-format off */
        {"a{,2}b", "aab", 0, 3},
        {"x{", "x{", 0, 2},
        {"x{,", "x{,", 0, 3},
        {"a{2,}", "aaaa", 0, 4},
        {"a{0,1}b", "ab", 0, 2},
        {"(?i)ABC", "xabc", 1, 4},
        {"(?i:A)b", "ab", 0, 2},
        {"(?i:A)b", "aB", -1, -1},
        {"(?s:.)", "\n", 0, 1},
        {".", "\n", -1, -1},
        {"(?x) a b # c", "ab", 0, 2},
        {"(?x:a b) c", "ab c", 0, 4},
        {"(?#note)a", "a", 0, 1},
        {"(a)|b(?(1)x|y)", "by", 0, 2},
        {"(?P<q>[\"\\'])a(?P=q)", "\"a\"", 0, 3},
        {"(?P<q>[\"\\'])a(?P=q)", "\"a'", -1, -1},
        {"(?<!a)b", "ab", -1, -1},
        {"(?<!a)b", "b", 0, 1},
        {"(?<=\\d{2})x", "12x", 2, 3},
        {"(?>a+)a", "aaa", -1, -1},
        {"a++a", "aaa", -1, -1},
        {"a+?", "aaa", 0, 1},
        {"(?-i:a)", "A", -1, -1},
        {"(?u)\xc3\xa9", "\xc3\xa9", 0, 2},
        {"^b", "a\nb", -1, -1},
        {"(?m)^b", "a\nb", 2, 3},
        {"a$", "a\n", 0, 1},
        {"a$", "a\nb", -1, -1},
        {"", "x", 0, 0},
        {"a||b", "b", 0, 0},
        {"(?:)", "x", 0, 0},
        {"\\\\", "\\", 0, 1},
  /* clang-format on */
};

static void what_python_matches_is_matched(void **state) {
        (void)state;
        check_matches(matches, COUNT(matches));
}

static void groups_have_numbers_and_names(void **state) {
        struct dialect dialect;
        (void)state;
        assert_int_equal(
                dialect_translate(SLICE("(a)(?:b)(?P<user>c)(?=(d))"), DIALECT_UTF, &dialect, NULL),
                0);
        assert_int_equal(dialect.group_count, 3);
        assert_slice(dialect.names[1], "");
        assert_slice(dialect.names[2], "user");
        assert_slice(dialect.names[3], "");
        assert_slice(buffer_view(&dialect.text), "(a)(?:b)(c)(?=(d))");
        dialect_done(&dialect);
}

static void regexes_with_other_characters_have_no_ascii_form(void **state) {
        static const struct {
                const char *regex;
                bool ascii_only;
        } rows[] = {
                {"a\\d[x-z]",   true },
                {"\xc3\xa9",    false},
                {"[a-\\u00e9]", false},
                {"\\xe9",       false},
                {"\\x41",       true }
        };
        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct dialect dialect;
                assert_int_equal(
                        dialect_translate(slice_of(rows[i].regex), DIALECT_UTF, &dialect, NULL), 0);
                assert_int_equal(dialect.ascii_only, rows[i].ascii_only);
                dialect_done(&dialect);
        }
}

/* Returns what a regex of count times piece, with ends around, leads to. */
static int translate_repeated(const char *piece, size_t count, const char *close) {
        struct buffer text = BUFFER_INIT((size_t)1 << 20);
        struct dialect dialect;
        struct fault fault = FAULT_INIT;
        for (size_t i = 0; i < count; i++)
                assert_int_equal(buffer_append(&text, slice_of(piece)), 0);
        for (size_t i = 0; close && i < count; i++)
                assert_int_equal(buffer_append(&text, slice_of(close)), 0);
        int r = dialect_translate(buffer_view(&text), DIALECT_UTF, &dialect, &fault);
        assert_int_equal(r == 0, fault.code == 0);
        dialect_done(&dialect);
        fault_done(&fault);
        buffer_done(&text);
        return r;
}

static void caps_hold(void **state) {
        (void)state;
        assert_int_equal(translate_repeated("(?:", DIALECT_DEPTH_MAX, ")"), 0);
        assert_int_equal(translate_repeated("(?:", DIALECT_DEPTH_MAX + 1, ")"), -EINVAL);
        assert_int_equal(translate_repeated("(a)", PATTERN_GROUPS_MAX, NULL), 0);
        assert_int_equal(translate_repeated("(a)", PATTERN_GROUPS_MAX + 1, NULL), -E2BIG);
        assert_int_equal(translate_repeated("a", PATTERN_TEXT_MAX, NULL), 0);
        assert_int_equal(translate_repeated("a", PATTERN_TEXT_MAX + 1, NULL), -E2BIG);
        assert_int_equal(translate_repeated("\\s", PATTERN_TEXT_MAX / 2, NULL),
                -E2BIG); /* its translation is too long */
}

static void invalid_utf8_is_refused(void **state) {
        static const char *const rows[] = {
                "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x28\xa1"};
        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct dialect dialect;
                assert_int_equal(
                        dialect_translate(slice_of(rows[i]), DIALECT_UTF, &dialect, NULL), -EINVAL);
                dialect_done(&dialect);
        }
}

static void what_is_not_supported_is_refused(void **state) {
        struct dialect dialect;
        struct fault fault = FAULT_INIT;
        (void)state;
        assert_int_equal(
                dialect_translate(SLICE("(?ai)x"), DIALECT_UTF, &dialect, &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "flags 'a' and 'i' together are not supported");
        dialect_done(&dialect);
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_python_rejects_is_rejected_with_its_text),
                cmocka_unit_test(what_python_matches_is_matched),
                cmocka_unit_test(groups_have_numbers_and_names),
                cmocka_unit_test(regexes_with_other_characters_have_no_ascii_form),
                cmocka_unit_test(caps_hold),
                cmocka_unit_test(invalid_utf8_is_refused),
                cmocka_unit_test(what_is_not_supported_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
