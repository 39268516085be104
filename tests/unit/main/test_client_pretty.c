/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_pretty.h"

#include "base/repr.h"

#include "../cmocka_include.h"

/* times pieces of text one behind the other. */
static struct value repeated(const char *text, size_t times, struct arena *arena) {
        size_t len = strlen(text);
        char *all = arena_alloc(arena, len * times + 1);
        for (size_t i = 0; i < times; i++)
                memcpy(all + i * len, text, len);
        return value_string((struct slice){all, len * times});
}

static void what_fits_stays_in_a_line(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("set"), &arena);
        (void)value_append(&list, repeated("x", CLIENT_PRETTY_WIDTH - 11, &arena), &arena);
        struct slice text = client_pretty(&list, &arena);
        assert_int_equal(text.len, CLIENT_PRETTY_WIDTH);
        assert_true(slice_equal(text, repr(&list, &arena)));
        arena_done(&arena);
}

static void a_longer_list_has_one_item_a_line(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        (void)value_append(&list, value_text("set"), &arena);
        (void)value_append(&list, repeated("x", CLIENT_PRETTY_WIDTH - 10, &arena), &arena);
        struct slice text = client_pretty(&list, &arena);
        assert_true(slice_has_prefix(text, SLICE("[ 'set',\n  'xxx")));
        assert_true(slice_has_suffix(text, SLICE("xxx']")));
        arena_done(&arena);
}

static void texts_are_cut_at_newlines_then_at_blanks(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        struct slice lines = arena_printf(&arena, "first\n%.*s\nlast",
                SLICE_ARG(repeated("word ", CLIENT_PRETTY_WIDTH / 5 + 10, &arena).string));
        (void)value_append(&list, value_string(lines), &arena);
        struct slice text = client_pretty(&list, &arena);
        assert_true(slice_has_prefix(text, SLICE("[ 'first\\n'\n  'word word ")));
        assert_true(slice_has_suffix(text, SLICE("word \\n'\n  'last']")));
        struct slice line;
        for (size_t count = 0; slice_next_piece(&text, '\n', &line); count++) {
                assert_true(line.len <= CLIENT_PRETTY_WIDTH);
                assert_true(count < 4);
        }
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_fits_stays_in_a_line),
                cmocka_unit_test(a_longer_list_has_one_item_a_line),
                cmocka_unit_test(texts_are_cut_at_newlines_then_at_blanks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
