/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/value_code.h"

#include <errno.h>

#include "../cmocka_include.h"

static struct value sample(struct arena *arena) {
        struct value dict = value_dict();
        struct value list = value_list();
        struct value tuple = value_tuple();
        (void)value_append(&tuple, value_float(2.5), arena);
        (void)value_append(&tuple, value_bool(true), arena);
        (void)value_append(&list, tuple, arena);
        (void)value_append(&list, value_int(-7), arena);
        (void)value_append(&list, VALUE_OF_NONE, arena);
        value_dict_put(&dict, value_text("k"), list, arena);
        value_dict_put(&dict, value_text("s"), value_set(), arena);
        return dict;
}

static void values_come_back_equal(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(10000);
        struct value v = sample(&arena);
        assert_int_equal(value_put(&out, &v), 0);
        assert_int_equal(buffer_len(&out), value_coded_size(&v));
        struct message_reader in = message_reader_of(buffer_view(&out));
        struct value back = value_get(&in, &arena);
        assert_true(message_read_end(&in));
        assert_true(value_equal(&v, &back));
        in = message_reader_of(buffer_view(&out));
        assert_int_equal(value_skip(&in), v.type);
        assert_true(message_read_end(&in));
        buffer_done(&out);
        arena_done(&arena);
}

/* Every proper prefix is refused, and so is every single changed byte that breaks the form: no crash, no over-read (ASan looks). */
static void cut_and_changed_bytes_are_refused_or_harmless(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(10000);
        struct value v = sample(&arena);
        assert_int_equal(value_put(&out, &v), 0);
        struct slice whole = buffer_view(&out);
        for (size_t len = 0; len < whole.len; len++) {
                struct message_reader in = message_reader_of(slice_sub(whole, 0, len));
                (void)value_get(&in, &arena);
                assert_true(in.bad);
                in = message_reader_of(slice_sub(whole, 0, len));
                (void)value_skip(&in);
                assert_true(in.bad);
        }
        for (size_t at = 0; at < whole.len; at++)
                for (int byte = 0; byte < 256; byte += 5) {
                        char *copy = malloc(whole.len);
                        memcpy(copy, whole.data, whole.len);
                        copy[at] = (char)byte;
                        struct message_reader in = message_reader_of((struct slice){copy, whole.len});
                        (void)value_get(&in, &arena);
                        struct message_reader over = message_reader_of((struct slice){copy, whole.len});
                        (void)value_skip(&over);
                        assert_int_equal(over.bad, in.bad);
                        free(copy);
                }
        buffer_done(&out);
        arena_done(&arena);
}

static void nesting_is_bounded_both_ways(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(100000);
        struct value v = VALUE_OF_NONE;
        for (int i = 0; i < VALUE_DEPTH_MAX + 2; i++) {
                struct value list = value_list();
                (void)value_append(&list, v, &arena);
                v = list;
        }
        assert_int_equal(value_put(&out, &v), -ENOBUFS);
        buffer_clear(&out);
        for (int i = 0; i < 10000; i++) {
                (void)message_put_u8(&out, VALUE_LIST);
                (void)message_put_u32(&out, 1);
        }
        struct message_reader in = message_reader_of(buffer_view(&out));
        (void)value_get(&in, &arena);
        assert_true(in.bad);
        buffer_done(&out);
        arena_done(&arena);
}

static void counts_that_lie_allocate_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct message_reader in = message_reader_of((struct slice){"\x06\xff\xff\xff\x7f", 5});
        (void)value_get(&in, &arena);
        assert_true(in.bad);
        assert_true(arena.used < 1000);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_come_back_equal),
                cmocka_unit_test(cut_and_changed_bytes_are_refused_or_harmless),
                cmocka_unit_test(nesting_is_bounded_both_ways),
                cmocka_unit_test(counts_that_lie_allocate_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
