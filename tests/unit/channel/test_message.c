/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/message.h"

#include <errno.h>

#include "../cmocka_include.h"

static void fields_come_back_as_they_were_put(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(message_put_u8(&out, 200), 0);
        assert_int_equal(message_put_u32(&out, 4000000000U), 0);
        assert_int_equal(message_put_u64(&out, UINT64_MAX - 1), 0);
        assert_int_equal(message_put_f64(&out, -1.5), 0);
        assert_int_equal(message_put_text(&out, (struct slice){"a\0b", 3}), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        assert_int_equal(message_get_u8(&in), 200);
        assert_int_equal(message_get_u32(&in), 4000000000U);
        assert_true(message_get_u64(&in) == UINT64_MAX - 1);
        assert_true(message_get_f64(&in) < -1.4);
        assert_int_equal(message_get_text(&in).len, 3);
        assert_true(message_read_end(&in));
        buffer_done(&out);
}

static void short_bodies_are_bad_and_read_as_zero(void **state) {
        (void)state;
        struct message_reader in = message_reader_of((struct slice){"\x01\x02", 2});
        assert_int_equal(message_get_u32(&in), 0);
        assert_true(in.bad);
        assert_int_equal(message_get_u8(&in), 0);
        assert_false(message_read_end(&in));
        in = message_reader_of((struct slice){"\xff\xff\xff\xffxx", 6});
        assert_int_equal(message_get_text(&in).len, 0);
        assert_true(in.bad);
}

static void left_over_bytes_are_no_good_end(void **state) {
        (void)state;
        struct message_reader in = message_reader_of((struct slice){"\x01\x02", 2});
        (void)message_get_u8(&in);
        assert_false(message_read_end(&in));
}

static void numbers_take_as_few_bytes_as_they_need(void **state) {
        static const struct {
                uint32_t number;
                size_t len;
        } rows[] = {
                {0,          1},
                {127,        1},
                {128,        2},
                {16383,      2},
                {16384,      3},
                {1U << 28,   5},
                {UINT32_MAX, 5}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char bytes[MESSAGE_NUMBER_MAX];
                size_t len = (size_t)(message_write_number(bytes, rows[i].number) - bytes);
                assert_int_equal(len, rows[i].len);
                struct message_reader in = message_reader_of((struct slice){bytes, len});
                assert_int_equal(message_get_number(&in), rows[i].number);
                assert_true(message_read_end(&in));
                for (size_t cut = 0; cut < len; cut++) {
                        in = message_reader_of((struct slice){bytes, cut});
                        assert_int_equal(message_get_number(&in), 0);
                        assert_true(in.bad);
                }
        }
}

static void other_forms_of_numbers_are_bad(void **state) {
        static const struct slice rows[] = {
                {"\x80\x00",                 2},
                {"\xff\xff\xff\xff\x1f",     5},
                {"\xff\xff\xff\xff\xff\x01", 6}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct message_reader in = message_reader_of(rows[i]);
                assert_int_equal(message_get_number(&in), 0);
                assert_true(in.bad);
                assert_int_equal(message_get_number(&in), 0);
        }
}

static void bytes_are_those_that_are_there(void **state) {
        (void)state;
        struct message_reader in = message_reader_of(SLICE("abc"));
        assert_slice(message_get_bytes(&in, 2), "ab");
        assert_int_equal(message_get_bytes(&in, 0).len, 0);
        assert_false(in.bad);
        assert_int_equal(message_get_bytes(&in, 2).len, 0);
        assert_true(in.bad);
}

static void every_row_of_the_table_is_sane(void **state) {
        (void)state;
        for (uint32_t type = 0; type < MESSAGE_TYPE_COUNT; type++) {
                const struct message_info *info = message_info(type);
                assert_non_null(info);
                assert_true(info->from != info->to);
                assert_true(info->from == CHANNEL_SERVER || info->to == CHANNEL_SERVER);
                assert_true(info->body_max > 0 && info->body_max <= (64U << 20));
                assert_true(info->fds_max <= MESSAGE_FDS_MAX);
        }
        assert_null(message_info(MESSAGE_TYPE_COUNT));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields_come_back_as_they_were_put),
                cmocka_unit_test(short_bodies_are_bad_and_read_as_zero),
                cmocka_unit_test(left_over_bytes_are_no_good_end),
                cmocka_unit_test(numbers_take_as_few_bytes_as_they_need),
                cmocka_unit_test(other_forms_of_numbers_are_bad),
                cmocka_unit_test(bytes_are_those_that_are_there),
                cmocka_unit_test(every_row_of_the_table_is_sane),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
