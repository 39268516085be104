/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_actions.h"

#include "../cmocka_include.h"
#include "findings_text.h"
#include "stream_text.h"

static const char *look(
        struct config_tree *tree, const char *command, const char *name, const char *value) {
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(tree);
        struct findings findings = {.arena = &tree->arena};
        config_tree_write(tree, "act", arena_printf(&tree->arena, "%s\n%s\n", command, value).data);
        STREAM_ADD(&s, "set", "j", "addaction", "a");
        STREAM_ACTION(&s, "j", "a", config_tree_path(tree, "act").data, "actionban", command, name,
                value);
        check_actions(&s.stream, &findings);
        const char *text = findings_text(tree, &findings);
        arena_done(&s.arena);
        return text;
}

static void tags_that_nothing_replaces_are_told(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *name; /* of another property */
                const char *value;
                const char *found; /* the tag, or NULL */
                const char *fix;
        } rows[] = {
                {"sh <ip> <F-USER> <matches> <br> <jail.banned>",     "x",                  "",               NULL,       ""                       },
                {"sh <port>",                                         "port",               "22",             NULL,       ""                       },
                {"sh <block>",                                        "block?family=inet6", "icmp6",          NULL,       ""                       },
                {"sh <outer>",                                        "outer",              "<ip> <bantime>", NULL,       ""                       },
                {"sh <adress>",                                       "address",            "1",              "<adress>", "did you mean 'address'?"},
                {"sh <tiem>",                                         "x",                  "",               "<tiem>",   "did you mean 'time'?"   },
                {"sh <outer>",                                        "outer",              "<nosuch>",       "<nosuch>",
                 "give it behind the action's name: [nosuch=...]"                                                                                  },
                {"sh 'a <user@example.org>' < /dev/null > /dev/null", "x",                  "",               NULL,       ""                       },
                {"sh <a",                                             "x",                  "",               NULL,       ""                       },
                {"sh <3>",                                            "x",                  "",               NULL,       ""                       },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                const char *found = look(&tree, rows[i].command, rows[i].name, rows[i].value);
                struct slice expected = SLICE("");
                if (rows[i].found)
                        expected = arena_printf(&tree.arena,
                                "warning j ROOT/act:12: action 'a': nothing is known of %s in "
                                "actionban: it stays "
                                "as it is [%s]\n",
                                rows[i].found, rows[i].fix);
                assert_string_equal(found, arena_copy(&tree.arena, expected).data);
                config_tree_done(&tree);
        }
}

static void programs_that_are_missing_are_told(void **state) {
        (void)state;
        static const struct {
                const char *command;
                const char *value; /* of the property "tool" */
                const char *program;
        } rows[] = {
                {"sh -c true",                  "",                NULL           },
                {"no-such-tool <ip>",           "",                "no-such-tool" },
                {"<tool> <ip>",                 "no-such-tool -w", "no-such-tool" },
                {"<tool> <ip>",                 "sh -w",           NULL           },
                {"/no/such/tool \"<matches>\"", "",                "/no/such/tool"},
                {"sh | no-such-tool <ip>",      "",                "no-such-tool" },
                {"<ip> x",                      "",                NULL           },
                {"",                            "no-such-tool",    NULL           }, /* a part, no command */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                const char *found = look(&tree, rows[i].command, "tool", rows[i].value);
                struct slice expected = SLICE("");
                if (rows[i].program)
                        expected = arena_printf(&tree.arena,
                                "warning j ROOT/act:12: action 'a': program '%s' is not there, "
                                "actionban will fail "
                                "[install it, or choose another action]\n",
                                rows[i].program);
                assert_string_equal(found, arena_copy(&tree.arena, expected).data);
                config_tree_done(&tree);
        }
}

static void tags_that_grow_without_end_do_no_harm(void **state) {
        (void)state;
        struct config_tree tree;
        const char *found = look(&tree, "sh <grow>", "grow",
                "<grow><grow><grow><grow><grow><grow><grow><grow><grow><grow>");
        assert_string_equal(found, "");
        config_tree_done(&tree);
}

static void a_missing_ignorecommand_is_told(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        STREAM_ADD(&s, "set", "j", "ignorecommand", "sh -c 'test <ip> = 192.0.2.1'");
        STREAM_ADD(&s, "set", "j", "ignorecommand", "/no/such/tool <ip>");
        STREAM_ADD(&s, "set", "j", "ignorecommand", "");
        check_actions(&s.stream, &findings);
        assert_string_equal(findings_text(&tree, &findings),
                "warning j f:11: program '/no/such/tool' is not there, ignorecommand will fail "
                "[install it, or correct its path]\n");
        arena_done(&s.arena);
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tags_that_nothing_replaces_are_told),
                cmocka_unit_test(a_missing_ignorecommand_is_told),
                cmocka_unit_test(programs_that_are_missing_are_told),
                cmocka_unit_test(tags_that_grow_without_end_do_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
