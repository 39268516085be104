/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/syntax.h"

#include "../cmocka_include.h"
#include "base/buffer.h"

/* The tree in a short form: sets as a dot, or the character if they hold one; children in
 * parentheses behind the kind's letter. */
static void print(const struct syntax_node *node, struct buffer *out) {
        static const char letters[] = ".S|GR^$bB";
        char only = '\0';
        for (char c = 1; c > 0 && c < 127; c++)
                if (node->kind == SYNTAX_SET && syntax_set_has(&node->set, c))
                        only = only ? '.' : c;
        (void)buffer_append_char(
                out, node->kind == SYNTAX_SET && only ? only : letters[node->kind]);
        if (node->kind == SYNTAX_REPEAT)
                (void)buffer_printf(out, "%u-%d%s", node->low,
                        node->high == SYNTAX_MANY ? -1 : (int)node->high, node->lazy ? "?" : "");
        if (node->kind == SYNTAX_GROUP || node->kind == SYNTAX_REFERENCE)
                (void)buffer_printf(out, "%u%.*s", node->group, SLICE_ARG(node->name));
        if (!node->child)
                return;
        (void)buffer_append_char(out, '(');
        for (const struct syntax_node *child = node->child; child; child = child->next)
                print(child, out);
        (void)buffer_append_char(out, ')');
}

static void tree_has_the_form_of_the_regex(void **state) {
        static const struct {
                const char *regex, *tree;
        } rows[] = {
                {"",                     "S"                                               },
                {"ab",                   "S(ab)"                                           },
                {"a|b|",                 "|(S(a)S(b)S)"                                    },
                {"^a$",                  "S(^a$)"                                          },
                {"\\Aa\\b\\Z",           "S(^ab$)"                                         },
                {"a*b+c?d{3}e{2,}f{,4}", "S(R0--1(a)R1--1(b)R0-1(c)R3-3(d)R2--1(e)R0-4(f))"},
                {"a*?b+?",               "S(R0--1?(a)R1--1?(b))"                           },
                {"a{x}{",                "S(a{x}{)"                                        },
                {"(a)(?:b)(?P<n>c)",     "S(G1(S(a))S(b)G2n(S(c)))"                        },
                {"(a)\\1(?P=n)",         "S(G1(S(a))B1B0n)"                                },
                {"(?#x)a(?=b(c))(?<!d)", "S(Sab(S(bG1(S(c))))b)"                           },
                {"(?#x\\)y)a",           "S(Sa)"                                           },
                {"a(?#x)?b(?#y)(?#z)+",  "S(R0-1(a)R1--1(b))"                              },
                {"(?i:a)b",              "S(S(.)b)"                                        },
                {"(?i)a",                "S(S.)"                                           },
                {"(?(1)a|b)",            "S(|(S(a)S(b)))"                                  },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct buffer out = BUFFER_INIT(4096);
                const struct syntax_node *root = syntax_parse(slice_of(rows[i].regex), &arena);
                assert_non_null(root);
                print(root, &out);
                struct slice seen = buffer_view(&out);
                if (!slice_is(seen, rows[i].tree))
                        fail_msg("%s: %.*s", rows[i].regex, SLICE_ARG(seen));
                buffer_done(&out);
                arena_done(&arena);
        }
}

static void sets_hold_what_python_says(void **state) {
        static const struct {
                const char *regex, *in, *out;
        } rows[] = {
                {"x",             "x",            "yX"   },
                {".",             "a \t\x01\xc3", "\n"   },
                {"(?s).",         "a\n",          ""     },
                {"\\d",           "059",          "a\xc3"},
                {"\\D",           "a \xc3",       "5"    },
                {"\\w",           "aZ_9\xc3",     "-"    },
                {"\\s",           " \t\n",        "a"    },
                {"[^\\s\"]",      "a-\xc3",       " \n\""},
                {"[a-c-]",        "abc-",         "d"    },
                {"[]a]",          "]a",           "b"    },
                {"[^]a]",         "b",            "]a"   },
                {"[\\w.-]",       "a.-",          "/"    },
                {"[\\]\\x2f\\t]", "]/\t",         "t"    },
                {"(?i)k",         "kK",           "j"    },
                {"(?i)[^k]",      "j",            "kK"   },
                {"\\x41",         "A",            "a"    },
                {"\\-",           "-",            "\\"   },
                {"\xc3\xa9",      "\xc3",         "e"    },
                {"[\xc3\xa9]",    "\xc3",         "e"    },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                const struct syntax_node *node = syntax_parse(slice_of(rows[i].regex), &arena);
                for (node = node->child; node->next; node = node->next)
                        ;
                assert_int_equal(node->kind, SYNTAX_SET);
                if (!syntax_set_has_all(&node->set, slice_of(rows[i].in)))
                        fail_msg("%s lacks one of %s", rows[i].regex, rows[i].in);
                for (const char *c = rows[i].out; *c; c++)
                        if (syntax_set_has(&node->set, *c))
                                fail_msg("%s holds %d", rows[i].regex, *c);
                arena_done(&arena);
        }
}

static void what_is_not_understood_gives_no_tree(void **state) {
        struct arena arena = ARENA_INIT;
        struct buffer deep = BUFFER_INIT(4096);
        (void)state;
        for (int i = 0; i < SYNTAX_DEPTH_MAX + 1; i++)
                (void)buffer_append_char(&deep, '(');
        for (int i = 0; i < SYNTAX_DEPTH_MAX + 1; i++)
                (void)buffer_append_char(&deep, ')');
        assert_null(syntax_parse(buffer_view(&deep), &arena));
        assert_null(syntax_parse(SLICE("(?x) a b"), &arena));
        assert_null(syntax_parse(SLICE("a)b"), &arena));
        buffer_done(&deep);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tree_has_the_form_of_the_regex),
                cmocka_unit_test(sets_hold_what_python_says),
                cmocka_unit_test(what_is_not_understood_gives_no_tree),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
