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

static struct date_memo memo_of(const char *line, int64_t now_us) {
        struct date_memo memo = {0};
        struct date_fast_result found;
        struct date_time time = {.seconds = 1709629000};
        assert_true(date_fast_match(&syslog, slice_of(line), 0, strlen(line), &found));
        date_memo_keep_time(&memo, &found.parts, now_us, &time);
        date_memo_keep_line(&memo, &found, slice_of(line));
        return memo;
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
                {"Mar  5 09:56:40 ho",      0         },
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
        uint32_t kind = pick(12);
        if (kind < 7)
                (void)snprintf(line, size, "%s%s %2u %02u:%02u:%02u%s", sign, month, day, hour,
                        minute, second, tail);
        else if (kind < 9)
                (void)snprintf(line, size, "%s2024-03-%02u %02u:%02u:%02u%s%s", sign, day, hour,
                        minute, second, pick(3) ? "" : "+01:00", tail);
        else if (kind < 11)
                (void)snprintf(line, size, "192.0.2.%u - [%02u/%s/2024:%02u:%02u:%02u +0100]%s",
                        pick(30), day, month, hour, minute, second, tail);
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
                cmocka_unit_test(nothing_is_known_of_other_presents_and_of_the_future),
                cmocka_unit_test(a_detector_that_remembers_finds_the_same),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
