/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date.h"

#include <errno.h>
#include <stdlib.h>

#include "../cmocka_include.h"
#include "base/buffer.h"

static struct clock now;

static void learn(struct date_detector *detector, const char *line) {
        struct date_match match;
        assert_int_equal(date_detector_match(detector, slice_of(line), &match, NULL), DATE_FOUND);
}

static struct date_detector *learned(const char *pattern) {
        struct date_detector *detector = date_detector_new(&now);
        if (pattern)
                assert_int_equal(date_detector_set_pattern(detector, slice_of(pattern), NULL), 0);
        return detector;
}

static void assert_same(const struct date_detector *a, const struct date_detector *b) {
        assert_int_equal(date_detector_count(a), date_detector_count(b));
        for (size_t i = 0; i < date_detector_count(a); i++) {
                struct date_template_info one;
                struct date_template_info two;
                date_detector_info(a, i, &one);
                date_detector_info(b, i, &two);
                assert_true(slice_equal(one.name, two.name));
                assert_int_equal(one.hits, two.hits);
        }
}

static void order_and_hits_come_back(void **state) {
        struct buffer blob = BUFFER_INIT(65536);
        struct buffer again = BUFFER_INIT(65536);
        (void)state;
        struct date_detector *detector = learned(NULL);
        for (int i = 0; i < 3; i++) {
                learn(detector,
                        "10.2.3.4 - - [05/Mar/2026:10:00:00 +0000] \"GET / 2026-03-05 10:00:00");
                learn(detector, "2026-03-05 10:00:00 x");
        }
        assert_int_equal(date_detector_save(detector, &blob), 0);
        struct date_detector *other = learned(NULL);
        assert_int_equal(date_detector_load(other, buffer_view(&blob)), 0);
        assert_same(detector, other);
        assert_int_equal(date_detector_save(other, &again), 0);
        assert_true(slice_equal(buffer_view(&blob), buffer_view(&again)));
        learn(detector, "Mar  5 10:00:00 x");
        learn(other, "Mar  5 10:00:00 x");
        assert_same(detector, other);
        (void)date_detector_free(detector);
        (void)date_detector_free(other);
        buffer_done(&blob);
        buffer_done(&again);
}

static void bytes_of_other_patterns_are_refused(void **state) {
        struct buffer blob = BUFFER_INIT(65536);
        (void)state;
        struct date_detector *detector = learned("%Y-%m-%d\n%d/%m/%Y");
        learn(detector, "05/03/2026");
        assert_int_equal(date_detector_save(detector, &blob), 0);
        static const char *const patterns[] = {NULL, "%Y-%m-%d", "%Y-%m-%d\n%d-%m-%Y"};
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
                struct date_detector *other = learned(patterns[i]);
                assert_int_equal(date_detector_load(other, buffer_view(&blob)), -EBADMSG);
                (void)date_detector_free(other);
        }
        struct date_detector *same = learned("%d/%m/%Y\n%Y-%m-%d");
        assert_int_equal(date_detector_load(same, buffer_view(&blob)), 0);
        assert_same(detector, same);
        (void)date_detector_free(same);
        (void)date_detector_free(detector);
        buffer_done(&blob);
}

static void bad_bytes_leave_the_detector_alone(void **state) {
        struct buffer blob = BUFFER_INIT(65536);
        (void)state;
        struct date_detector *detector = learned("%Y-%m-%d");
        struct date_detector *other = learned("%Y-%m-%d");
        learn(detector, "2026-03-05");
        assert_int_equal(date_detector_save(detector, &blob), 0);
        struct slice whole = buffer_view(&blob);
        for (size_t len = 0; len < whole.len; len++)
                assert_int_equal(date_detector_load(other, slice_sub(whole, 0, len)), -EBADMSG);
        struct date_template_info info;
        date_detector_info(other, 0, &info);
        assert_int_equal(info.hits, 0);
        struct buffer small = BUFFER_INIT(16);
        assert_int_equal(date_detector_save(detector, &small), -ENOBUFS);
        buffer_done(&small);
        (void)date_detector_free(detector);
        (void)date_detector_free(other);
        buffer_done(&blob);
}

int main(void) {
        (void)setenv("TZ", "UTC", 1);
        clock_fix(&now, INT64_C(1786702400000000));
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(order_and_hits_come_back),
                cmocka_unit_test(bytes_of_other_patterns_are_refused),
                cmocka_unit_test(bad_bytes_leave_the_detector_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
