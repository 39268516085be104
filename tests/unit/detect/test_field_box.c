/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/field_box.h"

#include "../cmocka_include.h"

static struct field lines_of(const char *const *texts, size_t count, struct arena *arena) {
        struct field_line *lines = arena_alloc_raw(arena, count, sizeof(*lines));
        for (size_t i = 0; i < count; i++) {
                struct slice text = arena_copy(arena, slice_of(texts[i]));
                lines[i] = (struct field_line){.text = text.data, .after = (uint32_t)text.len};
        }
        return field_lines(FIELD_MATCHES, lines, count);
}

static struct fields fields_with(
        const char *user, const char *const *lines, size_t count, struct arena *arena) {
        struct fields fields = FIELDS_EMPTY;
        fields_put(&fields, field_text(FIELD_USER, arena_copy(arena, slice_of(user))), arena);
        fields_put(&fields, lines_of(lines, count, arena), arena);
        return fields;
}

static const struct field_line *lines_in(const struct field_box *box) {
        return fields_lines(&box->fields, FIELD_MATCHES)->lines;
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
        field_box_put(&box, &fields, 0);
        arena_done(&arena);
        assert_slice(field_slice(fields_get(&box.fields, FIELD_USER)), "root");
        assert_memory_equal(lines_in(&box)[1].text, "b", 1);
        field_box_done(&box);
}

static void what_is_there_already_is_not_copied(void **state) {
        static const char *const lines[] = {"a", "b"};
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", lines, 2, &arena);
        field_box_put(&box, &fields, 1);
        const char *user = user_in(&box);
        const struct field_line *list = lines_in(&box);
        const char *a = list[0].text;
        size_t used = field_box_used(&box);
        struct fields again = fields_with("root", NULL, 0, &arena);
        (void)fields_take(&again, FIELD_MATCHES);
        field_box_overlay(&box, &again);
        field_box_lend(&box);
        field_box_keep(&box, fields_bit(FIELD_MATCHES));
        assert_int_equal(field_box_used(&box), used);
        assert_ptr_equal(user_in(&box), user);
        assert_ptr_equal(lines_in(&box), list);
        struct field_line longer[3] = {
                list[0], list[1], {.text = "c", .after = 1}
        };
        fields_put(&box.fields, field_lines(FIELD_MATCHES, longer, 3), &arena);
        field_box_keep(&box, fields_bit(FIELD_MATCHES));
        arena_done(&arena);
        assert_ptr_equal(lines_in(&box)[0].text, a);
        assert_memory_equal(lines_in(&box)[2].text, "c", 1);
        assert_ptr_not_equal(lines_in(&box), longer);
        field_box_done(&box);
}

static void newer_fields_are_laid_over_what_is_there(void **state) {
        static const char *const lines[] = {"a"};
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", lines, 1, &arena), newer = FIELDS_EMPTY;
        fields_put(&fields, field_text(FIELD_IP4, SLICE("192.0.2.1")), &arena);
        field_box_put(&box, &fields, 0);
        fields_put(&newer, field_text(FIELD_MLFID, SLICE("id")), &arena);
        fields_put(&newer, field_text(FIELD_USER, arena_copy(&arena, SLICE("adm"))), &arena);
        fields_put(&newer, (struct field){.name = FIELD_IP4, .kind = FIELD_NONE}, &arena);
        struct fields expected;
        fields_copy(&fields, 0, &arena, &expected);
        fields_overlay(&expected, &newer, &arena);
        field_box_overlay(&box, &newer);
        struct value got = fields_dict(&box.fields, &arena),
                     wanted = fields_dict(&expected, &arena);
        assert_true(value_equal(&got, &wanted));
        assert_int_equal(box.fields.seen, expected.seen);
        arena_done(&arena);
        assert_slice(field_slice(fields_get(&box.fields, FIELD_USER)), "adm");
        field_box_done(&box);
}

