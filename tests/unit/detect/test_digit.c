/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/digit.h"

#include <errno.h>

#include "../cmocka_include.h"

static void digits_of_every_script_count(void **state) {
        (void)state;
        static const struct {
                const char *text;
                size_t len;
                int value;
        } rows[] = {
                {"7x",               1, 7},
                {"\xd9\xa2",         2, 2}, /* U+0662 */
                {"\xef\xbc\x99",     3, 9}, /* U+FF19 */
                {"\xf0\x9d\x9f\x98", 4, 0}, /* U+1D7D8 */
                {"\xf0\x9d\x9f\x97", 4, 9}, /* U+1D7D7, the digit before it */
                {"x",                0, 0},
                {"",                 0, 0},
                {"\xc2\xb2",         0, 0}, /* superscript two is no decimal digit */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int value = 0;
                assert_int_equal(digit_value(slice_of(rows[i].text), &value), rows[i].len);
                assert_int_equal(value, rows[i].value);
        }
}

static void integers_are_read_as_python_does(void **state) {
        (void)state;
        int64_t value = 0;
        assert_int_equal(digit_parse_int(SLICE(" 5"), &value), 0);
        assert_int_equal(value, 5);
        assert_int_equal(digit_parse_int(SLICE("\xd9\xa2\xd9\xa0" "24"), &value), 0);
        assert_int_equal(value, 2024);
        assert_int_equal(digit_parse_int(SLICE(""), &value), -EINVAL);
        assert_int_equal(digit_parse_int(SLICE("x"), &value), -EINVAL);
        assert_int_equal(digit_parse_int(SLICE("99999999999999999999"), &value), -ERANGE);
        char many[200];
        memset(many, '1', sizeof(many));
        assert_int_equal(digit_parse_int((struct slice){many, sizeof(many)}, &value), -ERANGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digits_of_every_script_count),
                cmocka_unit_test(integers_are_read_as_python_does),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
