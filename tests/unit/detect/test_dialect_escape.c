/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/dialect_parser.h"

#include "regex_check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct regex_match_row matches[] = {
  /* clang-format off */
        {"\\s", "\x1c", 0, 1},
        {"\\s", "\xe1\xa0\x8e", -1, -1},
        {"\\s", "\xe2\x80\x83", 0, 3},
        {"\\S", "\x1f", -1, -1},
        {"\\S", "\xe1\xa0\x8e", 0, 3},
        {"(?a:\\s)", "\x1c", -1, -1},
        {"(?a:\\s)", "\xc2\xa0", -1, -1},
        {"\\d", "\xd9\xa3", 0, 2},
        {"(?a:\\d)", "\xd9\xa3", -1, -1},
        {"\\w", "\xc3\xa9", 0, 2},
        {"(?a:\\w)", "\xc3\xa9", -1, -1},
        {"(?a:\\D)", "5", -1, -1},
        {"[\\S]", "\x1e", -1, -1},
        {"[^\\S]", "\x1e", 0, 1},
        {"[^\\S\\n]+", "a \n", 1, 2},
        {"[\\s\\S]", "\n", 0, 1},
        {"[\\S5]", "5", 0, 1},
        {"(?a:[\\W\\d])", "x5", 1, 2},
        {"(?a:[^\\W\\d])", "5x", 1, 2},
        {"(?a:[\\D])", "5\xc3\xa9", 1, 3},
        {"\\x41", "A", 0, 1},
        {"\\u00e9", "\xc3\xa9", 0, 2},
        {"\\U0001F600", "\xf0\x9f\x98\x80", 0, 4},
        {"\\101", "A", 0, 1},
        {"\\012", "\n", 0, 1},
        {"[\\101]", "A", 0, 1},
        {"[\\b]", "\x08", 0, 1},
        {"\\bx", "a x", 2, 3},
        {"\\Bx", "ax", 1, 2},
        {"\\B", "", -1, -1},
        {"(?a:\\b\xc3\xa9)", " \xc3\xa9", -1, -1},
        {"(?a:\\B\xc3\xa9)", " \xc3\xa9", 1, 3},
        {"\\Ab", "ab", -1, -1},
        {"b\\Z", "b\n", -1, -1},
        {"b\\Z", "ab", 1, 2},
        {"\\a\\f\\r\\t\\v", "\x07\x0c\x0d\x09\x0b", 0, 5},
        {"(a)(b)\\2\\1", "abba", 0, 4},
        {"[]a]+", "a]", 0, 2},
        {"[^]a]", "a]b", 2, 3},
        {"[a-]+", "a-", 0, 2},
        {"[-a]+", "a-", 0, 2},
        {"[a\\-z]+", "b-", 1, 2},
        {"[\\d-]+", "1-", 0, 2},
        {"[\xc3\xa9-\xc3\xbc]", "\xc3\xb6", 0, 2},
        {"[a^]", "^", 0, 1},
        {"\\.\\-\\ \\#", ".- #", 0, 4},
        {"\\ud800", "x", -1, -1},
        {"[\\ud800-\\udfff]", "x", -1, -1},
        {"[[:alpha:]]+", "x:]", 1, 3},
        {"[\\\\\\]]+", "\\]", 0, 2},
  /* clang-format on */
};

static void escapes_and_classes_match_what_python_matches(void **state) {
        (void)state;
        check_matches(matches, COUNT(matches));
}

static void nul_can_be_written_as_an_escape(void **state) {
        static const struct regex_match_row row = {"\\0[\\0]\\x00", "", 1, 4};
        (void)state;
        check_match(&row, slice_of(row.regex), SLICE("a\0\0\0"));
}

static const struct regex_error_row errors[] = {
  /* clang-format off */
        {"[z-a]", "bad character range z-a at position 1"},
        {"[\\d-z]", "bad character range \\d-z at position 1"},
        {"[a-\\d]", "bad character range a-\\d at position 1"},
        {"\\K", "bad escape \\K at position 0"},
        {"\\1", "invalid group reference 1 at position 1"},
        {"(\\1)", "cannot refer to an open group at position 1"},
        {"\\x4", "incomplete escape \\x4 at position 0"},
        {"\\u12", "incomplete escape \\u12 at position 0"},
        {"\\U0011ffff", "bad escape \\U0011ffff at position 0"},
        {"\\400", "octal escape value \\400 outside of range 0-0o377 at position 0"},
        {"[\\400]", "octal escape value \\400 outside of range 0-0o377 at position 1"},
        {"[\\9]", "bad escape \\9 at position 1"},
        {"[\\q]", "bad escape \\q at position 1"},
        {"\\q", "bad escape \\q at position 0"},
        {"a\\", "bad escape (end of pattern) at position 1"},
        {"\\N", "missing { at position 2"},
        {"[a-", "unterminated character set at position 0"},
        {"(?P<a>.)\\2", "invalid group reference 2 at position 9"},
        {"\\8", "invalid group reference 8 at position 1"},
        {"[\xc3\xa9-a]", "bad character range \xc3\xa9-a at position 1"},
        {"\\N{DIGIT ONE}", "undefined character name 'DIGIT ONE' at position 0"}, /* differs: Python knows it */
  /* clang-format on */
};

static void wrong_escapes_and_classes_fail_with_pythons_text(void **state) {
        (void)state;
        check_errors(errors, COUNT(errors));
}

/* A quantifier or a lookbehind takes a class for one item. */
static void every_class_is_one_item_of_one_character(void **state) {
        static const struct regex_match_row rows[] = {
                {"[\\S5]{3}",        "abc", 0,  3 },
                {"(?<=[\\Sx])b",     "ab",  1,  2 },
                {"(?<![^\\Sx])b",    " b",  -1, -1},
                {"(?a:[\\W\\d]){2}", "a-1", 1,  3 },
        };
        (void)state;
        check_matches(rows, COUNT(rows));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(escapes_and_classes_match_what_python_matches),
                cmocka_unit_test(nul_can_be_written_as_an_escape),
                cmocka_unit_test(wrong_escapes_and_classes_fail_with_pythons_text),
                cmocka_unit_test(every_class_is_one_item_of_one_character),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
