/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text.h"

#include "../cmocka_include.h"

static void strip_takes_blanks_of_unicode(void **state) {
        (void)state;
        assert_slice(text_strip(SLICE(" \t\n\v\f\r\x1c\x1f"
                                      "a b"
                                      " \n")),
                "a b");
        assert_slice(text_strip(SLICE("\u00a0\u2003\u3000\xc2\x85" "x\u00a0\u2028")), "x");
        assert_slice(text_strip(SLICE(" \u00a0 ")), "");
        assert_slice(text_strip(SLICE("")), "");
        assert_slice(text_strip_right(SLICE(" x ")), " x");
        assert_slice(text_strip(SLICE("\u00e9 \u00ff")), "\u00e9 \u00ff");
}

static void indent_counts_characters(void **state) {
        (void)state;
        assert_int_equal(text_indent(SLICE("x")), 0);
        assert_int_equal(text_indent(SLICE("\t x")), 2);
        assert_int_equal(text_indent(SLICE("\u00a0\u2003x")), 2);
}

static void heads_and_lengths_count_characters(void **state) {
        (void)state;
        assert_int_equal(text_length(SLICE("a\u00e9\u20ac\U0001f600")), 4);
        assert_slice(text_head(SLICE("a\u00e9\u20ac"), 2), "a\u00e9");
        assert_slice(text_head(SLICE("ab"), 9), "ab");
}

static void a_paths_name_stands_behind_its_last_slash(void **state) {
        (void)state;
        assert_int_equal(text_name_start(SLICE("/etc/fail2ban/jail.conf")), 14);
        assert_int_equal(text_name_start(SLICE("/x")), 1);
        assert_int_equal(text_name_start(SLICE("dir/")), 4);
        assert_int_equal(text_name_start(SLICE("name")), 0);
        assert_int_equal(text_name_start(SLICE("")), 0);
}

static void lower_case_copies_only_if_needed(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct slice plain = SLICE("abc-1");
        assert_ptr_equal(text_lower(plain, &arena).data, plain.data);
        assert_slice(text_lower(SLICE("AbC\u00dc"), &arena), "abc\u00dc");
        arena_done(&arena);
}

static void json_is_ascii(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        assert_slice(text_json(SLICE("a\"\\\n\x01\x7f\u00fc\U0001f600"), &arena),
                "\"a\\\"\\\\\\n\\u0001\\u007f\\u00fc\\ud83d\\ude00\"");
        arena_done(&arena);
}

static void flaws_of_utf8_are_found(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *flaw;
                size_t at;
        } rows[] = {
                {"abc\u00e9\u20ac\U0001f600", NULL,                        0},
                {"ab\xff",                    "invalid start byte",        2},
                {"\x80",                      "invalid start byte",        0},
                {"\xc0\x80",                  "invalid start byte",        0},
                {"a\xc3",                     "unexpected end of data",    1},
                {"\xc3(",                     "invalid continuation byte", 0},
                {"\xed\xa0\x80",              "invalid continuation byte", 0},
                {"\xe0\x80\x80",              "invalid continuation byte", 0},
                {"\xf4\x90\x80\x80",          "invalid continuation byte", 0},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t at = 0;
                const char *flaw = text_utf8_flaw(slice_of(rows[i].text), &at);
                if (!rows[i].flaw) {
                        assert_null(flaw);
                        continue;
                }
                assert_string_equal(flaw, rows[i].flaw);
                assert_int_equal(at, rows[i].at);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(strip_takes_blanks_of_unicode),
                cmocka_unit_test(indent_counts_characters),
                cmocka_unit_test(heads_and_lengths_count_characters),
                cmocka_unit_test(a_paths_name_stands_behind_its_last_slash),
                cmocka_unit_test(lower_case_copies_only_if_needed),
                cmocka_unit_test(json_is_ascii),
                cmocka_unit_test(flaws_of_utf8_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
