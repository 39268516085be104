/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date_memo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/date_detector.h"

#define NOW_US INT64_C(1709629200000000) /* 2024-03-05 10:00:00 in Europe/Berlin */

static const struct date_fast syslog = {DATE_FAST_SYSLOG, DATE_FAST_LINE_BEGIN, 2024};
static const struct date_fast clf = {DATE_FAST_CLF, DATE_FAST_BRACKET, 2024};
static const struct date_fast iso = {DATE_FAST_ISO, DATE_FAST_LINE_BEGIN, 2024};
static const struct date_fast tai64n = {DATE_FAST_TAI64N, DATE_FAST_LINE_BEGIN, 2024};

static struct date_memo memo_by(const struct date_fast *fast, const char *line, int64_t now_us) {
        struct date_memo memo = {0};
        struct date_fast_result found;
        struct date_time time = {.seconds = 1709629000};
        assert_true(date_fast_match(fast, slice_of(line), 0, strlen(line), &found));
        if (found.has_time)
                time = found.time;
        else
                date_memo_keep_time(&memo, &found.parts, now_us, &time);
        date_memo_keep_line(&memo, &found, fast->place, slice_of(line), now_us, &time);
        return memo;
}

static struct date_memo memo_of(const char *line, int64_t now_us) {
        return memo_by(&syslog, line, now_us);
}

static void lines_of_the_same_minute_are_known(void **state) {
        static const struct {
                const char *line;
                double time; /* 0: unknown */
        } rows[] = {
                {"Mar  5 09:56:40 host x",  1709629000},
                {"Mar  5 09:56:59 hosting", 1709629019},
                {"Mar  5 09:56:00 hos\n",   1709628960},
                {"Mar  5 09:56:60 host",    0         },
                {"Mar  5 09:56:4x host",    0         },
                {"Mar  5 09:56:40.host",    0         },
                {"Mar  5 09:57:40 host",    0         },
                {"Mar  5 09:56:40 h",       1709629000},
                {"Mar  5 09:56:40 ",        0         },
                {"Mar  5 09:56:40 i",       0         },
                {"",                        0         },
        };
        (void)state;
        struct date_memo memo = memo_of("Mar  5 09:56:40 host sshd", NOW_US);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t start = 1;
                size_t end = 1;
                struct date_time time = {0};
                bool known =
                        date_memo_line(&memo, slice_of(rows[i].line), NOW_US, &start, &end, &time);
                assert_int_equal(known, rows[i].time > 0);
                if (!known)
                        continue;
                assert_true(fabs(time.seconds - rows[i].time) < 1e-6);
                assert_int_equal(start, 0);
                assert_int_equal(end, 15);
        }
}

static void what_does_not_count_may_differ(void **state) {
        static const struct {
                const struct date_fast *fast;
                const char *last, *line;
                size_t cut_start; /* 0, 0: unknown */
                size_t cut_end;
                int later_s;
        } rows[] = {
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "::1 - [05/Mar/2024:09:56:42 +0100] \"PUT",                                                7, 33, 2},
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "[05/Mar/2024:09:56:40 +0100] ",                                                           1, 27, 0},
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "\xc3\xa9 [05/Mar/2024:09:56:40 +0100] x",                                                 4, 30, 0},
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "a [ [05/Mar/2024:09:56:42 +0100] \"GET",                                                  0, 0,  0},
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "a [05/Mar/2024:09:56:42 +0100",                                                           0, 0,  0},
                {&clf,    "192.0.2.1 - [05/Mar/2024:09:56:40 +0100] \"GET",
                 "no bracket of the date that was in the last line",                                        0, 0,  0},
                {&iso,    "2024-03-05 09:56:40,123 a",                      "2024-03-05 09:56:41,999 a",    0, 23, 1},
                {&iso,    "2024-03-05 09:56:40,123 a",                      "2024-03-05 09:56:41,99  a",    0, 0,  0},
                {&iso,    "2024-03-05 09:56:40,123 a",                      "2024-03-05 09:56:41,9999 a",   0, 0,  0},
                {&iso,    "2024-03-05 09:56:40,123 a",                      "2024-03-05 09:56:41,9f9 a",    0, 0,  0},
                {&tai64n, "@4000000065e6e1a000000000 x",                    "@4000000065e6e1a0089abcdef x", 0, 0,  0},
                {&tai64n, "@4000000065e6e1a000000000 x",                    "@4000000065e6e1a089abcdef x",  0, 25, 0},
                {&tai64n, "@4000000065e6e1a000000000 x",                    "@4000000065e6e1a089abcdeF x",  0, 0,  0},
                {&tai64n, "@4000000065e6e1a000000000 x",                    "@4000000065e6e1a100000000 x",  0, 0,  0},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_memo memo = memo_by(rows[i].fast, rows[i].last, NOW_US);
                struct slice line = slice_of(rows[i].line);
                struct date_time time = {0};
                struct date_time wanted = {0};
                size_t start = 0;
                size_t end = 0;
                bool known = date_memo_line(&memo, line, NOW_US, &start, &end, &time);
                if (known != (rows[i].cut_end > 0) || start != rows[i].cut_start ||
                        end != rows[i].cut_end)
                        fail_msg("row %zu: %d, %zu to %zu", i, known, start, end);
                if (!known)
                        continue;
                struct date_fast_result found;
                assert_true(date_fast_match(rows[i].fast, line, 0, line.len, &found));
                assert_int_equal(found.span.cut_start, start);
                assert_int_equal(found.span.cut_end, end);
                size_t at;
                assert_true(
                        date_memo_line(&memo, slice_of(rows[i].last), NOW_US, &at, &at, &wanted));
                assert_int_equal((int)(time.seconds - wanted.seconds), rows[i].later_s);
        }
}

