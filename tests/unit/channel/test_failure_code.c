/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel/failure_code.h"

#include "../../support/failure_parts.h"
#include "../cmocka_include.h"

#include "channel/value_code.h"

static struct value tuple_of(struct arena *arena, size_t count) {
        static const char *const texts[] = {
                "", "Nov 26 02:44:21", " sshd[1]: x", "", "d", "e", "f", "g", "h"};
        struct value tuple = value_tuple();
        for (size_t i = 0; i < count; i++)
                (void)value_append(&tuple, value_text(texts[i]), arena);
        return tuple;
}

/* The value that a line was made of. */
static struct value value_of(const struct failure_line *line, struct arena *arena) {
        struct message_reader in = message_reader_of(line->text);
        struct value tuple = value_tuple();
        if (line->form == FAILURE_LINE_TEXT)
                return value_string(line->text);
        if (line->form == FAILURE_LINE_VALUE)
                return value_get(&in, arena);
        for (unsigned i = 0; i < line->piece_count; i++)
                (void)value_append(
                        &tuple, value_string(message_get_bytes(&in, line->lengths[i])), arena);
        assert_true(message_read_end(&in));
        return tuple;
}

static void lines_come_back(void **state) {
        struct arena arena = ARENA_INIT;
        struct value list = value_list(), mixed = tuple_of(&arena, 2);
        (void)state;
        (void)value_append(&list, value_text("in a list"), &arena);
        (void)value_append(&mixed, value_int(3), &arena);
        const struct value rows[] = {tuple_of(&arena, 3), tuple_of(&arena, 1), tuple_of(&arena, 8),
                tuple_of(&arena, 9), value_tuple(), value_text(""), value_text("text"), list, mixed,
                VALUE_OF_NONE, value_int(-1)};
        enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
        char bytes[2000], *to = message_write_number(bytes, ROWS);
        for (size_t i = 0; i < ROWS; i++) {
                char *end = failure_line_write(to, &rows[i]);
                assert_true((size_t)(end - to) <= failure_line_size(&rows[i]));
                to = end;
        }
        struct slice lines = {bytes, (size_t)(to - bytes)};
        assert_true(failure_lines_are_good(lines));
        struct message_reader in = message_reader_of(lines);
        struct failure_line line;
        assert_int_equal(failure_lines_count(&in), ROWS);
        for (size_t i = 0; i < ROWS; i++) {
                assert_true(failure_line_next(&in, &line));
                struct value got = value_of(&line, &arena);
                assert_true(value_equal(&got, &rows[i]));
        }
        assert_false(failure_line_next(&in, &line));
        assert_false(in.bad);
        for (size_t cut = 1; cut < lines.len; cut++)
                assert_false(failure_lines_are_good(slice_sub(lines, 0, cut)));
        arena_done(&arena);
}

static void a_line_is_one_text_to_who_does_not_ask_for_pieces(void **state) {
        struct arena arena = ARENA_INIT;
        struct value tuple = tuple_of(&arena, 3);
        char bytes[200];
        (void)state;
        size_t len = (size_t)(failure_line_write(bytes, &tuple) - bytes);
        struct message_reader in = message_reader_of((struct slice){bytes, len});
        struct failure_line line;
        assert_true(failure_line_next(&in, &line));
        assert_slice(line.text, "Nov 26 02:44:21 sshd[1]: x");
        assert_int_equal(len, 1 + 3 + line.text.len);
        arena_done(&arena);
}

static void no_lines_are_none(void **state) {
        static const struct slice rows[] = {
                {NULL, 0},
                {"\0", 1}
        };
        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct message_reader in = message_reader_of(rows[i]);
                assert_true(failure_lines_are_good(rows[i]));
                assert_int_equal(failure_lines_count(&in), 0);
        }
}

