/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/regex_repr.h"

#include <math.h>

#include "../cmocka_include.h"

static void times_print_as_python_has_them(void **state) {
        static const struct {
                double seconds;
                enum regex_time type;
                const char *text;
        } rows[] = {
                {1709629200,    REGEX_TIME_FLOAT, "1709629200.0" },
                {1709629200.25, REGEX_TIME_FLOAT, "1709629200.25"},
                {1709629200,    REGEX_TIME_INT,   "1709629200"   },
                {(double)NAN,   REGEX_TIME_FLOAT, "None"         },
                {(double)NAN,   REGEX_TIME_INT,   "None"         },
        };
        struct arena arena = ARENA_INIT;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_slice(regex_repr_time(rows[i].seconds, rows[i].type, &arena), rows[i].text);
        arena_done(&arena);
}

static void matches_of_three_parts_print_as_tuples(void **state) {
        struct arena arena = ARENA_INIT;
        struct value matches = value_list();
        struct value parts = value_list();
        (void)state;
        assert_slice(regex_repr_matches(&matches, &arena), "[]");
        (void)value_append(&parts, value_text(""), &arena);
        (void)value_append(&parts, value_text("Aug 14"), &arena);
        (void)value_append(&parts, value_text(" it's"), &arena);
        (void)value_append(&matches, parts, &arena);
        (void)value_append(&matches, value_text("whole"), &arena);
        assert_slice(regex_repr_matches(&matches, &arena), "[('', 'Aug 14', \" it's\"), 'whole']");
        assert_int_equal(matches.list.items[0].type, VALUE_LIST); /* the argument stays as it is */
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_print_as_python_has_them),
                cmocka_unit_test(matches_of_three_parts_print_as_tuples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
