/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_shell.h"

#include <errno.h>

#include "base/repr.h"

#include "../cmocka_include.h"

static void lines_split_as_in_a_shell(void **state) {
        (void)state;
        static const struct {
                const char *line;
                const char *words;
        } rows[] = {
                {"",                  "[]"               },
                {"  \t ",             "[]"               },
                {"status",            "['status']"       },
                {" set  j\tx ",       "['set', 'j', 'x']"},
                {"a 'b c' d",         "['a', 'b c', 'd']"},
                {"a\"b\"'c'd",        "['abcd']"         },
                {"'' \"\"",           "['', '']"         },
                {"a\\ b",             "['a b']"          },
                {"'a\\b'",            "['a\\\\b']"       },
                {"\"a\\\"b\\c\\\\\"", "['a\"b\\\\c\\\\']"},
                {"a # b",             "['a', '#', 'b']"  },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct value words = value_list();
                assert_int_equal(
                        client_shell_split(slice_of(rows[i].line), &arena, &words, NULL), 0);
                assert_slice(repr(&words, &arena), rows[i].words);
                arena_done(&arena);
        }
}

static void what_stays_open_is_refused(void **state) {
        (void)state;
        static const struct {
                const char *line;
                const char *fault;
        } rows[] = {
                {"a 'b",  "No closing quotation"},
                {"a \"b", "No closing quotation"},
                {"a\\",   "No escaped character"},
                {"'",     "No closing quotation"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value words = value_list();
                assert_true(client_shell_split(slice_of(rows[i].line), &arena, &words, &fault) < 0);
                assert_string_equal(fault_text(&fault), rows[i].fault);
                fault_done(&fault);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_split_as_in_a_shell),
                cmocka_unit_test(what_stays_open_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
