/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/line_date.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../cmocka_include.h"

#define NOW 1786702400 /* 2026-08-14 10:13:20 UTC */

struct fixture {
        struct clock clock;
        struct arena arena;
        struct filter_env env;
        struct line_date dates;
        unsigned messages;
        char last[512]; /* message */
        char all[2048]; /* messages */
};

static struct fixture fixture;

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        assert_true(level >= DIAG_WARNING);
        assert_string_equal(logger, "fail2ban.filter");
        fixture.messages++;
        size_t len = strlen(fixture.all);
        (void)snprintf(fixture.all + len, sizeof(fixture.all) - len, "%.*s\n", SLICE_ARG(text));
        (void)snprintf(fixture.last, sizeof(fixture.last), "%.*s", SLICE_ARG(text));
}

static void begin(enum filter_mode mode, const char *pattern) {
        fixture = (struct fixture){.arena = ARENA_INIT};
        fixture.env = (struct filter_env){.clock = &fixture.clock, .diag = note_diag};
        diag_set_threshold(DIAG_INFO);
        clock_fix(&fixture.clock, NOW * INT64_C(1000000));
        line_date_init(&fixture.dates, "sshd", mode, &fixture.env);
        assert_int_equal(
                date_detector_set_pattern(fixture.dates.detector, slice_of(pattern), NULL), 0);
}

static void end(void) {
        line_date_done(&fixture.dates);
        arena_done(&fixture.arena);
}

enum age { OLD, NEW };

static int read_line(const char *text, enum age age, struct dated_line *ret) {
        const struct filter_line line = {.text = slice_of(text), .in_operation = age == NEW};
        return line_date_read(&fixture.dates, &line, &fixture.arena, ret, NULL);
}

static void line_is_split_at_its_date(void **state) {
        struct dated_line line;
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        assert_int_equal(read_line("[2026-08-14 10:13:00] x", NEW, &line), 1);
        assert_slice(line.tuple.before, "[");
        assert_slice(line.tuple.date, "2026-08-14 10:13:00");
        assert_slice(line.tuple.after, "] x");
        assert_true(line.time == NOW - 20);
        assert_false(line.is_undated);
        end();
}

static void undated_line_takes_the_last_date_for_a_minute(void **state) {
        struct dated_line line;
        (void)state;
        begin(FILTER_TOOL, "%Y-%m-%d %H:%M:%S");
        assert_int_equal(read_line("x", NEW, &line), 1);
        assert_true(isnan(line.time));
        assert_int_equal(read_line("2026-08-14 10:13:00 x", NEW, &line), 1);
        assert_int_equal(read_line("y", NEW, &line), 1);
        assert_true(line.is_undated);
        assert_true(line.time == NOW - 20);
        assert_slice(line.tuple.date, "2026-08-14 10:13:00");
        clock_advance(&fixture.clock, 40 * 1000000);
        assert_int_equal(read_line("y", NEW, &line), 1);
        assert_true(isnan(line.time));
        assert_slice(line.tuple.date, "");
        end();
}

static void undated_line_is_of_now_in_operation_only(void **state) {
        struct dated_line line;
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        assert_int_equal(read_line("x", OLD, &line), 1);
        assert_true(isnan(line.time));
        assert_int_equal(read_line("x", NEW, &line), 1);
        assert_true(line.time == NOW);
        assert_true(line.is_undated);
        end();
}

static void no_date_wanted_means_now(void **state) {
        struct dated_line line;
        (void)state;
        begin(FILTER_TOOL, "{NONE}");
        assert_int_equal(read_line("x", NEW, &line), 1);
        assert_true(line.time == NOW);
        assert_false(line.is_undated);
        assert_slice(line.tuple.after, "x");
        end();
}

static void impossible_date_is_cut_and_told(void **state) {
        struct dated_line line;
        (void)state;
        begin(FILTER_TOOL, "%Y-%m-%d");
        assert_int_equal(read_line("2026-02-30 x", NEW, &line), 1);
        assert_true(isnan(line.time));
        assert_slice(line.tuple.after, " x");
        assert_string_equal(fixture.last, "findFailure failed to parse timeText: 2026-02-30");
        end();
}

static void date_far_from_now_counts_as_now_in_operation(void **state) {
        static const struct {
                const char *text;
                bool is_odd;
        } rows[] = {
                {"2026-08-14 10:12:20 x", false}, /* 60 s ago */
                {"2026-08-14 10:12:19 x", true },
                {"2026-08-14 10:14:20 x", false},
                {"2026-08-14 10:14:21 x", true },
                {"2026-08-10 00:00:00 x", true },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dated_line line;
                begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
                assert_int_equal(read_line(rows[i].text, NEW, &line), 1);
                assert_int_equal(line.time == NOW, rows[i].is_odd);
                assert_int_equal(fixture.messages, rows[i].is_odd ? 2 : 0);
                if (rows[i].is_odd)
                        assert_true(fixture.dates.last == NOW);
                end();
        }
}

static void line_older_than_findtime_is_passed_over_while_catching_up(void **state) {
        static const struct {
                const char *text;
                int result;
        } rows[] = {
                {"2026-08-14 10:03:20 x", 1}, /* 600 s ago */
                {"2026-08-14 10:03:19 x", 0},
                {"2026-08-15 10:03:19 x", 1},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dated_line line;
                begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
                assert_int_equal(read_line(rows[i].text, OLD, &line), rows[i].result);
                assert_int_equal(fixture.messages, rows[i].result ? 0 : 2);
                end();
                begin(FILTER_TOOL, "%Y-%m-%d %H:%M:%S");
                assert_int_equal(read_line(rows[i].text, OLD, &line), 1);
                end();
        }
}

