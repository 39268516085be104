/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/duration.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"

static void expressions_have_pythons_value_and_type(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *value; /* a float has a point */
        } rows[] = {
                {"0",                                                                         "0"                  },
                {"10m",                                                                       "600"                },
                {"1D",                                                                        "86400"              },
                {"1d12h",                                                                     "129600"             },
                {"1d 12h",                                                                    "129600"             },
                {"1year-6mo",                                                                 "15778800.0"         },
                {"1.5h",                                                                      "5400.0"             },
                {".5d",                                                                       "43200.0"            },
                {"5.",                                                                        "5.0"                },
                {"10*60",                                                                     "600"                },
                {"(1h+5)*2",                                                                  "7210"               },
                {"1d 2",                                                                      "86402"              },
                {"5 min 30",                                                                  "330"                },
                {"-1",                                                                        "-1"                 },
                {"1h -30m",                                                                   "1800"               },
                {" 5\n",                                                                      "5"                  },
                {"7 // 2",                                                                    "3"                  },
                {"-7//2",                                                                     "-4"                 },
                {"-7%4",                                                                      "1"                  },
                {"7.5//2",                                                                    "3.0"                },
                {"7/2",                                                                       "3.5"                },
                {"2**3**2",                                                                   "512"                },
                {"-2**2",                                                                     "-4"                 },
                {"2**-1",                                                                     "0.5"                },
                {"1_000",                                                                     "1000"               },
                {"1e+5",                                                                      "100000.0"           },
                {"00",                                                                        "0"                  },
                {"1 5s 3",                                                                    "9"                  },
                {"1 d h",                                                                     "311040000"          },
                {"1d.5h",                                                                     "311041800.0"        },
                {"10m # 5 minutes more",                                                      "600"                },
                {"1dd 1da 1day 1days",                                                        "345600"             },
                {"1ww 1we 1wee 1week 1weeks",                                                 "3024000"            },
                {"1mi 1min 1mm 1minute 1minutes",                                             "300"                },
                {"1se 1sec 1ss 1second 1seconds",                                             "5"                  },
                {"1ho 1hou 1hh 1hour 1hours",                                                 "18000"              },
                {"1ye 1yea 1yy 1year 1years",                                                 "157788000.0"        },
                {"1mon 1month 1months",                                                       "7889400.0"          },
                {"2 * 0.5 yea + 1*1 mon - 3*1/3 wee + 2/2 day - (2*12 hou 3*20 min 80 sec) ",
                 "33578920.0"                                                                                      },
                {"2*.5y+1*1mo-3*1/3w+2/2d-(2*12h3*20m80s) ",                                  "33578920.0"         },
                {"9223372036854775807",                                                       "9223372036854775807"},
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value v = VALUE_OF_NONE;
                assert_int_equal(duration_parse(slice_of(rows[i].text), &v, NULL), 0);
                struct slice got = v.type == VALUE_FLOAT
                                           ? value_float_text(v.real, &arena)
                                           : arena_printf(&arena, "%lld", (long long)v.integer);
                assert_string_equal(got.data, rows[i].value);
        }
        arena_done(&arena);
}

static void errors_name_their_python_class(void **state) {
        (void)state;
        static const struct {
                const char *text;
                int result;
                const char *kind;
                const char *message;
        } rows[] = {
                {"",                      -EINVAL, "SyntaxError",       "invalid syntax (<string>, line 0)"         },
                {"abc",                   -EINVAL, "NameError",         "name 'abc' is not defined"                 },
                {"a+b",                   -EINVAL, "NameError",         "name 'a' is not defined"                   },
                {"day",                   -EINVAL, "NameError",         "name 'day' is not defined"                 },
                {"abc def",               -EINVAL, "SyntaxError",       NULL                                        },
                {"10m;",                  -EINVAL, "SyntaxError",       "invalid syntax (<string>, line 1)"         },
                {"1ms",                   -EINVAL, "SyntaxError",       "invalid decimal literal (<string>, line 1)"},
                {"1x",                    -EINVAL, "SyntaxError",       NULL                                        },
                {"1e5",                   -EINVAL, "SyntaxError",       NULL                                        },
                {"1_",                    -EINVAL, "SyntaxError",       NULL                                        },
                {"1__0",                  -EINVAL, "SyntaxError",       NULL                                        },
                {"1 2 3",                 -EINVAL, "SyntaxError",       NULL                                        },
                {"05m",                   -EINVAL, "SyntaxError",       NULL                                        },
                {"0x10",                  -EINVAL, "SyntaxError",       NULL                                        },
                {"(1",                    -EINVAL, "SyntaxError",       "'(' was never closed (<string>, line 1)"   },
                {"1)",                    -EINVAL, "SyntaxError",       "unmatched ')' (<string>, line 1)"          },
                {"1..2",                  -EINVAL, "SyntaxError",       NULL                                        },
                {"*",                     -EINVAL, "SyntaxError",       NULL                                        },
                {"1 +",                   -EINVAL, "SyntaxError",       NULL                                        },
                {"1/0 +",                 -EINVAL, "SyntaxError",       NULL                                        },
                {"__import__('os')",      -EINVAL, "SyntaxError",       NULL                                        },
                {"1/0",                   -EDOM,   "ZeroDivisionError", "division by zero"                          },
                {"0**-1",                 -EDOM,   "ZeroDivisionError", NULL                                        },
                {"1.5%0",                 -EDOM,   "ZeroDivisionError", NULL                                        },
                {"(-1)**.5",              -EDOM,   "ValueError",        NULL                                        },
                {"9223372036854775808",   -ERANGE, "OverflowError",     NULL                                        },
                {"9223372036854775807+1", -ERANGE, "OverflowError",     NULL                                        },
                {"9**9**9",               -ERANGE, "OverflowError",     NULL                                        },
                {"10.0**999",             -ERANGE, "OverflowError",     NULL                                        },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fault fault = FAULT_INIT;
                struct value v = value_int(77);
                assert_int_equal(
                        duration_parse(slice_of(rows[i].text), &v, &fault), rows[i].result);
                assert_string_equal(fault.kind, rows[i].kind);
                if (rows[i].message)
                        assert_string_equal(fault_text(&fault), rows[i].message);
                assert_int_equal(v.integer, 77);
                fault_done(&fault);
        }
}

