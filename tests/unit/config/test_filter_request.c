/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "config/config.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static void tree_init(struct config_tree *tree) {
        config_tree_init(tree);
        config_tree_write(tree, "filter.d/f.conf",
                "[Definition]\nfailregex = ^<mode>-<logtype>\n[Init]\nmode = normal\n");
        config_tree_write(tree, "filter.d/f.local", "[Definition]\nignoreregex = ^i\n");
        config_tree_write(tree, "jail.conf",
                "[j]\nfilter = f[mode=jail]\ndatepattern = ^%%Y\nlogpath = /nosuch\n"
                "[bad]\nfilter = nosuch\n");
}

static void a_filter_by_name_path_and_jail(void **state) {
        (void)state;
        static const struct {
                enum config_filter_kind kind;
                const char *name;
                const char *backend;
                int result;
                const char *commands;
        } rows[] = {
                {CONFIG_FILTER_NAME, "f",               "auto",    CONFIG_OK,
                 "['set', 'fail2ban-regex-jail', 'addignoreregex', '^i']\n"
                        "['set', 'fail2ban-regex-jail', 'addfailregex', '^normal-file']\n"   },
                {CONFIG_FILTER_PATH, "filter.d/f.conf", "systemd", CONFIG_OK,
                 "['set', 'fail2ban-regex-jail', 'addignoreregex', '^i']\n"
                        "['set', 'fail2ban-regex-jail', 'addfailregex', '^normal-journal']\n"},
                {CONFIG_FILTER_NAME, "nosuch",          "auto",    CONFIG_E_UNREADABLE,  ""  },
                {CONFIG_FILTER_JAIL, "nosuch",          "auto",    CONFIG_E_NO_JAIL,     ""  },
                {CONFIG_FILTER_JAIL, "KNOWN/j",         "auto",    CONFIG_E_NO_JAIL,     ""  },
                {CONFIG_FILTER_JAIL, "bad",             "auto",    CONFIG_E_WRONG_JAILS, ""  },
                {CONFIG_FILTER_JAIL, "j",               "auto",    CONFIG_OK,
                 "['add', 'j', 'auto']\n['set', 'j', 'addignoreregex', '^i']\n"
                        "['set', 'j', 'addfailregex', '^jail-file']\n"
                        "['set', 'j', 'datepattern', '^%Y']\n"                               },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                tree_init(&tree);
                struct config_filter_request request = {.basedir = slice_of(tree.root),
                        .kind = rows[i].kind,
                        .name = slice_of(rows[i].name),
                        .backend = slice_of(rows[i].backend)};
                if (request.kind == CONFIG_FILTER_PATH)
                        request.name = config_tree_path(&tree, rows[i].name);
                struct config_filter_result result;
                struct fault fault = FAULT_INIT;
                assert_int_equal(
                        config_filter(&request, &tree.arena, &result, &fault), rows[i].result);
                assert_string_equal(
                        config_tree_lines(&result.commands, &tree.arena), rows[i].commands);
                fault_done(&fault);
                config_tree_done(&tree);
        }
}

static void parameters_come_from_the_request(void **state) {
        (void)state;
        struct config_tree tree;
        tree_init(&tree);
        struct value options;
        struct slice name;
        assert_int_equal(
                config_split_options(SLICE("f[mode=x, y=1]"), &tree.arena, &name, &options, NULL),
                0);
        assert_slice(name, "f");
        struct config_filter_request request = {.basedir = slice_of(tree.root),
                .kind = CONFIG_FILTER_NAME,
                .name = name,
                .options = &options,
                .backend = SLICE("auto")};
        struct config_filter_result result;
        assert_int_equal(config_filter(&request, &tree.arena, &result, NULL), CONFIG_OK);
        assert_non_null(strstr(config_tree_lines(&result.commands, &tree.arena), "'^x-file'"));
        assert_string_equal(repr(&result.options, &tree.arena).data,
                "{'logtype': 'file', 'mode': 'x', 'y': '1', 'known/mode': 'normal'}");
        config_tree_done(&tree);
}

static void malformed_brackets_are_refused(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value options;
        struct slice name;
        assert_int_equal(
                config_split_options(SLICE("f[a b]"), &arena, &name, &options, NULL), -EINVAL);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_filter_by_name_path_and_jail),
                cmocka_unit_test(parameters_come_from_the_request),
                cmocka_unit_test(malformed_brackets_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
