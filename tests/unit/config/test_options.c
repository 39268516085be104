/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/options.h"

#include <errno.h>

#include "base/memory.h"

#include "../cmocka_include.h"
#include "config_tree.h"

/* name{k:v,...} */
static const char *shown(struct slice name, const struct dict *options, struct arena *arena) {
        struct slice all = arena_printf(arena, "%.*s{", SLICE_ARG(name));
        for (size_t i = 0; i < options->count; i++)
                all = arena_printf(arena, "%.*s%s%.*s:%.*s", SLICE_ARG(all), i == 0 ? "" : "|",
                        SLICE_ARG(options->entries[i].key),
                        SLICE_ARG(options->entries[i].value.string));
        return arena_printf(arena, "%.*s}", SLICE_ARG(all)).data;
}

static void bracket_syntax(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *shown;
        } rows[] = {
                {"a",                      "a{}"                },
                {"a b",                    "a b{}"              },
                {"mail--ho_is.x",          "mail--ho_is.x{}"    },
                {"abc[]",                  "abc{}"              },
                {"a[b=c]",                 "a{b:c}"             },
                {"a [b=c]  \n",            "a {b:c}"            },
                {"a[b=c,d=e]",             "a{b:c|d:e}"         },
                {"a[b=c][d=e] \n [f=]",    "a{b:c|d:e|f:}"      },
                {"a[b=\"x, ]y\", c='\"']", "a{b:x, ]y|c:\"}"    },
                {"a[b=\"\",c='']",         "a{b:|c:}"           },
                {"a[b= c ,\n d=e]",        "a{b:c|d:e}"         },
                {"a[b=c,]",                "a{b:c}"             },
                {"a[,]",                   "a{}"                },
                {"a[b=c=d]",               "a{b:c=d}"           },
                {"a[B=1,b=2,B=3]",         "a{B:3|b:2}"         },
                {"a[f?family=inet6=x]",    "a{f?family=inet6:x}"},
                {"a[b=x y]",               "a{b:x y}"           },
                {"a[b=c[d]",               "a{b:c[d}"           },
                {"a[b=\"unclosed]",        "a{b:\"unclosed}"    },
                {"a[x-y_z.1=2]",           "a{x-y_z.1:2}"       },
                {"a[b=\"c\"\n]",           "a{b:c}"             },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct slice name;
                struct dict options;
                assert_int_equal(
                        options_parse(slice_of(rows[i].text), &arena, &name, &options, NULL), 0);
                assert_string_equal(shown(name, &options, &arena), rows[i].shown);
                arena_done(&arena);
        }
}

