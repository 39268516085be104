/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/lean_run.h"

#include "../cmocka_include.h"

/* Of the first piece in the regex. */
static bool find_first(struct slice regex, struct lean_run *ret) {
        for (size_t at = 0; at < regex.len; at++)
                if (lean_run_find(regex, at, ret))
                        return true;
        return false;
}

static void pieces_are_written_anew_or_left(void **state) {
        static const struct {
                const char *regex;
                const char *piece; /* "": none */
                const char *text;
        } rows[] = {
  /* nearest end first */
                {"a.*?,b",                       ".*?",           "[^\\,\\n]*+(?:\\,[^\\,\\n]*+)*?"               },
                {"a[^:]*?,b",                    "[^:]*?",        "[^\\,:]*+(?:\\,[^\\,:]*+)*?"                   },
                {"a.*?x+b",                      ".*?",           "[^x\\n]*+(?:x[^x\\n]*+)*?"                     },
                {"a.*?\\[b",                     ".*?",           "[^\\[\\n]*+(?:\\[[^\\[\\n]*+)*?"               },
                {"a(?P<u>\\S+|.*?) b",           ".*?",           "[^\\ \\n]*+(?:\\ [^\\ \\n]*+)*?"               },
                {"a(?:b|.*?)? b",                ".*?",           "[^\\ \\n]*+(?:\\ [^\\ \\n]*+)*?"               },
                {"a(?:.*?|b(?:[)|]|\\)|c))?? b", ".*?",           "[^\\ \\n]*+(?:\\ [^\\ \\n]*+)*?"               },
                {"a.*?(?: from)? b",             ".*?",           "[^\\ \\n]*+(?:\\ [^\\ \\n]*+)*?"               },
                {"a.*?(?P<g>xb|x*(x)|x?x)b",     ".*?",           "[^x\\n]*+(?:x[^x\\n]*+)*?"                     },
                {"a.*?(?: from)?b",              "",              ""                                              },
                {"a.*?(?:x|y)b",                 "",              ""                                              },
                {"a.*?(?:x|)b",                  "",              ""                                              },
                {"a.*?(?:x|)x",                  ".*?",           "[^x\\n]*+(?:x[^x\\n]*+)*?"                     },
                {"a.*?x?",                       "",              ""                                              },
                {"a.*?x*y",                      "",              ""                                              },
                {"a.*?x{1}",                     "",              ""                                              },
                {"a.*?\\d",                      "",              ""                                              },
                {"a.*?[x]",                      "",              ""                                              },
                {"a.*?(?=x)x",                   "",              ""                                              },
                {"a.*?(?(1)x|x)",                "",              ""                                              },
                {"a.*?$",                        "",              ""                                              },
                {"a.*?",                         "",              ""                                              },
                {"a(?:.*?)*x",                   "",              ""                                              },
                {"a(?:.*?)+x",                   "",              ""                                              },
                {"a(?:.*?){2}x",                 "",              ""                                              },
                {"a.*?|x",                       "",              ""                                              },
                {"a(.*?",                        "",              ""                                              },
                {"a.*?((((((((x))))))))",        ".*?",           "[^x\\n]*+(?:x[^x\\n]*+)*?"                     },
                {"a.*?(((((((((x)))))))))",      "",              ""                                              },
                {"a.+?x",                        "",              ""                                              },
                {"a[^x]*?x",                     "",              ""                                              },
 /* up to a text that is there once */
                {"a.*, to",                      ".*",            "[^\\,\\n]*+(?:\\,(?! to)[^\\,\\n]*+)*+"        },
                {"a.+, to",                      ".+",            "(?!, to)[^\\,\\n]*+(?:\\,(?! to)[^\\,\\n]*+)*+"},
                {"a(?P<c>[^:]+) from",           "[^:]+",         "(?! from)[^\\ :]*+(?:\\ (?!from)[^\\ :]*+)*+"  },
                {"a[^\\\":\\n]* from",           "[^\\\":\\n]*",
                 "[^\\ \\\":\\n]*+(?:\\ (?!from)[^\\ \\\":\\n]*+)*+"                                              },
                {"a.*fromm+",                     ".*",            "[^f\\n]*+(?:f(?!rom)[^f\\n]*+)*+"              },
                {"a.*from?",                     "",              ""                                              },
                {"a.*fro",                       "",              ""                                              },
                {"a.*(?:from)",                  "",              ""                                              },
                {"a(?:.*)*from",                 "",              ""                                              },
                {"a[^f]*from",                   "",              ""                                              },
                {"a[^\\d]* from",                "",              ""                                              },
                {"a[^a-z]* from",                "",              ""                                              },
                {"a[^]]* from",                  "",              ""                                              },
                {"a[^[:alpha:]]* from",          "",              ""                                              },
                {"a[x]* from",                   "",              ""                                              },
                {"a\\S* from",                   "",              ""                                              },
                {"a. from",                      "",              ""                                              },
                {"a.{2} from",                   "",              ""                                              },
 /* without a text up to the end */
                {"a(?:(?! to).)*$",              "(?:(?! to).)*", "[^\\ \\n]*+(?:\\ (?!to)[^\\ \\n]*+)*+"         },
                {"a(?(1)b|(?:(?:(?! to).)*)$)",  "(?:(?! to).)*",
                 "[^\\ \\n]*+(?:\\ (?!to)[^\\ \\n]*+)*+"                                                          },
                {"a(?:(?!x).)*$",                "(?:(?!x).)*",   "[^x\\n]*+"                                     },
                {"a(?:(?! to).)*x",              "",              ""                                              },
                {"a(?:(?! to).)*?$",             "",              ""                                              },
                {"a(?:(?! to).)+$",              "",              ""                                              },
                {"a(?:(?!t[o]).)*$",             "",              ""                                              },
                {"a(?:(?!to?).)*$",              "",              ""                                              },
                {"a(?:(?!).)*$",                 "",              ""                                              },
                {"a(?:(?:(?! to).)*)*$",         "",              ""                                              },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slice regex = slice_of(rows[i].regex);
                struct buffer out = BUFFER_INIT(1000);
                struct lean_run run;
                bool found = find_first(regex, &run);
                if (found != (rows[i].piece[0] != '\0'))
                        print_message("%s\n", rows[i].regex);
                assert_int_equal(found, rows[i].piece[0] != '\0');
                if (!found)
                        continue;
                assert_slice(slice_sub(regex, run.at, run.at + run.length), rows[i].piece);
                assert_int_equal(lean_run_write(&run, &out), 0);
                assert_slice(buffer_view(&out), rows[i].text);
                buffer_done(&out);
        }
}

