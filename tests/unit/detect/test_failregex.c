/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/failregex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cmocka_include.h"

static void flags_of_a_group_become_local(void **state) {
        static const struct {
                const char *regex;
                const char *expected;
        } rows[] = {
                {"((?i)LOGIN|PLAIN)", "(?i:LOGIN|PLAIN)"},
                {"(?:(?i)a|b)",       "(?i:a|b)"        },
                {"^(?:(?iu)b|c)",     "^(?iu:b|c)"      },
                {"(?i)a(b)",          "(?i)a(b)"        },
                {"((?:(?i)a))",       "((?i:a))"        },
                {"((?i:a))",          "((?i:a))"        },
                {"\\(((?i)a)\\)",     "\\((?i:a)\\)"    },
                {"(x)((?i)a)((?s)b)", "(x)(?i:a)(?s:b)" },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failregex *regex = NULL;
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_PLAIN, &regex, NULL),
                        0);
                assert_string_equal(regex->text, rows[i].expected);
                assert_null(failregex_free(regex));
        }
}

static void errors_have_fail2bans_words(void **state) {
        static const struct {
                const char *regex;
                const char *text;
        } rows[] = {
                {"",                       "Cannot add empty regex"    },
                {" \t\n",                  "Cannot add empty regex"    },
                {"a(",                     "Unable to compile regular expression 'a(':\nmissing ), unterminated "
                       "subpattern at position 1"},
                {"<F-MLF-ID>x</F-MLF-ID>",
                 "Unable to compile regular expression '(?P<mlf-id>x)':\nbad character in "
                        "group name 'mlf-id' at position 4"            },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failregex *regex = NULL;
                struct fault fault = FAULT_INIT;
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_PLAIN, &regex, &fault),
                        -EINVAL);
                assert_null(regex);
                assert_string_equal(fault.kind, "RegexException");
                assert_string_equal(fault_text(&fault), rows[i].text);
                fault_done(&fault);
        }
}

static void regex_beyond_the_cap_or_with_nul_is_refused(void **state) {
        struct failregex *regex = NULL;
        char *text = malloc(FAILREGEX_TEXT_MAX + 1);
        (void)state;
        memset(text, 'a', FAILREGEX_TEXT_MAX + 1);
        assert_int_equal(failregex_new((struct slice){text, FAILREGEX_TEXT_MAX + 1},
                                 TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL),
                -EINVAL);
        assert_int_equal(failregex_new((struct slice){"a\0b", 3}, TAG_HOSTS_NAMED, PATTERN_PLAIN,
                                 &regex, NULL),
                -EINVAL);
        assert_null(regex);
        free(text);
}

static void id_groups_are_known_by_name(void **state) {
        static const struct {
                const char *regex;
                bool has_id;
        } rows[] = {
                {"<HOST>",                     true },
                {"<ADDR>",                     true },
                {"<F-ID/>",                    true },
                {"(?P<dns>x)",                 true },
                {"<F-MLFID>x</F-MLFID>",       true },
                {"x",                          false},
                {"(?P<host>x)",                false},
                {"<F-ALT_IP4>x</F-ALT_IP4>",   false},
                {"<F-TUPLE_ID>x</F-TUPLE_ID>", false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failregex *regex = NULL;
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_PLAIN, &regex, NULL),
                        0);
                assert_int_equal(regex->has_id, rows[i].has_id);
                (void)failregex_free(regex);
        }
}

static void merged_groups_are_sorted_and_name_their_targets(void **state) {
        struct failregex *regex = NULL;
        (void)state;
        assert_int_equal(failregex_new(SLICE("(?P<alt_user_2>a)(?P<alt_user_1>b)(?P<alt_id>c)(?P<"
                                             "alt_1>d)(?P<alt_x_1_2>e)"
                                             "(?P<tuple_port_3>f)(?P<tuple_id>g)(?P<alt>h)"),
                                 TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL),
                0);
        static const char *const alts[][2] = {
                {"alt_1",      "1"   },
                {"alt_id",     "fid" },
                {"alt_user_1", "user"},
                {"alt_user_2", "user"},
                {"alt_x_1_2",  "x_1" },
        };
        assert_int_equal(regex->alt_count, 5);
        for (size_t i = 0; i < 5; i++) {
                assert_slice(regex->alts[i].name, alts[i][0]);
                assert_slice(field_name_text(regex->alts[i].target), alts[i][1]);
        }
        assert_int_equal(regex->alts[3].group, 1);
        assert_int_equal(regex->tuple_count, 2);
        assert_int_equal(regex->tuples[0].target, FIELD_FID);
        assert_slice(field_name_text(regex->tuples[1].target), "fport");
        (void)failregex_free(regex);
}

static void regexes_are_shown_as_python_does(void **state) {
        static const struct {
                const char *regex;
                unsigned flags;
                const char *shown;
        } rows[] = {
                {"a'b",    PATTERN_PLAIN,     "re.compile(\"a'b\")"               },
                {"a\\d",   PATTERN_PLAIN,     "re.compile('a\\\\d')"              },
                {"a",      PATTERN_MULTILINE, "re.compile('a', re.MULTILINE)"     },
                {"(?i)a",  PATTERN_PLAIN,     "re.compile('(?i)a', re.IGNORECASE)"},
                {"(?is)a", PATTERN_MULTILINE,
                 "re.compile('(?is)a', re.IGNORECASE|re.MULTILINE|re.DOTALL)"     },
                {"(?i:m)", PATTERN_PLAIN,     "re.compile('(?i:m)')"              },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct failregex *regex = NULL;
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         rows[i].flags, &regex, NULL),
                        0);
                assert_slice(failregex_repr(regex, &arena), rows[i].shown);
                (void)failregex_free(regex);
                arena_done(&arena);
        }
}

static void long_regex_is_cut_where_python_cuts_it(void **state) {
        char text[601];
        struct arena arena = ARENA_INIT;
        struct failregex *regex = NULL;
        (void)state;
        for (size_t i = 0; i < 600; i += 2)
                memcpy(text + i, "é", 2);
        text[600] = '\0';
        assert_int_equal(
                failregex_new(slice_of(text), TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL), 0);
        assert_int_equal(failregex_repr(regex, &arena).len, strlen("re.compile(') ") - 1 + 199 * 2);
        (void)failregex_free(regex);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(flags_of_a_group_become_local),
                cmocka_unit_test(errors_have_fail2bans_words),
                cmocka_unit_test(regex_beyond_the_cap_or_with_nul_is_refused),
                cmocka_unit_test(id_groups_are_known_by_name),
                cmocka_unit_test(regexes_are_shown_as_python_does),
                cmocka_unit_test(long_regex_is_cut_where_python_cuts_it),
                cmocka_unit_test(merged_groups_are_sorted_and_name_their_targets),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