static void nul_and_bytes_are_syntax_errors(void **state) {
        (void)state;
        struct value v;
        assert_int_equal(duration_parse(SLICE("1\0"), &v, NULL), -EINVAL);
        assert_int_equal(duration_parse(SLICE("\0"), &v, NULL), -EINVAL);
        assert_int_equal(duration_parse(SLICE("1\xff"), &v, NULL), -EINVAL);
}

static void length_and_depth_have_caps(void **state) {
        (void)state;
        char text[DURATION_INPUT_MAX + 2];
        struct value v;
        memset(text, '1', sizeof(text));
        assert_int_equal(
                duration_parse((struct slice){text, DURATION_INPUT_MAX + 1}, &v, NULL), -E2BIG);
        memset(text, '-', sizeof(text));
        assert_true(duration_parse((struct slice){text, DURATION_INPUT_MAX}, &v, NULL) < 0);
        memset(text, '(', sizeof(text));
        assert_true(duration_parse((struct slice){text, DURATION_INPUT_MAX}, &v, NULL) < 0);
        for (size_t i = 0; i + 1 < DURATION_INPUT_MAX; i += 2)
                memcpy(text + i, "1y", 2); /* the spelling that grows most */
        assert_int_equal(duration_parse((struct slice){text, DURATION_INPUT_MAX}, &v, NULL), 0);
        assert_true(v.real > 31557600.0 * (DURATION_INPUT_MAX / 2 - 1));
}

static void whole_seconds_are_truncated(void **state) {
        (void)state;
        int64_t s = 0;
        assert_int_equal(duration_parse_s(SLICE("1.9"), &s, NULL), 0);
        assert_int_equal(s, 1);
        assert_int_equal(duration_parse_s(SLICE("-1.9"), &s, NULL), 0);
        assert_int_equal(s, -1);
        assert_int_equal(duration_parse_s(SLICE("1d"), &s, NULL), 0);
        assert_int_equal(s, 86400);
        assert_int_equal(duration_parse_s(SLICE("1e+30"), &s, NULL), -ERANGE);
}

static void seconds_are_printed_in_three_units(void **state) {
        (void)state;
        static const struct {
                int64_t seconds;
                const char *text;
        } rows[] = {
                {0,        "0"        },
                {59,       "59s"      },
                {60,       "1m"       },
                {61,       "1m 1s"    },
                {600,      "10m"      },
                {3590,     "59m 50s"  },
                {3594,     "59m 54s"  },
                {3595,     "1h"       },
                {3605,     "1h"       },
                {5400,     "1h 30m"   },
                {86399,    "24h"      },
                {86400,    "1d"       },
                {198900,   "2d 7h 15m"},
                {604799,   "7d"       },
                {604800,   "1w"       },
                {1296000,  "2w 1d"    },
                {31535999, "52w 1d"   },
                {31536000, "1y"       },
                {33696000, "1y 3w 4d" },
                {-5,       "-5s"      },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value v = value_int(rows[i].seconds);
                assert_string_equal(duration_print(&v, &arena).data, rows[i].text);
        }
        arena_done(&arena);
}

static void floats_show_below_an_hour_only(void **state) {
        (void)state;
        static const struct {
                double seconds;
                const char *text;
        } rows[] = {
                {0.0,        "0"                       },
                {0.5,        "0.5s"                    },
                {12.5,       "12.5s"                   },
                {120.0,      "2.0m"                    },
                {60.4,       "1.0m 0.3999999999999986s"},
                {12672.0,    "3h 31m"                  },
                {31578336.0, "1y"                      },
                {31579200.0, "1y 1d"                   },
                {1e10,       "317y 5w 1d"              },
                {1e300,      "1e+300"                  },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value v = value_float(rows[i].seconds);
                assert_string_equal(duration_print(&v, &arena).data, rows[i].text);
        }
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(expressions_have_pythons_value_and_type),
                cmocka_unit_test(errors_name_their_python_class),
                cmocka_unit_test(nul_and_bytes_are_syntax_errors),
                cmocka_unit_test(length_and_depth_have_caps),
                cmocka_unit_test(whole_seconds_are_truncated),
                cmocka_unit_test(seconds_are_printed_in_three_units),
                cmocka_unit_test(floats_show_below_an_hour_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
