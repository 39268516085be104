/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date_pattern.h"

#include <errno.h>

#include "../cmocka_include.h"

/* Spec filter.md 2.3, verified results; E stands for the end bound, B for the begin bound. */
#define E "(?=\\b|\\W|$)"
#define B "(?=^|\\b|\\W)"

static void patterns_become_regexes(void **state) {
        (void)state;
        static const struct {
                const char *pattern;
                unsigned flags;
                const char *regex;
                const char *name;
        } rows[] = {
                {"%Y-%Exm",         3,  B "((?P<Y>\\d{4})-(?P<m>0[1-9]|1[0-2]))" E,      "Year-ExMonth"           },
                {"^%Y",             9,  "^((?P<Y>\\d{4}))" E,                            "^Year"                  },
                {"{^LN-BEG}%Y",     9,  "^(?:\\W{0,2})?((?P<Y>\\d{4}))" E,               "{^LN-BEG}Year"          },
                {"**%Y**",          0,  "((?P<Y>\\d{4}))",                               "**Year**"               },
                {"{UNB}^%Y$",       12, "^((?P<Y>\\d{4}))$",                             "^Year$"                 },
                {"%Y$",             6,  B "((?P<Y>\\d{4}))$",                            "Year$"                  },
                {"time=(%Y)",       3,  B "time=((?P<Y>\\d{4}))" E,                      "time=(Year)"            },
                {"(?:%Y)",          3,  B "((?:(?P<Y>\\d{4})))" E,                       "(?:Year)"               },
                {"(^|x)%Y",         1,  "(^|x)(?P<Y>\\d{4})" E,                          "(^|x)Year"              },
                {"{UNB}^",          8,  "^()",                                           "^"                      },
                {"{^LN-BEG}^%Y",    9,  "^((?P<Y>\\d{4}))" E,                            "^Year"                  },
                {"^I\\(()**",       8,  "^I\\(()",                                       "^I\\(()**"              },
                {" %p ",            3,  "(?iu)" B "( (?P<p>am|pm))" E,                   " AMPM "                 },
                {"(?i)%Y",          3,  "(?i)" B "((?P<Y>\\d{4}))" E,                    "(?i)Year"               },
                {"%Y\\s",           2,  B "((?P<Y>\\d{4})\\s)",                          "Year\\s"                },
                {"%%",              3,  B "(%)" E,                                       "%"                      },
                {"(**%Y**)",        0,  "((?P<Y>\\d{4}))",                               "(**Year**)"             },
                {"%Y\\$",           3,  B "((?P<Y>\\d{4})\\)$" E,                        "Year\\$"                },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_regex out;
                date_regex_init(&out);
                assert_int_equal(date_regex_build(&out, slice_of(rows[i].pattern), 2026, NULL), 0);
                if (!slice_is(buffer_view(&out.regex), rows[i].regex) || out.flags != rows[i].flags)
                        fail_msg("'%s': %u %.*s", rows[i].pattern, out.flags, SLICE_ARG(buffer_view(&out.regex)));
                assert_slice(buffer_view(&out.name), rows[i].name);
                date_regex_done(&out);
        }
}

static void years_are_those_since_2000_and_some_ahead(void **state) {
        (void)state;
        static const struct {
                int year;
                const char *regex;
        } rows[] = {
                {2024, "20[012]"}, {2026, "20[012]"}, {2027, "20[0123]"}, {2009, "20[01]"}, {2003, "200"}, {1970, "19[67]"},
                {2000, "(?:199|200)"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_regex out;
                char expected[64];
                date_regex_init(&out);
                assert_int_equal(date_regex_build(&out, SLICE("{UNB}%ExY"), rows[i].year, NULL), 0);
                (void)snprintf(expected, sizeof(expected), "((?P<Y>%s\\d))", rows[i].regex);
                assert_slice(buffer_view(&out.regex), expected);
                date_regex_done(&out);
        }
}

static void a_lone_percent_is_an_error(void **state) {
        (void)state;
        static const char *const patterns[] = {"50%", "%Q", "%e", "%Y%", "%-d", "%(x", "%s"};
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
                struct date_regex out;
                struct fault fault = FAULT_INIT;
                date_regex_init(&out);
                assert_int_equal(date_regex_build(&out, slice_of(patterns[i]), 2026, &fault), -EINVAL);
                assert_string_equal(fault.kind, "TypeError");
                fault_done(&fault);
                date_regex_done(&out);
        }
}

static void long_patterns_end_at_a_cap(void **state) {
        (void)state;
        static char many[DATE_PATTERN_MAX * 20];
        for (size_t i = 0; i + 1 < sizeof(many); i += 2)
                memcpy(many + i, "%b", 2);
        struct date_regex out;
        date_regex_init(&out);
        assert_int_equal(date_regex_build(&out, (struct slice){many, sizeof(many)}, 2026, NULL), -E2BIG);
        date_regex_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patterns_become_regexes),
                cmocka_unit_test(years_are_those_since_2000_and_some_ahead),
                cmocka_unit_test(a_lone_percent_is_an_error),
                cmocka_unit_test(long_patterns_end_at_a_cap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
