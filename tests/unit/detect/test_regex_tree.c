/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_tree.h"

#include <stdio.h>

#include "../cmocka_include.h"
#include "base/buffer.h"

static void show(struct buffer *out, const struct regex_node *node);

static void show_children(struct buffer *out, const struct regex_node *node, const char *marks) {
        (void)buffer_append_char(out, marks[0]);
        for (const struct regex_node *child = node->first; child; child = child->next) {
                if (child != node->first && marks[1] != ' ')
                        (void)buffer_append_char(out, marks[1]);
                show(out, child);
        }
        (void)buffer_append_char(out, marks[2]);
}

/* A set as its only character, or as how many of ASCII it has. */
static void show_set(struct buffer *out, const struct regex_set *set) {
        unsigned count = 0;
        unsigned char last = 0;
        for (unsigned char c = 0; c < 128; c++)
                if (regex_set_has(set, c)) {
                        count++;
                        last = c;
                }
        if (count == 1)
                (void)buffer_append_char(out, (char)last);
        else
                (void)buffer_printf(out, "[%u]", count);
}

static void show(struct buffer *out, const struct regex_node *node) {
        switch (node->kind) {
        case REGEX_SET:
                show_set(out, &node->set);
                return;
        case REGEX_SEQUENCE:
                show_children(out, node, "( )");
                return;
        case REGEX_EITHER:
                show_children(out, node, "(|)");
                return;
        case REGEX_REPEAT:
                show(out, node->first);
                (void)buffer_printf(out, "{%zd,%zd}%s", (ssize_t)node->min, (ssize_t)node->max,
                        node->is_lazy ? "?" : "");
                return;
        case REGEX_GROUP:
                (void)buffer_printf(out, "%s%zu=", node->is_barred ? "!" : "", node->group);
                show(out, node->first);
                return;
        case REGEX_END:
                (void)buffer_append_char(out, '$');
                return;
        case REGEX_BORDER:
                (void)buffer_append(out, node->is_negative ? SLICE("!|") : SLICE("|"));
                return;
        case REGEX_AHEAD:
                (void)buffer_append(out, node->is_negative ? SLICE("-") : SLICE("+"));
                show(out, node->first);
                return;
        case REGEX_BEHIND:
                (void)buffer_append(out, node->is_negative ? SLICE("<-") : SLICE("<+"));
                show_set(out, &node->set);
                return;
        case REGEX_IF:
                (void)buffer_printf(out, "%zu?", node->group);
                show_children(out, node, "(:)");
                return;
        }
}

