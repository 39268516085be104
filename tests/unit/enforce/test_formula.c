/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/formula.h"

#include <errno.h>

#include "../cmocka_include.h"

static int eval(const char *text, double *ret, bool *ret_is_float, const char **ret_kind) {
        struct formula_env env = {
                formula_integer(600), formula_integer(3), formula_real(0.5), 0.25};
        struct formula_number number = formula_integer(0);
        struct fault fault = FAULT_INIT;
        int r = formula_eval(slice_of(text), &env, &number, &fault);
        *ret = formula_as_real(&number);
        *ret_is_float = number.is_float;
        *ret_kind = fault.kind;
        fault_done(&fault);
        return r;
}

/* As Python 3.11 computes them. */
static void formulas_give_what_python_gives(void **state) {
        static const struct {
                const char *text;
                double value;
                bool is_float;
        } rows[] = {
                {"ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor", 2400,                     true },
                {"ban.Time * 2",                                                    1200,                     false},
                {" 1 + 2 * 3 ** 2 ",                                                19,                       false},
                {"-2 ** 2",                                                         -4,                       false},
                {"2 ** -1",                                                         0.5,                      true },
                {"2 ** 3 ** 2",                                                     512,                      false},
                {"-7 // 2",                                                         -4,                       false},
                {"-7 % 3",                                                          2,                        false},
                {"7 % -3",                                                          -2,                       false},
                {"7.5 // 2",                                                        3,                        true },
                {"7 / 2",                                                           3.5,                      true },
                {"1 << 3 << 2",                                                     32,                       false},
                {"-9 >> 1",                                                         -5,                       false},
                {"1 << 70",                                                         1180591620717411303424.0, true },
                {"10 if 1 < 2 < 3 else 20",                                         10,                       false},
                {"10 if 1 < 2 > 3 else 20",                                         20,                       false},
                {"1 if 1 else 1/0",                                                 1,                        false},
                {"1/0 if 0 else 5",                                                 5,                        false},
                {"0 and 1/0",                                                       0,                        false},
                {"3 or 1/0",                                                        3,                        false},
                {"not 0",                                                           1,                        false},
                {"max(1, 2.5, 2)",                                                  2.5,                      true },
                {"min(3, 2)",                                                       2,                        false},
                {"int(2.9) + int(-2.9)",                                            0,                        false},
                {"round(2.5)",                                                      2,                        false},
                {"abs(-3)",                                                         3,                        false},
                {"float(3)",                                                        3,                        true },
                {"math.floor(-1.5)",                                                -2,                       false},
                {"math.pow(2, 3)",                                                  8,                        true },
                {"math.log(8, 2)",                                                  3,                        true },
                {"random.random() * 4",                                             1,                        true },
                {"random.uniform(2, 4)",                                            2.5,                      true },
                {"1_000",                                                           1000,                     false},
                {".5 + 1.",                                                         1.5,                      true },
                {"1e3",                                                             1000,                     true },
                {"True + True",                                                     2,                        false},
                {"((((((((((1))))))))))",                                           1,                        false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                double value;
                bool is_float;
                const char *kind;
                assert_int_equal(eval(rows[i].text, &value, &is_float, &kind), 0);
                assert_true(value - rows[i].value < 1e-9 && rows[i].value - value < 1e-9);
                assert_int_equal(is_float, rows[i].is_float);
        }
}

static void what_is_no_arithmetic_is_refused(void **state) {
        static const struct {
                const char *text;
                int code;
                const char *kind;
        } rows[] = {
                {"",                              -EINVAL, "SyntaxError"      },
                {"1 +",                           -EINVAL, "SyntaxError"      },
                {"(1",                            -EINVAL, "SyntaxError"      },
                {"1 2",                           -EINVAL, "SyntaxError"      },
                {"1 if 2",                        -EINVAL, "SyntaxError"      },
                {"1..2",                          -EINVAL, "SyntaxError"      },
                {"12abc",                         -EINVAL, "SyntaxError"      },
                {"'a'",                           -EINVAL, "SyntaxError"      },
                {"[1]",                           -EINVAL, "SyntaxError"      },
                {"__import__('os').system('id')", -EINVAL, "SyntaxError"      },
                {"open(1)",                       -EINVAL, "NameError"        },
                {"ban.__class__",                 -EINVAL, "NameError"        },
                {"math.exp",                      -EINVAL, "NameError"        },
                {"math.exp(1, 2)",                -EINVAL, "TypeError"        },
                {"1 / 0",                         -EDOM,   "ZeroDivisionError"},
                {"0 ** -1",                       -EDOM,   "ZeroDivisionError"},
                {"1 << -1",                       -EDOM,   "ValueError"       },
                {"math.log(0)",                   -EDOM,   "ValueError"       },
                {"math.exp(1000)",                -EDOM,   "OverflowError"    },
                {"1.5 << 1",                      -EDOM,   "TypeError"        },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                double value;
                bool is_float;
                const char *kind;
                assert_int_equal(eval(rows[i].text, &value, &is_float, &kind), rows[i].code);
                assert_string_equal(kind, rows[i].kind);
        }
}

static void depth_and_length_are_limited(void **state) {
        static char text[FORMULA_TEXT_MAX + 2];
        struct formula_number number;
        (void)state;
        memset(text, '(', 2000);
        assert_int_equal(formula_eval(slice_of(text), NULL, &number, NULL), -E2BIG);
        memset(text, '-', 2000);
        assert_int_equal(formula_eval(slice_of(text), NULL, &number, NULL), -E2BIG);
        memset(text, '1', FORMULA_TEXT_MAX + 1);
        assert_int_equal(formula_eval(slice_of(text), NULL, &number, NULL), -E2BIG);
}

static void factor_knows_no_ban(void **state) {
        struct formula_number number;
        (void)state;
        assert_int_equal(formula_eval(SLICE("2.0 / 2.885385"), NULL, &number, NULL), 0);
        assert_int_equal(formula_eval(SLICE("ban.Time"), NULL, &number, NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(formulas_give_what_python_gives),
                cmocka_unit_test(what_is_no_arithmetic_is_refused),
                cmocka_unit_test(depth_and_length_are_limited),
                cmocka_unit_test(factor_knows_no_ban),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
