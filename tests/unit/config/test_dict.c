/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/dict.h"

#include "../cmocka_include.h"

static struct slice key_of(size_t i, struct arena *arena) {
        return arena_printf(arena, "key%zu", i);
}

static void order_is_that_of_first_insertion(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct dict dict = {.count = 0};
        dict_put(&dict, SLICE("b"), value_int(1), &arena);
        dict_put(&dict, SLICE("a"), value_int(2), &arena);
        dict_put(&dict, SLICE("b"), value_int(3), &arena);
        assert_int_equal(dict.count, 2);
        assert_true(slice_is(dict.entries[0].key, "b"));
        assert_int_equal(dict.entries[0].value.integer, 3);
        assert_int_equal(dict_get(&dict, SLICE("a"))->integer, 2);
        assert_null(dict_get(&dict, SLICE("c")));
        arena_done(&arena);
}

static void many_entries_are_found(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct dict dict = {.count = 0};
        for (size_t i = 0; i < 5000; i++)
                dict_put(&dict, key_of(i, &arena), value_int((int64_t)i), &arena);
        assert_int_equal(dict.count, 5000);
        for (size_t i = 0; i < 5000; i++)
                assert_int_equal(dict_get(&dict, key_of(i, &arena))->integer, i);
        assert_null(dict_get(&dict, SLICE("key5000")));
        arena_done(&arena);
}

static void copies_are_independent(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct dict dict = {.count = 0};
        for (size_t i = 0; i < 20; i++)
                dict_put(&dict, key_of(i, &arena), value_int(0), &arena);
        struct dict copy = dict_copy(&dict, &arena);
        dict_put(&copy, SLICE("key3"), value_int(9), &arena);
        dict_put(&copy, SLICE("more"), value_int(9), &arena);
        assert_int_equal(dict_get(&dict, SLICE("key3"))->integer, 0);
        assert_null(dict_get(&dict, SLICE("more")));
        assert_int_equal(copy.count, 21);
        struct dict empty = {.count = 0};
        assert_int_equal(dict_copy(&empty, &arena).count, 0);
        arena_done(&arena);
}

static void merging_replaces_and_appends(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct dict a = {.count = 0};
        struct dict b = {.count = 0};
        dict_put(&a, SLICE("x"), value_int(1), &arena);
        dict_put(&a, SLICE("y"), value_int(1), &arena);
        dict_put(&b, SLICE("z"), value_int(2), &arena);
        dict_put(&b, SLICE("x"), value_int(2), &arena);
        dict_merge(&a, &b, &arena);
        assert_int_equal(a.count, 3);
        assert_int_equal(a.entries[0].value.integer, 2);
        assert_true(slice_is(a.entries[2].key, "z"));
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(order_is_that_of_first_insertion),
                cmocka_unit_test(many_entries_are_found),
                cmocka_unit_test(copies_are_independent),
                cmocka_unit_test(merging_replaces_and_appends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
