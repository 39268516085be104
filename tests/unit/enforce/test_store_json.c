/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/store_json.h"

#include <errno.h>

#include "../cmocka_include.h"

static void assert_written(const struct value *v, const char *wanted) {
        struct buffer out = BUFFER_INIT(STORE_JSON_MAX);
        assert_int_equal(store_json_put(&out, v), 0);
        assert_slice(buffer_view(&out), wanted);
        buffer_done(&out);
}

static void values_are_written_as_python_does(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value dict = value_dict();
        struct value list = value_list();
        (void)value_append(&list, value_text("a \"b\" \\ \n\t\x01 \xc3\xa9 \xe2\x82\xac"), &arena);
        (void)value_append(&list, value_int(-5), &arena);
        (void)value_append(&list, value_float(1.5), &arena);
        (void)value_append(&list, value_float(2), &arena);
        (void)value_append(&list, value_bool(true), &arena);
        (void)value_append(&list, VALUE_OF_NONE, &arena);
        value_dict_put(&dict, value_text("matches"), list, &arena);
        value_dict_put(&dict, value_text("empty"), value_dict(), &arena);
        assert_written(&dict, "{\"matches\": [\"a \\\"b\\\" \\\\ \\n\\t\\u0001 \xc3\xa9 "
                              "\xe2\x82\xac\", -5, 1.5, 2.0, true, null], \"empty\": {}}");
        arena_done(&arena);
}

static void what_is_written_is_read_back(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(STORE_JSON_MAX);
        struct value dict = value_dict();
        struct value list = value_list();
        struct value back;
        (void)value_append(&list, value_text("x"), &arena);
        value_dict_put(&dict, value_text("matches"), list, &arena);
        value_dict_put(&dict, value_text("failures"), value_int(3), &arena);
        assert_int_equal(store_json_put(&out, &dict), 0);
        assert_int_equal(store_json_get(buffer_view(&out), &arena, &back), 0);
        assert_true(value_equal(&dict, &back));
        buffer_done(&out);
        arena_done(&arena);
}

static void damaged_columns_are_refused(void **state) {
        static const char *const rows[] = {"", "no json", "[1]", "{\"a\": ", "{\"a\": 1} x"};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value v;
                assert_int_equal(store_json_get(slice_of(rows[i]), &arena, &v), -EBADMSG);
                arena_done(&arena);
        }
}

static void a_small_buffer_is_no_harm(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(4);
        struct value v = value_text("much longer than that");
        assert_int_equal(store_json_put(&out, &v), -ENOBUFS);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_written_as_python_does),
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(damaged_columns_are_refused),
                cmocka_unit_test(a_small_buffer_is_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
