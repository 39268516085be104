/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected texts are Python's. tests/e2e/regex.py compares all characters, and lines at random. */
#include "detect/hz.h"

#include "decode_check.h"
#include "detect/line.h"

static void braces_behind_a_tilde_change_the_set(void **state) {
        static const struct decode_row rows[] = {
                {"",               "",           false},
                {"plain\n",        "plain\n",    false},
                {"a~{VPND~}b\n",   "a中文b\n", false},
                {"a~~b\n",         "a~b\n",      false},
                {"~{VP~}VP~{ND~}", "中VP文",   false},
                {"line~\n",        "line",       false}, /* goes on */
        };
        (void)state;
        decode_check(hz_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_broken_byte_swallows_nothing(void **state) {
        static const struct decode_row rows[] = {
                {"a~x\n",        "a" R "x\n",       true},
                {"a\xd6\n",      "a" R "\n",        true},
                {"~{VP~~ND~}\n", "中" R R "文\n", true},
                {"~{~{VP~}",     R R "中",         true}, /* "{V" is none */
                {"~}x",          R "}x",            true},
                {"~{V!!VP~}",    "帧≈玄" R,     true}, /* out of step */
                {"a~",           "a" R,             true},
                {"~{V",          R,                 true},
                {"~{\x7f\x7f~}", R R,               true},
        };
        (void)state;
        decode_check(hz_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

/* As upstream, which looks whether a line end is the first thing that is wrong. */
static void line_end_in_gb_is_left_out_if_nothing_else_was_wrong(void **state) {
        static const struct decode_row rows[] = {
                {"~{VP\n",     "中",     false},
                {"~{VP\r",     "中",     false},
                {"\xff~{VP\n", R "中" R, true },
        };
        (void)state;
        decode_check(hz_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

static void each_line_begins_in_ascii(void **state) {
        struct arena arena = ARENA_INIT;
        enum line_encoding encoding = LINE_UTF8;
        bool repaired;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("HZ-GB-2312"), &encoding, NULL), 0);
        assert_slice(line_decode(encoding, SLICE("~{VP"), &arena, &repaired), "中");
        struct slice plain = SLICE("VP\n");
        assert_ptr_equal(line_decode(encoding, plain, &arena, &repaired).data, plain.data);
        assert_false(repaired);
        assert_false(line_encoding_is_ascii_compatible(encoding));
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(braces_behind_a_tilde_change_the_set),
                cmocka_unit_test(a_broken_byte_swallows_nothing),
                cmocka_unit_test(line_end_in_gb_is_left_out_if_nothing_else_was_wrong),
                cmocka_unit_test(each_line_begins_in_ascii),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