static void wrong_lines_are_no_good(void **state) {
        static const struct slice rows[] = {
                {"\x01",                                             1 }, /* one is missing */
                {"\x00\x00\x00",                                     3 }, /* one too many */
                {"\x01\x09\0\0\0\0\0\0\0\0\0",                       11}, /* too many pieces */
                {"\x01\xfe\0",                                       3 },
                {"\x01\x01\x05"
                 "abcd",                            7 }, /* longer than there is */
                {"\x01\x02\xff\xff\xff\xff\x0f\xff\xff\xff\xff\x0f", 12},
                {"\x01\xff\x01\x0b",                                 4 }, /* a value of no type */
                {"\x01\xff\x02\0\0",                                 5 }, /* more than one value */
                {"\x01\xff\0",                                       3 }, /* no value */
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_false(failure_lines_are_good(rows[i]));
}

static void groups_come_back(void **state) {
        struct arena arena = ARENA_INIT;
        struct value users = value_set(), one = value_set(), number = value_set();
        (void)state;
        (void)value_append(&users, value_text("a"), &arena);
        (void)value_append(&one, value_text("root"), &arena);
        (void)value_append(&number, value_int(1), &arena);
        (void)value_append(&users, value_text("b"), &arena);
        const struct {
                const char *name;
                struct value v;
                enum failure_group_form form;
        } rows[] = {
                {"user",  value_text("root"),      FAILURE_GROUP_TEXT },
                {"empty", value_text(""),          FAILURE_GROUP_TEXT },
                {"ip4",   value_text("192.0.2.1"), FAILURE_GROUP_ID   },
                {"users", one,                     FAILURE_GROUP_SET  },
                {"many",  users,                   FAILURE_GROUP_VALUE},
                {"count", number,                  FAILURE_GROUP_VALUE},
                {"n",     value_int(7),            FAILURE_GROUP_VALUE},
        };
        enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
        char bytes[2000], *to = bytes;
        for (size_t i = 0; i < ROWS; i++) {
                struct failure_name name = failure_name_of(slice_of(rows[i].name));
                char *end = failure_group_write(to, name, &rows[i].v, SLICE("192.0.2.1"));
                assert_true((size_t)(end - to) <= failure_group_size(name, &rows[i].v));
                to = end;
        }
        struct slice groups = {bytes, (size_t)(to - bytes)};
        assert_true(failure_groups_are_good(groups));
        struct message_reader in = message_reader_of(groups);
        struct failure_group group;
        for (size_t i = 0; i < ROWS; i++) {
                assert_true(failure_group_next(&in, &group));
                assert_slice(group.name, rows[i].name);
                assert_int_equal(group.form, rows[i].form);
                if (rows[i].v.type == VALUE_STRING && group.form != FAILURE_GROUP_ID)
                        assert_true(slice_equal(group.bytes, rows[i].v.string));
                if (group.form == FAILURE_GROUP_SET)
                        assert_slice(group.bytes, "root");
                if (group.form != FAILURE_GROUP_VALUE)
                        continue;
                struct message_reader value_in = message_reader_of(group.bytes);
                struct value got = value_get(&value_in, &arena);
                assert_true(message_read_end(&value_in) && value_equal(&got, &rows[i].v));
        }
        assert_false(failure_group_next(&in, &group));
        assert_false(in.bad);
        arena_done(&arena);
}

static void names_that_are_known_take_one_byte(void **state) {
        static const char *const known[] = {"ip4", "user", "mlfid", "mlfpending"};
        char bytes[100];
        struct failure_group group;
        (void)state;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                struct failure_name name = failure_name_of(slice_of(known[i]));
                char *end = failure_group_write_text(bytes, name, SLICE("x"), SLICE("x"));
                struct message_reader in = message_reader_of((struct slice){bytes, 1});
                assert_true(name.code > 0);
                assert_ptr_equal(end, bytes + 1);
                assert_true(failure_group_next(&in, &group));
                assert_slice(group.name, known[i]);
        }
        assert_int_equal(failure_name_of(SLICE("userx")).code, 0);
        assert_int_equal(failure_name_of(SLICE("")).code, 0);
}

static void texts_in_one_piece_are_a_tuple(void **state) {
        struct arena arena = ARENA_INIT;
        struct value tuple = tuple_of(&arena, 3);
        const uint32_t lengths[] = {0, 15, 11};
        char bytes[200], expected[200];
        (void)state;
        char *end = failure_pieces_write(bytes, "Nov 26 02:44:21 sshd[1]: x", lengths, 3);
        char *expected_end = failure_line_write(expected, &tuple);
        assert_int_equal(end - bytes, expected_end - expected);
        assert_memory_equal(bytes, expected, (size_t)(end - bytes));
        assert_true((size_t)(end - bytes) <= failure_pieces_size(lengths, 3));
        arena_done(&arena);
}

static void wrong_groups_are_no_good(void **state) {
        static const struct slice rows[] = {
                {"\0\x07user\x01x",      8 }, /* the name takes all there is */
                {"\0\x04user",           6 }, /* no text */
                {"\0\x04user\x05root",   11},
                {"\x03\x04user\x01\x0b", 8 }, /* a value of no type */
                {"\x03\x04user\0",       7 },
                {"\x1c",                 1 }, /* a known name, and nothing else */
                {"\xfc\x01x",            3 }, /* a code of no name */
        };
        static char name[FAILURE_GROUP_NAME_MAX + 1 + 4];
        struct value v = value_text("x");
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_false(failure_groups_are_good(rows[i]));
        assert_true(failure_groups_are_good(SLICE_NULL));
        struct slice long_name = {name, FAILURE_GROUP_NAME_MAX + 1};
        assert_int_equal(failure_group_size(failure_name_by_text(long_name), &v), 0);
        assert_true(failure_group_size(
                            failure_name_by_text(slice_sub(long_name, 1, long_name.len)), &v) > 0);
        char *end = message_write_number(name + 1, FAILURE_GROUP_NAME_MAX + 1);
        assert_false(failure_groups_are_good(
                (struct slice){name, (size_t)(end - name) + FAILURE_GROUP_NAME_MAX + 2}));
}

