/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/slice.h"

#include "../cmocka_include.h"

static void sub_clips_to_the_slice(void **state) {
        (void)state;
        assert_slice(slice_sub(SLICE("hello"), 1, 3), "el");
        assert_slice(slice_sub(SLICE("hello"), 3, 99), "lo");
        assert_slice(slice_sub(SLICE("hello"), 4, 2), "");
        assert_int_equal(slice_sub(SLICE_NULL, 0, 5).len, 0);
}

static void find_gives_len_when_absent(void **state) {
        (void)state;
        assert_int_equal(slice_find_char(SLICE("a,b,c"), ',', 2), 3);
        assert_int_equal(slice_find_char(SLICE("abc"), ',', 0), 3);
        assert_int_equal(slice_find(SLICE("one two"), SLICE("two"), 0), 4);
        assert_int_equal(slice_find(SLICE("one two"), SLICE("six"), 0), 7);
        assert_int_equal(slice_find(SLICE("one"), SLICE(""), 2), 2);
        assert_int_equal(slice_find(SLICE_NULL, SLICE("x"), 0), 0);
}

static void views_may_hold_nul(void **state) {
        (void)state;
        struct slice a = {"a\0b", 3};
        assert_int_equal(slice_find_char(a, 'b', 0), 2);
        assert_false(slice_equal(a, SLICE("a")));
        assert_true(slice_equal(a, (struct slice){"a\0b", 3}));
}

static void trim_takes_ascii_white_space_only(void **state) {
        (void)state;
        assert_slice(slice_trim(SLICE(" \t\r\n\v\f x y \n")), "x y");
        assert_slice(slice_trim(SLICE("   ")), "");
        assert_slice(slice_trim_right(SLICE(" x ")), " x");
        assert_slice(slice_trim(SLICE("\xc2\xa0x")), "\xc2\xa0x");
}

static void ascii_is_told_at_any_place(void **state) {
        char text[200];
        (void)state;
        memset(text, 'x', sizeof(text));
        for (size_t len = 0; len <= sizeof(text); len++) {
                assert_true(slice_is_ascii((struct slice){text, len}));
                for (size_t at = 0; at < len; at++) {
                        text[at] = (char)0x80;
                        assert_false(slice_is_ascii((struct slice){text, len}));
                        text[at] = 'x';
                }
        }
}

static void pieces_include_the_empty_last_one(void **state) {
        (void)state;
        struct slice rest = SLICE("a,,b,");
        struct slice piece;
        const char *want[] = {"a", "", "b", ""};
        for (size_t i = 0; i < 4; i++) {
                assert_true(slice_next_piece(&rest, ',', &piece));
                assert_slice(piece, want[i]);
        }
        assert_false(slice_next_piece(&rest, ',', &piece));
}

static void compare_orders_bytewise(void **state) {
        (void)state;
        assert_true(slice_compare(SLICE("a"), SLICE("b")) < 0);
        assert_true(slice_compare(SLICE("ab"), SLICE("a")) > 0);
        assert_true(slice_compare(SLICE("\xff"), SLICE("a")) > 0);
        assert_int_equal(slice_compare(SLICE("x"), SLICE("x")), 0);
        assert_true(slice_equal_nocase(SLICE("ABC"), SLICE("abc")));
        assert_true(slice_has_prefix(SLICE("abc"), SLICE("ab")));
        assert_false(slice_has_prefix(SLICE("a"), SLICE("ab")));
        assert_true(slice_has_suffix(SLICE("abc"), SLICE("bc")));
}

static void each_byte_counts_for_equality(void **state) {
        char a[40], b[40];
        (void)state;
        memset(a, 'x', sizeof(a));
        memcpy(b, a, sizeof(a));
        for (size_t len = 0; len <= sizeof(a); len++) {
                assert_true(slice_equal((struct slice){a, len}, (struct slice){b, len}));
                assert_false(slice_equal((struct slice){a, len}, (struct slice){b, len + 1}));
                for (size_t at = 0; at < len; at++) {
                        b[at] = 'y';
                        assert_false(slice_equal((struct slice){a, len}, (struct slice){b, len}));
                        b[at] = 'x';
                }
        }
        assert_true(slice_equal(SLICE_NULL, (struct slice){a, 0}));
}

static size_t find_slowly(struct slice s, struct slice needle, size_t from) {
        for (size_t at = from; at + needle.len <= s.len; at++)
                if (memcmp(s.data + at, needle.data, needle.len) == 0)
                        return at;
        return s.len;
}

/* Few letters, so that much is nearly there; and memory that ends where the text does. */
static void a_text_is_found_at_every_place_and_length(void **state) {
        static uint32_t seed = 3;
        (void)state;
        for (size_t round = 0; round < 20000; round++) {
                size_t len = round % 90;
                char *text = malloc(len + 1);
                assert_non_null(text);
                char needle[80];
                for (size_t i = 0; i < len; i++) {
                        seed = seed * 1664525U + 1013904223U;
                        text[i] = (char)('a' + (seed >> 16) % 2);
                }
                size_t needle_len = 1 + (seed >> 20) % (round % 3 == 0 ? sizeof(needle) - 1 : 9);
                for (size_t i = 0; i < needle_len; i++) {
                        seed = seed * 1664525U + 1013904223U;
                        needle[i] = (char)('a' + (seed >> 16) % 2);
                }
                char *exact = malloc(len > 0 ? len : 1);
                assert_non_null(exact);
                memcpy(exact, text, len);
                if (round % 4 == 0 && needle_len <= len)
                        memcpy(exact + (seed >> 8) % (len - needle_len + 1), needle, needle_len);
                struct slice s = {exact, len}, wanted = {needle, needle_len};
                for (size_t from = 0; from <= len; from += 1 + from / 3)
                        assert_int_equal(slice_find(s, wanted, from), find_slowly(s, wanted, from));
                free(exact);
                free(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_text_is_found_at_every_place_and_length),
                cmocka_unit_test(sub_clips_to_the_slice),
                cmocka_unit_test(find_gives_len_when_absent),
                cmocka_unit_test(views_may_hold_nul),
                cmocka_unit_test(trim_takes_ascii_white_space_only),
                cmocka_unit_test(ascii_is_told_at_any_place),
                cmocka_unit_test(each_byte_counts_for_equality),
                cmocka_unit_test(pieces_include_the_empty_last_one),
                cmocka_unit_test(compare_orders_bytewise),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
