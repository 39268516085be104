/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/repr.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"
#include "base/utf8.h"

static void quotes_and_escapes_are_pythons(void **state) {
        (void)state;
        const struct {
                struct slice text;
                const char *repr;
        } rows[] = {
                {SLICE(""),                               "''"                                   },
                {SLICE("a"),                              "'a'"                                  },
                {SLICE("it's"),                           "\"it's\""                             },
                {SLICE("say \"x\""),                      "'say \"x\"'"                          },
                {SLICE("'\""),                            "'\\'\"'"                              },
                {SLICE("a\\b"),                           "'a\\\\b'"                             },
                {SLICE("\n\t\r\x01\x7f\0z"),              "'\\n\\t\\r\\x01\\x7f\\x00z'"          },
                {SLICE("\u00e9\u20ac\U0001f600"),         "'\u00e9\u20ac\U0001f600'"             },
                {SLICE("\xc2\x85\u00a0\u00ad"),           "'\\x85\\xa0\\xad'"                    },
                {SLICE("\ufeff\u200b\u2028\ue000\u0378"), "'\\ufeff\\u200b\\u2028\\ue000\\u0378'"},
                {SLICE("\U000e0001\U0010ffff\U0001fbf9"), "'\\U000e0001\\U0010ffff\U0001fbf9'"   },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_slice(repr_text(rows[i].text, &arena), rows[i].repr);
        arena_done(&arena);
}

static void invalid_utf8_is_escaped_bytewise(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        assert_slice(repr_text(SLICE("a\xff\xc3z\xe2\x82"), &arena), "'a\\xff\\xc3z\\xe2\\x82'");
        arena_done(&arena);
}

/* The FNV-1a sum of Python 3.11's repr(chr(c)) of all of them. */
static void every_code_point_is_as_in_python(void **state) {
        (void)state;
        uint64_t sum = 0xcbf29ce484222325;
        struct buffer out = BUFFER_INIT(64);
        for (uint32_t c = 0; c <= 0x10ffff; c++) {
                if (c >= 0xd800 && c <= 0xdfff)
                        continue;
                char bytes[UTF8_SEQUENCE_MAX];
                buffer_clear(&out);
                assert_int_equal(
                        repr_put_text(&out, (struct slice){bytes, utf8_encode(c, bytes)}), 0);
                struct slice text = buffer_view(&out);
                for (size_t i = 0; i < text.len; i++)
                        sum = (sum ^ (unsigned char)text.data[i]) * 0x100000001b3;
        }
        buffer_done(&out);
        assert_true(sum == 0xc36a04a7e8a489eb);
}

static struct value bytes_of(struct slice s) {
        return (struct value){.type = VALUE_BYTES, .string = s};
}

static void values_print_as_in_python(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, VALUE_OF_NONE, &arena);
        (void)value_append(&list, value_bool(true), &arena);
        (void)value_append(&list, value_int(-3), &arena);
        struct value tuple = value_tuple();
        assert_slice(repr(&tuple, &arena), "()");
        (void)value_append(&tuple, value_int(1), &arena);
        assert_slice(repr(&tuple, &arena), "(1,)");
        struct value set = value_set();
        assert_slice(repr(&set, &arena), "set()");
        (void)value_append(&set, value_int(2), &arena);
        struct value dict = value_dict();
        assert_slice(repr(&dict, &arena), "{}");
        value_dict_put(&dict, value_text("a"), value_float(1.5), &arena);
        value_dict_put(&dict, value_text("b"), list, &arena);
        value_dict_put(&dict, tuple, set, &arena);
        value_dict_put(&dict, value_text("c"), bytes_of(SLICE("\0'\xff\n\xc3\xa9")), &arena);
        assert_slice(repr(&dict, &arena),
                "{'a': 1.5, 'b': [None, True, -3], (1,): {2}, 'c': b\"\\x00'\\xff\\n\\xc3\\xa9\"}");
        (void)value_append(&tuple, value_bool(false), &arena);
        assert_slice(repr(&tuple, &arena), "(1, False)");
        struct value number = value_float(1e16);
        assert_slice(repr(&number, &arena), "1e+16");
        number = value_float(-(double)INFINITY);
        assert_slice(repr(&number, &arena), "-inf");
        number = value_int(INT64_MIN);
        assert_slice(repr(&number, &arena), "-9223372036854775808");
        arena_done(&arena);
}

static void str_leaves_texts_alone(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value text = value_text("it's\n");
        assert_slice(repr_str(&text, &arena), "it's\n");
        struct value bytes = bytes_of(SLICE("x"));
        assert_slice(repr_str(&bytes, &arena), "b'x'");
        struct value none = VALUE_OF_NONE;
        assert_slice(repr_str(&none, &arena), "None");
        arena_done(&arena);
}

static void nesting_ends_in_dots(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value v = value_int(1);
        for (int i = 0; i < 100000; i++) {
                struct value outer = value_list();
                (void)value_append(&outer, v, &arena);
                v = outer;
        }
        struct slice text = repr(&v, &arena);
        assert_int_equal(text.len, 2 * (VALUE_DEPTH_MAX + 1) + 3);
        assert_memory_equal(text.data + VALUE_DEPTH_MAX, "[...]", 5);
        arena_done(&arena);
}

static void a_full_buffer_is_told(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("a\nb"), &arena);
        (void)value_append(&list, bytes_of(SLICE("\xff")), &arena);
        (void)value_append(&list, value_float(2.5), &arena);
        size_t whole = repr(&list, &arena).len;
        for (size_t max = 0; max < whole; max++) {
                struct buffer out = BUFFER_INIT(max);
                assert_int_equal(repr_put(&out, &list), -ENOBUFS);
                buffer_done(&out);
        }
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quotes_and_escapes_are_pythons),
                cmocka_unit_test(invalid_utf8_is_escaped_bytewise),
                cmocka_unit_test(every_code_point_is_as_in_python),
                cmocka_unit_test(values_print_as_in_python),
                cmocka_unit_test(str_leaves_texts_alone),
                cmocka_unit_test(nesting_ends_in_dots),
                cmocka_unit_test(a_full_buffer_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
