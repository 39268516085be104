/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code does is tested in test_regex_native.c. */
#include "detect/emitter.h"

#include "../cmocka_include.h"

/* The length of what compares the text; each jump is to be filled in. */
static size_t length_of(struct slice text) {
        struct assembler assembler = {0};
        struct emitter emitter = {.out = &assembler};
        size_t label = assembler_label(&assembler);
        emitter_compare_text(&emitter, text, label);
        assert_false(assembler_finish(&assembler));
        assembler_place(&assembler, label);
        assert_true(assembler_finish(&assembler));
        size_t len = assembler.len;
        assembler_done(&assembler);
        return len;
}

static void texts_are_compared_in_as_few_pieces_as_there_can_be(void **state) {
        const size_t bound = 4 + 3 + 2;      /* lea, cmp, ja */
        const size_t one = 2 + 1 + 1 + 2;    /* cmp, jne; the first one is a byte shorter */
        const size_t four = 2 + 1 + 4 + 2;   /* cmp, jne */
        const size_t eight = 10 + 3 + 1 + 2; /* mov, cmp, jne */
        (void)state;
        assert_int_equal(length_of(SLICE("a")), bound + one - 1);
        assert_int_equal(length_of(SLICE("abc")), bound + 3 * one - 1);
        assert_int_equal(length_of(SLICE("abcd")), bound + four - 1);
        assert_int_equal(length_of(SLICE("abcdefg")), bound + 2 * four - 1);
        assert_int_equal(length_of(SLICE("abcdefgh")), bound + eight - 1);
        assert_int_equal(length_of(SLICE("abcdefghi")), bound + 2 * eight - 1);
        assert_int_equal(length_of(SLICE("abcdefghijklmnop")), bound + 2 * eight - 1);
}

static void what_is_jumped_to_waits_once(void **state) {
        struct regex_code *code = regex_code_new(SLICE("^a"), 0);
        struct assembler assembler = {0};
        bool is_reached[8] = {false};
        const struct regex_op *waiting[8];
        (void)state;
        assert_non_null(code);
        assert_true(code->op_count <= 8);
        struct emitter emitter = {.code = code,
                .out = &assembler,
                .is_reached = is_reached,
                .waiting = waiting,
                .fail = 99};
        size_t index = emitter_index(&emitter, code->start);
        assert_int_equal(emitter_label(&emitter, code->start), index);
        assert_int_equal(emitter_label(&emitter, code->start), index);
        assert_int_equal(emitter.waiting_count, 1);
        assert_ptr_equal(waiting[0], code->start);
        assert_int_equal(code->ops[0].kind, REGEX_OP_FAIL);
        assert_int_equal(emitter_label(&emitter, &code->ops[0]), 99);
        assert_int_equal(emitter.waiting_count, 1);
        (void)regex_code_free(code);
}

static void numbers_are_added_in_as_few_bytes_as_hold_them(void **state) {
        static const uint8_t expected[] = {
                0x48, 0x83, 0xc7, 127, 0x48, 0x81, 0xc7, 128, 0, 0, 0, 0x49, 0x83, 0xc2, 1};
        struct assembler assembler = {0};
        struct emitter emitter = {.out = &assembler};
        (void)state;
        PUT_ADD(&emitter, 127, ADD_RDI_S8);
        PUT_ADD(&emitter, 128, ADD_RDI_S8);
        PUT_ADD(&emitter, 1, ADD_R10_S8);
        assert_int_equal(assembler.len, sizeof(expected));
        assert_memory_equal(assembler.bytes, expected, sizeof(expected));
        assembler_done(&assembler);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_are_compared_in_as_few_pieces_as_there_can_be),
                cmocka_unit_test(numbers_are_added_in_as_few_bytes_as_hold_them),
                cmocka_unit_test(what_is_jumped_to_waits_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
