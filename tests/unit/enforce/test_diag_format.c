/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/diag_format.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "../cmocka_include.h"

#define NOON_US (INT64_C(1700000000) * 1000000 + 7999) /* 2023-11-14 22:13:20.007999 UTC */

static struct diag_record record(void) {
        return (struct diag_record){
                NOON_US, 42, 77, DIAG_NOTICE, "fail2ban.actions", SLICE("[j] Ban 192.0.2.1")};
}

static void check(struct diag_format *format, const struct diag_record *r, const char *expected) {
        struct buffer out = BUFFER_INIT(4096);
        assert_non_null(format);
        assert_int_equal(diag_format_put(format, r, &out), 0);
        assert_slice(buffer_view(&out), expected);
        buffer_done(&out);
        (void)diag_format_free(format);
}

static void standard_lines_are_upstreams(void **state) {
        (void)state;
        struct diag_record r = record();
        char expected[256];
        unsigned long thread = (unsigned long)pthread_self();
        check(diag_format_standard(0, DIAG_FORMAT_TIME | DIAG_FORMAT_PADDING), &r,
                "2023-11-14 22:13:20,007 fail2ban.actions        [77]: NOTICE  [j] Ban 192.0.2.1");
        check(diag_format_standard(1, DIAG_FORMAT_PADDING), &r,
                "fail2ban.actions        [77]: NOTICE  [j] Ban 192.0.2.1");
        check(diag_format_standard(0, 0), &r, "fail2ban.actions[77]: NOTICE [j] Ban 192.0.2.1");
        check(diag_format_standard(0, DIAG_FORMAT_TIME), &r,
                "2023-11-14 22:13:20,007 fail2ban.actions[77]: NOTICE [j] Ban 192.0.2.1");
        (void)snprintf(expected, sizeof(expected),
                " 2023-11-14 22:13:20,007 %lX NOTIC [j] Ban 192.0.2.1", thread);
        check(diag_format_standard(2, DIAG_FORMAT_TIME | DIAG_FORMAT_PADDING), &r, expected);
        (void)snprintf(expected, sizeof(expected), " %lX NOTIC [j] Ban 192.0.2.1", thread);
        check(diag_format_standard(2, DIAG_FORMAT_PADDING), &r, expected);
        (void)snprintf(expected, sizeof(expected),
                " +   42 %lX fail2ban.actions          NOTIC [j] Ban 192.0.2.1", thread);
        check(diag_format_standard(3, DIAG_FORMAT_TIME | DIAG_FORMAT_PADDING), &r, expected);
        (void)snprintf(expected, sizeof(expected),
                " +   42 %lX fail2ban.actions          NOTIC |         actions-25: -               "
                "     | [j] Ban 192.0.2.1",
                thread);
        check(diag_format_standard(9, DIAG_FORMAT_TIME | DIAG_FORMAT_PADDING), &r, expected);
        (void)snprintf(expected, sizeof(expected),
                " +   42 %lX fail2ban.actions NOTICE | actions-25: - | [j] Ban 192.0.2.1", thread);
        check(diag_format_standard(4, 0), &r, expected);
}

static void own_formats_follow_python(void **state) {
        (void)state;
        struct diag_record r = record();
        static const struct {
                const char *format, *expected;
        } rows[] = {
                {"%(message)s",                                                      "[j] Ban 192.0.2.1"     },
                {"100%% %(levelname)10s|%(levelname)-10s|%(levelname).3s|",
                 "100%     NOTICE|NOTICE    |NOT|"                                                           },
                {"%(process)06d %(process)-5d| %(levelno)x %(levelno)X %(levelno)o",
                 "000077 77   | 19 19 31"                                                                    },
                {"%(created)f %(created).1f %(msecs)d %(module)s",
                 "1700000000.007999 1700000000.0 7 actions"                                                  },
                {"%(message)r",                                                      "'[j] Ban 192.0.2.1'"   },
                {"%(threadName)s %(processName)s",                                   "MainThread MainProcess"},
                {"<%(message).5s",                                                   "<[j] B"                },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                check(diag_format_new(slice_of(rows[i].format), NULL), &r, rows[i].expected);
}

static void widths_count_characters(void **state) {
        (void)state;
        struct diag_record r = record();
        r.text = SLICE("\xc3\xa4\xc3\xb6x");
        check(diag_format_new(SLICE("%(message)5s|%(message).2s|"), NULL), &r,
                "  \xc3\xa4\xc3\xb6x|\xc3\xa4\xc3\xb6|");
}

static void what_is_no_format_is_refused(void **state) {
        (void)state;
        static const char *const rows[] = {"", "no field", "%s", "%(message)", "%(messag)s",
                "%(message", "%(message)d", "%(message)q", "%", "%%"};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fault fault = FAULT_INIT;
                assert_null(diag_format_new(slice_of(rows[i]), &fault));
                assert_int_equal(fault.code, -EINVAL);
                assert_string_equal(fault.kind, "ValueError");
                fault_done(&fault);
        }
}

