/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/number.h"

#include <errno.h>
#include <math.h>

#include <stdio.h>

#include "../cmocka_include.h"

static void integers_are_whole_texts(void **state) {
        (void)state;
        static const struct {
                const char *text;
                int result;
                int64_t value;
        } rows[] = {
                {"0",                    0,       0        },
                {"-1",                   0,       -1       },
                {"+7",                   0,       7        },
                {"9223372036854775807",  0,       INT64_MAX},
                {"-9223372036854775808", 0,       INT64_MIN},
                {"9223372036854775808",  -ERANGE, 0        },
                {"",                     -EINVAL, 0        },
                {"-",                    -EINVAL, 0        },
                {" 1",                   -EINVAL, 0        },
                {"1x",                   -EINVAL, 0        },
                {"0x10",                 -EINVAL, 0        },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int64_t got = 42;
                assert_int_equal(number_parse_i64(slice_of(rows[i].text), &got), rows[i].result);
                assert_int_equal(got, rows[i].result == 0 ? rows[i].value : 42);
        }
        uint32_t small = 5;
        assert_int_equal(number_parse_u32(SLICE("4294967295"), &small), 0);
        assert_int_equal(small, UINT32_MAX);
        assert_int_equal(number_parse_u32(SLICE("4294967296"), &small), -ERANGE);
        assert_int_equal(number_parse_u32(SLICE("-1"), &small), -EINVAL);
}

static void python_int_takes_blanks_and_underscores(void **state) {
        (void)state;
        int64_t got = 0;
        assert_int_equal(number_parse_python_int(SLICE(" 1_000\n"), &got), 0);
        assert_int_equal(got, 1000);
        assert_int_equal(number_parse_python_int(SLICE("1__0"), &got), -EINVAL);
        assert_int_equal(number_parse_python_int(SLICE("_1"), &got), -EINVAL);
        assert_int_equal(number_parse_python_int(SLICE("1_"), &got), -EINVAL);
        assert_int_equal(number_parse_python_int(SLICE("1.0"), &got), -EINVAL);
}

static void doubles_have_python_form(void **state) {
        (void)state;
        double got = 0;
        assert_int_equal(number_parse_double(SLICE(" -1.5e3 "), &got), 0);
        assert_true(fabs(got + 1500) < 1e-9);
        assert_int_equal(number_parse_double(SLICE(".5"), &got), 0);
        assert_int_equal(number_parse_double(SLICE("5."), &got), 0);
        static const char *const bad[] = {"", ".", "e5", "1e", "0x1", "inf", "nan", "1 2", "1f"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(number_parse_double(slice_of(bad[i]), &got), -EINVAL);
}

static void numbers_print_as_printf_does(void **state) {
        static const uint64_t rows[] = {0, 1, 9, 10, 99, 100, 4294967295, UINT64_MAX};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[NUMBER_DIGITS_MAX + 1];
                char wanted[NUMBER_DIGITS_MAX + 1];
                (void)snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)rows[i]);
                text[number_print_u64(rows[i], text)] = '\0';
                assert_string_equal(text, wanted);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_print_as_printf_does),
                cmocka_unit_test(integers_are_whole_texts),
                cmocka_unit_test(python_int_takes_blanks_and_underscores),
                cmocka_unit_test(doubles_have_python_form),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
