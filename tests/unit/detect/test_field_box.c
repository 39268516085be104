/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/field_box.h"

#include "../cmocka_include.h"

static struct fields fields_with(
        const char *user, const char *const *lines, size_t count, struct arena *arena) {
        struct fields fields = FIELDS_EMPTY;
        struct value list = value_list();
        for (size_t i = 0; i < count; i++)
                (void)value_append(
                        &list, value_string(arena_copy(arena, slice_of(lines[i]))), arena);
        fields_put(&fields, field_text(FIELD_USER, arena_copy(arena, slice_of(user))), arena);
        fields_put_value(&fields, FIELD_MATCHES, &list, arena);
        return fields;
}

static const char *user_in(const struct field_box *box) {
        return fields_get(&box->fields, FIELD_USER)->text;
}

static void what_is_put_outlives_its_arena(void **state) {
        static const char *const lines[] = {"a", "b"};
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", lines, 2, &arena);
        field_box_put(&box, &fields);
        arena_done(&arena);
        assert_string_equal(user_in(&box), "root");
        assert_slice(fields_list(&box.fields, FIELD_MATCHES)->list.items[1].string, "b");
        field_box_done(&box);
}

static void what_is_there_already_is_not_copied(void **state) {
        static const char *const lines[] = {"a", "b"};
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", lines, 2, &arena);
        field_box_put(&box, &fields);
        const char *user = user_in(&box);
        const struct value *list = fields_list(&box.fields, FIELD_MATCHES);
        const char *a = list->list.items[0].string.data;
        struct fields again = fields_copy(&box.fields, 0, &arena);
        fields_put(&again, field_text(FIELD_USER, SLICE("root")), &arena);
        size_t used = field_box_used(&box);
        field_box_put(&box, &again);
        assert_int_equal(field_box_used(&box), used);
        assert_ptr_equal(user_in(&box), user);
        assert_ptr_equal(fields_list(&box.fields, FIELD_MATCHES), list);
        struct value longer = *list;
        (void)value_append(&longer, value_text("c"), &arena); /* in memory of its own */
        assert_ptr_not_equal(longer.list.items, list->list.items);
        fields_put_value(&again, FIELD_MATCHES, &longer, &arena);
        field_box_put(&box, &again);
        arena_done(&arena);
        list = fields_list(&box.fields, FIELD_MATCHES);
        assert_ptr_equal(list->list.items[0].string.data, a);
        assert_slice(list->list.items[2].string, "c");
        field_box_done(&box);
}

static void other_order_and_other_kinds_are_taken(void **state) {
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", NULL, 0, &arena);
        field_box_put(&box, &fields);
        struct fields other = fields_copy(&box.fields, 9, &arena);
        struct field user = fields_take(&other, FIELD_USER);
        for (unsigned name = 20; name < 29; name++)
                fields_put(
                        &other, (struct field){.name = (uint16_t)name, .kind = FIELD_NONE}, &arena);
        fields_put(&other, user, &arena);
        field_box_put(&box, &other);
        arena_done(&arena);
        assert_int_equal(box.fields.count, 11);
        assert_int_equal(box.fields.items[0].name, FIELD_MATCHES);
        assert_int_equal(box.fields.items[1].kind, FIELD_NONE);
        assert_int_equal(box.fields.items[10].name, FIELD_USER);
        assert_string_equal(user_in(&box), "root");
        assert_null(fields_get(&box.fields, FIELD_IP4));
        field_box_done(&box);
}

static void waste_is_noticed_and_freed(void **state) {
        static const char *const lines[] = {"a long text", "another one"};
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        assert_false(field_box_is_wasteful(&box));
        for (int i = 0; i < 1000; i++) {
                struct fields fields = fields_with(i % 2 ? "a" : "b", lines, 2, &arena);
                field_box_put(&box, &fields);
        }
        assert_true(field_box_is_wasteful(&box));
        field_box_settle(&box);
        assert_false(field_box_is_wasteful(&box));
        assert_string_equal(user_in(&box), "a");
        assert_slice(fields_list(&box.fields, FIELD_MATCHES)->list.items[0].string, "a long text");
        assert_true(field_box_used(&box) < 500);
        field_box_clear(&box);
        assert_null(fields_get(&box.fields, FIELD_USER));
        field_box_settle(&box);
        assert_int_equal(field_box_used(&box), 0);
        field_box_done(&box);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_put_outlives_its_arena),
                cmocka_unit_test(what_is_there_already_is_not_copied),
                cmocka_unit_test(other_order_and_other_kinds_are_taken),
                cmocka_unit_test(waste_is_noticed_and_freed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
