/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/failure_record.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "../../support/failure_parts.h"

static struct field lines_of(struct arena *arena, size_t count) {
        struct field_line *lines = arena_alloc_raw(arena, count, sizeof(*lines));
        for (size_t i = 0; i < count; i++) {
                struct slice text = arena_printf(arena, "Nov 26 02:44:21 line %zu", i);
                lines[i] = (struct field_line){text.data, 0, 15, (uint32_t)text.len - 15};
        }
        return field_lines(FIELD_MATCHES, lines, count);
}

static struct fields fields_of(struct arena *arena, size_t lines) {
        struct value users = value_set();
        struct fields fields = FIELDS_EMPTY;
        (void)value_append(&users, value_text("root"), arena);
        fields_put(&fields, field_text(FIELD_MLFID, SLICE(" host sshd[1]: ")), arena);
        fields_put(&fields, (struct field){.name = FIELD_DNS, .kind = FIELD_NONE}, arena);
        fields_put(&fields, field_text(FIELD_IP4, SLICE("192.0.2.1")), arena);
        fields_put(&fields, lines_of(arena, lines), arena);
        fields_put_value(&fields, FIELD_USERS, &users, arena);
        return fields;
}

static struct record record_of(void) {
        struct record record = {.type = RECORD_FAILURE, .jail = 7};
        record.failure.time = 1795500000.25;
        record.failure.regex = 300;
        record.failure.id = SLICE("192.0.2.1");
        return record;
}

/* The one way to write it and the other come to the same. */
static void fields_become_lines_and_groups(void **state) {
        (void)state;
        for (size_t lines = 0; lines < 200; lines += 1 + lines / 2) {
                struct arena arena = ARENA_INIT;
                struct buffer out = BUFFER_INIT(100000), expected = BUFFER_INIT(100000);
                struct fields fields = fields_of(&arena, lines);
                struct record record = record_of(), got;
                assert_int_equal(failure_record_put(&out, &record, &fields), 0);
                struct fields known;
                fields_copy_known(&fields, &arena, &known);
                struct value data = fields_dict(&known, &arena);
                failure_parts_set(&record, &data, &arena);
                assert_int_equal(record_put(&expected, &record), 0);
                assert_true(slice_equal(buffer_view(&out), buffer_view(&expected)));
                struct message_reader in = message_reader_of(buffer_view(&out));
                assert_int_equal(record_get(&in, &got), 1);
                assert_true(got.failure.time == record.failure.time);
                assert_slice(got.failure.id, "192.0.2.1");
                struct message_reader groups = message_reader_of(got.failure.groups);
                static const char *const names[] = {"mlfid", "ip4", "users"};
                for (size_t i = 0; i < 3; i++) {
                        struct failure_group group;
                        assert_true(failure_group_next(&groups, &group));
                        assert_slice(group.name, names[i]);
                }
                assert_true(message_read_end(&groups));
                buffer_done(&out);
                buffer_done(&expected);
                arena_done(&arena);
        }
}

static void no_matches_are_no_lines(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer out = BUFFER_INIT(1000);
        struct fields fields = FIELDS_EMPTY;
        struct record record = record_of(), got;
        fields_put(&fields, field_text(FIELD_MATCHES, SLICE("no list")), &arena);
        assert_int_equal(failure_record_put(&out, &record, &fields), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        assert_int_equal(record_get(&in, &got), 1);
        assert_int_equal(got.failure.lines.len, 0);
        assert_int_equal(got.failure.groups.len, 0);
        buffer_done(&out);
        arena_done(&arena);
}

static void what_does_not_fit_changes_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_of(&arena, 10);
        struct record record = record_of();
        struct buffer out = BUFFER_INIT(300);
        assert_int_equal(failure_record_put(&out, &record, &fields), -ENOBUFS);
        assert_int_equal(buffer_len(&out), 0);
        buffer_done(&out);
        arena_done(&arena);
}

static void data_above_the_caps_are_left_out(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct fields fields = fields_of(&arena, 1);
        struct value deep = value_list();
        for (int i = 0; i <= VALUE_DEPTH_MAX; i++) {
                struct value outer = value_list();
                (void)value_append(&outer, deep, &arena);
                deep = outer;
        }
        fields_put_value(&fields, FIELD_USER, &deep, &arena);
        struct record record = record_of(), got;
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(failure_record_put(&out, &record, &fields), 0);
        struct message_reader in = message_reader_of(buffer_view(&out));
        assert_int_equal(record_get(&in, &got), 1);
        assert_slice(got.failure.id, "192.0.2.1");
        assert_int_equal(got.failure.groups.len, 0);
        buffer_done(&out);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields_become_lines_and_groups),
                cmocka_unit_test(no_matches_are_no_lines),
                cmocka_unit_test(what_does_not_fit_changes_nothing),
                cmocka_unit_test(data_above_the_caps_are_left_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
