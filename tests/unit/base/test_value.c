/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/value.h"

#include <math.h>

#include "../cmocka_include.h"

static void floats_print_as_python_does(void **state) {
        (void)state;
        static const struct {
                double f;
                const char *text;
        } rows[] = {
                {0.0,                "0.0"              },
                {1.0,                "1.0"              },
                {-1.5,               "-1.5"             },
                {0.1,                "0.1"              },
                {1795433349.4115567, "1795433349.4115567"},
                {1795433288.0,       "1795433288.0"     },
                {1e15,               "1000000000000000.0"},
                {1e16,               "1e+16"            },
                {1.5e300,            "1.5e+300"         },
                {0.0001,             "0.0001"           },
                {0.00001,            "1e-05"            },
                {1.0 / 3,            "0.3333333333333333"},
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_slice(value_float_text(rows[i].f, &arena), rows[i].text);
        assert_slice(value_float_text((double)NAN, &arena), "nan");
        assert_slice(value_float_text(-(double)INFINITY, &arena), "-inf");
        arena_done(&arena);
}

static struct value sample(struct arena *arena) {
        struct value list = value_list();
        struct value dict = value_dict();
        value_dict_put(&dict, value_text("a"), value_int(1), arena);
        value_dict_put(&dict, value_text("b"), VALUE_OF_NONE, arena);
        (void)value_append(&list, dict, arena);
        (void)value_append(&list, value_bool(true), arena);
        (void)value_append(&list, value_text("x"), arena);
        return list;
}

static void copies_are_equal_and_independent(void **state) {
        (void)state;
        struct arena one = ARENA_INIT;
        struct arena two = ARENA_INIT;
        struct value v = sample(&one);
        struct value copy = value_copy(&v, &two);
        assert_true(value_equal(&v, &copy));
        arena_done(&one);
        assert_slice(value_item_text(&copy, 2), "x");
        value_dict_put(&copy.list.items[0], value_text("a"), value_int(2), &two);
        assert_int_equal(value_dict_get(&copy.list.items[0], "a")->integer, 2);
        assert_null(value_dict_get(&copy.list.items[0], "c"));
        arena_done(&two);
}

static void items_of_other_types_read_as_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value v = sample(&arena);
        assert_int_equal(value_item_text(&v, 1).len, 0);
        assert_int_equal(value_item_text(&v, 99).len, 0);
        assert_null(value_item(&v.list.items[0], 0));
        assert_null(value_dict_get(&v, "a"));
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(floats_print_as_python_does),
                cmocka_unit_test(copies_are_equal_and_independent),
                cmocka_unit_test(items_of_other_types_read_as_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
