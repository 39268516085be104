/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/log_files.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static int compare_texts(const void *a, const void *b) {
        return slice_compare(((const struct value *)a)->string, ((const struct value *)b)->string);
}

static void patterns_find_files(void **state) {
        (void)state;
        static const struct {
                const char *pattern;
                const char *found;
        } rows[] = {
                {"a.log",     "['ROOT/a.log']"                         },
                {"*.log",     "['ROOT/a.log', 'ROOT/b.log']"           },
                {"?.log",     "['ROOT/a.log', 'ROOT/b.log']"           },
                {"[b-z].log", "['ROOT/b.log']"                         },
                {"[!a].log",  "['ROOT/b.log']"                         },
                {".*",        "['ROOT/.hidden']"                       },
                {"d*/x",      "['ROOT/d1/x', 'ROOT/d2/x']"             },
                {"d*/*",      "['ROOT/d1/x', 'ROOT/d1/y', 'ROOT/d2/x']"},
                {"*/y",       "['ROOT/d1/y']"                          },
                {"d1/",       "['ROOT/d1/']"                           },
                {"nosuch",    "[]"                                     },
                {"nosuch*",   "[]"                                     },
                {"nosuch/*",  "[]"                                     },
                {"a\\.log",   "[]"                                     },
        };
        struct config_tree tree;
        config_tree_init(&tree);
        static const char *const files[] = {"a.log", "b.log", ".hidden", "d1/x", "d1/y", "d2/x"};
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                config_tree_write(&tree, files[i], "");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value list = value_list();
                size_t count = log_files_find(
                        config_tree_path(&tree, rows[i].pattern), &list, &tree.arena);
                assert_int_equal(count, list.list.count);
                if (count > 1)
                        qsort(list.list.items, count, sizeof(*list.list.items), compare_texts);
                assert_string_equal(
                        config_tree_mask(&tree, repr(&list, &tree.arena).data), rows[i].found);
        }
        config_tree_done(&tree);
}

static void links_to_nothing_are_said_and_left_out(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "file", "");
        assert_int_equal(symlink("file", config_tree_path(&tree, "good").data), 0);
        assert_int_equal(symlink("nosuch", config_tree_path(&tree, "gone").data), 0);
        struct value list = value_list();
        assert_int_equal(log_files_find(config_tree_path(&tree, "g*"), &list, &tree.arena), 1);
        assert_string_equal(
                config_tree_mask(&tree, repr(&list, &tree.arena).data), "['ROOT/good']");
        assert_string_equal(config_tree_mask(&tree, tree.said),
                "WARNING File ROOT/gone is a dangling link, thus cannot be monitored\n");
        config_tree_done(&tree);
}

static void empty_and_endless_patterns_find_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value list = value_list();
        char *longest = arena_alloc(&arena, 5000);
        memset(longest, '/', 4999);
        assert_int_equal(log_files_find(SLICE(""), &list, &arena), 0);
        assert_int_equal(log_files_find(slice_of(longest), &list, &arena), 0);
        arena_done(&arena);
}

static void a_file_can_be_named(void **state) {
        (void)state;
        assert_true(log_files_is_path(SLICE("/var/log/auth.log")));
        assert_false(log_files_is_path(SLICE("/var/log/*.log")));
        assert_false(log_files_is_path(SLICE("/var/log/")));
        assert_false(log_files_is_path(SLICE("auth.log")));
        assert_false(log_files_is_path(SLICE("")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patterns_find_files),
                cmocka_unit_test(a_file_can_be_named),
                cmocka_unit_test(links_to_nothing_are_said_and_left_out),
                cmocka_unit_test(empty_and_endless_patterns_find_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