static void what_is_nested_too_deep_is_not_written(void **state) {
        struct arena arena = ARENA_INIT;
        struct value deep = value_list();
        (void)state;
        for (int i = 0; i <= VALUE_DEPTH_MAX; i++) {
                struct value outer = value_list();
                (void)value_append(&outer, deep, &arena);
                deep = outer;
        }
        assert_int_equal(failure_line_size(&deep), 0);
        assert_int_equal(failure_group_size(failure_name_of(SLICE("x")), &deep), 0);
        arena_done(&arena);
}

/* One after the other, as who applies them reads them. */
static bool are_good_one_by_one(struct slice groups) {
        struct message_reader in = message_reader_of(groups);
        struct failure_group group;
        while (failure_group_next(&in, &group)) {
                struct message_reader value = message_reader_of(group.bytes);
                if (group.form == FAILURE_GROUP_VALUE)
                        (void)value_skip(&value);
                if (group.form == FAILURE_GROUP_VALUE && !message_read_end(&value))
                        return false;
        }
        return !in.bad;
}

static void short_groups_are_judged_as_all_others_are(void **state) {
        static const char sample[] = "\0\x04name\x04root\x11\x22\x01x\0\0\0\x02\x01n\x01x"
                                     "\x1c\x03xyz\x03\x01m\x01\0\x01\x03sid\x05\0\x7fxx";
        static const unsigned char marks[] = {
                0, 1, 2, 3, 4, 5, 0x11, 0x40, 0x44, 0x7f, 0x80, 0x81, 0xff};
        char bytes[sizeof(sample)];
        unsigned good = 0;
        (void)state;
        for (size_t len = 0; len < sizeof(sample); len++)
                for (size_t at = 0; at <= len; at++)
                        for (size_t i = 0; i < sizeof(marks); i++) {
                                memcpy(bytes, sample, sizeof(sample));
                                if (at < len)
                                        bytes[at] = (char)marks[i];
                                struct slice groups = {bytes, len};
                                bool is_good = failure_groups_are_good(groups);
                                assert_int_equal(is_good, are_good_one_by_one(groups));
                                good += is_good;
                        }
        assert_true(good > 100);
}

static void pieces_of_all_lengths_come_back_and_are_bad_when_cut(void **state) {
        static const uint32_t numbers[] = {0, 1, 127, 128, 16383, 16384};
        enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
        static char text[2 * 16384], bytes[2 * 16384 + 20];
        (void)state;
        memset(text, 't', sizeof(text));
        for (size_t i = 0; i < COUNT * COUNT; i++) {
                const uint32_t lengths[] = {numbers[i / COUNT], numbers[i % COUNT]};
                bytes[0] = 1; /* line */
                char *end = failure_pieces_write(bytes + 1, text, lengths, 2);
                struct slice lines = {bytes, (size_t)(end - bytes)};
                struct message_reader in = message_reader_of(lines);
                struct failure_line line;
                assert_true(failure_lines_are_good(lines));
                assert_int_equal(failure_lines_count(&in), 1);
                assert_true(failure_line_next(&in, &line));
                assert_true(line.form == 2 && line.piece_count == 2);
                assert_true(line.lengths[0] == lengths[0] && line.lengths[1] == lengths[1]);
                assert_int_equal(line.text.len, lengths[0] + lengths[1]);
                assert_true(message_read_end(&in));
                for (size_t cut = 1; cut < lines.len; cut = cut < 20 ? cut + 1 : cut * 2)
                        assert_false(failure_lines_are_good(slice_sub(lines, 0, lines.len - cut)));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_come_back),
                cmocka_unit_test(a_line_is_one_text_to_who_does_not_ask_for_pieces),
                cmocka_unit_test(no_lines_are_none),
                cmocka_unit_test(wrong_lines_are_no_good),
                cmocka_unit_test(texts_in_one_piece_are_a_tuple),
                cmocka_unit_test(groups_come_back),
                cmocka_unit_test(names_that_are_known_take_one_byte),
                cmocka_unit_test(wrong_groups_are_no_good),
                cmocka_unit_test(what_is_nested_too_deep_is_not_written),
                cmocka_unit_test(short_groups_are_judged_as_all_others_are),
                cmocka_unit_test(pieces_of_all_lengths_come_back_and_are_bad_when_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
