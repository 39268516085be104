/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_arguments.h"

#include "capture.h"

#define WORDS_MAX 12

/* Splits line at blanks; "~" stands for a blank inside a word. */
static enum regex_arguments_result parse(const char *line, struct regex_arguments *ret) {
        static char text[512];
        char *argv[WORDS_MAX + 1] = {0};
        int argc = 0;
        (void)snprintf(text, sizeof(text), "%s", line);
        char *rest = text;
        for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
                assert_true(argc < WORDS_MAX);
                for (char *c = word; *c; c++)
                        *c = *c == '~' ? ' ' : *c;
                argv[argc++] = word;
        }
        return regex_arguments_parse(ret, argc, argv);
}

static void options_may_stand_anywhere(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(
                parse("p LOG -vv REGEX -o row --maxlines=5 IGNORE", &a), REGEX_ARGUMENTS_OK);
        assert_int_equal(a.count, 3);
        assert_slice(a.positional[0], "LOG");
        assert_slice(a.positional[1], "REGEX");
        assert_slice(a.positional[2], "IGNORE");
        assert_int_equal(a.verbose, 2);
        assert_int_equal(a.maxlines, 5);
        assert_slice(a.out, "row");
        assert_slice(a.config, "/etc/fail2ban");
        assert_slice(a.log_level, "critical");
        assert_null(a.datepattern.data);
}

static void two_dashes_end_the_options(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(parse("p -v -- -v --nosuch - x", &a), REGEX_ARGUMENTS_OK);
        assert_int_equal(a.verbose, 1);
        assert_int_equal(a.count, 4); /* one more than are kept */
        assert_slice(a.positional[0], "-v");
        assert_slice(a.positional[2], "-");
}

static void short_options_may_be_joined_with_their_value(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(parse("p -rvL12 -dEPOCH -D", &a), REGEX_ARGUMENTS_OK);
        assert_true(a.raw && a.debuggex);
        assert_int_equal(a.maxlines, 12);
        assert_slice(a.datepattern, "EPOCH");
}

static void long_names_may_be_cut_where_one_is_meant(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(
                parse("p --date x --no-check --print-all-ma --TZ UTC", &a), REGEX_ARGUMENTS_OK);
        assert_slice(a.datepattern, "x");
        assert_slice(a.timezone, "UTC");
        assert_true(a.no_check_all && a.print_all_matched);
        assert_int_equal(parse("p --verbose", &a), REGEX_ARGUMENTS_OK); /* not --verbose-date */
        assert_int_equal(a.verbose, 1);
        assert_false(a.verbose_date);
}

static void numbers_may_have_another_base(void **state) {
        static const struct {
                const char *line;
                int64_t number;
        } rows[] = {
                {"p -L 0x1F",  31},
                {"p -L 0b101", 5 },
                {"p -L 0b",    0 },
                {"p -L 017",   15},
                {"p -L 0",     0 },
                {"p -L -3",    -3},
                {"p -L ~5~",   5 },
        };
        struct regex_arguments a;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(parse(rows[i].line, &a), REGEX_ARGUMENTS_OK);
                assert_int_equal(a.maxlines, rows[i].number);
        }
}

static void empty_form_is_none(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(parse("p --out= x", &a), REGEX_ARGUMENTS_OK);
        assert_null(a.out.data);
}

static void number_sets_the_verbosity(void **state) {
        struct regex_arguments a;
        (void)state;
        assert_int_equal(parse("p -v --verbosity 3", &a), REGEX_ARGUMENTS_OK);
        assert_int_equal(a.verbose, 3);
        assert_int_equal(parse("p --verbosity 3 -v", &a), REGEX_ARGUMENTS_OK);
        assert_int_equal(a.verbose, 4);
}

static void wrong_options_are_refused_with_the_usage(void **state) {
        static const struct {
                const char *line;
                const char *error;
        } rows[] = {
                {"bin/p --nosuch",       "p: error: no such option: --nosuch\n"                                                   },
                {"bin/p -x",             "p: error: no such option: -x\n"                                                         },
                {"bin/p --print",        "p: error: ambiguous option: --print (--print-all-ignored, "
                                  "--print-all-matched, "
                                  "--print-all-missed, --print-no-ignored, --print-no-missed?)\n"},
                {"bin/p -L 08",          "p: error: option -L: invalid integer value: '08'\n"                                     },
                {"bin/p -L 0x",          "p: error: option -L: invalid integer value: '0x'\n"                                     },
                {"bin/p -L x",           "p: error: option -L: invalid integer value: 'x'\n"                                      },
                {"bin/p --maxlines=1.5",
                 "p: error: option --maxlines: invalid integer value: '1.5'\n"                                                    },
                {"bin/p -l",             "p: error: -l option requires 1 argument\n"                                              },
                {"bin/p --raw=1",        "p: error: --raw option does not take a value\n"                                         },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct regex_arguments a;
                struct capture capture;
                char expected[1024];
                capture_begin(&capture, stderr);
                assert_int_equal(parse(rows[i].line, &a), REGEX_ARGUMENTS_BAD);
                (void)snprintf(expected, sizeof(expected),
                        "Usage: bin/p [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]\n\n%s", rows[i].error);
                assert_string_equal(capture_end(&capture), expected);
        }
}

static void versions_and_help_end_the_program(void **state) {
        struct regex_arguments a;
        struct capture capture;
        (void)state;
        capture_begin(&capture, stdout);
        assert_int_equal(parse("p --version --nosuch", &a), REGEX_ARGUMENTS_DONE);
        assert_string_equal(capture_end(&capture), "fail2ban-regex 1.1.1\n");
        capture_begin(&capture, stdout);
        assert_int_equal(parse("p -V", &a), REGEX_ARGUMENTS_DONE);
        assert_string_equal(capture_end(&capture), "1.1.1\n");
        capture_begin(&capture, stdout);
        assert_int_equal(parse("p -h", &a), REGEX_ARGUMENTS_DONE);
        const char *help = capture_end(&capture);
        assert_int_equal(strncmp(help, "Usage: p [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]\n", 47), 0);
        /* clang-format off */
        static const char *const names[] = {
#define OPTION(brief, name, other, kind, member, text) brief, name, other,
#include "main/regex_arguments.def"
#undef OPTION
        };
        /* clang-format on */
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                assert_true(!names[i] || strstr(help, names[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_may_stand_anywhere),
                cmocka_unit_test(two_dashes_end_the_options),
                cmocka_unit_test(short_options_may_be_joined_with_their_value),
                cmocka_unit_test(long_names_may_be_cut_where_one_is_meant),
                cmocka_unit_test(numbers_may_have_another_base),
                cmocka_unit_test(empty_form_is_none),
                cmocka_unit_test(number_sets_the_verbosity),
                cmocka_unit_test(wrong_options_are_refused_with_the_usage),
                cmocka_unit_test(versions_and_help_end_the_program),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
