/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fixed_clock_moves_only_when_told),
                cmocka_unit_test(real_clock_runs_forward),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
