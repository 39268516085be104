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
static void check(const char *bytes, size_t len, uint32_t step) {
        char *copy = malloc(len > 0 ? len : 1);
        struct slice text = {copy, len};
        struct line_ends ends;
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        line_ends_init(&ends, text);
        for (size_t at = 0; at <= len;) {
                size_t end = line_ends_next(&ends, at);
                if (end != expected(text, at))
                        fail_msg("%zu bytes, from %zu: %zu, not %zu", len, at, end,
                                expected(text, at));
                /* to the next line, or not yet, or beyond its end; now and then asked again */
                size_t next = at + pick(step);
                at = end > 0 && pick(2) ? end : next;
                if (pick(50) == 0)
                        at++;
        }
        free(copy);
}

static void each_line_end_is_found_from_wherever_it_is_asked_for(void **state) {
        char bytes[1000];
        (void)state;
        for (unsigned i = 0; i < 20000; i++) {
                size_t len = pick(10) ? pick(200) : pick(sizeof(bytes));
                uint32_t rarity = 1 + pick(i % 2 ? 8 : 400);
                for (size_t k = 0; k < len; k++)
                        bytes[k] = pick(rarity) ? (char)pick(256) : '\n';
                check(bytes, len, 1 + pick(100));
        }
}

static void an_empty_text_has_none(void **state) {
        struct line_ends ends;
        (void)state;
        line_ends_init(&ends, SLICE_NULL);
        assert_int_equal(line_ends_next(&ends, 0), 0);
        line_ends_init(&ends, SLICE(""));
        assert_int_equal(line_ends_next(&ends, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_line_end_is_found_from_wherever_it_is_asked_for),
                cmocka_unit_test(an_empty_text_has_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
