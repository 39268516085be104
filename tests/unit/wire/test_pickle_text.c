/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/pickle_text.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"

typedef int text_function(
        struct slice s, struct arena *arena, struct value *ret, struct fault *fault);

struct row {
        text_function *function;
        struct slice in;
        const char *out; /* NULL: refused */
};

static void texts_become_utf8(void **state) {
        (void)state;
        const struct row rows[] = {
                {pickle_text_utf8,    SLICE("a\u00e9\U0001f600"),            "a\u00e9\U0001f600"      },
                {pickle_text_utf8,    SLICE("\xed\xb2\x80\xed\xb3\xbfz"),    "\x80\xffz"              },
                {pickle_text_utf8,    SLICE("\xed\xa0\x80"),                 NULL                     },
                {pickle_text_utf8,    SLICE("\xed\xb2"),                     NULL                     },
                {pickle_text_utf8,    SLICE("\xed"),                         NULL                     },
                {pickle_text_utf8,    SLICE("a\xff"),                        NULL                     },
                {pickle_text_old,     SLICE("a\u00e9"),                      "a\u00e9"                },
                {pickle_text_old,     SLICE("a\xe9\xff"),                    "a\u00e9\u00ff"          },
                {pickle_text_quoted,  SLICE("'a b'"),                        "a b"                    },
                {pickle_text_quoted,  SLICE("\"it's\"\r"),                   "it's"                   },
                {pickle_text_quoted,  SLICE("'\\n\\t\\\\\\'\\x41\\101\\z'"), "\n\t\\'AA\\z"           },
                {pickle_text_quoted,  SLICE("'\\xe9'"),                      "\u00e9"                 },
                {pickle_text_quoted,  SLICE("'\\"),                          NULL                     },
                {pickle_text_quoted,  SLICE("''"),                           ""                       },
                {pickle_text_quoted,  SLICE("'"),                            NULL                     },
                {pickle_text_quoted,  SLICE("'a\""),                         NULL                     },
                {pickle_text_quoted,  SLICE("a"),                            NULL                     },
                {pickle_text_quoted,  SLICE(""),                             NULL                     },
                {pickle_text_escaped, SLICE("a\xe9\\u20ac\\U0001F600"),      "a\u00e9\u20ac\U0001f600"},
                {pickle_text_escaped, SLICE("\\\\u0041\\x\\"),               "\\\\u0041\\x\\"         },
                {pickle_text_escaped, SLICE("\\u005cu0041"),                 "\\u0041"                },
                {pickle_text_escaped, SLICE("\\udcff"),                      "\xff"                   },
                {pickle_text_escaped, SLICE("\\u12"),                        NULL                     },
                {pickle_text_escaped, SLICE("\\u12g4"),                      NULL                     },
                {pickle_text_escaped, SLICE("\\U00110000"),                  NULL                     },
                {pickle_text_escaped, SLICE("\\ud800"),                      NULL                     },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v = VALUE_OF_NONE;
                int r = rows[i].function(rows[i].in, &arena, &v, &fault);
                if (rows[i].out) {
                        assert_int_equal(r, 0);
                        assert_int_equal(v.type, VALUE_STRING);
                        assert_slice(v.string, rows[i].out);
                } else {
                        assert_int_equal(r, -EBADMSG);
                        assert_non_null(fault.text);
                }
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void integers_of_lines_fit_64_bits(void **state) {
        (void)state;
        const struct {
                int (*function)(struct slice line, struct value *ret, struct fault *fault);
                struct slice in;
                int r;
                int64_t out;
        } rows[] = {
                {pickle_text_int,         SLICE("12"),                                       0,        12       },
                {pickle_text_int,         SLICE("-9223372036854775808"),                     0,        INT64_MIN},
                {pickle_text_int,         SLICE("9223372036854775808"),                      -EBADMSG, 0        },
                {pickle_text_int,         SLICE(""),                                         -EBADMSG, 0        },
                {pickle_text_long,        SLICE("-5L"),                                      0,        -5       },
                {pickle_text_long,        SLICE("5"),                                        0,        5        },
                {pickle_text_long,        SLICE("L"),                                        -EBADMSG, 0        },
                {pickle_text_long,        SLICE("99999999999999999999L"),                    -EBADMSG, 0        },
                {pickle_text_binary_long, SLICE(""),                                         0,        0        },
                {pickle_text_binary_long, SLICE("\xff"),                                     0,        -1       },
                {pickle_text_binary_long, SLICE("\xff\0"),                                   0,        255      },
                {pickle_text_binary_long, SLICE("\0\0\0\0\0\0\0\x80"),                       0,        INT64_MIN},
                {pickle_text_binary_long, SLICE("\0\0\0\0\0\0\0\x80\0"),                     -EBADMSG, 0        },
                {pickle_text_binary_long, SLICE("\xff\xff\xff\xff\xff\xff\xff\x7f\0\0"),     0,
                 INT64_MAX                                                                                      },
                {pickle_text_binary_long, SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 0,        -1       },
                {pickle_text_binary_long, SLICE("\0\0\0\0\0\0\0\0\1"),                       -EBADMSG, 0        },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value v = value_int(0);
                assert_int_equal(rows[i].function(rows[i].in, &v, NULL), rows[i].r);
                assert_int_equal(v.type, VALUE_INT);
                assert_true(v.integer == rows[i].out);
        }
}

static void ints_of_two_digits_are_bools(void **state) {
        (void)state;
        struct value v;
        assert_int_equal(pickle_text_int(SLICE("01"), &v, NULL), 0);
        assert_true(v.type == VALUE_BOOL && v.boolean);
        assert_int_equal(pickle_text_int(SLICE("00"), &v, NULL), 0);
        assert_true(v.type == VALUE_BOOL && !v.boolean);
        assert_int_equal(pickle_text_int(SLICE("1"), &v, NULL), 0);
        assert_true(v.type == VALUE_INT && v.integer == 1);
}

static void floats_may_be_no_numbers(void **state) {
        (void)state;
        struct value v;
        assert_int_equal(pickle_text_float(SLICE("-1.5e3"), &v, NULL), 0);
        assert_true(v.real == -1500);
        assert_int_equal(pickle_text_float(SLICE("-inf"), &v, NULL), 0);
        assert_true(isinf(v.real) && v.real < 0);
        assert_int_equal(pickle_text_float(SLICE("nan"), &v, NULL), 0);
        assert_true(isnan(v.real));
        assert_int_equal(pickle_text_float(SLICE("abc"), &v, NULL), -EBADMSG);
        assert_int_equal(pickle_text_float(SLICE(""), &v, NULL), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_become_utf8),
                cmocka_unit_test(integers_of_lines_fit_64_bits),
                cmocka_unit_test(ints_of_two_digits_are_bools),
                cmocka_unit_test(floats_may_be_no_numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
