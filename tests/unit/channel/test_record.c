/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/record.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"

#include "channel/failure_code.h"

static struct record failure_of(struct slice id, double time) {
        struct record record = {.type = RECORD_FAILURE, .jail = 3};
        record.failure.time = time;
        record.failure.flags = FAILURE_RAW_ID;
        record.failure.regex = 5;
        record.failure.id = id;
        record.failure.lines = SLICE("\x01\x01\x04line");
        record.failure.groups = SLICE("\0\x04name\x04root");
        return record;
}

static void records_come_back_in_order(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("192.0.2.1"), 1700000000.5);
        struct record diag = {
                .type = RECORD_DIAG,
                .jail = 3,
                .diag = {30, SLICE("fail2ban.filter"), SLICE("text")}
        };
        struct record kept = {
                .type = RECORD_STATE, .jail = 4, .state = {SLICE("key"), SLICE("blob")}
        };
        struct record count = {
                .type = RECORD_COUNT, .jail = 4, .count = {100, 1}
        };
        assert_int_equal(record_put(&out, &put), 0);
        assert_int_equal(record_put(&out, &diag), 0);
        assert_int_equal(record_put(&out, &kept), 0);
        assert_int_equal(record_put(&out, &count), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        struct record got;
        assert_int_equal(record_get(&in, &got), 1);
        assert_int_equal(got.jail, 3);
        assert_slice(got.failure.id, "192.0.2.1");
        assert_int_equal(got.failure.flags, FAILURE_RAW_ID);
        assert_int_equal(got.failure.regex, 5);
        assert_true(slice_equal(got.failure.lines, put.failure.lines));
        assert_true(slice_equal(got.failure.groups, put.failure.groups));
        assert_int_equal(record_get(&in, &got), 1);
        assert_slice(got.diag.text, "text");
        assert_int_equal(record_get(&in, &got), 1);
        assert_slice(got.state.blob, "blob");
        assert_int_equal(record_get(&in, &got), 1);
        assert_int_equal(got.count.lines, 100);
        assert_int_equal(record_get(&in, &got), 0);
        buffer_done(&out);
}

static void what_was_checked_is_read_the_same(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("192.0.2.1"), 1700000000.5), got;
        assert_int_equal(record_put(&out, &put), 0);
        assert_int_equal(record_put(&out, &put), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        for (int i = 0; i < 2; i++) {
                assert_int_equal(record_get_checked(&in, &got), 1);
                assert_slice(got.failure.id, "192.0.2.1");
                assert_true(slice_equal(got.failure.lines, put.failure.lines));
                assert_true(slice_equal(got.failure.groups, put.failure.groups));
                assert_int_equal(got.failure.hash, 0);
        }
        assert_int_equal(record_get_checked(&in, &got), 0);
        buffer_done(&out);
}

static void lines_and_groups_that_are_none_are_refused(void **state) {
        (void)state;
        static const struct slice rows[] = {
                {"\x01",             1},
                {"\x02\x00\x01",     3},
                {"\x01\x01\x05line", 7},
                {"x",                1}
        };
        for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(100000);
                struct record put = failure_of(SLICE("x"), 1), got;
                *(i % 2 == 0 ? &put.failure.lines : &put.failure.groups) = rows[i / 2];
                assert_int_equal(record_put(&out, &put), 0);
                struct message_reader in = message_reader_of(buffer_view(&out));
                assert_int_equal(record_get(&in, &got), -EBADMSG);
                buffer_done(&out);
        }
}

