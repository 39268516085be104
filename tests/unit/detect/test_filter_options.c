/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "filter_fixture.h"

static void options_answer_with_their_new_value(void **state) {
        static const struct {
                const char *option;
                const char *text;
                const char *value;
        } rows[] = {
                {"usedns",         "WARN",                  "'warn'"                     },
                {"usedns",         "raw",                   "'raw'"                      },
                {"usedns",         "foo",                   "'no'"                       },
                {"prefregex",      "^<F-MLFID>x</F-MLFID>", "'^(?P<mlfid>x)'"            },
                {"addfailregex",   "a",                     "['a']"                      },
                {"addfailregex",   "b",                     "['a', 'b']"                 },
                {"addfailregex",   "c",                     "['a', 'b', 'c']"            },
                {"delfailregex",   "1",                     "['a', 'c']"                 },
                {"delfailregex",   "-1",                    "['a']"                      },
                {"delfailregex",   "7",                     "['a']"                      },
                {"prefregex",      "",                      "''"                         },
                {"addignoreregex", "<F-X>a</F-X>",          "['(?P<x>a)']"               },
                {"delignoreregex", " 0 ",                   "[]"                         },
                {"maxlines",       "5",                     "5"                          },
                {"findtime",       "10m",                   "600"                        },
                {"findtime",       "1mo",                   "2629800.0"                  },
                {"datepattern",    "%Y-%m",                 "('%Y-%m', 'Year-Month')"    },
                {"datepattern",    "EPOCH",                 "(None, 'Epoch')"            },
                {"datepattern",    "{^LN-BEG}",             "(None, 'Default Detectors')"},
                {"datepattern",    "{NONE}",                "('{UNB}^', '^')"            },
                {"logtimezone",    "UTC+0100",              "'UTC+0100'"                 },
                {"logencoding",    "auto",                  "'UTF-8'"                    },
                {"logencoding",    "latin1",                "'latin1'"                   },
                {"keepmatches",    "0",                     "'0'"                        },
        };
        (void)state;
        begin(FILTER_DAEMON);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value ret;
                assert_int_equal(set_value(rows[i].option, value_text(rows[i].text), &ret), 0);
                assert_slice(repr(&ret, &t.arena), rows[i].value);
        }
        end();
}

static void errors_are_fail2bans(void **state) {
        static const struct {
                const char *option;
                const char *text;
                const char *kind;
                const char *fault;
        } rows[] = {
                {"addfailregex",   "x",  "RegexException", "No failure-id group in 'x'"                 },
                {"addfailregex",   " ",  "RegexException", "Cannot add empty regex"                     },
                {"addignoreregex", "",   "RegexException", "Cannot add empty regex"                     },
                {"prefregex",      "a)", "RegexException",
                 "Unable to compile regular expression 'a)':\nunbalanced parenthesis at "
                        "position 1"                                                                    },
                {"delfailregex",   "x",  "ValueError",     "invalid literal for int() with base 10: 'x'"},
                {"maxlines",       "0",  "ValueError",     "maxlines must be integer greater than zero" },
                {"maxlines",       "x",  "ValueError",     "invalid literal for int() with base 10: 'x'"},
                {"logtimezone",    "x",  "ValueError",     "Unknown or unsupported time zone: 'x'"      },
                {"logencoding",    "zz", "LookupError",    "unknown encoding: zz"                       },
                {"checkall",       "x",  "Exception",      "Not an option of a jail"                    },
                {"foo",            "x",  "Exception",
                 "Invalid command 'foo' (no set action or not yet implemented)"                         },
        };
        (void)state;
        begin(FILTER_DAEMON);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value ret;
                assert_int_equal(
                        set_value(rows[i].option, value_text(rows[i].text), &ret), -EINVAL);
                assert_string_equal(t.fault.kind, rows[i].kind);
                assert_string_equal(fault_text(&t.fault), rows[i].fault);
        }
        end();
}

static void mistakes_are_told_too(void **state) {
        static const struct {
                const char *option;
                const char *text;
                const char *message;
        } rows[] = {
                {"addfailregex", "x",   "No failure-id group in 'x'"                                 },
                {"usedns",       "Foo", "Incorrect value 'foo' specified for usedns. Using safe 'no'"},
                {"delfailregex", "99",  "Cannot remove regular expression. Index 99 is not valid"    },
        };
        (void)state;
        begin(FILTER_DAEMON);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value ret;
                (void)set_value(rows[i].option, value_text(rows[i].text), &ret);
                assert_string_equal(t.last, rows[i].message);
        }
        end();
}

static void values_of_other_types_are_understood(void **state) {
        struct value ret;
        (void)state;
        begin(FILTER_TOOL);
        assert_int_equal(set_value("usedns", value_bool(true), &ret), 0);
        assert_slice(ret.string, "yes");
        assert_int_equal(set_value("maxlines", value_int(3), &ret), 0);
        assert_int_equal(ret.integer, 3);
        assert_int_equal(set_value("findtime", value_float(1.5), &ret), 0);
        assert_true(ret.type == VALUE_FLOAT);
        assert_int_equal(set_value("datepattern", VALUE_OF_NONE, &ret), 0);
        assert_int_equal(ret.type, VALUE_NONE);
        assert_int_equal(set_value("checkall", value_bool(false), &ret), 0);
        assert_int_equal(set_value("maxlines", VALUE_OF_NONE, &ret), -EINVAL);
        end();
}

