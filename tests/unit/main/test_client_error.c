/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_error.h"

#include "base/repr.h"

#include "../cmocka_include.h"
#include "reply_text.h"

static void errors_read_as_pythons(void **state) {
        (void)state;
        static const struct {
                const char *kind;
                const char *arguments; /* as they came */
                const char *shown;     /* behind NOK: */
                const char *text;
        } rows[] = {
                {"fail2ban.exceptions.UnknownJailException",   "['j']",                       "('j',)",
                 "Sorry but the jail 'j' does not exist"                                                                                                },
                {"fail2ban.exceptions.DuplicateJailException", "['j']",                       "('j',)",
                 "The jail 'j' already exists"                                                                                                          },
                {"builtins.IndexError",                        "['list index out of range']",
                 "('list index out of range',)",                                                                      "Sorry but the command is invalid"},
                {"builtins.Exception",                         "['Invalid command']",         "('Invalid command',)",
                 "Invalid command"                                                                                                                      },
                {"builtins.KeyError",                          "['x y']",                     "('x y',)",             "'x y'"                           },
                {"builtins.ValueError",                        "[]",                          "()",                   ""                                },
                {"builtins.ValueError",                        "[5]",                         "(5,)",                 "5"                               },
                {"builtins.ValueError",                        "['a', 2]",                    "('a', 2)",             "('a', 2)"                        },
                {"builtins.FileNotFoundError",                 "[2, 'No such file', '/x']",   "(2, 'No such file')",
                 "[Errno 2] No such file: '/x'"                                                                                                         },
                {"builtins.OSError",                           "[5, 'I/O error']",            "(5, 'I/O error')",     "[Errno 5] I/O error"             },
                {"builtins.OSError",                           "['text']",                    "('text',)",            "text"                            },
                {"",                                           "['x']",                       "('x',)",               "x"                               },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct pickle_reply reply = {.outcome = PICKLE_ERROR,
                        .error_class = slice_of(rows[i].kind),
                        .value = reply_text(rows[i].arguments, &arena)};
                struct value arguments = client_error_arguments(&reply, &arena);
                assert_slice(repr(&arguments, &arena), rows[i].shown);
                assert_slice(client_error_text(&reply, &arena), rows[i].text);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(errors_read_as_pythons)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