static void warnings_come_once_a_day(void **state) {
        struct dated_line line;
        struct line_tuple tuple = {SLICE("a "), SLICE("D"), SLICE(" b"), NULL};
        struct line_list matched = {&tuple, 1};
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        (void)read_line("2026-08-14 10:00:00 x", NEW, &line);
        assert_string_equal(fixture.last, "[sshd] Please check a jail for a timing issue. Line "
                                          "with odd timestamp: 2026-08-14 10:00:00 x");
        (void)read_line("2026-08-14 10:00:00 x", NEW, &line);
        assert_int_equal(fixture.messages, 2);
        (void)read_line("2026-08-14 10:00:00 x", OLD, &line);
        assert_int_equal(fixture.messages, 4);
        line_date_warn_missing(&fixture.dates, &line, &matched, &fixture.arena);
        assert_int_equal(fixture.messages, 7);
        line_date_warn_missing(&fixture.dates, &line, &matched, &fixture.arena);
        assert_int_equal(fixture.messages, 7);
        clock_advance(&fixture.clock, INT64_C(86400000000));
        line_date_warn_missing(&fixture.dates, &line, &matched, &fixture.arena);
        assert_int_equal(fixture.messages, 10);
        end();
}

static void source_may_know_the_time(void **state) {
        struct dated_line line;
        const struct filter_line entry = {.text = SLICE("x"),
                .in_operation = true,
                .has_time = true,
                .time = NOW - 5.5,
                .date_text = SLICE("2026")};
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        assert_int_equal(line_date_read(&fixture.dates, &entry, &fixture.arena, &line, NULL), 1);
        assert_true(line.time == NOW - 5.5);
        assert_slice(line.tuple.date, "2026");
        assert_slice(line.tuple.after, "x");
        end();
}

static void messages_show_whole_lines(void **state) {
        struct line_tuple tuples[] = {
                {SLICE("a "), SLICE("D"), SLICE(" b"), NULL},
                {SLICE(""),   SLICE(""),  SLICE("c"),  NULL}
        };
        struct line_list matched = {tuples, 2};
        struct dated_line line = {.tuple = tuples[0]};
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d");
        line_date_warn_missing(&fixture.dates, &line, &matched, &fixture.arena);
        assert_string_equal(fixture.all,
                "[sshd] Found a match but no valid date/time found for 'D'.\n"
                "[sshd] Match without a timestamp: a D b\nc\n"
                "[sshd] Please try setting a custom date pattern (see man page jail.conf(5)).\n");
        end();
}

static void exception_of_the_date_is_the_lines(void **state) {
        struct dated_line line;
        struct fault fault = FAULT_INIT;
        const struct filter_line text = {.text = SLICE("2026-08 x"), .in_operation = true};
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m");
        assert_true(line_date_read(&fixture.dates, &text, &fixture.arena, &line, &fault) < 0);
        assert_string_equal(fault.kind, "TypeError");
        fault_done(&fault);
        end();
}

static void saved_dates_come_back(void **state) {
        struct dated_line line;
        struct buffer blob = BUFFER_INIT(65536);
        (void)state;
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        assert_false(line_date_save(&fixture.dates, &blob));
        (void)read_line("2026-08-14 10:00:00 x", OLD, &line);
        (void)read_line("2026-08-14 10:13:00 x", OLD, &line);
        (void)read_line("2026-08-14 10:00:00 x", OLD, &line);
        (void)read_line("2026-08-14 10:13:00 x", OLD, &line);
        assert_true(line_date_save(&fixture.dates, &blob));
        assert_false(line_date_save(&fixture.dates, &blob));
        end();
        begin(FILTER_DAEMON, "%Y-%m-%d %H:%M:%S");
        line_date_load(&fixture.dates, SLICE("nonsense"));
        assert_true(isnan(fixture.dates.last));
        line_date_load(&fixture.dates, buffer_view(&blob));
        (void)read_line("y", NEW, &line);
        assert_true(line.time == NOW - 20);
        assert_slice(line.tuple.date, "2026-08-14 10:13:00");
        (void)read_line("2026-08-14 10:00:00 x", OLD, &line);
        assert_int_equal(fixture.messages, 0);
        end();
        buffer_done(&blob);
}

int main(void) {
        (void)setenv("TZ", "UTC", 1);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(line_is_split_at_its_date),
                cmocka_unit_test(undated_line_takes_the_last_date_for_a_minute),
                cmocka_unit_test(undated_line_is_of_now_in_operation_only),
                cmocka_unit_test(no_date_wanted_means_now),
                cmocka_unit_test(impossible_date_is_cut_and_told),
                cmocka_unit_test(date_far_from_now_counts_as_now_in_operation),
                cmocka_unit_test(line_older_than_findtime_is_passed_over_while_catching_up),
                cmocka_unit_test(warnings_come_once_a_day),
                cmocka_unit_test(source_may_know_the_time),
                cmocka_unit_test(messages_show_whole_lines),
                cmocka_unit_test(exception_of_the_date_is_the_lines),
                cmocka_unit_test(saved_dates_come_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