/* As who writes lines and groups in place does it. */
static void a_failure_written_in_place_is_the_same(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(100000);
        struct record put = failure_of(SLICE("192.0.2.1"), 1700000000.5);
        put.failure.regex = UINT32_MAX;
        assert_int_equal(record_put(&out, &put), 0);
        char room[200], *to = record_write_failure_head(room, &put);
        assert_true((size_t)(to - room) <= RECORD_FAILURE_HEAD_MAX + put.failure.id.len);
        const struct slice parts[] = {put.failure.lines, put.failure.groups};
        for (size_t i = 0; i < 2; i++) {
                char *begin = to;
                to = (char *)memcpy(to + RECORD_LENGTH_BYTES, parts[i].data, parts[i].len) +
                     parts[i].len;
                record_write_length(begin, to);
        }
        assert_true(slice_equal(buffer_view(&out), (struct slice){room, (size_t)(to - room)}));
        buffer_done(&out);
}

static void a_record_is_put_whole_or_not_at_all(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(100);
        struct record put = failure_of(SLICE("192.0.2.1"), 1);
        assert_int_equal(record_put(&out, &put), 0);
        size_t len = buffer_len(&out);
        assert_int_equal(record_put(&out, &put), -ENOBUFS);
        assert_int_equal(buffer_len(&out), len);
        buffer_done(&out);
}

static void impossible_contents_are_refused(void **state) {
        (void)state;
        static char big[RECORD_ID_MAX + 1];
        const struct record rows[] = {
                failure_of((struct slice){big, sizeof(big)}, 1),
                failure_of(SLICE("x"), -1),
                failure_of(SLICE("x"), (double)NAN),
                failure_of(SLICE("x"), (double)INFINITY),
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(100000);
                struct record got;
                assert_int_equal(record_put(&out, &rows[i]), 0);
                struct message_reader in = message_reader_of(buffer_view(&out));
                assert_int_equal(record_get(&in, &got), -EBADMSG);
                buffer_done(&out);
        }
        struct record got;
        struct message_reader in = message_reader_of((struct slice){"\x09\0\0\0\0", 5});
        assert_int_equal(record_get(&in, &got), -EBADMSG);
}

static void numbers_of_all_lengths_come_back_and_are_bad_when_cut(void **state) {
        static const uint32_t numbers[] = {0, 1, 127, 128, 300, RECORD_ID_MAX};
        enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
        static char id[RECORD_ID_MAX];
        (void)state;
        memset(id, 'i', sizeof(id));
        for (size_t i = 0; i < COUNT * COUNT; i++) {
                struct buffer out = BUFFER_INIT(100000);
                struct record put = failure_of((struct slice){id, numbers[i / COUNT]}, 1.5), got;
                put.failure.regex = numbers[i % COUNT];
                put.failure.flags = FAILURE_INTEGRAL_TIME;
                assert_int_equal(record_put(&out, &put), 0);
                struct slice whole = buffer_view(&out);
                struct message_reader in = message_reader_of(whole);
                assert_int_equal(record_get(&in, &got), 1);
                assert_true(message_read_end(&in));
                assert_true(slice_equal(got.failure.id, put.failure.id) && got.failure.time == 1.5);
                assert_int_equal(got.failure.regex, put.failure.regex);
                assert_int_equal(got.failure.flags, FAILURE_INTEGRAL_TIME);
                assert_true(slice_equal(got.failure.lines, put.failure.lines));
                assert_true(slice_equal(got.failure.groups, put.failure.groups));
                for (size_t cut = 1; cut < whole.len; cut++) {
                        char *copy = malloc(cut); /* its end is the end: ASan looks */
                        memcpy(copy, whole.data, cut);
                        in = message_reader_of((struct slice){copy, cut});
                        assert_int_equal(record_get(&in, &got), -EBADMSG);
                        free(copy);
                }
                buffer_done(&out);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_come_back_in_order),
                cmocka_unit_test(what_was_checked_is_read_the_same),
                cmocka_unit_test(lines_and_groups_that_are_none_are_refused),
                cmocka_unit_test(a_failure_written_in_place_is_the_same),
                cmocka_unit_test(a_record_is_put_whole_or_not_at_all),
                cmocka_unit_test(impossible_contents_are_refused),
                cmocka_unit_test(numbers_of_all_lengths_come_back_and_are_bad_when_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
