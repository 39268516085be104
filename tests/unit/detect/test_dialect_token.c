/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/dialect_parser.h"

#include <errno.h>

#include "../cmocka_include.h"

struct test {
        struct dialect dialect;
        struct fault fault;
        struct dialect_parser parser;
};

static void begin(struct test *t, const char *text) {
        *t = (struct test){
                .dialect = {.text = BUFFER_INIT(64), .ascii_only = true}
        };
        t->parser = (struct dialect_parser){.text = slice_of(text),
                .subject = DIALECT_UTF,
                .out = &t->dialect,
                .fault = &t->fault};
        token_start(&t->parser);
}

static void finish(struct test *t) {
        dialect_done(&t->dialect);
        fault_done(&t->fault);
}

static void tokens_are_characters_and_escapes(void **state) {
        static const char *const expected[] = {"a", "\\d", "\xc3\xa9", "\\\xc3\xa9", "\\\\", "("};
        struct test t;
        (void)state;
        begin(&t, "a\\d\xc3\xa9\\\xc3\xa9\\\\(");
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
                assert_slice(token_peek(&t.parser), expected[i]);
                assert_slice(token_take(&t.parser), expected[i]);
        }
        assert_int_equal(token_take(&t.parser).len, 0);
        assert_int_equal(token_take(&t.parser).len, 0);
        assert_int_equal(t.parser.error, 0);
        finish(&t);
}

static void backslash_at_the_end_fails_when_it_is_ahead(void **state) {
        struct test t;
        (void)state;
        begin(&t, "ab\\");
        (void)token_take(&t.parser);
        assert_int_equal(t.parser.error, 0);
        (void)token_take(&t.parser);
        assert_int_equal(t.parser.error, -EINVAL);
        assert_string_equal(fault_text(&t.fault), "bad escape (end of pattern) at position 2");
        assert_int_equal(token_peek(&t.parser).len, 0);
        finish(&t);
}

static void only_the_one_character_is_matched(void **state) {
        struct test t;
        (void)state;
        begin(&t, "\\))");
        assert_false(token_match(&t.parser, ')'));
        (void)token_take(&t.parser);
        assert_true(token_match(&t.parser, ')'));
        assert_false(token_match(&t.parser, ')'));
        finish(&t);
}

static void names_reach_to_their_terminator(void **state) {
        static const struct {
                const char *text;
                const char *name;
                const char *error;
        } rows[] = {
                {"user>x", "user", NULL                                        },
                {">",      "",     "missing group name at position 0"          },
                {"",       "",     "missing group name at position 0"          },
                {"user",   "",     "missing >, unterminated name at position 0"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct test t;
                begin(&t, rows[i].text);
                assert_slice(token_until(&t.parser, '>', "group name"), rows[i].name);
                assert_int_equal(t.parser.error, rows[i].error ? -EINVAL : 0);
                if (rows[i].error)
                        assert_string_equal(fault_text(&t.fault), rows[i].error);
                finish(&t);
        }
}

static void runs_end_at_max_or_at_other_characters(void **state) {
        struct test t;
        (void)state;
        begin(&t, "1234x");
        assert_slice(token_while(&t.parser, 2, "0123456789"), "12");
        assert_slice(token_while(&t.parser, SIZE_MAX, "0123456789"), "34");
        assert_slice(token_while(&t.parser, SIZE_MAX, "0123456789"), "");
        token_seek(&t.parser, 1);
        assert_slice(token_take(&t.parser), "2");
        finish(&t);
}

static void characters_are_counted_and_decoded(void **state) {
        (void)state;
        assert_int_equal(token_chars(SLICE("a\xc3\xa9\xf0\x9f\x98\x80")), 3);
        assert_int_equal(token_code_point(SLICE("a")), 'a');
        assert_int_equal(token_code_point(SLICE("\xc3\xa9")), 0xe9);
        assert_int_equal(token_code_point(SLICE("\xe2\x82\xac")), 0x20ac);
        assert_int_equal(token_code_point(SLICE("\xf0\x9f\x98\x80")), 0x1f600);
}

static void names_are_quoted_as_python_does(void **state) {
        static const struct {
                const char *text;
                const char *repr;
        } rows[] = {
                {"a",        "'a'"         },
                {"it's",     "\"it's\""    },
                {"'\"",      "'\\'\"'"     },
                {"\n\t\\",   "'\\n\\t\\\\'"},
                {"\x01\x7f", "'\\x01\\x7f'"},
                {"\xc3\xa9", "'\xc3\xa9'"  },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(TOKEN_REPR_MAX);
                assert_slice(token_repr(&out, slice_of(rows[i].text)), rows[i].repr);
                buffer_done(&out);
        }
}

static void errors_tell_characters_lines_and_columns(void **state) {
        struct test t;
        (void)state;
        begin(&t, "\xc3\xa9\nab");
        token_fail_at(&t.parser, 4, "wrong");
        assert_string_equal(fault_text(&t.fault), "wrong at position 3 (line 2, column 2)");
        assert_string_equal(t.fault.kind, "error");
        token_fail(&t.parser, 0, "later");
        token_fail_bare(&t.parser, "still later");
        assert_string_equal(fault_text(&t.fault),
                "wrong at position 3 (line 2, column 2)"); /* the first one stays */
        finish(&t);
}

static void characters_that_may_be_special_are_written_as_numbers(void **state) {
        struct test t;
        (void)state;
        begin(&t, "");
        emit_literal(&t.parser, &t.dialect.text, 'a');
        emit_literal(&t.parser, &t.dialect.text, '.');
        assert_true(t.dialect.ascii_only);
        emit_literal(&t.parser, &t.dialect.text, 0x20ac);
        assert_false(t.dialect.ascii_only);
        emit_number(&t.parser, "{", 12, "}");
        assert_slice(buffer_view(&t.dialect.text), "a\\x{2e}\\x{20ac}{12}");
        finish(&t);
}

static void translation_that_grows_too_large_fails(void **state) {
        struct test t;
        (void)state;
        begin(&t, "x");
        for (int i = 0; i < 10; i++)
                emit(&t.parser, "0123456789");
        assert_int_equal(t.parser.error, -E2BIG);
        assert_int_equal(token_peek(&t.parser).len, 0);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tokens_are_characters_and_escapes),
                cmocka_unit_test(backslash_at_the_end_fails_when_it_is_ahead),
                cmocka_unit_test(only_the_one_character_is_matched),
                cmocka_unit_test(names_reach_to_their_terminator),
                cmocka_unit_test(runs_end_at_max_or_at_other_characters),
                cmocka_unit_test(characters_are_counted_and_decoded),
                cmocka_unit_test(names_are_quoted_as_python_does),
                cmocka_unit_test(errors_tell_characters_lines_and_columns),
                cmocka_unit_test(characters_that_may_be_special_are_written_as_numbers),
                cmocka_unit_test(translation_that_grows_too_large_fails),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
