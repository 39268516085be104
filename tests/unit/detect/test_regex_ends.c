/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_ends.h"

#include <stdlib.h>

#include "../cmocka_include.h"

/* Whether the only operation that takes an "x" may be run at the end. */
static void the_end_is_behind_what_takes_the_newline(void **state) {
        static const struct {
                const char *regex;
                bool may_be_at_end;
        } rows[] = {
                {"^x",                               false},
                {"^ax",                              false},
                {"^\\n(x)",                          true },
                {"^a\\n(x)",                         true },
                {"^\\nax",                           false},
                {"^a\\nax",                          false},
                {"^\\sx",                            true },
                {"^\\Sx",                            false},
                {"^\\s*x",                           true },
                {"^\\s*a*x",                         true },
                {"^\\s*a+x",                         false},
                {"^a*x",                             false},
                {"^[^x]+x",                          true },
                {"^.+x",                             false},
                {"^(\\s*)(?=b)x",                    true },
                {"^\\s*(?!b|c)\\b\\B(?<=b)(?!b)x",   true },
                {"^(?P<g>b)?\\s(?(g)c|b)x",          false},
                {"^(?P<g>b)?\\s(?(g)c*|b*)x",        true },
                {"^(?:\\s|b)cx",                     false},
                {"^(?:b|\\n)(?:c|x)",                false}, /* the next character told */
                {"^\\s(?:(?=b)x|c)",                 false},
                {"^\\s*(?:\\d{1,3}\\.){3}\\d{1,3}x", false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct regex_code *code = regex_code_new(slice_of(rows[i].regex), 0);
                unsigned found = 0;
                assert_non_null(code);
                bool *ends = regex_ends_find(code);
                for (size_t k = 0; k < code->op_count; k++) {
                        const struct regex_op *op = &code->ops[k];
                        if (op->kind != REGEX_OP_CHAR && op->kind != REGEX_OP_TEXT)
                                continue;
                        if (op->text.data[op->text.len - 1] != 'x')
                                continue;
                        found++;
                        if ((op->text.len == 1 && ends[k]) != rows[i].may_be_at_end)
                                fail_msg("'%s'", rows[i].regex);
                }
                assert_int_equal(found, 1);
                free(ends);
                (void)regex_code_free(code);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_end_is_behind_what_takes_the_newline),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