static void regexes_are_read(void **state) {
        static const struct {
                const char *regex;
                const char *tree;
        } rows[] = {
                {"^",                       "()"                          },
                {"^a",                      "a"                           },
                {"^ab$",                    "(ab$)"                       },
                {"^a|b",                    NULL                          },
                {"a",                       NULL                          },
                {"^(?:a|b|)",               "(a|b|())"                    },
                {"^(?:(?:a))b",             "(ab)"                        },
                {"^(a)(?P<x>b)",            "(1=a2=b)"                    },
                {"^.",                      "[127]"                       },
                {"^\\d\\w\\s\\D\\W\\S",     "([10][63][10][118][65][118])"},
                {"^[ab]",                   "[2]"                         },
                {"^[^ab]",                  "[126]"                       },
                {"^[]a][^]]",               "([2][127])"                  },
                {"^[a-e\\d]",               "[15]"                        },
                {"^[\\w.-]",                "[65]"                        },
                {"^[-a][a-]",               "([2][2])"                    },
                {"^[\\]\\-\\\\]",           "[3]"                         },
                {"^[+--]",                  "[3]"                         },
                {"^[a-\\d]",                NULL                          },
                {"^[\\d-a]",                NULL                          },
                {"^[a",                     NULL                          },
                {"^[\\b]",                  NULL                          },
                {"^\\.\\[\\n\\t",           "(.[\n\t)"                    },
                {"^\\ba\\B",                "(|a!|)"                      },
                {"^\\b?",                   NULL                          },
                {"^(?:\\b)*",               NULL                          },
                {"^\\1",                    NULL                          },
                {"^\\x41",                  NULL                          },
                {"^\\Z",                    NULL                          },
                {"^\xc3\xa9",               NULL                          },
                {"^[\xc3\xa9]",             NULL                          },
                {"^a*b+c?",                 "(a{0,-1}b{1,-1}c{0,1})"      },
                {"^a*?b+?c??",              "(a{0,-1}?b{1,-1}?c{0,1}?)"   },
                {"^a{2}b{2,}c{,3}d{2,3}?",  "(a{2,2}b{2,-1}c{0,3}d{2,3}?)"},
                {"^a{",                     NULL                          },
                {"^a{}",                    NULL                          },
                {"^a{,}",                   NULL                          },
                {"^a{3,2}",                 NULL                          },
                {"^a{x}",                   NULL                          },
                {"^a++",                    NULL                          },
                {"^a**",                    NULL                          },
                {"^(?>a)",                  NULL                          },
                {"^(?:ab){1,8}",            "(ab){1,8}"                   },
                {"^(?:ab){9}",              NULL                          },
                {"^(?:ab){1,9}",            NULL                          },
                {"^(?:ab)*",                "(ab){0,-1}"                  },
                {"^(?:a?)*",                NULL                          },
                {"^(?:a?){2}",              NULL                          },
                {"^(?:a?)?",                "a{0,1}{0,1}"                 },
                {"^(?:|a)+",                NULL                          },
                {"^(?:$a)+",                "($a){1,-1}"                  },
                {"^(?:a|(?=b))*",           NULL                          },
                {"^(a)?",                   "1=a{0,1}"                    },
                {"^(a)*",                   NULL                          },
                {"^(?:x(a)){2}",            NULL                          },
                {"^(?:a){0}",               "a{0,0}"                      },
                {"^(a){0}",                 NULL                          },
                {"^$*",                     NULL                          },
                {"^a^",                     NULL                          },
                {"^(?=ab)a",                "(+(ab)a)"                    },
                {"^(?!a|b)",                "-(a|b)"                      },
                {"^(?=(a))",                NULL                          },
                {"^(?=a)*",                 NULL                          },
                {"^a(?<=a)b(?<![ab])",      "(a<+ab<-[2])"                },
                {"^a(?<=ab)",               NULL                          },
                {"^a(?<=a|b)",              NULL                          },
                {"^(?P<x>a)?(?(x)b|c)",     "(1=a{0,1}1?(b:c))"           },
                {"^(?P<x>a)?(?(x)b)",       "(1=a{0,1}1?(b:()))"          },
                {"^(?P<x>a)?(?(x)(?:b|c))", "(1=a{0,1}1?((b|c):()))"      },
                {"^(?P<x>a)?(?(x)a|b|c)",   NULL                          },
                {"^(?P<x>a(?(x)b|c))",      NULL                          },
                {"^(?P<x>a)?(?(y)b|c)",     NULL                          },
                {"^(a)?(?(1)b|c)",          NULL                          },
                {"^(?P<x>a)?(?(x)(b)|c)",   NULL                          },
                {"^(?P<x>a)?(?(x)b|c)?",    NULL                          },
                {"^(?P<x>a)(?P=x)",         NULL                          },
                {"(?i)^a.[^a-c]1",          "([2][127][122]1)"            },
                {"(?s)^.",                  NULL                          },
                {"^(?i:a)",                 NULL                          },
                {"^(?#c)",                  NULL                          },
                {"^(a",                     NULL                          },
                {"^a)",                     NULL                          },
                {"^(?P<x>b)c",              "(!1=bc)"                     },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct buffer out = BUFFER_INIT(4096);
                struct regex_tree tree;
                size_t barred = i + 1 == sizeof(rows) / sizeof(rows[0]) ? 7 : 0;
                bool is_read = regex_tree_read(slice_of(rows[i].regex), barred, &arena, &tree);
                if (is_read != (rows[i].tree != NULL))
                        fail_msg("'%s'", rows[i].regex);
                if (is_read) {
                        show(&out, tree.root);
                        assert_slice(buffer_view(&out), rows[i].tree);
                }
                buffer_done(&out);
                arena_done(&arena);
        }
}

/* So many times over, what is in front of a text, and what behind. */
static bool can_read(const char *before, const char *after, size_t count) {
        struct arena arena = ARENA_INIT;
        struct buffer regex = BUFFER_INIT((size_t)1 << 20);
        struct regex_tree tree;
        (void)buffer_append_char(&regex, '^');
        for (size_t i = 0; i < count; i++)
                (void)buffer_append(&regex, slice_of(before));
        for (size_t i = 0; i < count; i++)
                (void)buffer_append(&regex, slice_of(after));
        bool is_read = regex_tree_read(buffer_view(&regex), 0, &arena, &tree);
        buffer_done(&regex);
        arena_done(&arena);
        return is_read;
}

static void there_are_limits(void **state) {
        (void)state;
        assert_true(can_read("(?:", ")", REGEX_TREE_DEPTH_MAX));
        assert_false(can_read("(?:", ")", REGEX_TREE_DEPTH_MAX + 1));
        assert_true(can_read("(a)", "", REGEX_TREE_GROUPS_MAX));
        assert_false(can_read("(a)", "", REGEX_TREE_GROUPS_MAX + 1));
        assert_true(can_read("a", "", REGEX_TREE_CHILDREN_MAX));
        assert_false(can_read("a", "", REGEX_TREE_CHILDREN_MAX + 1));
        assert_false(can_read("(?:", "|a)", 10000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regexes_are_read),
                cmocka_unit_test(there_are_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
