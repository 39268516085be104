/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/fields.h"

#include <stdlib.h>

#include "../cmocka_include.h"
#include "base/repr.h"
#include "channel/value_code.h"

static struct arena arena;

static unsigned number(const char *name) {
        return (unsigned)field_name_of(slice_of(name));
}

static struct field none(const char *name) {
        return (struct field){.name = (uint16_t)number(name), .kind = FIELD_NONE};
}

/* {'a': 'a', 'b': None, 'c': '', 'd': [1]} */
static struct fields sample(void) {
        struct fields fields = fields_new(1, &arena);
        struct value list = value_list();
        (void)value_append(&list, value_int(1), &arena);
        fields_append(&fields, field_text(number("a"), SLICE("a")), &arena);
        fields_append(&fields, none("b"), &arena);
        fields_append(&fields, field_text(number("c"), SLICE("")), &arena);
        fields_put_value(&fields, number("d"), &list, &arena);
        return fields;
}

static struct slice shown(const struct fields *fields) {
        struct value dict = fields_dict(fields, &arena);
        return repr(&dict, &arena);
}

static void none_and_empty_are_not_there(void **state) {
        (void)state;
        struct fields fields = sample();
        assert_slice(shown(&fields), "{'a': 'a', 'b': None, 'c': '', 'd': [1]}");
        assert_non_null(fields_get(&fields, number("a")));
        assert_null(fields_get(&fields, number("b")));
        assert_non_null(fields_find(&fields, number("b")));
        assert_non_null(fields_get(&fields, number("c")));
        assert_null(fields_get(&fields, number("x")));
        assert_true(fields_has(&fields, number("a")));
        assert_false(fields_has(&fields, number("b")));
        assert_false(fields_has(&fields, number("c")));
        assert_true(fields_has(&fields, number("d")));
        assert_false(fields_has(&fields, number("x")));
        assert_null(fields_lines(&fields, number("a")));
        assert_null(fields_lines(&fields, number("d")));
}

static void truth_is_pythons(void **state) {
        const struct value rows[] = {value_int(0), value_float(0), value_bool(false), value_list(),
                value_set(), VALUE_OF_NONE};
        (void)state;
        struct value full = value_tuple();
        (void)value_append(&full, VALUE_OF_NONE, &arena);
        const struct value true_rows[] = {value_int(-1), value_float(0.5), value_bool(true), full};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_false(
                        field_is_true(&(struct field){.kind = FIELD_VALUE, .value = &rows[i]}));
        for (size_t i = 0; i < sizeof(true_rows) / sizeof(true_rows[0]); i++)
                assert_true(field_is_true(
                        &(struct field){.kind = FIELD_VALUE, .value = &true_rows[i]}));
}

static void fields_are_equal_by_what_they_say(void **state) {
        (void)state;
        struct value one = value_int(1);
        struct value same = value_int(1);
        struct field text = field_text(1, SLICE("1"));
        struct field other = field_text(2, SLICE("1"));
        struct field number_one = {.kind = FIELD_VALUE, .value = &one};
        struct field number_same = {.kind = FIELD_VALUE, .value = &same};
        assert_true(field_equal(&text, &other));
        assert_true(field_equal(&number_one, &number_same));
        assert_false(field_equal(&text, &number_one));
}

static void take_removes_and_keeps_the_order(void **state) {
        (void)state;
        struct fields fields = sample();
        struct field taken = fields_take(&fields, number("a"));
        assert_slice(field_slice(&taken), "a");
        assert_int_equal(fields_take(&fields, number("a")).kind, FIELD_NONE);
        assert_int_equal(fields_take(&fields, number("b")).kind, FIELD_NONE);
        assert_slice(shown(&fields), "{'c': '', 'd': [1]}");
        fields_put(&fields, field_text(number("a"), SLICE("new")), &arena);
        assert_slice(shown(&fields), "{'c': '', 'd': [1], 'a': 'new'}");
}

static void overlay_leaves_what_newer_does_not_know(void **state) {
        (void)state;
        struct fields fields = sample();
        struct fields newer = FIELDS_EMPTY;
        fields_append(&newer, field_text(number("b"), SLICE("b")), &arena);
        fields_append(&newer, none("d"), &arena);
        fields_append(&newer, field_text(number("e"), SLICE("e")), &arena);
        struct fields copy;
        fields_copy(&fields, 0, &arena, &copy);
        fields_overlay(&fields, &newer, &arena);
        assert_slice(shown(&fields), "{'a': 'a', 'b': 'b', 'c': '', 'd': [1], 'e': 'e'}");
        assert_slice(shown(&copy), "{'a': 'a', 'b': None, 'c': '', 'd': [1]}");
        struct fields known;
        fields_copy_known(&copy, &arena, &known);
        assert_slice(shown(&known), "{'a': 'a', 'c': '', 'd': [1]}");
}

