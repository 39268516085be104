/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#include <math.h>

#include "../cmocka_include.h"

static void fixed_clock_moves_only_when_told(void **state) {
        (void)state;
        struct clock clock = CLOCK_INIT;
        clock_fix(&clock, 1700000000500000);
        assert_int_equal(clock_wall_s(&clock), 1700000000);
        int64_t mono = clock_mono_us(&clock);
        clock_advance(&clock, 1500000);
        assert_int_equal(clock_wall_us(&clock), 1700000002000000);
        assert_int_equal(clock_mono_us(&clock) - mono, 1500000);
}

static void real_clock_runs_forward(void **state) {
        (void)state;
        struct clock clock = CLOCK_INIT;
        int64_t before = clock_mono_us(&clock);
        assert_true(clock_mono_us(&clock) >= before);
        assert_true(clock_wall_s(&clock) > 1700000000);
}

static void a_held_clock_stands_still(void **state) {
        (void)state;
        struct clock clock = CLOCK_INIT;
        int64_t before = clock_wall_us(&clock);
        clock_hold(&clock);
        int64_t held = clock_wall_us(&clock);
        int64_t mono = clock_mono_us(&clock);
        assert_true(held >= before);
        struct clock other = CLOCK_INIT;
        while (clock_wall_us(&other) == held)
                ;
        assert_int_equal(clock_wall_us(&clock), held);
        assert_int_equal(clock_mono_us(&clock), mono);
        assert_true(fabs(clock_wall(&clock) - (double)held / 1e6) < 1e-6);
        clock_hold(&clock);
        assert_true(clock_wall_us(&clock) > held);
        clock_release(&clock);
        assert_true(clock_mono_us(&clock) >= mono);
        assert_false(clock.held);
        clock_fix(&clock, 5);
        clock_hold(&clock);
        assert_int_equal(clock_wall_us(&clock), 5);
        clock_advance(&clock, 1);
        assert_int_equal(clock_wall_us(&clock), 6);
}

static void iso_text_is_local_time_with_offset(void **state) {
        static const struct {
                const char *zone;
                uint64_t us;
                const char *text;
        } rows[] = {
                {"Europe/Berlin", 1709625600123456, "2024-03-05T09:00:00.123456+01:00"},
                {"Europe/Berlin", 1720000000000000, "2024-07-03T11:46:40+02:00"},
                {"America/St_Johns", 1709625600000001, "2024-03-05T04:30:00.000001-03:30"},
                {"UTC", 0, "1970-01-01T00:00:00+00:00"},
                {"UTC", UINT64_MAX, "9999-12-30T23:59:59.551615+00:00"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[CLOCK_ISO_MAX];
                (void)setenv("TZ", rows[i].zone, 1);
                tzset();
                assert_string_equal(clock_iso_text(rows[i].us, text), rows[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fixed_clock_moves_only_when_told),
                cmocka_unit_test(real_clock_runs_forward),
                cmocka_unit_test(a_held_clock_stands_still),
                cmocka_unit_test(iso_text_is_local_time_with_offset),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