static void lines_are_added_and_the_oldest_go(void **state) {
        static const char *const texts[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
        (void)state;
        for (size_t max = 1; max < 12; max++)
                for (size_t step = 1; step < 5; step++) {
                        struct field_box box = FIELD_BOX_INIT;
                        struct fields none = FIELDS_EMPTY;
                        field_box_put(&box, &none, 0);
                        size_t end = 0;
                        while (end + step <= 10) {
                                struct arena arena = ARENA_INIT;
                                struct field added = lines_of(&texts[end], step, &arena);
                                const struct field *before =
                                        fields_lines(&box.fields, FIELD_MATCHES);
                                struct field old = before ? *before : added;
                                char first = old.lines[0].text[0];
                                field_box_add_lines(&box, FIELD_MATCHES, &added, max);
                                assert_int_equal(old.lines[0].text[0], first);
                                arena_done(&arena);
                                end += step;
                                const struct field *all = fields_lines(&box.fields, FIELD_MATCHES);
                                assert_int_equal(all->len, end < max ? end : max);
                                for (size_t i = 0; i < all->len; i++)
                                        assert_memory_equal(
                                                all->lines[i].text, texts[end - all->len + i], 1);
                        }
                        field_box_done(&box);
                }
}

/* Sets grow by appending to a copy of what is in the box. */
static void values_are_taken_with_their_parts(void **state) {
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", NULL, 0, &arena);
        struct value users = value_set();
        (void)value_append(&users, value_string(arena_copy(&arena, SLICE("root"))), &arena);
        fields_put_value(&fields, FIELD_USERS, &users, &arena);
        field_box_put(&box, &fields, 0);
        arena_reset(&arena);
        struct value more = *fields_get(&box.fields, FIELD_USERS)->value;
        const char *root = more.list.items[0].string.data;
        assert_string_equal(root, "root");
        (void)value_append(&more, value_string(arena_copy(&arena, SLICE("adm"))), &arena);
        field_box_lend(&box);
        fields_put_value(&box.fields, FIELD_USERS, &more, &arena);
        field_box_keep(&box, fields_bit(FIELD_USERS));
        arena_done(&arena);
        const struct value *kept = fields_get(&box.fields, FIELD_USERS)->value;
        assert_ptr_equal(kept->list.items[0].string.data, root);
        assert_slice(kept->list.items[1].string, "adm");
        field_box_done(&box);
}

static void more_fields_than_there_was_room_for_are_kept(void **state) {
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", NULL, 0, &arena);
        field_box_put(&box, &fields, 0);
        field_box_lend(&box);
        for (unsigned name = 20; name < 80; name++)
                fields_put(&box.fields, field_text(name, SLICE("x")), &arena);
        field_box_keep(&box, 0);
        arena_done(&arena);
        assert_int_equal(box.fields.count, 62);
        assert_slice(field_slice(fields_get(&box.fields, 79)), "x");
        assert_slice(field_slice(fields_get(&box.fields, FIELD_USER)), "root");
        field_box_done(&box);
}

static void other_order_and_other_kinds_are_taken(void **state) {
        (void)state;
        struct field_box box = FIELD_BOX_INIT;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_with("root", NULL, 0, &arena);
        field_box_put(&box, &fields, 0);
        struct fields other;
        fields_copy(&box.fields, 9, &arena, &other);
        struct field user = fields_take(&other, FIELD_USER);
        for (unsigned name = 20; name < 29; name++)
                fields_put(
                        &other, (struct field){.name = (uint16_t)name, .kind = FIELD_NONE}, &arena);
        fields_put(&other, user, &arena);
        field_box_put(&box, &other, 0);
        arena_done(&arena);
        assert_int_equal(box.fields.count, 11);
        assert_int_equal(box.fields.items[0].name, FIELD_MATCHES);
        assert_int_equal(box.fields.items[1].kind, FIELD_NONE);
        assert_int_equal(box.fields.items[10].name, FIELD_USER);
        assert_slice(field_slice(fields_get(&box.fields, FIELD_USER)), "root");
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
                field_box_put(&box, &fields, 0);
        }
        assert_true(field_box_is_wasteful(&box));
        field_box_settle(&box);
        assert_false(field_box_is_wasteful(&box));
        assert_slice(field_slice(fields_get(&box.fields, FIELD_USER)), "a");
        assert_memory_equal(lines_in(&box)[0].text, "a long text", 11);
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
                cmocka_unit_test(newer_fields_are_laid_over_what_is_there),
                cmocka_unit_test(lines_are_added_and_the_oldest_go),
                cmocka_unit_test(values_are_taken_with_their_parts),
                cmocka_unit_test(more_fields_than_there_was_room_for_are_kept),
                cmocka_unit_test(other_order_and_other_kinds_are_taken),
                cmocka_unit_test(waste_is_noticed_and_freed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