static void memos_are_alike_if_they_know_the_same(void **state) {
        static const struct {
                const struct date_fast *fast;
                const char *line;
                bool alike;
        } rows[] = {
                {&syslog, "Mar  5 09:56:40 host x",           true },
                {&syslog, "Mar  5 09:56:40 \"",                false},
                {&syslog, "Mar  5 09:57:40 host",             false},
                {&iso,    "2024-03-05 09:56:40 host x",       false},
                {&clf,    "a [05/Mar/2024:09:56:40 +0100] x", false},
        };
        (void)state;
        struct date_memo memo = memo_of("Mar  5 09:56:40 hosting", NOW_US);
        struct date_memo nothing = {0};
        assert_false(date_memo_is_alike(&nothing, &nothing));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_memo other = memo_by(rows[i].fast, rows[i].line, NOW_US);
                if (date_memo_is_alike(&memo, &other) != rows[i].alike)
                        fail_msg("row %zu", i);
        }
        struct date_memo other = memo_of("Mar  5 09:56:40 hosting", NOW_US);
        other.line.second = 10; /* another second of the minute was the first ... */
        assert_false(date_memo_is_alike(&memo, &other));
        other.line.time.seconds -= 30;
        assert_true(date_memo_is_alike(&memo, &other));
        other.line.now_minute++;
        assert_false(date_memo_is_alike(&memo, &other));
        memo = memo_by(&clf, rows[4].line, NOW_US);
        assert_false(
                date_memo_is_alike(&memo, &memo)); /* there is something in front of the date */
}

static void times_of_lines_that_fit_are_a_minutes(void **state) {
        double first, last;
        (void)state;
        struct date_memo memo = memo_of("Mar  5 09:56:40 hosting", NOW_US);
        assert_ptr_equal(date_memo_known(&memo, NOW_US), &memo.line);
        assert_null(date_memo_known(&memo, NOW_US - 1));
        date_memo_line_times(&memo.line, &first, &last);
        assert_true(first == 1709628960 && last == 1709629019);
        memo = memo_by(&tai64n, "@4000000065e6d93b0a0b0c0d host", NOW_US);
        date_memo_line_times(&memo.line, &first, &last);
        assert_true(first == memo.line.time.seconds && last == first);
}

static void nothing_is_known_of_other_presents_and_of_the_future(void **state) {
        (void)state;
        struct date_memo memo = memo_of("Mar  5 09:56:40 host sshd", NOW_US);
        struct slice line = SLICE("Mar  5 09:56:40 host sshd");
        struct date_time time;
        size_t start;
        size_t end;
        assert_true(date_memo_line(&memo, line, NOW_US + 59999999, &start, &end, &time));
        assert_false(date_memo_line(&memo, line, NOW_US + 60000000, &start, &end, &time));
        assert_false(date_memo_line(&memo, line, NOW_US - 1, &start, &end, &time));
        assert_false(date_memo_time(&memo, &memo.parts, NOW_US - 1, &time));
        date_memo_forget_line(&memo);
        assert_false(date_memo_line(&memo, line, NOW_US, &start, &end, &time));
        assert_true(date_memo_time(&memo, &memo.parts, NOW_US, &time));
        memo = memo_of("Mar  5 09:56:40 host sshd", INT64_C(1709628999999999));
        assert_false(date_memo_line(&memo, line, INT64_C(1709628999999999), &start, &end, &time));
        assert_false(date_memo_time(&memo, &memo.parts, INT64_C(1709628999999999), &time));
}

