/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date_template.h"

#include <math.h>

#include "../cmocka_include.h"
#include "detect/date_pool.h"

#define NOW_US 1709629200000000

static const struct {
        const char *pattern;
        const char *sample;
        double epoch;
} rows[] = {
#define DATE_TEMPLATE(pattern, sample, epoch) {pattern, sample, epoch},
#include "detect/date_templates.def"
#undef DATE_TEMPLATE
};

static void every_row_finds_its_sample(void **state) {
        (void)state;
        setenv("TZ", "Europe/Berlin", 1);
        struct clock fixed;
        struct calendar calendar;
        clock_fix(&fixed, NOW_US);
        calendar_init(&calendar, &fixed);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_template *template;
                struct date_hit hit;
                struct date_time time = {0, false};
                struct slice line = slice_of(rows[i].sample);
                assert_int_equal(date_pool_get(slice_of(rows[i].pattern), 2024, &template, NULL), 0);
                assert_int_equal(date_template_search(template, line, 0, line.len, &hit, NULL), 1);
                assert_int_equal(date_template_time(template, &hit, &calendar, NULL, &time, NULL), DATE_FOUND);
                if (fabs(time.seconds - rows[i].epoch) > 1e-6)
                        fail_msg("'%s': %f", rows[i].sample, time.seconds);
                date_pool_put(template);
        }
}

static void a_wrong_regex_fails_at_its_first_search(void **state) {
        (void)state;
        struct date_template *template;
        struct date_hit hit;
        struct fault fault = FAULT_INIT;
        assert_int_equal(date_pool_get(SLICE("%Y(?P<"), 2024, &template, &fault), 0);
        assert_true(date_template_search(template, SLICE("2024"), 0, 4, &hit, &fault) < 0);
        assert_non_null(fault.text);
        fault_done(&fault);
        date_pool_put(template);
}

static void bounds_are_taken_off(void **state) {
        (void)state;
        static const char *const pairs[][2] = {
                {"{UNB}%Y",                     "%Y"       },
                {"{^LN-BEG}%Y",                 "%Y"       },
                {"{UNB}{^LN-BEG}%Y",            "%Y"       },
                {"(?:^|\\b|\\W)%Y(?=\\b|\\W|$)", "%Y"       },
                {"(^|\\b|\\W)%Y",               "%Y"       },
                {"^%Y",                         "^%Y"      },
                {"x{UNB}",                      "x{UNB}"   },
        };
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
                assert_slice(date_template_unbound(slice_of(pairs[i][0])), pairs[i][1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_finds_its_sample),
                cmocka_unit_test(a_wrong_regex_fails_at_its_first_search),
                cmocka_unit_test(bounds_are_taken_off),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
