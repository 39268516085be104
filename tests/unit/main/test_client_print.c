/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_print.h"

#include "../cmocka_include.h"
#include "reply_text.h"

struct row {
        const char *command; /* words with blanks between */
        const char *reply;
        const char *text;
};

static struct value command_of(const char *text, struct arena *arena) {
        struct value command = value_list();
        struct slice rest = slice_of(text);
        struct slice word;
        while (slice_next_piece(&rest, ' ', &word))
                (void)value_append(&command, value_string(word), arena);
        return command;
}

static void check(const struct row *rows, size_t count, enum client_print_result result) {
        for (size_t i = 0; i < count; i++) {
                struct arena arena = ARENA_INIT;
                struct value command = command_of(rows[i].command, &arena);
                struct value reply = reply_text(rows[i].reply, &arena);
                struct slice text;
                assert_int_equal(
                        client_print(&command, &reply, CLIENT_PRINT_UTF8, &arena, &text), result);
                assert_slice(text, rows[i].text);
                arena_done(&arena);
        }
}

static void replies_of_the_server(void **state) {
        (void)state;
        static const struct row rows[] = {
                {"ping",             "'pong'",                             "Server replied: pong"                           },
                {"version",          "'1.1.1'",                            "1.1.1"                                          },
                {"echo a b",         "['a', 'b']",                         "a b"                                            },
                {"echo",             "[]",                                 ""                                               },
                {"start j",          "N",                                  "Jail started"                                   },
                {"stop",             "N",                                  "Shutdown successful"                            },
                {"stop j",           "N",                                  "Jail stopped"                                   },
                {"add j",            "'j'",                                "Added jail j"                                   },
                {"flushlogs",        "'flushed'",                          "logs: flushed"                                  },
                {"sleep 1",          "N",                                  "None"                                           },
                {"banned",           "[{'j': ['1.2.3.4']}, {'k': []}]",    "[{'j': ['1.2.3.4']}, {'k': []}]"                },
                {"statistic",        "{'j': ['polling', (0, 0), (0, 1)]}",
                 "{'j': ['polling', (0, 0), (0, 1)]}"                                                                       },
                {"get loglevel",     "'INFO'",                             "Current logging level is 'INFO'"                },
                {"set loglevel 7",   "10",                                 "Current logging level is 'DEBUG'"               },
                {"get logtarget",    "'/x'",                               "Current logging target is:\n`- /x"              },
                {"get syslogsocket", "'auto'",                             "Current syslog socket is:\n`- auto"             },
                {"get dbfile",       "N",                                  "Database currently disabled"                    },
                {"get dbfile",       "'/d'",                               "Current database file is:\n`- /d"               },
                {"get dbpurgeage",   "N",                                  "Database currently disabled"                    },
                {"get dbpurgeage",   "86400",                              "Current database purge age is:\n`- 86400seconds"},
                {"get dbpurgeage",   "90.9",                               "Current database purge age is:\n`- 90seconds"   },
                {"get dbmaxmatches", "10",                                 "10"                                             },
                {"get thread",       "{'stacksize': 0}",                   "{'stacksize': 0}"                               },
                {"unban --all",      "3",                                  "3"                                              },
        };
        check(rows, sizeof(rows) / sizeof(rows[0]), CLIENT_PRINT_OK);
}

