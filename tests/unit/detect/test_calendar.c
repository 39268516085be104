/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/calendar.h"

#include "../cmocka_include.h"

static struct clock fixed;
static struct calendar calendar;

static void use_zone(const char *zone, int64_t now_us) {
        setenv("TZ", zone, 1);
        clock_fix(&fixed, now_us);
        calendar_init(&calendar, &fixed);
}

static void days_and_dates_are_inverse(void **state) {
        (void)state;
        assert_int_equal(calendar_days(1970, 1, 1), 0);
        assert_int_equal(calendar_days(2000, 2, 29), 11016);
        assert_int_equal(calendar_days(1, 1, 1), -719162);
        for (int64_t day = -800000; day < 3000000; day += 97) {
                int64_t year;
                int month;
                int in_month;
                calendar_date(day, &year, &month, &in_month);
                assert_int_equal(calendar_days(year, month, in_month), day);
                assert_true(year < 1 || year > 9999 || calendar_is_date(year, month, in_month));
        }
}

static void only_real_days_are_dates(void **state) {
        (void)state;
        assert_true(calendar_is_date(2024, 2, 29));
        assert_false(calendar_is_date(2023, 2, 29));
        assert_false(calendar_is_date(1900, 2, 29));
        assert_true(calendar_is_date(2000, 2, 29));
        assert_false(calendar_is_date(2024, 4, 31));
        assert_false(calendar_is_date(2024, 0, 1));
        assert_false(calendar_is_date(2024, 13, 1));
        assert_false(calendar_is_date(10000, 1, 1));
}

/* Against the C library, for every half hour of some years, asked in both directions of time. */
static void local_time_is_that_of_mktime(void **state) {
        (void)state;
        static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC",
                "CET-01CEST-02,M3.5.0,M10.5.0"};
        for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
                use_zone(zones[z], 0);
                for (int64_t t = 1672531200; t < 1704067200; t += 1800) {
                        time_t at = (time_t)t;
                        struct tm local;
                        assert_non_null(localtime_r(&at, &local));
                        int64_t got = calendar_local_to_epoch(&calendar, t + (int64_t)local.tm_gmtoff);
                        time_t again = (time_t)got;
                        struct tm shown;
                        assert_non_null(localtime_r(&again, &shown));
                        /* a doubled hour may be read either way: the clock must show the same */
                        assert_int_equal(shown.tm_hour * 60 + shown.tm_min, local.tm_hour * 60 + local.tm_min);
                        assert_int_equal(shown.tm_mday, local.tm_mday);
                }
        }
}

static void a_skipped_hour_is_read_with_the_time_before_it(void **state) {
        (void)state;
        use_zone("Europe/Berlin", 0);
        int64_t naive = calendar_days(2024, 3, 31) * 86400 + 2 * 3600 + 30 * 60;
        assert_int_equal(calendar_local_to_epoch(&calendar, naive), 1711848600);
        assert_int_equal(calendar_local_to_epoch(&calendar, naive - 3600), 1711845000);
        assert_int_equal(calendar_local_to_epoch(&calendar, naive + 3600), 1711848600);
}

static void the_doubled_hour_goes_on_as_the_time_before_it(void **state) {
        (void)state;
        use_zone("Europe/Berlin", 0);
        int64_t naive = calendar_days(2023, 10, 29) * 86400 + 2 * 3600 + 30 * 60;
        assert_int_equal(calendar_local_to_epoch(&calendar, naive - 3600), 1698535800); /* summer time */
        assert_int_equal(calendar_local_to_epoch(&calendar, naive), 1698539400);        /* still */
}

static void now_is_local(void **state) {
        (void)state;
        use_zone("Europe/Berlin", 1711846799000000); /* one second before the clock goes forward */
        assert_int_equal(calendar_now_us(&calendar), (1711846799 + 3600) * (int64_t)1000000);
        clock_advance(&fixed, 1000000);
        assert_int_equal(calendar_now_us(&calendar), (1711846800 + 7200) * (int64_t)1000000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(days_and_dates_are_inverse),
                cmocka_unit_test(only_real_days_are_dates),
                cmocka_unit_test(local_time_is_that_of_mktime),
                cmocka_unit_test(a_skipped_hour_is_read_with_the_time_before_it),
                cmocka_unit_test(the_doubled_hour_goes_on_as_the_time_before_it),
                cmocka_unit_test(now_is_local),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
