/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "regex_check.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct regex_error_row errors[] = {
  /* clang-format off */
        {"(?i", "missing -, : or ) at position 3"},
        {"(?i-", "missing flag at position 4"},
        {"(?-", "missing flag at position 3"},
        {"(?L)x", "bad inline flags: cannot use 'L' flag with a str pattern at position 3"},
        {"(?au:x)", "bad inline flags: flags 'a', 'u' and 'L' are incompatible at position 4"},
        {"(?i-i:x)", "bad inline flags: flag turned on and off at position 5"},
        {"a(?i)", "global flags not at the start of the expression at position 1"},
        {"(?z)", "unknown extension ?z at position 1"},
        {"(?iz)", "unknown flag at position 3"},
        {"(?i-z:x)", "unknown flag at position 4"},
        {"(?i-", "missing flag at position 4"},
        {"(?-a:x)", "bad inline flags: cannot turn off flags 'a', 'u' and 'L' at position 4"},
        {"(?i9:x)", "missing -, : or ) at position 3"},
        {"(?-i)x", "missing : at position 4"},
        {"(?i-s)x", "missing : at position 5"},
        {"(?-u:x)", "bad inline flags: cannot turn off flags 'a', 'u' and 'L' at position 4"},
        {"(?ia-:x)", "missing flag at position 5"},
        {"(?-ii", "missing : at position 5"},
        {"(?s-", "missing flag at position 4"},
        {"(?ims-x", "missing : at position 7"},
        {"(?i-L:x)", "bad inline flags: cannot turn off flags 'a', 'u' and 'L' at position 5"},
        {"(?é)", "unknown extension ?é at position 1"},
  /* clang-format on */
};

static void wrong_flags_are_refused_in_pythons_words(void **state) {
        (void)state;
        check_errors(errors, COUNT(errors));
}

static const struct regex_match_row matches[] = {
  /* clang-format off */
        {"(?i)ABC", "xabc", 1, 4},
        {"(?i:A)b", "ab", 0, 2},
        {"(?i:A)b", "aB", -1, -1},
        {"(?s:.)", "\n", 0, 1},
        {"(?x) a b # c", "ab", 0, 2},
        {"(?x:a b) c", "ab c", 0, 4},
        {"(?-i:a)", "A", -1, -1},
        {"(?m)^b", "a\nb", 2, 3},
        {"(?i)a(?-i:B)c", "ABC", 0, 3},
        {"(?i)a(?-i:B)c", "AbC", -1, -1},
        {"(?im)^b$", "a\nB\nc", 2, 3},
        {"(?iii)a", "A", 0, 1},
        {"(?a:\\w)x", "éx", -1, -1},
        {"(?si:A.)b", "a\nb", 0, 3},
        {"(?i:a(?-i:b)c)d", "AbCd", 0, 4},
        {"(?x)a(?-x: b)", "a b", 0, 3},
  /* clang-format on */
};

static void flags_hold_as_far_as_they_should(void **state) {
        (void)state;
        check_matches(matches, COUNT(matches));
}

static void ascii_and_ignorecase_are_not_supported_together(void **state) {
        struct pattern *pattern = NULL;
        struct fault fault = FAULT_INIT;
        (void)state;
        assert_int_equal(pattern_compile(SLICE("(?ai)x"), PATTERN_PLAIN, &pattern, &fault), -EINVAL);
        assert_non_null(strstr(fault_text(&fault), "not supported"));
        fault_done(&fault);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(wrong_flags_are_refused_in_pythons_words),
                cmocka_unit_test(flags_hold_as_far_as_they_should),
                cmocka_unit_test(ascii_and_ignorecase_are_not_supported_together),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
