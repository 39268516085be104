/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/json.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"
#include "base/repr.h"
#include "wire/frame.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static void texts_become_values(void **state) {
        (void)state;
        const struct {
                const char *json;
                const char *repr;
        } rows[] = {
                {"[\"set\",\"sshd\",\"banip\",\"192.0.2.1\"]",
                 "['set', 'sshd', 'banip', '192.0.2.1']"                                             },
                {"{\"command\": [\"ping\"], \"x\": {}}",             "{'command': ['ping'], 'x': {}}"},
                {"[null,true,false,-5,1.5,1.0,9223372036854775807]",
                 "[None, True, False, -5, 1.5, 1.0, 9223372036854775807]"                            },
                {" [ ] \r",                                          "[]"                            },
                {"\"\\u00e9\\ud83d\\ude00\\u0000\\\"\"",             "'\u00e9\U0001f600\\x00\"'"     },
                {"7",                                                "7"                             },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct value v;
                assert_int_equal(json_decode(slice_of(rows[i].json), &arena, &v, NULL), 0);
                assert_slice(repr(&v, &arena), rows[i].repr);
        }
        arena_done(&arena);
}

static void what_is_no_json_is_refused(void **state) {
        (void)state;
        static const char *const texts[] = {"", "[", "[1,]", "[1]x", "{\"a\":1,\"a\":2}", "{1:2}",
                "[9223372036854775808]", "[1e999]", "[\"\xff\"]", "[\"\\ud800\"]", "['a']", "[nan]",
                "[\"a\nb\"]", "\"", "[\"\\"};
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < COUNT(texts); i++) {
                struct value v;
                struct fault fault = FAULT_INIT;
                assert_int_equal(json_decode(slice_of(texts[i]), &arena, &v, &fault), -EBADMSG);
                assert_memory_equal(fault_text(&fault), "JSON: line ", 11);
                fault_done(&fault);
        }
        arena_done(&arena);
}

static struct slice repeated(const char *text, size_t count, const char *end, struct arena *arena) {
        struct slice all = {NULL, count * strlen(text) + strlen(end)};
        char *out = arena_alloc(arena, all.len + 1);
        for (size_t i = 0; i < count; i++)
                memcpy(out + i * strlen(text), text, strlen(text));
        memcpy(out + count * strlen(text), end, strlen(end));
        all.data = out;
        return all;
}

static void nesting_and_items_have_caps(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value v;
        struct fault fault = FAULT_INIT;
        struct slice deep = arena_printf(&arena, "%.*s%.*s",
                SLICE_ARG(repeated("[", VALUE_DEPTH_MAX, "", &arena)),
                SLICE_ARG(repeated("]", VALUE_DEPTH_MAX, "", &arena)));
        assert_int_equal(json_decode(deep, &arena, &v, &fault), 0);
        deep = arena_printf(&arena, "[%.*s]", SLICE_ARG(deep));
        assert_int_equal(json_decode(deep, &arena, &v, &fault), -EBADMSG);
        assert_string_equal(fault_text(&fault), "JSON is nested too deep");
        struct slice many = arena_printf(
                &arena, "[%.*s", SLICE_ARG(repeated("1,", JSON_ITEMS_MAX - 1, "1]", &arena)));
        assert_int_equal(json_decode(many, &arena, &v, &fault), 0);
        many = arena_printf(
                &arena, "[%.*s", SLICE_ARG(repeated("1,", JSON_ITEMS_MAX, "1]", &arena)));
        assert_int_equal(json_decode(many, &arena, &v, &fault), -EBADMSG);
        assert_memory_equal(fault_text(&fault), "JSON of more than", 17);
        /* In a text they are no items. */
        struct slice text = arena_printf(
                &arena, "[\"\\\"%.*s", SLICE_ARG(repeated("[{,", JSON_ITEMS_MAX, "\"]", &arena)));
        assert_int_equal(json_decode(text, &arena, &v, &fault), 0);
        fault_done(&fault);
        arena_done(&arena);
}

static void values_become_one_line(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value dict = value_dict();
        struct value tuple = value_tuple();
        (void)value_append(&tuple, value_int(1), &arena);
        (void)value_append(&tuple, VALUE_OF_NONE, &arena);
        struct value set = value_set();
        (void)value_append(&set, value_bool(true), &arena);
        value_dict_put(
                &dict, value_text("a\"\\\n\x01\x7f"), value_text("\u00e9\U0001f600\t\xff"), &arena);
        value_dict_put(&dict, value_int(5), tuple, &arena);
        value_dict_put(&dict, tuple, set, &arena);
        value_dict_put(&dict, value_text("f"), value_float(1e16), &arena);
        value_dict_put(&dict, value_text("i"), value_float((double)INFINITY), &arena);
        value_dict_put(&dict, value_text("e"), value_dict(), &arena);
        value_dict_put(&dict, value_text("b"),
                (struct value){.type = VALUE_BYTES, .string = SLICE("x\xe9")}, &arena);
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(json_encode(&out, &dict), 0);
        assert_slice(buffer_view(&out),
                "{\"a\\\"\\\\\\n\\u0001\\u007f\":\"\u00e9\U0001f600\\t\ufffd\",\"5\":[1,null],\"(1,"
                " None)\":[true],"
                "\"f\":1e+16,\"i\":null,\"e\":{},\"b\":\"x\ufffd\"}");
        struct value back;
        assert_int_equal(json_decode(buffer_view(&out), &arena, &back, NULL), 0);
        size_t whole = buffer_len(&out);
        buffer_done(&out);
        for (size_t max = 0; max < whole; max++) {
                struct buffer small = BUFFER_INIT(max);
                assert_int_equal(json_encode(&small, &dict), -ENOBUFS);
                buffer_done(&small);
        }
        arena_done(&arena);
}

static void no_text_can_end_a_frame(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value text = value_text("x" FRAME_END "\n");
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(json_encode(&out, &text), 0);
        assert_slice(buffer_view(&out), "\"x\\u003cF2B_END_COMMAND>\\n\"");
        buffer_done(&out);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_become_values),
                cmocka_unit_test(what_is_no_json_is_refused),
                cmocka_unit_test(nesting_and_items_have_caps),
                cmocka_unit_test(values_become_one_line),
                cmocka_unit_test(no_text_can_end_a_frame),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
