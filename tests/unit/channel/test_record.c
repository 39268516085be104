/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/record.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"

#include "channel/value_code.h"

static struct record failure_of(struct slice id, double time, struct arena *arena) {
        struct record record = {.type = RECORD_FAILURE, .jail = 3};
        record.failure.time = time;
        record.failure.flags = FAILURE_RAW_ID;
        record.failure.regex = 5;
        record.failure.id = id;
        record.failure.data = value_dict();
        value_dict_put(&record.failure.data, value_text("user"), value_text("root"), arena);
        return record;
}

static void records_come_back_in_order(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("192.0.2.1"), 1700000000.5, &arena);
        struct record diag = {.type = RECORD_DIAG, .jail = 3, .diag = {30, SLICE("fail2ban.filter"), SLICE("text")}};
        struct record kept = {.type = RECORD_STATE, .jail = 4, .state = {SLICE("key"), SLICE("blob")}};
        struct record count = {.type = RECORD_COUNT, .jail = 4, .count = {100, 1}};
        assert_int_equal(record_put(&out, &put), 0);
        assert_int_equal(record_put(&out, &diag), 0);
        assert_int_equal(record_put(&out, &kept), 0);
        assert_int_equal(record_put(&out, &count), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        struct record got;
        assert_int_equal(record_get(&in, &arena, &got), 1);
        assert_int_equal(got.jail, 3);
        assert_slice(got.failure.id, "192.0.2.1");
        assert_int_equal(got.failure.flags, FAILURE_RAW_ID);
        assert_true(value_equal(&got.failure.data, &put.failure.data));
        assert_int_equal(record_get(&in, &arena, &got), 1);
        assert_slice(got.diag.text, "text");
        assert_int_equal(record_get(&in, &arena, &got), 1);
        assert_slice(got.state.blob, "blob");
        assert_int_equal(record_get(&in, &arena, &got), 1);
        assert_int_equal(got.count.lines, 100);
        assert_int_equal(record_get(&in, &arena, &got), 0);
        buffer_done(&out);
        arena_done(&arena);
}

static void what_was_checked_is_read_without_its_tree(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("192.0.2.1"), 1700000000.5, &arena), got;
        assert_int_equal(record_put(&out, &put), 0);
        assert_int_equal(record_put(&out, &put), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        for (int i = 0; i < 2; i++) {
                assert_int_equal(record_get_checked(&in, &got), 1);
                assert_slice(got.failure.id, "192.0.2.1");
                assert_int_equal(got.failure.data.type, VALUE_NONE);
                struct message_reader coded = message_reader_of(got.failure.coded);
                struct value data = value_get(&coded, &arena);
                assert_true(message_read_end(&coded) && value_equal(&data, &put.failure.data));
        }
        assert_int_equal(record_get_checked(&in, &got), 0);
        buffer_done(&out);
        arena_done(&arena);
}

/* The data must be one dict, and nothing behind it. */
static void data_that_are_no_dict_are_refused(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        const struct value rows[] = {value_list(), value_text("x"), VALUE_OF_NONE};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(100000);
                struct record put = failure_of(SLICE("x"), 1, &arena), got;
                put.failure.data = rows[i];
                assert_int_equal(record_put(&out, &put), 0);
                struct message_reader in = message_reader_of(buffer_view(&out));
                assert_int_equal(record_get(&in, NULL, &got), -EBADMSG);
                buffer_done(&out);
        }
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("x"), 1, &arena), got;
        put.failure.data = value_dict();
        assert_int_equal(record_put(&out, &put), 0);
        /* The dict's five bytes and their length before them: one byte more belongs to it. */
        char *length = out.bytes + out.end - VALUE_HEAD_BYTES - sizeof(uint32_t);
        *length = VALUE_HEAD_BYTES + 1;
        (void)message_put_u8(&out, VALUE_NONE);
        struct message_reader in = message_reader_of(buffer_view(&out));
        assert_int_equal(record_get(&in, NULL, &got), -EBADMSG);
        buffer_done(&out);
        arena_done(&arena);
}

static void a_record_is_put_whole_or_not_at_all(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(100);
        struct record put = failure_of(SLICE("192.0.2.1"), 1, &arena);
        assert_int_equal(record_put(&out, &put), 0);
        size_t len = buffer_len(&out);
        assert_int_equal(record_put(&out, &put), -ENOBUFS);
        assert_int_equal(buffer_len(&out), len);
        buffer_done(&out);
        arena_done(&arena);
}

static void impossible_contents_are_refused(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        static char big[RECORD_ID_MAX + 1];
        const struct record rows[] = {
                failure_of((struct slice){big, sizeof(big)}, 1, &arena),
                failure_of(SLICE("x"), -1, &arena),
                failure_of(SLICE("x"), (double)NAN, &arena),
                failure_of(SLICE("x"), (double)INFINITY, &arena),
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(100000);
                struct record got;
                assert_int_equal(record_put(&out, &rows[i]), 0);
                struct message_reader in = message_reader_of(buffer_view(&out));
                assert_int_equal(record_get(&in, &arena, &got), -EBADMSG);
                buffer_done(&out);
        }
        struct record got;
        struct message_reader in = message_reader_of((struct slice){"\x09\0\0\0\0", 5});
        assert_int_equal(record_get(&in, &arena, &got), -EBADMSG);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_come_back_in_order),
                cmocka_unit_test(what_was_checked_is_read_without_its_tree),
                cmocka_unit_test(data_that_are_no_dict_are_refused),
                cmocka_unit_test(a_record_is_put_whole_or_not_at_all),
                cmocka_unit_test(impossible_contents_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
