/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include "../cmocka_include.h"

static void memory_is_zeroed_and_aligned_even_after_reset(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        for (int round = 0; round < 3; round++) {
                for (size_t size = 1; size < 3000; size += 17) {
                        unsigned char *p = arena_alloc(&arena, size);
                        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                        for (size_t i = 0; i < size; i++)
                                assert_int_equal(p[i], 0);
                        memset(p, 0xff, size);
                }
                arena_reset(&arena);
                assert_int_equal(arena.used, 0);
        }
        arena_done(&arena);
}

static void raw_memory_is_aligned_and_apart(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t count = 0; count < 300; count++) {
                char *p = arena_alloc_raw(&arena, count, 3);
                char *behind = arena_alloc_raw(&arena, 1, 1);
                assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                *behind = 'b';
                if (count > 0)
                        memset(p, 'a', 3 * count);
                assert_int_equal(*behind, 'b');
        }
        arena_done(&arena);
}

static void large_requests_get_their_own_block(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        char *big = arena_alloc(&arena, (size_t)5 << 20);
        big[((size_t)5 << 20) - 1] = 'x';
        assert_slice(arena_copy(&arena, SLICE("small")), "small");
        arena_done(&arena);
}

static void texts_end_with_nul(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct slice s = arena_printf(&arena, "%s-%d", "jail", 7);
        assert_slice(s, "jail-7");
        assert_int_equal(s.data[s.len], '\0');
        s = arena_copy(&arena, SLICE_NULL);
        assert_int_equal(s.data[0], '\0');
        arena_done(&arena);
}

static void joined_texts_may_hold_nuls(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct slice s = ARENA_JOIN(&arena, SLICE("a"), SLICE_NULL, SLICE("\0b"), SLICE("c"));
        assert_int_equal(s.len, 4);
        assert_memory_equal(s.data, "a\0bc", 5);
        assert_int_equal(arena_join(&arena, NULL, 0).len, 0);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_zeroed_and_aligned_even_after_reset),
                cmocka_unit_test(raw_memory_is_aligned_and_apart),
                cmocka_unit_test(large_requests_get_their_own_block),
                cmocka_unit_test(texts_end_with_nul),
                cmocka_unit_test(joined_texts_may_hold_nuls),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