static void pieces_and_widths_are_bounded(void **state) {
        (void)state;
        struct buffer text = BUFFER_INIT(100000);
        for (int i = 0; i <= DIAG_FORMAT_PIECES_MAX; i++)
                (void)buffer_append(&text, SLICE("%(name)s"));
        assert_null(diag_format_new(buffer_view(&text), NULL));
        buffer_done(&text);
        struct diag_record r = record();
        struct buffer out = BUFFER_INIT(4096);
        struct diag_format *format = diag_format_new(SLICE("%(name)999999999s"), NULL);
        assert_int_equal(diag_format_put(format, &r, &out), 0);
        assert_int_equal(buffer_len(&out), DIAG_FORMAT_WIDTH_MAX);
        buffer_done(&out);
        (void)diag_format_free(format);
}

static void a_new_second_gives_a_new_time(void **state) {
        (void)state;
        struct diag_record r = record();
        struct diag_format *format = diag_format_new(SLICE("%(asctime)s"), NULL);
        struct buffer out = BUFFER_INIT(4096);
        (void)diag_format_put(format, &r, &out);
        r.wall_us += 999000;
        (void)diag_format_put(format, &r, &out);
        r.wall_us += 86400LL * 1000000;
        (void)diag_format_put(format, &r, &out);
        assert_slice(buffer_view(&out),
                "2023-11-14 22:13:20,0072023-11-14 22:13:21,0062023-11-15 22:13:21,006");
        buffer_done(&out);
        (void)diag_format_free(format);
}

/* What stands before the message is kept from one line to the next: it must be that of the line. */
static void each_line_has_its_own_head(void **state) {
        const struct diag_record rows[] = {
                {NOON_US,        42, 77, DIAG_NOTICE, "fail2ban.actions",                             SLICE("a")},
                {NOON_US,        42, 77, DIAG_NOTICE, "fail2ban.actions",                             SLICE("b")},
                {NOON_US,        42, 77, DIAG_ERROR,  "fail2ban.actions",                             SLICE("c")},
                {NOON_US,        42, 77, DIAG_ERROR,  "fail2ban.filter",                              SLICE("d")},
                {NOON_US + 1000, 42, 77, DIAG_ERROR,  "fail2ban.filter",                              SLICE("e")},
                {NOON_US + 1000, 43, 77, DIAG_ERROR,  "fail2ban.filter",                              SLICE("f")},
                {NOON_US + 1000, 43, 78, DIAG_ERROR,  "fail2ban.filter",                              SLICE("g")},
                {NOON_US + 1000, 43, 78, DIAG_ERROR,  "a.logger.whose.name.is.too.long.to.be.kept",
                 SLICE("h")                                                                                     },
                {NOON_US + 1000, 43, 78, DIAG_ERROR,  "another.logger.with.such.a.long.name.as.well",
                 SLICE("i")                                                                                     },
                {NOON_US + 1000, 43, 78, DIAG_ERROR,  "",                                             SLICE("j")},
                {NOON_US,        42, 77, DIAG_NOTICE, "fail2ban.actions",                             SLICE("k")},
        };
        static const char *const formats[] = {
                "%(asctime)s %(relativeCreated)d %(process)d %(levelname)s %(name)s: %(message)s",
                "%(message)s %(asctime)s %(levelname)s", "%(levelname)s <%(message)s> %(name)s",
                "%(created)f %(levelname)s"};
        (void)state;
        for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
                struct diag_format *one = diag_format_new(slice_of(formats[k]), NULL);
                assert_non_null(one);
                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                        struct diag_format *fresh = diag_format_new(slice_of(formats[k]), NULL);
                        struct buffer a = BUFFER_INIT(4096), b = BUFFER_INIT(4096);
                        assert_int_equal(diag_format_put(one, &rows[i], &a), 0);
                        assert_int_equal(diag_format_put(fresh, &rows[i], &b), 0);
                        assert_true(slice_equal(buffer_view(&a), buffer_view(&b)));
                        buffer_done(&a);
                        buffer_done(&b);
                        (void)diag_format_free(fresh);
                }
                (void)diag_format_free(one);
        }
}

int main(void) {
        (void)setenv("TZ", "UTC", 1);
        tzset();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(standard_lines_are_upstreams),
                cmocka_unit_test(own_formats_follow_python),
                cmocka_unit_test(widths_count_characters),
                cmocka_unit_test(what_is_no_format_is_refused),
                cmocka_unit_test(pieces_and_widths_are_bounded),
                cmocka_unit_test(a_new_second_gives_a_new_time),
                cmocka_unit_test(each_line_has_its_own_head),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
