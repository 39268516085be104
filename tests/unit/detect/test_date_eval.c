/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date_eval.h"

#include <errno.h>

#include "../cmocka_include.h"

#define NOW_US 1709629200000000 /* 2024-03-05 10:00:00 in Europe/Berlin */

struct row {
        const char *fields; /* "Y=2024 m=3": letter, '=', text, blank */
        int result;
        double epoch;
        const char *kind;
};

static int eval(const char *text, struct date_time *ret, struct fault *fault) {
        static struct clock fixed;
        struct calendar calendar;
        struct date_field fields[DATE_FIELDS_MAX];
        size_t count = 0;
        setenv("TZ", "Europe/Berlin", 1);
        clock_fix(&fixed, NOW_US);
        calendar_init(&calendar, &fixed);
        struct slice rest = slice_of(text);
        struct slice piece;
        enum date_ampm ampm = DATE_AMPM_ABSENT;
        while (slice_next_piece(&rest, ' ', &piece)) {
                if (piece.data[0] == 'p')
                        ampm = DATE_AMPM_GROUP;
                if (piece.len > 2)
                        fields[count++] = (struct date_field){piece.data[0], slice_sub(piece, 2, piece.len)};
        }
        return date_eval(&calendar, &(struct date_fields){fields, count, ampm}, NULL, ret, fault);
}

static void fields_become_a_time(void **state) {
        (void)state;
        static const struct row rows[] = {
                {"Y=2024 m=3 d=5 H=10 M=0 S=0",      DATE_FOUND,   1709629200, NULL            },
                {"Y=2024 b=MAR d=5 H=10",            DATE_FOUND,   1709629200, NULL            },
                {"Y=2024 B=march d=5 H=10",          DATE_FOUND,   1709629200, NULL            },
                {"Y=2024 B=mar d=5",                 DATE_INVALID, 0,          NULL            },
                {"Y=2024 m=3 d=5 H=10 z=-0100",      DATE_FOUND,   1709636400, NULL            },
                {"Y=2024 m=3 d=5 H=10 Z=PST",        DATE_FOUND,   1709661600, NULL            },
                {"Y=2024 m=3 d=5 H=10 Z=pst",        DATE_INVALID, 0,          NULL            },
                {"Y=2024 m=3 d=5 H=10 Z=QQQ",        -EINVAL,      0,          "KeyError"      },
                {"Y=2024 m=2 d=30",                  DATE_INVALID, 0,          NULL            },
                {"Y=2024 m=3 d=5 H=24",              DATE_INVALID, 0,          NULL            },
                {"Y=2024 m=3 d=5 S=60",              DATE_INVALID, 0,          NULL            },
                {"Y=2024 m=3",                       -EINVAL,      0,          "TypeError"     },
                {"Y=2024 d=3",                       -EINVAL,      0,          "TypeError"     },
                {"I=12 p=AM",                        DATE_FOUND,   1709593200, NULL            },
                {"I=9 p=pm Y=2024 m=3 d=4",          DATE_FOUND,   1709582400, NULL            },
                {"I=9 p",                            -EINVAL,      0,          "AttributeError"},
                {"I=12",                             DATE_FOUND,   1709593200, NULL            },
                {"y=99 m=12 d=5",                    DATE_FOUND,   4100108400, NULL            },
                {"Y=2023 j=365",                     DATE_FOUND,   1703977200, NULL            },
                {"Y=2023 j=366",                     DATE_FOUND,   1704063600, NULL            },
                {"Y=2024 W=0 w=1",                   DATE_FOUND,   1704063600, NULL            },
                {"Y=99999999999 m=1 d=1",            -EINVAL,      0,          "OverflowError" },
                {"Y=10000 m=1 d=1",                  DATE_INVALID, 0,          NULL            },
                {"Y=1 m=1 d=1 z=+1200",              -EINVAL,      0,          "OverflowError" },
                {"Y=x",                              DATE_INVALID, 0,          NULL            },
                {"m=2 d=29 H=10 M=0",                DATE_FOUND,   1709197200, NULL            },
                {"m=3 d=6 H=10 M=0 S=1",             DATE_FOUND,   1678093201, NULL            },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_time time = {0, false};
                struct fault fault = FAULT_INIT;
                int r = eval(rows[i].fields, &time, &fault);
                if (r != rows[i].result || time.seconds < rows[i].epoch || time.seconds > rows[i].epoch)
                        fail_msg("%s: %d %f", rows[i].fields, r, time.seconds);
                if (rows[i].kind)
                        assert_string_equal(fault.kind, rows[i].kind);
                fault_done(&fault);
        }
}

static void times_with_a_zone_are_integers(void **state) {
        (void)state;
        struct date_time time = {0, false};
        assert_int_equal(eval("Y=2024 m=3 d=5 z=Z", &time, NULL), DATE_FOUND);
        assert_true(time.integral);
        assert_int_equal(eval("Y=2024 m=3 d=5", &time, NULL), DATE_FOUND);
        assert_false(time.integral);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields_become_a_time),
                cmocka_unit_test(times_with_a_zone_are_integers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
