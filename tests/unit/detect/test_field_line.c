/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/field_line.h"

#include "../cmocka_include.h"
#include "base/repr.h"
#include "channel/value_code.h"

static struct arena arena;

static struct slice shown(const struct field_line *lines, size_t count) {
        struct value v = field_lines_value(lines, count, &arena);
        return repr(&v, &arena);
}

static void parts_that_lie_together_are_not_copied(void **state) {
        static const char text[] = "a 10:00 b";
        static const struct {
                struct line_tuple line;
                const char *shown;
        } rows[] = {
                {{{text, 2}, {text + 2, 5}, {text + 7, 2}, NULL}, "[('a ', '10:00', ' b')]"},
                {{{"", 0}, {text, 2}, {text + 2, 3}, NULL},       "[('', 'a ', '10:')]"    },
                {{{"", 0}, {"", 0}, {text, 2}, NULL},             "[('', '', 'a ')]"       },
                {{{text, 2}, {NULL, 0}, {text + 2, 1}, NULL},     "[('a ', '', '1')]"      },
                {{{text, 2}, {NULL, 0}, {NULL, 0}, NULL},         "[('a ', '', '')]"       },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct line_tuple line = rows[i].line;
                struct field_line *lines = field_lines_new(&(struct line_list){&line, 1}, &arena);
                assert_ptr_equal(lines->text, text);
                assert_slice(shown(lines, 1), rows[i].shown);
        }
}

/* The journal's date is not a part of its message; a slot is filled anew. */
static void parts_from_elsewhere_are_joined(void **state) {
        char slot[] = "ab";
        (void)state;
        struct line_tuple items[] = {
                {SLICE("x"), SLICE("date"), SLICE("message"), NULL                    },
                {SLICE(""),  SLICE("date"), SLICE(""),        NULL                    },
                {{slot, 1},  SLICE(""),     {slot + 1, 1},    (struct line_slot *)slot},
                {SLICE_NULL, SLICE_NULL,    SLICE_NULL,       NULL                    },
        };
        struct field_line *lines = field_lines_new(&(struct line_list){items, 4}, &arena);
        memset(slot, 'z', 2);
        assert_slice(shown(lines, 4),
                "[('x', 'date', 'message'), ('', 'date', ''), ('a', '', 'b'), ('', '', '')]");
        assert_int_equal(field_line_len(&lines[0]), 12);
}

static void values_come_back(void **state) {
        static const struct field_line lines[] = {
                {"adb", 1, 1, 1},
                {"",    0, 0, 0},
                {"xy",  0, 0, 2}
        };
        (void)state;
        for (size_t count = 0; count <= 3; count++) {
                struct value v = field_lines_value(lines, count, &arena);
                struct field_line *back = field_lines_of_value(&v, &arena);
                assert_non_null(back);
                assert_slice(shown(back, count), repr(&v, &arena).data);
                size_t size = field_lines_coded_size(lines, count);
                assert_int_equal(size, value_coded_size(&v));
                char *bytes = arena_alloc(&arena, size), *expected = arena_alloc(&arena, size);
                assert_ptr_equal(field_lines_write(bytes, lines, count), bytes + size);
                (void)value_write(expected, &v);
                assert_memory_equal(bytes, expected, size);
        }
}

static void what_is_no_list_of_lines_is_refused(void **state) {
        (void)state;
        struct value text = value_text("x"), list = value_list(), pair = value_tuple();
        assert_null(field_lines_of_value(&text, &arena));
        (void)value_append(&pair, text, &arena);
        (void)value_append(&pair, text, &arena);
        (void)value_append(&list, pair, &arena);
        assert_null(field_lines_of_value(&list, &arena));
        (void)value_append(&pair, value_int(1), &arena);
        list.list.items[0] = pair;
        assert_null(field_lines_of_value(&list, &arena));
        list.list.items[0] = text;
        assert_null(field_lines_of_value(&list, &arena));
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parts_that_lie_together_are_not_copied),
                cmocka_unit_test(parts_from_elsewhere_are_joined),
                cmocka_unit_test(values_come_back),
                cmocka_unit_test(what_is_no_list_of_lines_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
