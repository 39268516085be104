/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected texts are Python's. tests/e2e/regex.py compares lines at random. */
#include "detect/utf7.h"

#include "base/utf8.h"
#include "decode_check.h"
#include "detect/line.h"

static void base64_stands_behind_a_plus_sign(void **state) {
        static const struct decode_row rows[] = {
                {"",            "",             false},
                {"plain ~\\\n", "plain ~\\\n",  false},
                {"1 +- 1\n",    "1 + 1\n",      false},
                {"caf+AOk-\n",  "café\n",      false},
                {"caf+AOk!\n",  "café!\n",     false},
                {"+ZeVnLIqe-",  "日本語",    false},
                {"+2ADcAA\n",   "\U00010000\n", false},
                {"a+AAo-b\n",   "a\nb\n",       false}, /* a line end that is spelled */
                {"+AGE-+AGI-",  "ab",           false},
                {"+",           "",             false},
                {"+\n",         R,              true },
        };
        (void)state;
        decode_check(utf7_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_broken_piece_ends_with_the_character_behind_it(void **state) {
        static const struct decode_row rows[] = {
                {"a\xe9"
                 "b", "a" R "b",  true },
                {"+!b",                R "b",      true },
                {"+A!b",               R "b",      true }, /* a bit of a character */
                {"+AOkA!b",            "é" R "b", true },
                {"+AOl!b",             "é" R "b", true }, /* bits that should be 0 */
                {"+A\n",               R,          true }, /* and the line end with it */
                {"+A",                 R,          true },
                {"+AOk",               "é",       false},
        };
        (void)state;
        decode_check(utf7_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Python keeps them; text that is valid UTF-8 cannot. */
static void half_a_pair_of_surrogates_is_broken(void **state) {
        static const struct decode_row rows[] = {
                {"+2AA-b",    R "b",   true},
                {"+2AAAYQ-",  R "a",   true},
                {"+3AA-b",    R "b",   true},
                {"+2ADYAA-b", R R "b", true},
                {"+2AA",      R,       true},
        };
        (void)state;
        decode_check(utf7_decode, rows, sizeof(rows) / sizeof(rows[0]));
}

static void lines_are_decoded_with_it(void **state) {
        struct arena arena = ARENA_INIT;
        enum line_encoding encoding = LINE_UTF8;
        bool repaired;
        (void)state;
        assert_int_equal(line_encoding_parse(SLICE("UTF-7"), &encoding, NULL), 0);
        assert_slice(line_decode(encoding, SLICE("+AOk-\n"), &arena, &repaired), "é\n");
        struct slice plain = SLICE("AOk-\n");
        assert_ptr_equal(line_decode(encoding, plain, &arena, &repaired).data, plain.data);
        assert_false(repaired);
        assert_false(line_encoding_is_ascii_compatible(encoding));
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(base64_stands_behind_a_plus_sign),
                cmocka_unit_test(a_broken_piece_ends_with_the_character_behind_it),
                cmocka_unit_test(half_a_pair_of_surrogates_is_broken),
                cmocka_unit_test(lines_are_decoded_with_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
