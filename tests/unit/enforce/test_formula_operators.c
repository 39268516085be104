/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/formula_operators.h"

#include <errno.h>

#include "../cmocka_include.h"

static void integers_that_outgrow_64_bits_become_floats(void **state) {
        static const struct {
                enum formula_operator what;
                int64_t a, b;
                double value;
                bool is_float;
        } rows[] = {
                {FORMULA_PLUS,   INT64_MAX,        1,                9223372036854775808.0,       true },
                {FORMULA_PLUS,   INT64_MAX - 1,    1,                9223372036854775807.0,       false},
                {FORMULA_MINUS,  INT64_MIN,        1,                -9223372036854775809.0,      true },
                {FORMULA_TIMES,  INT64_C(1) << 40, INT64_C(1) << 40, 1208925819614629174706176.0,
                 true                                                                                  },
                {FORMULA_POWER,  10,               18,               1e18,                        false},
                {FORMULA_POWER,  10,               19,               1e19,                        true },
                {FORMULA_POWER,  -1,               1001,             -1,                          false},
                {FORMULA_POWER,  1,                INT64_MAX,        1,                           false},
                {FORMULA_LEFT,   600,              20,               629145600,                   false},
                {FORMULA_LEFT,   1,                63,               9223372036854775808.0,       true },
                {FORMULA_LEFT,   0,                INT64_MAX,        0,                           false},
                {FORMULA_FLOOR,  INT64_MIN,        -1,               9223372036854775808.0,       true },
                {FORMULA_MODULO, INT64_MIN,        -1,               0,                           false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct formula_value a = formula_value_of(formula_integer(rows[i].a)),
                                     b = formula_value_of(formula_integer(rows[i].b));
                struct formula_value v = formula_binary(rows[i].what, &a, &b);
                assert_null(v.reason);
                assert_int_equal(v.number.is_float, rows[i].is_float);
                assert_true(formula_as_real(&v.number) == rows[i].value);
        }
}

static void what_cannot_be_computed_says_so_to_the_end(void **state) {
        struct formula_value one = formula_value_of(formula_integer(1)),
                             zero = formula_value_of(formula_integer(0)), got;
        (void)state;
        struct formula_value bad = formula_binary(FORMULA_DIVIDE, &one, &zero);
        assert_string_equal(bad.kind, "ZeroDivisionError");
        got = formula_binary(FORMULA_PLUS, &one, &bad);
        assert_ptr_equal(got.reason, bad.reason);
        assert_int_equal(formula_call(SLICE("abs"), &bad, 1, 0, &got), 0);
        assert_ptr_equal(got.reason, bad.reason);
        struct formula_value huge = formula_value_of(formula_integer(1)),
                             by = formula_value_of(formula_integer(5000));
        got = formula_binary(FORMULA_LEFT, &huge, &by);
        assert_string_equal(got.kind, "OverflowError");
}

static void functions_are_known_by_name_and_number(void **state) {
        struct formula_value four = formula_value_of(formula_integer(4)), got;
        struct formula_number constant;
        (void)state;
        assert_int_equal(formula_call(SLICE("math.sqrt"), &four, 1, 0, &got), 0);
        assert_true(got.number.real == 2);
        assert_int_equal(formula_call(SLICE("math.sqrt"), &four, 0, 0, &got), -EINVAL);
        assert_int_equal(formula_call(SLICE("exec"), &four, 1, 0, &got), -ENOENT);
        assert_int_equal(formula_call(SLICE("random.random"), NULL, 0, 0.75, &got), 0);
        assert_true(got.number.real == 0.75);
        assert_true(formula_constant(SLICE("math.pi"), &constant));
        assert_false(formula_constant(SLICE("math.phi"), &constant));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(integers_that_outgrow_64_bits_become_floats),
                cmocka_unit_test(what_cannot_be_computed_says_so_to_the_end),
                cmocka_unit_test(functions_are_known_by_name_and_number),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
