/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buffer.h"

#include <errno.h>

#include "../cmocka_include.h"

static void appends_up_to_the_maximum_and_no_further(void **state) {
        (void)state;
        struct buffer b = BUFFER_INIT(8);
        assert_int_equal(buffer_append(&b, SLICE("12345")), 0);
        assert_int_equal(buffer_append(&b, SLICE("6789")), -ENOBUFS);
        assert_slice(buffer_view(&b), "12345");
        assert_int_equal(buffer_append(&b, SLICE("678")), 0);
        assert_int_equal(buffer_append_char(&b, 'x'), -ENOBUFS);
        buffer_done(&b);
}

static void consumed_room_is_used_again(void **state) {
        (void)state;
        struct buffer b = BUFFER_INIT(300);
        for (int i = 0; i < 1000; i++) {
                assert_int_equal(buffer_printf(&b, "%0200d", i), 0);
                buffer_consume(&b, 150);
                assert_int_equal(buffer_len(&b), 50);
                buffer_consume(&b, 50);
        }
        assert_true(b.capacity <= 512);
        buffer_done(&b);
}

static void keeps_bytes_in_order_across_slides(void **state) {
        (void)state;
        struct buffer b = BUFFER_INIT(64);
        assert_int_equal(buffer_append(&b, SLICE("abcdef")), 0);
        buffer_consume(&b, 4);
        assert_non_null(buffer_room(&b, 60));
        assert_slice(buffer_view(&b), "ef");
        assert_null(buffer_room(&b, 63));
        buffer_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(appends_up_to_the_maximum_and_no_further),
                cmocka_unit_test(consumed_room_is_used_again),
                cmocka_unit_test(keeps_bytes_in_order_across_slides),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
