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
                cmocka_unit_test(every_row_of_the_table_is_sane),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
