/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_programs.h"

#include "../cmocka_include.h"
#include "config_tree.h"

static void first_words_are_programs(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *programs; /* with a blank behind each */
        } rows[] = {
                {"iptables -w -I f2b 1 -s $tag -j DROP",             "iptables " },
                {"a -x1\nb\n\n  c",                                  "a b c "    },
                {"a; b & c && d | e",                                "a b c d e "},
                {"a\na",                                             "a "        },
                {"/bin/a b /bin/c",                                  "/bin/a "   },
                {"LANG=C a b=c",                                     "a "        },
                {"if ! a b; then c; elif d; then e; else f; fi",     "a c d e f "},
                {"while a; do b; done",                              "a b "      },
                {"for i in x y; do a $i; done",                      "a "        },
                {"{ a; b; }",                                        "a b "      },
                {"a \"b; c\" 'd | e' \\; f",                         "a "        },
                {"a \"\\\"; b\"; c",                                 "a c "      },
                {"a \\\n  b\nc",                                     "a c "      },
                {"# a comment\nb # c; d\ne",                         "b e "      },
                {"a > /tmp/b 2>&1 < c; d >> e",                      "a d "      },
                {">/tmp/x a",                                        "a "        },
 /* what is no program */
                {"echo a; printf b; test c; [ d ]; exit 1; cd /; :", ""          },
                {"$tag a; \"b\" c; ./d e; x$y",                      ""          },
                {"sudo a; nohup b; exec c; command d",               ""          },
 /* only if something else fails, or might be */
                {"a || b",                                           ""          },
                {"a || b; c",                                        "c "        },
                {"a && b || c && d",                                 "a d "      },
 /* not understood: nothing is guessed */
                {"a; f() { b; }; c",                                 "a "        },
                {"a <<EOF\nb\nEOF",                                  ""          },
                {"`a` b; c",                                         "c "        },
                {"b $(a; \")\") ')'; c",                             "b c "      },
                {"b \"x `d \\\"e\\\"` $(f (g) \")\")\" | c",         "b c "      },
                {"b $(a; c",                                         ""          },
                {"b \"$(a\"; c",                                     ""          },
                {"b `a; c",                                          ""          },
                {"x; case $1 in a) b;; esac",                        "x "        },
                {"a \"open",                                         ""          },
                {"a 'open",                                          ""          },
                {"(a; b)",                                           ""          },
 /* it asks by itself */
                {"command -v a && a b",                              ""          },
                {"[ -x /bin/a ] && /bin/a",                          ""          },
                {"",                                                 ""          },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value list = value_list();
                struct slice all = SLICE("");
                check_programs_list(slice_of(rows[i].text), &list, &arena);
                for (size_t k = 0; k < list.list.count; k++)
                        all = arena_printf(&arena, "%.*s%.*s ", SLICE_ARG(all),
                                SLICE_ARG(list.list.items[k].string));
                if (!slice_is(all, rows[i].programs))
                        fail_msg("%s: %.*s", rows[i].text, SLICE_ARG(all));
                arena_done(&arena);
        }
}

static void programs_are_looked_for(void **state) {
        (void)state;
        struct config_tree tree;
        config_tree_init(&tree);
        config_tree_write(&tree, "bin/tool", "");
        config_tree_write(&tree, "bin/plain", "");
        (void)chmod(config_tree_path(&tree, "bin/tool").data, 0700);
        (void)setenv("PATH", config_tree_path(&tree, "bin").data, 1);
        assert_true(check_programs_is_there(SLICE("tool"), &tree.arena));
        assert_true(check_programs_is_there(config_tree_path(&tree, "bin/tool"), &tree.arena));
        assert_false(check_programs_is_there(SLICE("plain"), &tree.arena)); /* not executable */
        assert_false(check_programs_is_there(config_tree_path(&tree, "bin"), &tree.arena));
        assert_false(check_programs_is_there(SLICE("no-such-tool"), &tree.arena));
        assert_true(check_programs_is_there(SLICE("sh"), &tree.arena)); /* PATH does not have it */
        (void)unsetenv("PATH");
        assert_true(check_programs_is_there(SLICE("sh"), &tree.arena));
        config_tree_done(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_words_are_programs),
                cmocka_unit_test(programs_are_looked_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
