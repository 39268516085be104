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
        static const uint8_t expected[] = {0xeb, 2, 0x75, 0xfc};
        assert_true(assembler_finish(&assembler));
        assert_int_equal(assembler.len, sizeof(expected));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
}

/* A jump over so many bytes, which are 0x90: returns its length. */
static size_t jump_over(size_t bytes, bool is_back) {
        struct assembler assembler = {0};
        size_t label = assembler_label(&assembler);
        if (is_back)
                assembler_place(&assembler, label);
        else
                assembler_jump_if(&assembler, ASSEMBLER_BELOW, label);
        for (size_t i = 0; i < bytes; i++)
                assembler_put_u8(&assembler, 0x90);
        if (is_back)
                assembler_jump(&assembler, label);
        else
                assembler_place(&assembler, label);
        assert_true(assembler_finish(&assembler));
        size_t len = assembler.len - bytes;
        const uint8_t *jump = assembler.bytes + (is_back ? bytes : 0);
        assert_int_equal(assembler.labels[label], is_back ? 0 : assembler.len);
        if (len == 2)
                assert_int_equal(jump[0], is_back ? 0xeb : 0x72);
        assert_int_equal(jump[is_back       ? 1
                                 : len == 2 ? 1
                                            : 2],
                (uint8_t)(is_back ? 0 - bytes - len : bytes));
        for (size_t i = 0; i < bytes; i++)
                assert_int_equal(assembler.bytes[is_back ? i : len + i], 0x90);
        assembler_done(&assembler);
        return len;
}

static void near_jumps_are_short(void **state) {
        (void)state;
        assert_int_equal(jump_over(0, false), 2);
        assert_int_equal(jump_over(127, false), 2);
        assert_int_equal(jump_over(128, false), 6);
        assert_int_equal(jump_over(126, true), 2);
        assert_int_equal(jump_over(127, true), 5);
}

/* Each jump leads over the one behind it, which is short only if the next one is. */
static void short_jumps_make_others_short(void **state) {
        static const uint8_t filling[120];
        struct assembler assembler = {0};
        size_t labels[4];
        (void)state;
        for (size_t i = 0; i < 4; i++)
                labels[i] = assembler_label(&assembler);
        for (size_t i = 0; i < 3; i++) {
                assembler_jump_if(&assembler, ASSEMBLER_EQUAL, labels[i]);
                if (i > 0)
                        assembler_place(&assembler, labels[i - 1]);
                assembler_put(&assembler, filling, sizeof(filling));
        }
        assembler_jump_if(&assembler, ASSEMBLER_EQUAL, labels[3]);
        assembler_place(&assembler, labels[2]);
        assembler_place(&assembler, labels[3]);
        size_t table = assembler.len;
        assembler_put_distance_from(&assembler, table, labels[0]);
        assert_true(assembler_finish(&assembler));
        assert_int_equal(assembler.len, 4 * 2 + 3 * sizeof(filling) + 2);
        for (size_t i = 0; i < 3; i++) {
                const uint8_t *jump = assembler.bytes + i * (2 + sizeof(filling));
                assert_int_equal(jump[0], 0x74);
                assert_int_equal(jump[1], sizeof(filling) + 2);
        }
        assert_int_equal(assembler.labels[0], 2 * 2 + sizeof(filling));
        const uint8_t *distance = assembler.bytes + assembler.len - 2;
        int32_t expected = -(int32_t)(2 * 2 + 2 * sizeof(filling));
        assert_int_equal(distance[0], (uint8_t)expected);
        assert_int_equal(distance[1], 0xff);
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
        static const uint8_t expected[] = {1, 2, 3, 4, 0, 4, 0};
        assert_true(assembler_finish(&assembler));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
}

static void a_table_leads_only_so_far(void **state) {
        static const uint8_t bytes[INT16_MAX];
        (void)state;
        for (size_t more = 0; more < 2; more++) {
                struct assembler assembler = {0};
                size_t label = assembler_label(&assembler);
                assembler_put_distance_from(&assembler, 0, label);
                assembler_put(&assembler, bytes, sizeof(bytes) - 2 + more);
                assembler_place(&assembler, label);
                assert_int_equal(assembler_finish(&assembler), more == 0);
                assembler_done(&assembler);
        }
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
                cmocka_unit_test(near_jumps_are_short),
                cmocka_unit_test(short_jumps_make_others_short),
                cmocka_unit_test(tables_count_from_their_own_place),
                cmocka_unit_test(a_table_leads_only_so_far),
                cmocka_unit_test(a_label_must_be_somewhere),
                cmocka_unit_test(too_much_code_is_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