static uint32_t seed = 1;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static const char *make_line(char *line, size_t size) {
        static const char *const months[] = {"Jan", "Feb", "Mar", "Oct", "Dec"};
        static const char *const tails[] = {" host a", " host b", " hos", "", ": x y z", " 2024 x"};
        const char *tail = tails[pick(8) == 0 ? pick(6) : 0];
        const char *month = months[pick(20) == 0 ? pick(5) : 2];
        unsigned day = pick(20) == 0 ? 1 + pick(31) : 5;
        unsigned minute = pick(10) == 0 ? pick(60) : 7;
        unsigned hour = pick(20) == 0 ? pick(24) : 9;
        unsigned second = pick(62);
        const char *sign = pick(30) == 0 ? "[" : "";
        char fraction[16];
        (void)snprintf(fraction, sizeof(fraction), "%c%07u", pick(9) ? '.' : ',', pick(9999999));
        uint32_t kind = pick(16);
        if (kind < 7)
                (void)snprintf(line, size, "%s%s %2u %02u:%02u:%02u%s", sign, month, day, hour,
                        minute, second, tail);
        else if (kind < 9)
                (void)snprintf(line, size, "%s2024-03-%02u %02u:%02u:%02u%.*s%s%s", sign, day, hour,
                        minute, second, (int)(pick(3) ? 0 : pick(8)), fraction,
                        pick(3) ? "" : "+01:00", tail);
        else if (kind < 11)
                (void)snprintf(line, size, "%s.%u - [%02u/%s/2024:%02u:%02u:%02u +0100]%s",
                        pick(20) ? "192.0.2" : "\xc3\xa9[", pick(30), day, month, hour, minute,
                        second, tail);
        else if (kind < 15)
                (void)snprintf(line, size, "@4000000065e6%02x%02x%08x%s%s", hour, minute,
                        pick(30) * 0x7fedcba, pick(9) ? "" : "A", tail);
        else
                (void)snprintf(line, size, "no date%s", tail);
        return line;
}

/* What is saved and loaded again knows no last date: it reads each line anew. */
static void forget(struct date_detector *detector, struct buffer *scratch) {
        buffer_clear(scratch);
        assert_int_equal(date_detector_save(detector, scratch), 0);
        assert_int_equal(date_detector_load(detector, buffer_view(scratch)), 0);
}

static void compare(const char *pattern, struct clock *clock) {
        struct date_detector *plain = date_detector_new(clock);
        struct date_detector *knowing = date_detector_new(clock);
        struct buffer a = BUFFER_INIT(1 << 20);
        struct buffer b = BUFFER_INIT(1 << 20);
        char text[256];
        assert_int_equal(date_detector_set_pattern(plain, slice_of(pattern), NULL), 0);
        assert_int_equal(date_detector_set_pattern(knowing, slice_of(pattern), NULL), 0);
        for (int i = 0; i < 20000; i++) {
                struct date_match wanted = {0};
                struct date_match got = {0};
                struct slice line = slice_of(make_line(text, sizeof(text)));
                if (i > 0)
                        forget(plain, &a);
                int r = date_detector_match(plain, line, &wanted, NULL);
                assert_int_equal(date_detector_match(knowing, line, &got, NULL), r);
                if (wanted.cut_start != got.cut_start || wanted.cut_end != got.cut_end ||
                        (r == DATE_FOUND && memcmp(&wanted.time, &got.time, sizeof(double)) != 0) ||
                        wanted.template_index != got.template_index ||
                        wanted.integral != got.integral)
                        fail_msg("%s: '%s': %f, not %f", pattern, text, got.time, wanted.time);
                if (pick(30) == 0)
                        clock_advance(clock, pick(20) == 0 ? -70000000 : 900000);
        }
        buffer_clear(&a);
        assert_int_equal(date_detector_save(plain, &a), 0);
        assert_int_equal(date_detector_save(knowing, &b), 0);
        assert_true(slice_equal(buffer_view(&a), buffer_view(&b)));
        buffer_done(&a);
        buffer_done(&b);
        (void)date_detector_free(plain);
        (void)date_detector_free(knowing);
}

/* In hours in which clocks change, too: the last Sundays of March and October. */
static void a_detector_that_remembers_finds_the_same(void **state) {
        static const char *const patterns[] = {"{DEFAULT}", "{^LN-BEG}", "{^LN-BEG}%b %d %H:%M:%S",
                "^[^\\[]*\\[({DATE})", "%Y-%m-%d %H:%M:%S\n%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?"};
        static const int64_t presents_us[] = {NOW_US, INT64_C(1711846800000000),
                INT64_C(1729990830000000), INT64_C(1709625990000000), INT64_C(1704063590000000)};
        (void)state;
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
                struct clock clock = CLOCK_INIT;
                clock_fix(&clock, presents_us[i]);
                compare(patterns[i], &clock);
        }
}

static int set_up(void **state) {
        (void)state;
        return setenv("TZ", "Europe/Berlin", 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_of_the_same_minute_are_known),
                cmocka_unit_test(what_does_not_count_may_differ),
                cmocka_unit_test(memos_are_alike_if_they_know_the_same),
                cmocka_unit_test(times_of_lines_that_fit_are_a_minutes),
                cmocka_unit_test(nothing_is_known_of_other_presents_and_of_the_future),
                cmocka_unit_test(a_detector_that_remembers_finds_the_same),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
