/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/commands.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static void commands_carry_the_origin_of_their_value(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value_origin origin = {"f", 3, "s", "o"};
        struct value value = value_int(5);
        value.origin = &origin;
        struct value command = command_set_value(SLICE("j"), SLICE("maxretry"), &value, &arena);
        assert_string_equal(repr(&command, &arena).data, "['set', 'j', 'maxretry', 5]");
        assert_ptr_equal(command.origin, &origin);
        assert_ptr_equal(command.list.items[3].origin, &origin);
        command = command_set(SLICE("j"), SLICE("x"), NULL, &arena);
        assert_string_equal(repr(&command, &arena).data, "['set', 'j', 'x']");
        assert_null(command.origin);
        command = command_config_error(SLICE("why"), &origin, &arena);
        assert_string_equal(repr(&command, &arena).data, "['config-error', 'why']");
        assert_ptr_equal(command.origin, &origin);
        arena_done(&arena);
}

static void insertion_moves_what_follows(void **state) {
        (void)state;
        static const struct {
                size_t index;
                const char *list;
        } rows[] = {
                {0, "[9, 0, 1]"},
                {1, "[0, 9, 1]"},
                {2, "[0, 1, 9]"}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value list = value_list();
                (void)value_append(&list, value_int(0), &arena);
                (void)value_append(&list, value_int(1), &arena);
                commands_insert(&list, rows[i].index, value_int(9), &arena);
                assert_string_equal(repr(&list, &arena).data, rows[i].list);
                arena_done(&arena);
        }
}

static void all_items_are_appended_in_order(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        struct value more = value_list();
        (void)value_append(&list, value_int(0), &arena);
        (void)value_append(&more, value_int(1), &arena);
        (void)value_append(&more, value_int(2), &arena);
        commands_append_all(&list, &more, &arena);
        assert_string_equal(repr(&list, &arena).data, "[0, 1, 2]");
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_carry_the_origin_of_their_value),
                cmocka_unit_test(insertion_moves_what_follows),
                cmocka_unit_test(all_items_are_appended_in_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