static void replies_of_jails(void **state) {
        (void)state;
        static const struct row rows[] = {
                {"get j logpath",            "[]",                        "No file is currently monitored"               },
                {"get j logpath",            "['/a', '/b']",              "Current monitored log file(s):\n|- /a\n`- /b" },
                {"set j addlogpath /a",      "['/a']",                    "Current monitored log file(s):\n`- /a"        },
                {"get j logencoding",        "'UTF-8'",                   "Current log encoding is set to:\nUTF-8"       },
                {"get j journalmatch",       "[]",                        "No journal match filter set"                  },
                {"get j journalmatch",       "[['a=1', 'b=2'], ['c=3']]",
                 "Current match filter:\na=1 b=2 + c=3"                                                                  },
                {"get j datepattern",        "N",                         "Current date pattern set to: Not set/required"},
                {"get j datepattern",        "(N, 'Default Detectors')",
                 "Current date pattern set to: Default Detectors"                                                        },
                {"get j datepattern",        "('%Y', 'Year')",            "Current date pattern set to: %Y (Year)"       },
                {"get j ignoreip",           "[]",                        "No IP address/network is ignored"             },
                {"get j ignoreip",           "['10.0.0.0/8', '::1']",
                 "These IP addresses/networks are ignored:\n|- 10.0.0.0/8\n`- ::1"                                       },
                {"get j failregex",          "[]",                        "No regular expression is defined"             },
                {"get j failregex",          "['^a', '^b']",
                 "The following regular expression are defined:\n|- [0]: ^a\n`- [1]: ^b"                                 },
                {"set j delignoreregex 0",   "['^a']",
                 "The following regular expression are defined:\n`- [0]: ^a"                                             },
                {"get j actions",            "[]",                        "No actions for jail j"                        },
                {"get j actions",            "['a', 'b']",                "The jail j has the following actions:\na, b"  },
                {"get j actionproperties a", "['x', 'y']",
                 "The jail j action a has the following properties:\nx, y"                                               },
                {"get j actionproperties a", "[]",                        "No properties for jail j action a"            },
                {"get j actionmethods a",    "['ban']",
                 "The jail j action a has the following methods:\nban"                                                   },
                {"get j banip",              "['1.2.3.4', '::1']",        "1.2.3.4 ::1"                                  },
                {"get j banip ;",            "['1.2.3.4', '::1']",        "1.2.3.4;::1"                                  },
                {"get j banip --with-time",  "['a', 'b']",                "a\nb"                                         },
                {"set j banip 1.2.3.4",      "1",                         "1"                                            },
                {"get j bantime",            "600",                       "600"                                          },
                {"get j findtime",           "1.5",                       "1.5"                                          },
                {"get j ignoreself",         "T",                         "True"                                         },
                {"get j prefregex",          "''",                        ""                                             },
        };
        check(rows, sizeof(rows) / sizeof(rows[0]), CLIENT_PRINT_OK);
}

static void replies_that_do_not_fit_are_shown_as_they_are(void **state) {
        (void)state;
        static const struct row rows[] = {
                {"ping",                "5",                           "55"                                                },
                {"add j",               "N",                           "NoneNone"                                          },
                {"echo",                "[1]",                         "[1][1]"                                            },
                {"get logtarget",       "N",                           "'Current logging target is:\\n'None"               },
                {"get dbpurgeage",      "'x'",                         "'Current database purge age is:\\n''x'"            },
                {"get j logpath",       "N",                           "NoneNone"                                          },
                {"get j logpath",       "['a', 1]",                    "'Current monitored log file(s):\\n|- a\\n'['a', 1]"},
                {"get j journalmatch",  "[[1]]",                       "'Current match filter:\\n'[[1]]"                   },
                {"get j datepattern",   "['a', 'b']",                  "'Current date pattern set to: '['a', 'b']"         },
                {"get j actionmethods", "['x']",                       "['x']['x']"                                        },
                {"get j banip",         "[1]",                         "[1][1]"                                            },
                {"status j stats",      "['polling', (1, 2), (0, 5)]",
                 "['Status for the jail: j', '|- p']['polling', (1, 2), (0, 5)]"                                           },
                {"status --all stats",  "{'j': []}",                   "{'j': []}{'j': []}"                                },
                {"stats",               "{'j': [1]}",                  "{'j': [1]}{'j': [1]}"                              },
        };
        check(rows, sizeof(rows) / sizeof(rows[0]), CLIENT_PRINT_E_UNFIT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(replies_of_the_server),
                cmocka_unit_test(replies_of_jails),
                cmocka_unit_test(replies_that_do_not_fit_are_shown_as_they_are),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
