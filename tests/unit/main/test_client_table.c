/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_table.h"

#include "../cmocka_include.h"
#include "reply_text.h"

static int draw(struct client_lines *text, const char *reply, bool utf8, struct arena *arena) {
        static struct value command;
        static struct value value;
        command = value_list();
        value = reply_text(reply, arena);
        client_lines_init(text, &command, &value, arena);
        text->utf8 = utf8;
        return client_table_print(text);
}

static void columns_have_a_least_width(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct client_lines text;
        assert_int_equal(draw(&text, "{'j1': ['polling', (0, 12), (3, 4)]}", true, &arena), 0);
        assert_slice(client_lines_text(&text), "          ║          ║ Filter    ║ Actions  \n"
                                               " Jail     ║ Backend  ╟───────────╫───────────\n"
                                               "          ║          ║ cur │ tot ║ cur │ tot\n"
                                               "══════════╬══════════╬═══════════╬═══════════\n"
                                               " j1       ║ polling  ║   0 │  12 ║   3 │   4\n"
                                               "══════════╩══════════╩═══════════╩═══════════");
        client_lines_done(&text);
        arena_done(&arena);
}

static void columns_grow_and_ascii_will_do(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct client_lines text;
        assert_int_equal(draw(&text,
                                 "{'a-long-name': ['pyinotify', (1, 12345), (3, 4)], "
                                 "'\u00e4': ['x', (1, 2), (3, 4)]}",
                                 false, &arena),
                0);
        assert_slice(client_lines_text(&text),
                "             |           | Filter      | Actions  \n"
                " Jail        | Backend   |-------------x-----------\n"
                "             |           | cur |   tot | cur | tot\n"
                "-------------x-----------x-------------x-----------\n"
                " a-long-name | pyinotify |   1 | 12345 |   3 |   4\n"
                " \u00e4           | x         |   1 |     2 |   3 |   4\n"
                "---------------------------------------------------");
        client_lines_done(&text);
        arena_done(&arena);
}

static void no_jails(void **state) {
        (void)state;
        static const char *const rows[] = {"{}", "[]", "N"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct client_lines text;
                assert_int_equal(draw(&text, rows[i], true, &arena), 0);
                assert_slice(client_lines_text(&text), "No jails found.");
                client_lines_done(&text);
                arena_done(&arena);
        }
}

static void other_forms_are_refused(void **state) {
        (void)state;
        static const char *const rows[] = {"{'j': N}", "{'j': ['b', (1, 2)]}", "[1]",
                "{'j': ['b', (1, 2), (1)]}", "{'j': ['b', 'xy', (1, 2)]}"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct client_lines text;
                assert_int_equal(draw(&text, rows[i], true, &arena), -1);
                client_lines_done(&text);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_have_a_least_width),
                cmocka_unit_test(columns_grow_and_ascii_will_do),
                cmocka_unit_test(no_jails),
                cmocka_unit_test(other_forms_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