static void malformed_brackets_are_refused_in_upstreams_words(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *fault;
        } rows[] = {
                {"",                                                      "unexpected option syntax"                      },
                {"[b=c]",                                                 "unexpected option syntax"                      },
                {"a[",                                                    "unexpected option syntax"                      },
                {"a[b=c]x",                                               "unexpected option syntax"                      },
                {"a[b]",                                                  "expected option, wrong syntax at 0: b"         },
                {"a[=b]",                                                 "expected option, wrong syntax at 0: =b"        },
                {"a[b =c]",                                               "expected option, wrong syntax at 0: b =c"      },
                {"a[b=c,,d=e]",                                           "expected option, wrong syntax at 4: ,d=e"      },
                {"a[b=c,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aa]",
                 "expected option, wrong syntax at 4: aaaaaaaaaaaaaaaaaaaaaaaaa"                                          },
                {"a[b=\"c\" ]",                                           "unexpected syntax at 5 after option 'b':  "    },
                {"a[b=\"c\"d]",                                           "unexpected syntax at 5 after option 'b': d"    },
                {"a[b=\u00fc]]",                                          "unexpected syntax at 3 after option 'b': ]"    },
                {"a[b=\"c\"\u00fc\u00fcaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
                 "unexpected syntax at 5 after option 'b': "
                 "\u00fc\u00fcaaaaaaaaaaaaaaaaaaaaaaa"                                                                    },
                {"a[b?=d]",                                               "expected option, wrong syntax at 0: b?=d"      },
                {"a[f?family=x]",                                         "expected option, wrong syntax at 0: f?family=x"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct slice name;
                struct dict options;
                assert_int_equal(
                        options_parse(slice_of(rows[i].text), &arena, &name, &options, &fault),
                        -EINVAL);
                assert_string_equal(fault_text(&fault), rows[i].fault);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void lists_split_at_blanks_outside_of_brackets(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *items;
        } rows[] = {
                {"",                        "[]"                             },
                {" \n ",                    "[]"                             },
                {"a b\n\tc",                "['a', 'b', 'c']"                },
                {"a, b",                    "['a,', 'b']"                    },
                {"a[b=c d=e]\n  f",         "['a[b=c d=e]', 'f']"            },
                {"a[b=\"x ] y\",\n c=d] e", "['a[b=\"x ] y\",\\n c=d]', 'e']"},
                {"a [b=c] d",               "['a [b=c]', 'd']"               },
                {"a[b=c] [d=e] f",          "['a[b=c] [d=e]', 'f']"          },
                {"a[x y]",                  "['a[x', 'y]']"                  },
                {"a[b=c]x y",               "['a[b=c]x', 'y']"               },
                {"a[b=c e=\"x,y\"] z",      "['a[b=c e=\"x,y\"]', 'z']"      },
                {"a[b=\"c\"d, e=f] z",      "['a[b=\"c\"d, e=f]', 'z']"      },
                {"[b=c] d",                 "['[b=c]', 'd']"                 },
                {"a[] b",                   "['a[]', 'b']"                   },
                {"a[,] b",                  "['a[,]', 'b']"                  },
                {"a[b c",                   "['a[b', 'c']"                   },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value items;
                assert_int_equal(options_split(slice_of(rows[i].text), &arena, &items, NULL), 0);
                assert_string_equal(repr(&items, &arena).data, rows[i].items);
                arena_done(&arena);
        }
}

static void words_part_at_blanks_and_commas(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct value words = value_list();
        options_split_words(SLICE(" 127.0.0.1/8, ::1,,a\tb\n c \u00a0d,"), &words, &arena);
        assert_string_equal(
                repr(&words, &arena).data, "['127.0.0.1/8', '::1', 'a', 'b', 'c', 'd']");
        arena_done(&arena);
}

static void shell_words_know_quotes_and_backslashes(void **state) {
        (void)state;
        static const struct {
                const char *text;
                const char *words; /* NULL: refused */
                const char *fault;
        } rows[] = {
                {"_A=b + _C=\"d e\" 'f g'h\\ i", "['_A=b', '+', '_C=d e', 'f gh i']", NULL                  },
                {"\"a\\\"b\\c\\\\\" 'x\\'",      "['a\"b\\\\c\\\\', 'x\\\\']",        NULL                  },
                {"'' a\"\"",                     "['', 'a']",                         NULL                  },
                {" \t\r\n",                      "[]",                                NULL                  },
                {"a # b",                        "['a', '#', 'b']",                   NULL                  },
                {"a \"b",                        NULL,                                "No closing quotation"},
                {"'",                            NULL,                                "No closing quotation"},
                {"a\\",                          NULL,                                "No escaped character"},
                {"\"a\\",                        NULL,                                "No escaped character"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value words = value_list();
                assert_int_equal(
                        options_split_shell(slice_of(rows[i].text), &words, &arena, &fault),
                        rows[i].words ? 0 : -EINVAL);
                if (rows[i].words)
                        assert_string_equal(repr(&words, &arena).data, rows[i].words);
                else
                        assert_string_equal(fault_text(&fault), rows[i].fault);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void conditions_are_split_off(void **state) {
        (void)state;
        struct slice condition;
        assert_true(slice_is(options_split_condition(SLICE("a?b=c"), &condition), "a"));
        assert_true(slice_is(condition, "?b=c"));
        static const char *const plain[] = {"a", "a-b?c=d", "?a=b", "a?", ""};
        for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
                assert_true(slice_is(
                        options_split_condition(slice_of(plain[i]), &condition), plain[i]));
                assert_int_equal(condition.len, 0);
        }
}

/* Splits "a[" and count times piece, and a tail. */
static size_t split_repeated(const char *piece, size_t count, const char *tail) {
        struct arena arena = ARENA_INIT;
        size_t len = strlen(piece);
        char *text = memory_new(2 + count * len + strlen(tail) + 1);
        memcpy(text, "a[", 2);
        for (size_t i = 0; i < count; i++)
                memcpy(text + 2 + i * len, piece, len);
        memcpy(text + 2 + count * len, tail, strlen(tail));
        struct value items;
        assert_int_equal(options_split(slice_of(text), &arena, &items, NULL), 0);
        size_t found = items.list.count;
        free(text);
        arena_done(&arena);
        return found;
}

static void hostile_brackets_end_soon(void **state) {
        (void)state;
        assert_int_equal(split_repeated("b=c, ", OPTIONS_COUNT_MAX - 1, "]"), 1);
        assert_true(split_repeated("b=c, ", 100000, "]") >
                    1); /* too many options: falls apart, as malformed ones do */
        assert_true(split_repeated("b=\"c d=", 20000, "x y") > 1);
        assert_true(split_repeated("b=c ", 20000, "") > 1);
        struct value items;
        struct arena arena = ARENA_INIT;
        struct slice huge = {arena_alloc(&arena, OPTIONS_TEXT_MAX + 1), OPTIONS_TEXT_MAX + 1};
        struct slice name;
        struct dict options;
        assert_int_equal(options_split(huge, &arena, &items, NULL), -E2BIG);
        assert_int_equal(options_parse(huge, &arena, &name, &options, NULL), -E2BIG);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bracket_syntax),
                cmocka_unit_test(malformed_brackets_are_refused_in_upstreams_words),
                cmocka_unit_test(lists_split_at_blanks_outside_of_brackets),
                cmocka_unit_test(words_part_at_blanks_and_commas),
                cmocka_unit_test(shell_words_know_quotes_and_backslashes),
                cmocka_unit_test(conditions_are_split_off),
                cmocka_unit_test(hostile_brackets_end_soon),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
