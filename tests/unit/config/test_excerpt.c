/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/excerpt.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static const char file[] = "[jail]\n"
                           "filter = sshdd\n"
                           "failregex = ^a <HOST>\n"
                           "\t^b (<HOST>\n"
                           "\n"
                           "# comment\n"
                           "    ^c\n"
                           "name: gr\303\274n und blau\n"
                           "empty =\n"
                           "  later\n";

static void carets_stand_under_what_is_wrong(void **state) {
        (void)state;
        static const struct {
                unsigned line;
                const char *option;
                const char *part;
                unsigned shown;
                bool is_exact;
                const char *text;
        } rows[] = {
                {2,  "filter",    "sshdd",  2,  true,  "     2 | filter = sshdd\n       |          ^^^^^"},
                {2,  "filter",    "",       2,  false, "     2 | filter = sshdd\n       |          ^^^^^"},
                {2,  "filter",    "filter", 2,  true,  "     2 | filter = sshdd\n       | ^^^^^^"        },
                {2,  "filter",    "nosuch", 2,  false,
                 "     2 | filter = sshdd\n       |          ^^^^^"                                      },
                {3,  "failregex", "^b (",   4,  true,  "     4 |  ^b (<HOST>\n       |  ^^^^"            },
                {3,  "failregex", "^c",     7,  true,  "     7 |     ^c\n       |     ^^"                },
                {3,  "failregex", "blau",   3,  false,
                 "     3 | failregex = ^a <HOST>\n       |             ^^^^^^^^^"                        },
                {8,  "name",      "blau",   8,  true,
                 "     8 | name: gr\303\274n und blau\n       |                ^^^^"                     },
                {9,  "empty",     "",       10, false, "    10 |   later\n       |   ^^^^^"              },
                {1,  NULL,        "",       1,  false, "     1 | [jail]\n       | ^^^^^^"                },
                {99, "filter",    "",       99, false, ""                                                },
        };
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "f", file);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct value_origin origin = {
                        config_tree_path(&tree, "f").data, rows[i].line, "jail", rows[i].option};
                struct excerpt excerpt = excerpt_make(&origin, slice_of(rows[i].part), &tree.arena);
                assert_slice(excerpt.text, rows[i].text);
                assert_int_equal(excerpt.line, rows[i].shown);
                assert_int_equal(excerpt.is_exact, rows[i].is_exact);
        }
        config_tree_done(&tree);
}

static void a_long_line_is_cut_around_the_mark(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        char text[4096] = "[j]\na = ";
        for (int i = 0; i < 100; i++)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "w%02d ", i);
        config_tree_write(&tree, "f", text);
        const struct value_origin origin = {config_tree_path(&tree, "f").data, 2, "j", "a"};
        struct excerpt excerpt = excerpt_make(&origin, SLICE("w50"), &tree.arena);
        struct slice rest = excerpt.text;
        struct slice line, carets;
        assert_true(slice_next_piece(&rest, '\n', &line));
        assert_true(slice_next_piece(&rest, '\n', &carets));
        assert_int_equal(slice_find(line, SLICE("w50"), 0), slice_find(carets, SLICE("^^^"), 0));
        assert_int_equal(text_length(line), strlen("     2 | ......") + EXCERPT_COLUMNS);
        assert_true(slice_has_suffix(line, SLICE("...")));
        config_tree_done(&tree);
}

static void nothing_is_shown_of_what_cannot_be_read(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "f", "[j]\na = \xff\xfe\n");
        struct value_origin origin = {"/nonexistent/file", 1, "j", "a"};
        assert_int_equal(excerpt_make(&origin, SLICE("x"), &tree.arena).text.len, 0);
        origin.file = config_tree_path(&tree, "f").data;
        assert_int_equal(excerpt_make(&origin, SLICE(""), &tree.arena).text.len, 0);
        origin.file = tree.root; /* a folder */
        assert_int_equal(excerpt_make(&origin, SLICE(""), &tree.arena).text.len, 0);
        config_tree_done(&tree);
}

static void text_is_found_anywhere_in_a_file(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "f", "# a <tag>\n");
        const char *path = config_tree_path(&tree, "f").data;
        assert_true(excerpt_is_written(path, SLICE("<tag>")));
        assert_false(excerpt_is_written(path, SLICE("<gat>")));
        assert_false(excerpt_is_written("/nonexistent/file", SLICE("<tag>")));
        config_tree_done(&tree);
}

static void control_characters_do_not_reach_the_terminal(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "f", "[j]\na = x\033[2Jy\n");
        const struct value_origin origin = {config_tree_path(&tree, "f").data, 2, "j", "a"};
        struct excerpt excerpt = excerpt_make(&origin, SLICE(""), &tree.arena);
        assert_int_equal(slice_find_char(excerpt.text, '\033', 0), excerpt.text.len);
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(carets_stand_under_what_is_wrong),
                cmocka_unit_test(a_long_line_is_cut_around_the_mark),
                cmocka_unit_test(nothing_is_shown_of_what_cannot_be_read),
                cmocka_unit_test(text_is_found_anywhere_in_a_file),
                cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
