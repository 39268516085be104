/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/line_date.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "../cmocka_include.h"

#include "detect/date_detector.h"

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

/* ---- what is known of dates, and nothing known ---- */

static uint32_t seed = 1;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static void add_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)logger;
        (void)buffer_printf(user, "%d %.*s\n", (int)level, SLICE_ARG(text));
}

struct reader {
        struct filter_env env;
        struct line_date dates;
        struct buffer said;
};

static void reader_init(struct reader *reader) {
        reader->said = BUFFER_INIT(65536);
        reader->env = (struct filter_env){
                .clock = &fixture.clock, .diag = add_diag, .user = &reader->said};
        line_date_init(&reader->dates, "sshd", FILTER_DAEMON, &reader->env);
}

static void reader_done(struct reader *reader) {
        line_date_done(&reader->dates);
        buffer_done(&reader->said);
}

static void forget(struct reader *reader) {
        reader->dates.view = (struct line_date_view){0};
        reader->dates.again.is_known = false;
        date_memo_forget(&reader->dates.detector->memo);
}

static void set_dates(struct reader *readers) {
        static const char *const patterns[] = {"{^LN-BEG}", "^[^\\[]*\\[({DATE})"};
        static const int64_t findtimes[] = {10, 600, 86400};
        unsigned what = pick(8);
        const struct value findtime = value_int(findtimes[pick(3)]);
        struct slice pattern = slice_of(patterns[pick(2)]);
        struct slice zone = pick(2) ? SLICE("") : SLICE("UTC+0100");
        for (size_t i = 0; i < 2; i++) {
                struct line_date *dates = &readers[i].dates;
                if (what > 1)
                        dates->findtime = findtime;
                else if (what == 1)
                        assert_int_equal(
                                date_detector_set_timezone(dates->detector, zone, NULL), 0);
                else
                        assert_int_equal(
                                date_detector_set_pattern(dates->detector, pattern, NULL), 0);
        }
}

/* What was kept comes back, in place of what is known now. */
static void reload(struct reader *readers) {
        for (size_t i = 0; i < 2; i++) {
                struct buffer blob = BUFFER_INIT(65536);
                readers[i].dates.changed = true;
                readers[i].dates.quiet_until[LINE_DATE_ODD] = 0;
                assert_true(line_date_save(&readers[i].dates, &blob));
                line_date_load(&readers[i].dates, buffer_view(&blob));
                buffer_done(&blob);
        }
}

/* What happens between lines. */
static void change(struct reader *readers, bool *in_operation) {
        switch (pick(40)) {
        case 0:
        case 1:
        case 2:
                clock_advance(&fixture.clock, (pick(4) ? 1 : 40) * INT64_C(1000000));
                break;
        case 3:
                *in_operation = !*in_operation;
                break;
        case 4:
                set_dates(readers);
                break;
        case 5:
                diag_set_threshold(pick(3) ? DIAG_INFO : DIAG_TRACEDEBUG);
                break;
        case 6:
                reload(readers);
                break;
        case 7:
                clock_advance(&fixture.clock, pick(10) ? 0 : 90000 * INT64_C(1000000));
                break;
        default:
                break;
        }
}

static size_t print_line(char *line, size_t size, unsigned kind, const struct tm *time) {
        switch (kind) {
        case 0:
                return strftime(line, size, "%b %d %H:%M:%S host sshd", time);
        case 1:
                return strftime(line, size, "[%d/%b/%Y:%H:%M:%S +0000] x", time);
        case 2:
                return strftime(line, size, "a [%d/%b/%Y:%H:%M:%S +0000] x", time);
        case 3:
                return strftime(line, size, "%Y-%m-%d %H:%M:%S,123 x", time);
        case 4:
                return strftime(line, size, "%b %d %H:%M:%Sx", time);
        case 5:
                return strftime(line, size, "undated", time);
        default:
                return 0;
        }
}

static void add_line(char *line, size_t size) {
        static const int ages[] = {0, 30, 59, 61, 120, 700, -100, 90000};
        static unsigned kind;
        static int age;
        if (pick(6) == 0)
                kind = pick(7);
        if (pick(10) == 0)
                age = ages[pick(8)];
        time_t time = (time_t)(clock_wall_s(&fixture.clock) - age + (pick(3) == 0));
        struct tm parts;
        assert_non_null(gmtime_r(&time, &parts));
        if (print_line(line, size, kind, &parts) == 0)
                line[0] = '\0';
}

