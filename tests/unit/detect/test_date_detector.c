/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/date.h"

#include <errno.h>
#include <math.h>

#include "../cmocka_include.h"

#define NOW_US 1709629200000000 /* 2024-03-05 10:00:00 in Europe/Berlin */

struct date_case {
        const char *line;
        const char *pattern;
        const char *zone;
        int result;
        double epoch;
        const char *cut;
        const char *name;
};

static const struct date_case cases[] = {
#define DATE_CASE(line, pattern, zone, result, epoch, cut, name) {line, pattern, zone, result, epoch, cut, name},
#include "date_cases.def"
#undef DATE_CASE
};

static struct clock clock_now;

static int set_up(void **state) {
        (void)state;
        setenv("TZ", "Europe/Berlin", 1);
        clock_fix(&clock_now, NOW_US);
        return 0;
}

static void check_match(const struct date_case *row, struct date_detector *detector, int result,
        const struct date_match *match) {
        struct slice line = slice_of(row->line);
        assert_slice(slice_sub(line, match->cut_start, match->cut_end), row->cut);
        struct date_template_info info;
        date_detector_info(detector, match->template_index, &info);
        assert_slice(info.name, row->name);
        assert_int_equal(info.hits, 1);
        if (result == DATE_FOUND && fabs(match->time - row->epoch) > 0.0000005)
                fail_msg("'%s': time %f, expected %f", row->line, match->time, row->epoch);
}

static void check_case(const struct date_case *row) {
        struct date_detector *detector = date_detector_new(&clock_now);
        struct fault fault = FAULT_INIT;
        struct date_match match = {0};
        int r = date_detector_set_pattern(detector, slice_of(row->pattern), &fault);
        if (r == 0 && row->zone[0] != '\0')
                r = date_detector_set_timezone(detector, slice_of(row->zone), &fault);
        if (r == 0)
                r = date_detector_match(detector, slice_of(row->line), &match, &fault);
        if (r != row->result)
                fail_msg("'%s' with '%s' '%s': result %d, expected %d (%s)", row->line, row->pattern, row->zone, r, row->result,
                        fault_text(&fault));
        if (r > DATE_NONE)
                check_match(row, detector, r, &match);
        if (r < 0) {
                assert_string_equal(fault.kind, row->cut);
                if (strcmp(row->cut, "error") != 0) /* texts of the regex compiler are its own */
                        assert_string_equal(fault_text(&fault), row->name);
        }
        fault_done(&fault);
        (void)date_detector_free(detector);
}

static void dates_are_those_of_fail2ban(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                check_case(&cases[i]);
}

/* The second time a line comes, the last template is tried first, by its recogniser if it has one. */
static void the_same_line_again_gives_the_same_date(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct date_detector *detector = date_detector_new(&clock_now);
                struct date_match match[2] = {{0}};
                struct slice line = slice_of(cases[i].line);
                if (cases[i].result < 0 || date_detector_set_pattern(detector, slice_of(cases[i].pattern), NULL) < 0) {
                        (void)date_detector_free(detector);
                        continue;
                }
                int first = date_detector_match(detector, line, &match[0], NULL);
                int again = date_detector_match(detector, line, &match[1], NULL);
                assert_int_equal(first, again);
                assert_int_equal(match[0].cut_start, match[1].cut_start);
                assert_int_equal(match[0].cut_end, match[1].cut_end);
                assert_true(first != DATE_FOUND || !(match[0].time < match[1].time || match[0].time > match[1].time));
                (void)date_detector_free(detector);
        }
}

static size_t match_cut(struct date_detector *detector, const char *line, size_t *ret_end) {
        struct date_match match = {0};
        assert_true(date_detector_match(detector, slice_of(line), &match, NULL) > DATE_NONE);
        *ret_end = match.cut_end;
        return match.cut_start;
}

