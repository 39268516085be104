/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/diag_options.h"

#include <errno.h>

#include "../cmocka_include.h"

static void options_are_taken_out_of_the_brackets(void **state) {
        (void)state;
        static const struct {
                const char *text, *name, *facility, *format;
                enum diag_switch padding, datetime;
        } rows[] = {
                {"STDOUT",                                            "STDOUT",           "",     "",   DIAG_SWITCH_UNSET, DIAG_SWITCH_UNSET},
                {"/var/log/a b.log",                                  "/var/log/a b.log", "",     "",   DIAG_SWITCH_UNSET,
                 DIAG_SWITCH_UNSET                                                                                                          },
                {"SYSLOG[facility=auth]",                             "SYSLOG",           "auth", "",   DIAG_SWITCH_UNSET,
                 DIAG_SWITCH_UNSET                                                                                                          },
                {"SYSLOG[facility='auth', padding=on,datetime=off] ", "SYSLOG",           "auth", "",
                 DIAG_SWITCH_ON,                                                                                           DIAG_SWITCH_OFF  },
                {"X[format=\"[%(name)s], %(message)s\", padding=No]", "X",                "",
                 "[%(name)s], %(message)s",                                                             DIAG_SWITCH_OFF,   DIAG_SWITCH_UNSET},
                {"X[padding=TRUE][datetime = yes]",                   NULL,               NULL,   NULL, DIAG_SWITCH_UNSET,
                 DIAG_SWITCH_UNSET                                                                                                          },
                {"X[padding=TRUE][datetime= yes ]",                   "X",                "",     "",   DIAG_SWITCH_ON,    DIAG_SWITCH_ON   },
                {"X[other=1]",                                        "X",                "",     "",   DIAG_SWITCH_UNSET, DIAG_SWITCH_UNSET},
                {"X[]",                                               "X",                "",     "",   DIAG_SWITCH_UNSET, DIAG_SWITCH_UNSET},
                {"X[padding=on,]",                                    "X",                "",     "",   DIAG_SWITCH_ON,    DIAG_SWITCH_UNSET},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag_options options;
                int r = diag_options_parse(slice_of(rows[i].text), &options, NULL);
                assert_int_equal(r, rows[i].name ? 0 : -EINVAL);
                if (r < 0)
                        continue;
                assert_slice(options.name, rows[i].name);
                assert_slice(options.facility, rows[i].facility);
                assert_slice(options.format, rows[i].format);
                assert_int_equal(options.padding, rows[i].padding);
                assert_int_equal(options.datetime, rows[i].datetime);
        }
}

static void broken_brackets_are_refused(void **state) {
        (void)state;
        static const char *const rows[] = {"", "[a=b]", "X[", "X[a=b", "X[a]", "X[a=\"b]", "X[=b]",
                "X[a=b] c", "X[a='b'c]", "X[a=\"b\"]]"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag_options options;
                struct fault fault = FAULT_INIT;
                assert_int_equal(diag_options_parse(slice_of(rows[i]), &options, &fault), -EINVAL);
                assert_string_equal(fault.kind, "ValueError");
                fault_done(&fault);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_are_taken_out_of_the_brackets),
                cmocka_unit_test(broken_brackets_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
