/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pool.h"

#include "../cmocka_include.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MANY 5000

struct block {
        unsigned char *bytes;
        size_t size;
        unsigned char mark;
};

static void check(const struct block *block) {
        for (size_t i = 0; i < block->size; i++)
                assert_int_equal(block->bytes[i], block->mark);
}

static void make(struct block *block, size_t size, unsigned char mark) {
        bool is_raw = mark % 2;
        *block = (struct block){is_raw ? pool_new_raw(size) : pool_new(size), size, mark};
        assert_int_equal((uintptr_t)block->bytes % 8, 0);
        for (size_t i = 0; i < size && !is_raw; i++)
                assert_int_equal(block->bytes[i], 0);
        memset(block->bytes, mark, size);
}

static void give_back(struct block *block) {
        check(block);
        pool_free(block->bytes, block->size);
}

/* Around the steps, and beyond the largest of the pool's own. */
static void blocks_of_all_sizes_are_zeroed_and_apart(void **state) {
        static struct block blocks[POOL_BLOCK_MAX + 40];
        (void)state;
        for (unsigned round = 0; round < 3; round++) {
                for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
                        make(&blocks[i], i, (unsigned char)(i + round));
                for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
                        give_back(&blocks[i]);
        }
        pool_free(NULL, 0);
        pool_free(NULL, POOL_BLOCK_MAX + 1);
}

/* Made and given back in any order (a fixed one): nobody gets what somebody has. */
static void blocks_stay_whatever_happens_to_others(void **state) {
        static struct block blocks[MANY];
        uint32_t random = 1;
        (void)state;
        for (unsigned i = 0; i < MANY * 20; i++) {
                random = random * 1664525u + 1013904223u;
                struct block *block = &blocks[(random >> 8) % MANY];
                if (block->bytes) {
                        give_back(block);
                        block->bytes = NULL;
                } else {
                        make(block, 60 + (random >> 20) % 30, (unsigned char)(random >> 12));
                }
        }
        for (unsigned i = 0; i < MANY; i++)
                if (blocks[i].bytes)
                        give_back(&blocks[i]);
        memset(blocks, 0, sizeof(blocks));
}

/* A hundred bytes take little more, and go back to the system when they are not needed. */
static void little_is_held_beyond_what_is_in_use(void **state) {
        static void *blocks[MANY];
        size_t before = pool_bytes();
        (void)state;
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = 0; i < MANY; i++)
                        blocks[i] = pool_new(100);
                assert_true(pool_bytes() - before <= MANY * 104 + (128 << 10));
                for (unsigned i = 0; i < MANY; i++)
                        pool_free(blocks[round ? i : MANY - 1 - i], 100);
                assert_true(pool_bytes() - before <= 64 << 10); /* one page of the size stays */
        }
}

/* Many pages of one size. */
static void very_many_blocks_are_zeroed_and_apart(void **state) {
        enum { VERY_MANY = 80000, SIZE = 100 };
        unsigned char **blocks = malloc(VERY_MANY * sizeof(*blocks));
        size_t before = pool_bytes();
        (void)state;
        for (size_t i = 0; i < VERY_MANY; i++) {
                blocks[i] = pool_new(SIZE);
                for (size_t k = 0; k < SIZE; k++)
                        assert_int_equal(blocks[i][k], 0);
                memset(blocks[i], (int)(i % 251), SIZE);
        }
        for (size_t i = 0; i < VERY_MANY; i++) {
                for (size_t k = 0; k < SIZE; k++)
                        assert_int_equal(blocks[i][k], i % 251);
                pool_free(blocks[i], SIZE);
        }
        assert_true(pool_bytes() - before <= 64 << 10);
        free(blocks);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(blocks_of_all_sizes_are_zeroed_and_apart),
                cmocka_unit_test(blocks_stay_whatever_happens_to_others),
                cmocka_unit_test(little_is_held_beyond_what_is_in_use),
                cmocka_unit_test(very_many_blocks_are_zeroed_and_apart),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
