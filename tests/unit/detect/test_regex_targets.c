/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_targets.h"

#include "../cmocka_include.h"

static void targets_are_counted_and_the_most_come_last(void **state) {
        uint16_t table[REGEX_CODE_END + 1] = {0};
        struct regex_target targets[REGEX_TARGETS_MAX];
        (void)state;
        assert_int_equal(regex_targets_list(table, targets), 1);
        assert_int_equal(targets[0].count, 128);
        table['\0'] = 9;
        table['a'] = table['b'] = 5;
        table[200] = 7; /* not looked at */
        assert_int_equal(regex_targets_list(table, targets), 3);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(targets[i].op, table[(unsigned char)targets[i].c]);
        assert_int_equal(targets[2].op, 0);
        assert_int_equal(targets[2].count, 125);
        assert_int_equal(targets[0].count + targets[1].count, 3);
        table['x'] = 1;
        assert_int_equal(regex_targets_list(table, targets), REGEX_TARGETS_MAX);
        assert_int_equal(targets[3].count, 124);
        table['y'] = 2;
        assert_int_equal(regex_targets_list(table, targets), 0);
}

static void what_leads_to_one_is_a_set(void **state) {
        uint16_t table[REGEX_CODE_END + 1] = {0};
        struct regex_code code = {.set_count = 0};
        (void)state;
        table['b'] = table['c'] = table[200] = table[REGEX_CODE_END] = 4;
        assert_int_equal(regex_targets_set(&code, table, 4), 1);
        for (size_t c = 0; c <= REGEX_CODE_END; c++)
                assert_int_equal(code.sets[c], c == 'b' || c == 'c');
        assert_int_equal(regex_targets_set(&code, table, 0), 2);
        assert_int_equal(regex_targets_set(&code, table, 4), 1);
        assert_int_equal(code.set_count, 2);
        code.set_count = REGEX_CODE_SETS;
        table['d'] = 4;
        assert_int_equal(regex_targets_set(&code, table, 4), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(targets_are_counted_and_the_most_come_last),
                cmocka_unit_test(what_leads_to_one_is_a_set),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