/* A dict of Python's, beside which the fields are changed in the same way. More names than bits. */
static void many_random_changes_are_those_of_a_dict(void **state) {
        static char names[150][8];
        uint32_t random = 1;
        (void)state;
        for (unsigned i = 0; i < 150; i++)
                (void)snprintf(names[i], sizeof(names[i]), "r%u", i);
        struct fields fields = FIELDS_EMPTY;
        struct value dict = value_dict();
        for (unsigned round = 0; round < 4000; round++) {
                random = random * 1103515245u + 12345u;
                const char *name = names[(random >> 16) % 150];
                switch (random >> 8 & 3) {
                case 0: {
                        const struct value *known = value_dict_get(&dict, name);
                        struct value items = dict;
                        dict = value_dict();
                        for (size_t i = 0; i < items.list.count; i += 2)
                                if (&items.list.items[i + 1] != known)
                                        value_dict_put(&dict, items.list.items[i],
                                                items.list.items[i + 1], &arena);
                        (void)fields_take(&fields, number(name));
                        break;
                }
                case 1:
                        value_dict_put(&dict, value_text(name), VALUE_OF_NONE, &arena);
                        fields_put(&fields, none(name), &arena);
                        break;
                default: {
                        const char *text = names[(random >> 20) % 150];
                        value_dict_put(&dict, value_text(name), value_text(text), &arena);
                        fields_put(&fields, field_text(number(name), slice_of(text)), &arena);
                }
                }
                struct value as_dict = fields_dict(&fields, &arena);
                assert_true(value_equal(&as_dict, &dict));
        }
}

static void bytes_are_those_of_the_dict(void **state) {
        (void)state;
        struct fields fields = sample();
        struct value dict = fields_dict(&fields, &arena);
        struct fields back;
        size_t size = fields_coded_size(&fields);
        assert_int_equal(size, value_coded_size(&dict));
        char *bytes = arena_alloc(&arena, size);
        char *expected = arena_alloc(&arena, size);
        assert_ptr_equal(fields_write(bytes, &fields), bytes + size);
        (void)value_write(expected, &dict);
        assert_memory_equal(bytes, expected, size);
        assert_true(fields_of_dict(&dict, &arena, &back));
        assert_slice(shown(&back), "{'a': 'a', 'b': None, 'c': '', 'd': [1]}");
}

static void lines_are_a_list_of_tuples(void **state) {
        static const struct field_line lines[] = {
                {"adb", 1, 1, 1},
                {"",    0, 0, 0}
        };
        (void)state;
        struct fields fields = sample(), back;
        fields_put(&fields, field_lines(FIELD_MATCHES, lines, 2), &arena);
        struct value dict = fields_dict(&fields, &arena);
        assert_slice(
                repr(value_dict_get(&dict, "matches"), &arena), "[('a', 'd', 'b'), ('', '', '')]");
        assert_true(fields_has(&fields, FIELD_MATCHES));
        assert_non_null(fields_lines(&fields, FIELD_MATCHES));
        size_t size = fields_coded_size(&fields);
        assert_int_equal(size, value_coded_size(&dict));
        char *bytes = arena_alloc(&arena, size), *expected = arena_alloc(&arena, size);
        assert_ptr_equal(fields_write(bytes, &fields), bytes + size);
        (void)value_write(expected, &dict);
        assert_memory_equal(bytes, expected, size);
        assert_true(fields_of_dict(&dict, &arena, &back));
        assert_int_equal(fields_lines(&back, FIELD_MATCHES)->len, 2);
        assert_slice(shown(&back), shown(&fields).data);
        assert_true(field_equal(
                fields_find(&back, FIELD_MATCHES), fields_find(&fields, FIELD_MATCHES)));
}

static void dict_with_other_keys_is_no_fields(void **state) {
        (void)state;
        struct value dict = value_dict();
        struct fields fields;
        value_dict_put(&dict, value_text("a"), value_text("x"), &arena);
        value_dict_put(&dict, value_int(1), value_text("x"), &arena);
        assert_false(fields_of_dict(&dict, &arena, &fields));
        assert_int_equal(fields.count, 0);
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(none_and_empty_are_not_there),
                cmocka_unit_test(truth_is_pythons),
                cmocka_unit_test(fields_are_equal_by_what_they_say),
                cmocka_unit_test(take_removes_and_keeps_the_order),
                cmocka_unit_test(overlay_leaves_what_newer_does_not_know),
                cmocka_unit_test(many_random_changes_are_those_of_a_dict),
                cmocka_unit_test(bytes_are_those_of_the_dict),
                cmocka_unit_test(lines_are_a_list_of_tuples),
                cmocka_unit_test(dict_with_other_keys_is_no_fields),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