static void assert_same_line(const struct dated_line *a, const struct dated_line *b) {
        assert_null(a->tuple.slot);
        assert_null(b->tuple.slot);
        assert_true(slice_equal(a->tuple.before, b->tuple.before));
        assert_true(slice_equal(a->tuple.date, b->tuple.date));
        assert_true(slice_equal(a->tuple.after, b->tuple.after));
        assert_true(a->time == b->time || (isnan(a->time) && isnan(b->time)));
        assert_int_equal(a->integral, b->integral);
        assert_int_equal(a->is_undated, b->is_undated);
        assert_int_equal(a->template, b->template);
}

static void assert_same(const struct reader *a, const struct reader *b) {
        const struct line_date *x = &a->dates, *y = &b->dates;
        assert_true(slice_equal(buffer_view(&a->said), buffer_view(&b->said)));
        assert_true(slice_equal(buffer_view(&x->last_text), buffer_view(&y->last_text)));
        assert_true(x->last == y->last || (isnan(x->last) && isnan(y->last)));
        assert_int_equal(x->last_integral, y->last_integral);
        for (size_t i = 0; i < LINE_DATE_WARNING_COUNT; i++)
                assert_true(x->quiet_until[i] == y->quiet_until[i]);
}

/* All that would be kept, what the detectors have learnt included. */
static void assert_same_kept(struct reader *readers) {
        struct buffer blobs[2] = {BUFFER_INIT(65536), BUFFER_INIT(65536)};
        for (size_t i = 0; i < 2; i++) {
                readers[i].dates.changed = true;
                assert_true(line_date_save(&readers[i].dates, &blobs[i]));
        }
        assert_true(slice_equal(buffer_view(&blobs[0]), buffer_view(&blobs[1])));
        buffer_done(&blobs[0]);
        buffer_done(&blobs[1]);
}

/* Whether the line will be read as the one before was. */
static bool has_seen(struct reader *reader, const struct filter_line *line) {
        const struct date_memo_line *known = line_date_look(&reader->dates, line);
        const struct line_date_again *again = &reader->dates.again;
        return known && again->is_known && again->looks == reader->dates.view.looks &&
               date_memo_line_is_same(known, line->text, again->bytes);
}

/* The line is passed over, if it may be. */
static void pass_line(struct reader *readers, const char *text, bool in_operation) {
        const struct filter_line line = {.text = slice_of(text), .in_operation = in_operation};
        struct date_match date;
        if (!line_date_glance(&readers[1].dates, &line, &date))
                return;
        line_date_repeat(&readers[0].dates, &line, &date, 3);
        line_date_repeat(&readers[1].dates, &line, &date, 3);
}

static void lines_are_read_as_if_nothing_were_known_of_the_last(void **state) {
        struct reader readers[2];
        struct fault fault = FAULT_INIT;
        bool in_operation = false;
        unsigned known = 0, again = 0;
        char text[100];
        (void)state;
        begin(FILTER_DAEMON, "{^LN-BEG}");
        reader_init(&readers[0]);
        reader_init(&readers[1]);
        for (unsigned i = 0; i < 40000; i++) {
                struct dated_line lines[2];
                memset(lines, 0x55, sizeof(lines)); /* all of them is written */
                change(readers, &in_operation);
                add_line(text, sizeof(text));
                if (pick(8) == 0) {
                        pass_line(readers, text, in_operation);
                        add_line(text, sizeof(text));
                }
                const struct filter_line line = {
                        .text = slice_of(text), .in_operation = in_operation};
                forget(&readers[0]);
                bool is_read_again = has_seen(&readers[1], &line);
                int r = line_date_read(&readers[0].dates, &line, &fixture.arena, &lines[0], &fault);
                assert_int_equal(
                        line_date_read(&readers[1].dates, &line, &fixture.arena, &lines[1], &fault),
                        r);
                assert_same_line(&lines[0], &lines[1]);
                assert_same(&readers[0], &readers[1]);
                assert_same_kept(readers);
                known += readers[1].dates.view.line != NULL;
                again += is_read_again;
                arena_reset(&fixture.arena);
        }
        assert_true(known > 5000);
        assert_true(again > 1000);
        fault_done(&fault);
        reader_done(&readers[0]);
        reader_done(&readers[1]);
        end();
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
                cmocka_unit_test(lines_are_read_as_if_nothing_were_known_of_the_last),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
