/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/value_box.h"

#include "../cmocka_include.h"

static struct value list_of(const char *const *texts, size_t count, struct arena *arena) {
        struct value list = value_list();
        for (size_t i = 0; i < count; i++)
                (void)value_append(
                        &list, value_string(arena_copy(arena, slice_of(texts[i]))), arena);
        return list;
}

static void what_is_put_outlives_its_arena(void **state) {
        static const char *const texts[] = {"a", "b"};
        (void)state;
        struct value_box box = VALUE_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct value list = list_of(texts, 2, &arena);
        struct value dict = value_dict();
        value_dict_put(&dict, value_text("k"), list, &arena);
        value_box_put(&box, &dict);
        arena_done(&arena);
        assert_slice(value_dict_get(&box.value, "k")->list.items[1].string, "b");
        value_box_done(&box);
}

static void parts_that_are_there_already_are_not_copied(void **state) {
        static const char *const texts[] = {"a", "b"};
        (void)state;
        struct value_box box = VALUE_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct value list = list_of(texts, 2, &arena);
        value_box_put(&box, &list);
        const char *a = box.value.list.items[0].string.data;
        const struct value *items = box.value.list.items;
        struct value same = box.value;
        value_box_put(&box, &same);
        assert_ptr_equal(box.value.list.items, items);
        struct value longer = box.value;
        (void)value_append(&longer, value_text("c"), &arena); /* in memory of its own */
        assert_ptr_not_equal(longer.list.items, items);
        value_box_put(&box, &longer);
        arena_done(&arena);
        assert_ptr_equal(box.value.list.items[0].string.data, a);
        assert_slice(box.value.list.items[2].string, "c");
        value_box_done(&box);
}

static void waste_is_noticed_and_freed(void **state) {
        static const char *const texts[] = {"a long text", "another one"};
        (void)state;
        struct value_box box = VALUE_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct value list = list_of(texts, 2, &arena);
        assert_false(value_box_is_wasteful(&box));
        for (int i = 0; i < 1000; i++)
                value_box_put(&box, &list);
        assert_true(value_box_is_wasteful(&box));
        value_box_settle(&box);
        assert_false(value_box_is_wasteful(&box));
        assert_true(value_equal(&box.value, &list));
        assert_true(value_box_used(&box) < 400);
        value_box_clear(&box);
        assert_int_equal(box.value.type, VALUE_NONE);
        value_box_settle(&box);
        assert_int_equal(value_box_used(&box), 0);
        value_box_done(&box);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_put_outlives_its_arena),
                cmocka_unit_test(parts_that_are_there_already_are_not_copied),
                cmocka_unit_test(waste_is_noticed_and_freed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