static void several_regexes_may_come_at_once(void **state) {
        struct value arguments = value_list();
        struct value ret;
        (void)state;
        begin(FILTER_DAEMON);
        (void)value_append(&arguments, value_text("<HOST>"), &t.arena);
        (void)value_append(&arguments, value_text("x"), &t.arena);
        (void)value_append(&arguments, value_text("<ADDR>"), &t.arena);
        assert_int_equal(
                filter_set(t.filter, SLICE("addfailregex"), &arguments, &t.arena, &ret, NULL),
                -EINVAL);
        assert_int_equal(filter_failregex_count(t.filter), 1);
        assert_int_equal(
                filter_set(t.filter, SLICE("addignoreregex"), &arguments, &t.arena, &ret, NULL), 0);
        assert_int_equal(filter_ignoreregex_count(t.filter), 3);
        assert_slice(filter_ignoreregex(t.filter, 1), "x");
        assert_slice(filter_ignoreregex(t.filter, 3), "");
        end();
}

/* Flags and <HOST> are those of the moment in which a regex comes. */
static void later_options_leave_regexes_alone(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "^b <HOST>$");
        set("usedns", "no");
        set("maxlines", "2");
        assert_int_equal(run("a"), 0);
        assert_int_equal(run("b 1.2.3.4"), 0);
        assert_true(slice_find(filter_failregex(t.filter, 0), SLICE("(?P<dns>"), 0) <
                    filter_failregex(t.filter, 0).len);
        set("addfailregex", "^b <HOST>$");
        (void)run_failure("b 1.2.3.4", "1.2.3.4");
        assert_int_equal(slice_find(filter_failregex(t.filter, 1), SLICE("(?P<dns>"), 0),
                filter_failregex(t.filter, 1).len);
        end();
}

static void begin_clears_the_lists_only(void **state) {
        struct value ret;
        (void)state;
        begin(FILTER_DAEMON);
        set("prefregex", "x");
        set("addfailregex", "<ADDR>");
        set("addignoreregex", "x");
        assert_int_equal(set_value("begin", VALUE_OF_NONE, &ret), 0);
        assert_int_equal(filter_failregex_count(t.filter), 0);
        assert_int_equal(filter_ignoreregex_count(t.filter), 0);
        assert_slice(filter_prefregex(t.filter), "x");
        end();
}

static void matches_are_left_out_if_nobody_wants_them(void **state) {
        (void)state;
        begin(FILTER_DAEMON);
        set("datepattern", "{NONE}");
        set("addfailregex", "<ADDR>");
        set("keepmatches", "0");
        assert_slice(field(run_failure("1.2.3.4", "1.2.3.4"), "matches"), "-");
        end();
}

/* Results of the tool with and without lines: the same but for these. */
static void sessions_need_no_matches(void **state) {
        static const char *const lines[] = {"s1 user bob", "s1 wrong", "s1 from 1.2.3.4",
                "s2 wrong", "s2 from 1.2.3.5", "s2 wrong", "s1 bye", "s1 wrong", "s3 from 1.2.3.6",
                "s3 user eve", "s3 bye"};
        char told[2][4096] = {"", ""};
        unsigned have_matches[2] = {0, 0};
        (void)state;
        for (size_t with = 0; with < 2; with++) {
                begin(FILTER_TOOL);
                set("datepattern", "{NONE}");
                set("keepmatches", with ? "1" : "0");
                set("prefregex", "^<F-MLFID>s\\d</F-MLFID> <F-CONTENT>.+</F-CONTENT>$");
                set("addfailregex", "^<F-NOFAIL>user</F-NOFAIL> <F-USER>\\w+</F-USER>$");
                set("addfailregex", "^<F-NOFAIL>from</F-NOFAIL> <ADDR>$");
                set("addfailregex", "^(?P<x>wrong)$");
                set("addfailregex", "^<F-NOFAIL><F-MLFFORGET>bye</F-MLFFORGET></F-NOFAIL>$");
                for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                        assert_int_equal(run(lines[i]), 1);
                        const struct filter_failure *failure = &t.failures[0];
                        struct slice matches = field(failure, "matches");
                        struct slice user = field(failure, "user");
                        have_matches[with] += !slice_is(matches, "-") && !slice_is(matches, "[]");
                        size_t len = strlen(told[with]);
                        (void)snprintf(told[with] + len, sizeof(told[with]) - len,
                                "%.*s %u %d %.*s\n", SLICE_ARG(failure->id), failure->regex,
                                failure->nofail, SLICE_ARG(user));
                }
                end();
        }
        assert_string_equal(told[0], told[1]);
        assert_int_equal(have_matches[0], 0);
        assert_true(have_matches[1] > 0);
        assert_non_null(strstr(told[0], "1.2.3.4"));
        assert_non_null(strstr(told[0], "bob"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_answer_with_their_new_value),
                cmocka_unit_test(errors_are_fail2bans),
                cmocka_unit_test(mistakes_are_told_too),
                cmocka_unit_test(values_of_other_types_are_understood),
                cmocka_unit_test(several_regexes_may_come_at_once),
                cmocka_unit_test(later_options_leave_regexes_alone),
                cmocka_unit_test(begin_clears_the_lists_only),
                cmocka_unit_test(matches_are_left_out_if_nobody_wants_them),
                cmocka_unit_test(sessions_need_no_matches),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
