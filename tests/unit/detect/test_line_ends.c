/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/line_ends.h"

#include <stdlib.h>

#include "../cmocka_include.h"

static uint32_t seed = 1;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static size_t expected(struct slice text, size_t at) {
        size_t end = slice_find_char(text, '\n', at);
        return end < text.len ? end + 1 : 0;
}

/* In memory that ends where the text does, so that a byte too many is noticed. */
static void check(struct line_ends *ends, const char *bytes, size_t len, uint32_t step) {
        char *copy = malloc(len > 0 ? len : 1);
        struct slice text = {copy, len};
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        line_ends_find(ends, text);
        assert_int_equal(ends->is_ascii, slice_is_ascii(text));
        assert_int_equal(ends->newlines[ends->count], LINE_ENDS_NONE);
        for (size_t at = 0; at <= len;) {
                size_t end = line_ends_next(ends, at);
                if (end != expected(text, at))
                        fail_msg("%zu bytes, from %zu: %zu, not %zu", len, at, end,
                                expected(text, at));
                assert_int_equal(line_ends_seek(ends, at) == ends->count, end == 0);
                /* to the next line, or not yet, or beyond its end; now and then asked again */
                size_t next = at + pick(step);
                at = end > 0 && pick(2) ? end : next;
                if (pick(50) == 0)
                        at++;
        }
        free(copy);
}

static void each_line_end_is_found_from_wherever_it_is_asked_for(void **state) {
        char bytes[20000];
        struct line_ends ends = {0};
        (void)state;
        for (unsigned i = 0; i < 20000; i++) {
                size_t len = pick(10) ? pick(200) : pick(i % 100 ? 1000 : sizeof(bytes));
                uint32_t rarity = 1 + pick(i % 2 ? 8 : 400);
                uint32_t kinds = pick(2) ? 128 : 256;
                for (size_t k = 0; k < len; k++)
                        bytes[k] = pick(rarity) ? (char)pick(kinds) : '\n';
                check(&ends, bytes, len, 1 + pick(100));
        }
        line_ends_done(&ends);
}

/* All of a block, where two newlines are usual. */
static void newlines_may_be_all_that_there_is(void **state) {
        char bytes[10000];
        struct line_ends ends = {0};
        (void)state;
        memset(bytes, '\n', sizeof(bytes));
        for (size_t len = 0; len < sizeof(bytes); len += 1 + len / 8)
                check(&ends, bytes, len, 1);
        assert_int_equal(ends.newlines[ends.count - 1], ends.count - 1);
        line_ends_done(&ends);
}

static void an_empty_text_has_none(void **state) {
        struct line_ends ends = {0};
        (void)state;
        line_ends_find(&ends, SLICE_NULL);
        assert_int_equal(line_ends_next(&ends, 0), 0);
        assert_true(ends.is_ascii);
        line_ends_find(&ends, SLICE(""));
        assert_int_equal(line_ends_next(&ends, 0), 0);
        line_ends_done(&ends);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_line_end_is_found_from_wherever_it_is_asked_for),
                cmocka_unit_test(newlines_may_be_all_that_there_is),
                cmocka_unit_test(an_empty_text_has_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
