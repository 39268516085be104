/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/action_conf.h"

#include "config/options.h"

#include "../cmocka_include.h"
#include "config_tree.h"

/* The commands of one action of jail "j", as its bracket syntax gives it, one a line. */
static const char *stream_of(struct config_tree *tree, const char *item) {
        struct conf_store store;
        struct action_conf action;
        struct value stream = value_list();
        struct slice name;
        struct dict params;
        struct dict jail = {.count = 0};
        dict_put(&jail, SLICE("maxretry"), value_int(5), &tree->arena);
        conf_store_init(&store, slice_of(tree->root), &tree->arena);
        assert_int_equal(options_parse(slice_of(item), &tree->arena, &name, &params, NULL), 0);
        action_conf_init(&action, &store, SLICE("j"), NULL);
        assert_int_equal(action_conf_open(&action, name, &params, NULL), 0);
        if (!action_conf_is_read(&action))
                return NULL;
        assert_int_equal(action_conf_read(&action, &jail, NULL), 0);
        assert_int_equal(action_conf_stream(&action, &stream, NULL), 0);
        return config_tree_mask(tree, config_tree_lines(&stream, &tree->arena));
}

static void commands_first_then_parameters_then_init(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "action.d/a.conf",
                "[Definition]\nactionunban = u <port>\nactionstart = s <maxretry>\n"
                "actionban = b <ip> <matches> <blocktype>\nnorestored = 1\nother = x\n"
                "[Init]\nblocktype = DROP\ntimeout = 5\n[Init?family=inet6]\nblocktype = DROP6\n");
        assert_string_equal(stream_of(&tree, "a[port=22]"),
                "['set', 'j', 'addaction', 'a']\n"
                "['multi-set', 'j', 'action', 'a', [['actionstart', 's 5'], "
                "['actionban', 'b <ip> <matches> <blocktype>'], ['actionunban', 'u 22'], "
                "['norestored', True], ['port', '22'], ['name', 'j'], ['actname', 'a'], "
                "['blocktype', 'DROP'], ['timeout', '5'], "
                "['blocktype?family=inet6', 'DROP6']]]\n");
        config_tree_done(&tree);
}

static void names_tell_uses_of_one_file_apart(void **state) {
        (void)state;
        static const struct {
                const char *item;
                const char *name;
        } rows[] = {
                {"a",                    "a"      },
                {"a[name=j]",            "a"      },
                {"a[name=j-tcp]",        "a-tcp"  },
                {"a[name=other]",        "a-other"},
                {"a[name=x, actname=y]", "y"      },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                config_tree_init(&tree);
                config_tree_write(&tree, "action.d/a.conf", "[Definition]\nactionban = b\n");
                char expected[80];
                (void)snprintf(expected, sizeof(expected), "['set', 'j', 'addaction', '%s']\n",
                        rows[i].name);
                assert_true(slice_has_prefix(
                        slice_of(stream_of(&tree, rows[i].item)), slice_of(expected)));
                config_tree_done(&tree);
        }
}

static void python_actions_take_their_parameters_as_json(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        assert_string_equal(stream_of(&tree, "smtp.py[dest=\"a, b\", actname=mail, x='\"']"),
                "['set', 'j', 'addaction', 'mail', 'ROOT/action.d/smtp.py', "
                "'{\"dest\": \"a, b\", \"x\": \"\\\\\"\"}']\n");
        assert_string_equal(stream_of(&tree, "/opt/x.py"),
                "['set', 'j', 'addaction', '/opt/x', '/opt/x.py', '{}']\n");
        config_tree_done(&tree);
}

static void a_missing_file_is_not_read(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        assert_null(stream_of(&tree, "nosuch"));
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_first_then_parameters_then_init),
                cmocka_unit_test(names_tell_uses_of_one_file_apart),
                cmocka_unit_test(python_actions_take_their_parameters_as_json),
                cmocka_unit_test(a_missing_file_is_not_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
