/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/assembler.h"

#include "../cmocka_include.h"

static void integers_come_with_the_low_byte_first(void **state) {
        struct assembler assembler = {0};
        (void)state;
        assembler_put_u8(&assembler, 0x90);
        assembler_put_u32(&assembler, 0x01020304);
        assembler_put_u64(&assembler, UINT64_C(0x1112131415161718));
        ASSEMBLER_PUT(&assembler, 0xc3, 0xcc);
        static const uint8_t expected[] = {
                0x90, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0xc3, 0xcc};
        assert_true(assembler_finish(&assembler));
        assert_int_equal(assembler.len, sizeof(expected));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
        assert_null(assembler.bytes);
}

static void jumps_lead_forwards_and_back(void **state) {
        struct assembler assembler = {0};
        (void)state;
        size_t back = assembler_label(&assembler);
        size_t on = assembler_label(&assembler);
        assembler_place(&assembler, back);
        assembler_jump(&assembler, on);
        assembler_jump_if(&assembler, ASSEMBLER_NOT_EQUAL, back);
        assembler_place(&assembler, on);
        static const uint8_t expected[] = {0xe9, 6, 0, 0, 0, 0x0f, 0x85, 0xf5, 0xff, 0xff, 0xff};
        assert_true(assembler_finish(&assembler));
        assert_int_equal(assembler.len, sizeof(expected));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
}

static void tables_count_from_their_own_place(void **state) {
        struct assembler assembler = {0};
        (void)state;
        size_t label = assembler_label(&assembler);
        ASSEMBLER_PUT(&assembler, 1, 2, 3);
        assembler_put_distance_from(&assembler, 3, label);
        assembler_put_distance_from(&assembler, 3, label);
        assembler_place(&assembler, label);
        static const uint8_t expected[] = {1, 2, 3, 8, 0, 0, 0, 8, 0, 0, 0};
        assert_true(assembler_finish(&assembler));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
}

static void a_label_must_be_somewhere(void **state) {
        struct assembler assembler = {0};
        (void)state;
        assembler_jump(&assembler, assembler_label(&assembler));
        assert_false(assembler_finish(&assembler));
        assembler_done(&assembler);
}

static void too_much_code_is_none(void **state) {
        static const uint8_t bytes[4096];
        struct assembler assembler = {0};
        (void)state;
        for (size_t i = 0; i < ASSEMBLER_BYTES_MAX; i += sizeof(bytes))
                assembler_put(&assembler, bytes, sizeof(bytes));
        assert_true(assembler_finish(&assembler));
        assembler_put_u8(&assembler, 0);
        assert_false(assembler_finish(&assembler));
        assert_int_equal(assembler.len, ASSEMBLER_BYTES_MAX);
        assembler_done(&assembler);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(integers_come_with_the_low_byte_first),
                cmocka_unit_test(jumps_lead_forwards_and_back),
                cmocka_unit_test(tables_count_from_their_own_place),
                cmocka_unit_test(a_label_must_be_somewhere),
                cmocka_unit_test(too_much_code_is_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
