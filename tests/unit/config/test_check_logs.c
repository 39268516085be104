/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_logs.h"

#include "../cmocka_include.h"
#include "findings_text.h"

static void the_word_behind_a_path_is_no_part_of_it(void **state) {
        (void)state;
        struct slice from;
        assert_slice(check_logs_split(SLICE("/a b tail"), &from), "/a b");
        assert_slice(from, "tail");
        assert_slice(check_logs_split(SLICE("/a"), &from), "/a");
        assert_slice(from, "head");
}

static void missing_logs_are_told(void **state) {
        (void)state;
        static const struct {
                const char *path;
                enum check_logs_end end;
                const char *found;
        } rows[] = {
                {"ROOT/auth.log",                   CHECK_LOGS_SOME,    ""          },
                {"ROOT/auth.log tail\nROOT/*.none", CHECK_LOGS_SOME,    ""          },
                {"ROOT/auth.log\nROOT/atuh.log",    CHECK_LOGS_SOME,
                 "hint j ROOT/f:3: log file 'ROOT/atuh.log' does not exist, only the jail's "
                        "other logs are "
                        "followed [did you mean 'auth.log'?]\n"                     },
                {"ROOT/folder",                     CHECK_LOGS_SOME,
                 "warning j ROOT/f:3: 'ROOT/folder' is a folder, not a log file [name its "
                        "files, for example "
                        "with /*.log]\n"                                            },
                {"ROOT/auth.lg",                    CHECK_LOGS_NONE,
                 "error j ROOT/f:3: no log file found (ROOT/auth.lg): there is "
                        "nothing to follow [did you mean "
                        "'auth.log'?]\n"                                            },
                {"ROOT/*.x\nROOT/*.y",              CHECK_LOGS_NONE,
                 "error j ROOT/f:3: no log file found (ROOT/*.x, ROOT/*.y): there is "
                        "nothing to follow [set "
                        "logpath to where the service logs, or backend = systemd]\n"},
                {"",                                CHECK_LOGS_SKIPPED,
                 "warning j ROOT/f:3: no log file is named: the jail is skipped [set "
                 "logpath to where the service logs, or backend = systemd]\n"       },
                {"ROOT/*.x",                        CHECK_LOGS_JOURNAL,
                 "hint j ROOT/f:3: no log file found (ROOT/*.x): the jail follows the "
                        "journal instead [set logpath to where the service logs, or backend = "
                        "systemd]\n"                                                },
        };
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "auth.log", "");
        config_tree_write(&tree, "folder/x", "");
        const struct value_origin origin = {config_tree_path(&tree, "f").data, 3, "j", "logpath"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct findings findings = {.arena = &tree.arena};
                struct conf_store store;
                conf_store_init(&store, slice_of(tree.root), &tree.arena);
                store.findings = &findings;
                struct slice path = slice_of(rows[i].path);
                while (path.len > 0 && slice_find(path, SLICE("ROOT"), 0) < path.len)
                        path = ARENA_JOIN(&tree.arena,
                                slice_sub(path, 0, slice_find(path, SLICE("ROOT"), 0)),
                                slice_of(tree.root),
                                slice_sub(path, slice_find(path, SLICE("ROOT"), 0) + 4, path.len));
                struct value value = value_string(path);
                value.origin = &origin;
                check_logs(&store, SLICE("j"), &value, rows[i].end);
                assert_string_equal(findings_text(&tree, &findings), rows[i].found);
        }
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_word_behind_a_path_is_no_part_of_it),
                cmocka_unit_test(missing_logs_are_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
