/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/line_buffer.h"

#include <stdio.h>

#include "../cmocka_include.h"
#include "base/repr.h"

static struct arena arena;

static struct line_tuple tuple(const char *before, const char *date, const char *after) {
        return (struct line_tuple){slice_of(before), slice_of(date), slice_of(after), NULL};
}

static void add(struct line_buffer *buffer, const char *text, size_t max) {
        struct line_tuple line = tuple("<", "date", text);
        struct line_list list = line_buffer_with(buffer, &line, max, &arena);
        line_buffer_keep(buffer, &list);
}

static struct slice content(struct line_buffer *buffer) {
        struct line_tuple line = tuple("", "", "");
        struct line_list list = line_buffer_with(buffer, &line, SIZE_MAX, &arena);
        list.count--;
        return line_list_text(&list, &arena);
}

static void newest_lines_stay(void **state) {
        struct line_buffer buffer = {0};
        (void)state;
        add(&buffer, "a", 3);
        add(&buffer, "b", 3);
        add(&buffer, "c", 3);
        assert_slice(content(&buffer), "<a\n<b\n<c\n");
        add(&buffer, "a much longer line", 3);
        assert_slice(content(&buffer), "<b\n<c\n<a much longer line\n");
        add(&buffer, "e", 2);
        assert_slice(content(&buffer), "<a much longer line\n<e\n");
        line_buffer_done(&buffer);
}

static void any_lines_in_any_order_can_be_kept(void **state) {
        struct line_buffer buffer = {0};
        (void)state;
        for (const char *text = "abcdef"; *text; text++)
                add(&buffer, (char[]){*text, '\0'}, 10);
        struct line_tuple line = tuple("", "", "new");
        struct line_list all = line_buffer_with(&buffer, &line, 10, &arena);
        struct line_tuple some[] = {
                all.items[6], all.items[4], all.items[0], tuple("", "", "other"), all.items[2]};
        line_buffer_keep(&buffer, &(struct line_list){some, 5});
        assert_slice(content(&buffer), "new\n<e\n<a\nother\n<c\n");
        line_buffer_keep(&buffer, &(struct line_list){NULL, 0});
        assert_slice(content(&buffer), "\n");
        add(&buffer, "x", 10);
        assert_slice(content(&buffer), "<x\n");
        line_buffer_done(&buffer);
}

static void saved_lines_come_back(void **state) {
        struct line_buffer buffer = {0};
        struct line_buffer other = {0};
        struct buffer blob = BUFFER_INIT(65536);
        (void)state;
        add(&buffer, "a", 3);
        add(&buffer, "bb", 3);
        assert_true(buffer.changed);
        line_buffer_save(&buffer, 65536, &blob);
        assert_false(buffer.changed);
        line_buffer_load(&other, buffer_view(&blob));
        assert_slice(content(&other), "<a\n<bb\n");
        assert_false(other.changed);
        line_buffer_done(&other);
        line_buffer_done(&buffer);
        buffer_done(&blob);
}

static void oldest_lines_are_left_out_of_too_large_a_save(void **state) {
        struct line_buffer buffer = {0};
        struct line_buffer other = {0};
        struct buffer blob = BUFFER_INIT(65536);
        (void)state;
        add(&buffer, "first", 3);
        add(&buffer, "second", 3);
        line_buffer_save(&buffer, 4 + 12 + 11, &blob);
        line_buffer_load(&other, buffer_view(&blob));
        assert_slice(content(&other), "<second\n");
        line_buffer_done(&other);
        line_buffer_done(&buffer);
        buffer_done(&blob);
}

static void bad_bytes_are_not_loaded(void **state) {
        static const struct slice rows[] = {
                {"",                   0 },
                {"\1",                 1 },
                {"\xff\xff\xff\xff",   4 },
                {"\1\0\0\0\5\0\0\0ab", 10},
                {"\0\0\0\0x",          5 },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct line_buffer buffer = {0};
                line_buffer_load(&buffer, rows[i]);
                assert_int_equal(buffer.count, 0);
                line_buffer_done(&buffer);
        }
}

static void values_outlive_their_lines(void **state) {
        struct line_buffer buffer = {0};
        (void)state;
        add(&buffer, "a", 1);
        struct line_tuple line = tuple("", "d", "b");
        struct line_list list = line_buffer_with(&buffer, &line, 2, &arena);
        struct value value = line_list_value(&list, &arena);
        add(&buffer, "overwritten", 1);
        assert_slice(repr(&value, &arena), "[('<', 'date', 'a'), ('', 'd', 'b')]");
        line_buffer_done(&buffer);
}

static void equal_lines_have_equal_parts(void **state) {
        struct line_tuple a = tuple("a", "b", "c");
        struct line_tuple same = tuple("a", "b", "c");
        struct line_tuple other = tuple("a", "", "bc");
        (void)state;
        assert_true(line_tuple_equal(&a, &same));
        assert_false(line_tuple_equal(&a, &other));
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(newest_lines_stay),
                cmocka_unit_test(any_lines_in_any_order_can_be_kept),
                cmocka_unit_test(saved_lines_come_back),
                cmocka_unit_test(oldest_lines_are_left_out_of_too_large_a_save),
                cmocka_unit_test(bad_bytes_are_not_loaded),
                cmocka_unit_test(values_outlive_their_lines),
                cmocka_unit_test(equal_lines_have_equal_parts),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