static void a_run_tells_what_must_be_there_once(void **state) {
        struct lean_run run;
        (void)state;
        assert_true(find_first(SLICE("a.*, to: x"), &run));
        assert_int_equal(run.kind, LEAN_RUN_LAST);
        assert_slice(run.text, ", to: x");
        assert_true(find_first(SLICE("a.*?, to"), &run));
        assert_int_equal(run.kind, LEAN_RUN_LAZY);
        assert_true(find_first(SLICE("a(?:(?!to).)*$"), &run));
        assert_int_equal(run.kind, LEAN_RUN_WITHOUT);
}

static void what_does_not_fit_is_told(void **state) {
        struct lean_run run;
        (void)state;
        assert_true(find_first(SLICE("a.*?,b"), &run));
        for (size_t max = 0; max < strlen("[^\\,\\n]*+(?:\\,[^\\,\\n]*+)*?"); max++) {
                struct buffer out = BUFFER_INIT(max);
                assert_true(lean_run_write(&run, &out) < 0);
                buffer_done(&out);
        }
}

static void a_class_ends_behind_its_bracket(void **state) {
        (void)state;
        assert_int_equal(lean_class_end(SLICE("a[bc]d"), 1), 5);
        assert_int_equal(lean_class_end(SLICE("[]b]d"), 0), 4);
        assert_int_equal(lean_class_end(SLICE("[^]b]d"), 0), 5);
        assert_int_equal(lean_class_end(SLICE("[\\]]d"), 0), 4);
        assert_true(lean_class_end(SLICE("[ab"), 0) > 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pieces_are_written_anew_or_left),
                cmocka_unit_test(a_run_tells_what_must_be_there_once),
                cmocka_unit_test(what_does_not_fit_is_told),
                cmocka_unit_test(a_class_ends_behind_its_bracket),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