/* Spec 2.5, verified traces. */
static void the_list_learns_from_hits(void **state) {
        (void)state;
        struct date_detector *detector = date_detector_new(&clock_now);
        size_t end;
        assert_int_equal(match_cut(detector, "1.2.3.4 - - [05/Mar/2024:10:00:00 +0000] \"GET /2024-03-05 10:00:00\"", &end), 13);
        assert_int_equal(end, 39);
        struct date_template_info info;
        date_detector_info(detector, 0, &info);
        assert_int_equal(info.hits, 1);
        assert_true(slice_has_prefix(info.name, SLICE("Day(?P<_sep>[-/])MON")));
        assert_int_equal(match_cut(detector, "10.2.3.4 - - [05/Mar/2024:10:00:00 +0000] \"GET /2024-03-05 10:00:00\"", &end), 14);
        assert_int_equal(date_detector_count(detector), 31);
        (void)date_detector_free(detector);
}

static void the_nearest_date_is_cut(void **state) {
        (void)state;
        static const struct {
                const char *line;
                size_t start, end;
        } rows[] = {
                {"Mar  5 10:00:00 host x 2024-03-05 10:00:00", 0, 15},
                {"x 2024-03-05 10:00:00 Mar 5 10:00:00",       2, 21},
                {"xx Mar 5 10:00:00 2024-03-05 10:00:00",      3, 22},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct date_detector *detector = date_detector_new(&clock_now);
                size_t end;
                assert_int_equal(match_cut(detector, rows[i].line, &end), rows[i].start);
                assert_int_equal(end, rows[i].end);
                (void)date_detector_free(detector);
        }
}

static void description_needs_one_or_two_templates(void **state) {
        (void)state;
        struct date_detector *detector = date_detector_new(&clock_now);
        struct slice pattern;
        struct slice name;
        assert_int_equal(date_detector_describe(detector, &pattern, &name), 1);
        assert_slice(name, "Default Detectors");
        assert_int_equal(date_detector_set_pattern(detector, SLICE("%Y-%m-%d\n\n  EPOCH "), NULL), 0);
        assert_int_equal(date_detector_describe(detector, &pattern, &name), 0);
        assert_slice(pattern, "%Y-%m-%d");
        assert_slice(name, "Year-Month-Day");
        assert_int_equal(date_detector_set_pattern(detector, SLICE("{^LN-BEG}"), NULL), 0);
        assert_int_equal(date_detector_count(detector), 17);
        assert_int_equal(date_detector_describe(detector, &pattern, &name), 1);
        (void)date_detector_free(detector);
}

static void a_bad_pattern_changes_nothing(void **state) {
        (void)state;
        static const struct {
                const char *pattern;
                const char *text;
        } rows[] = {
                {"50%",         "Failed to set datepattern '50%' (may be an invalid format or unescaped percent char): incomplete format"},
                {"%Y %Q",
                 "Failed to set datepattern '%Y %Q' (may be an invalid format or unescaped percent char): not enough arguments for "
                 "format string"                                                                                                           },
                {"%Q",
                 "Failed to set datepattern '%Q' (may be an invalid format or unescaped percent char): unsupported format character "
                 "'Q' (0x51) at index 1"                                                                                                   },
                {"%d\n%d",      "There is already a template with name Day"                                                                },
        };
        struct date_detector *detector = date_detector_new(&clock_now);
        assert_int_equal(date_detector_set_pattern(detector, SLICE("%Y"), NULL), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fault fault = FAULT_INIT;
                assert_int_equal(date_detector_set_pattern(detector, slice_of(rows[i].pattern), &fault), -EINVAL);
                assert_string_equal(fault_text(&fault), rows[i].text);
                fault_done(&fault);
        }
        assert_int_equal(date_detector_count(detector), 1);
        (void)date_detector_free(detector);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(dates_are_those_of_fail2ban),
                cmocka_unit_test(the_same_line_again_gives_the_same_date),
                cmocka_unit_test(the_list_learns_from_hits),
                cmocka_unit_test(the_nearest_date_is_cut),
                cmocka_unit_test(description_needs_one_or_two_templates),
                cmocka_unit_test(a_bad_pattern_changes_nothing),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
