/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a filter that says what the test wants. */
#include "main/regex_report.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "capture.h"
#include "detect/date.h"

struct filter {
        struct filter_trace trace;
        struct slice prefregex;
};

const struct filter_trace *filter_trace(const struct filter *filter) {
        return &filter->trace;
}

struct slice filter_prefregex(const struct filter *filter) {
        return filter->prefregex;
}

struct date_detector *filter_dates(struct filter *filter) {
        (void)filter;
        return NULL;
}

size_t date_detector_count(const struct date_detector *detector) {
        (void)detector;
        return 2;
}

void date_detector_info(
        const struct date_detector *detector, size_t index, struct date_template_info *ret) {
        (void)detector;
        *ret = (struct date_template_info){.name = SLICE("Epoch"),
                .pattern = SLICE("EPOCH"),
                .regex = SLICE("(\\d+)"),
                .hits = index == 0 ? 3 : 0,
                .weight = 1.5,
                .template_weight = 1};
}

struct test {
        struct regex_arguments arguments;
        struct clock clock;
        struct filter filter;
        struct regex_report report;
        struct arena arena;
        struct capture capture;
};

static void begin(struct test *t) {
        setenv("TZ", "UTC", 1);
        *t = (struct test){0};
        clock_fix(&t->clock, (int64_t)1709632800 * 1000000);
        regex_report_init(&t->report, &t->arguments, &t->clock, &t->filter);
        regex_report_add_regex(&t->report, &t->report.fail, SLICE("one"), NULL);
        regex_report_add_regex(&t->report, &t->report.fail, SLICE("((?i)t&w<o)"), NULL);
        regex_report_add_regex(&t->report, &t->report.ignore, SLICE("skip"), NULL);
}

/* Options that matter when the report is set up. */
static void begin_with(struct test *t, struct regex_arguments arguments) {
        begin(t);
        t->arguments = arguments;
        t->report.limit =
                arguments.maxlines > 0 ? (uint64_t)arguments.maxlines : REGEX_REPORT_LINES;
}

static void finish(struct test *t) {
        regex_report_done(&t->report);
        arena_done(&t->arena);
}

static void line(
        struct test *t, const char *text, const struct filter_failure *results, size_t count) {
        regex_report_line(&t->report, slice_of(text), results, count, &t->arena);
}

static const char *print(struct test *t) {
        capture_begin(&t->capture, stdout);
        regex_report_print(&t->report, 1.234);
        return capture_end(&t->capture);
}

static void expect_part(struct test *t, const char *part) {
        const char *all = print(t);
        if (!strstr(all, part))
                fail_msg("'%s' is not in:\n%s", part, all);
}

static void expect_no_part(struct test *t, const char *part) {
        const char *all = print(t);
        if (strstr(all, part))
                fail_msg("'%s' is in:\n%s", part, all);
}

static const struct filter_failure hit = {
        .regex = 0, .time = 1709629200, .id = {"192.0.2.1", 9}
};
static const struct filter_failure quiet = {
        .regex = 1, .time = (double)NAN, .id = {"192.0.2.2", 9},
                .nofail = true
};

static void line_that_cannot_be_run_is_missed(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        regex_report_missed(&t.report, SLICE("too long"));
        expect_part(&t, "Lines: 1 lines, 0 ignored, 0 matched, 1 missed");
        finish(&t);
}

static void whole_report_looks_like_this(void **state) {
        struct test t;
        (void)state;
        begin(&t);
        line(&t, "a failure", &hit, 1);
        line(&t, "quiet ", &quiet, 1);
        line(&t, "nothing", NULL, 0);
        assert_string_equal(print(&t),
                "\nResults\n=======\n"
                "\nFailregex: 2 total\n|-  #) [# of hits] regular expression\n|   1) [1] one\n|   "
                "2) [1] ((?i)t&w<o)\n`-\n"
                "\nIgnoreregex: 0 total\n"
                "\nDate template hits:\n|- [# of hits] date format\n|  [3] Epoch\n`-\n"
                "\nLines: 3 lines, 1 ignored, 1 matched, 1 missed\n[processed in 1.23 sec]\n\n"
                "|- Ignored line(s):\n|  quiet\n`-\n"
                "|- Missed line(s):\n|  nothing\n`-\n");
        finish(&t);
}

static void line_counts_once_and_each_regex_of_it(void **state) {
        struct filter_failure results[] = {hit, hit, hit};
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.verbose = 1});
        results[1].regex = 1;
        line(&t, "x", results, 3);
        expect_part(&t, "Failregex: 3 total\n");
        expect_part(&t, " 1 matched, 0 missed\n");
        /* The mark comes from the third result on. */
        expect_part(&t, "1) [2] one\n|      192.0.2.1  Tue Mar 05 09:00:00 2024\n"
                        "|      192.0.2.1  Tue Mar 05 09:00:00 2024 (multiple regex matched)\n"
                        "|   2) [1] ((?i)t&w<o)\n|      192.0.2.1  Tue Mar 05 09:00:00 2024\n`-\n");
        finish(&t);
}

static void hit_without_date_shows_the_present_time(void **state) {
        struct filter_failure none = {.regex = 0, .time = (double)NAN, .id = SLICE_NULL};
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.verbose = 1});
        line(&t, "x", &none, 1);
        expect_part(&t, "|      None  Tue Mar 05 10:00:00 2024\n");
        finish(&t);
}

static void ignoreregex_makes_the_line_ignored(void **state) {
        static const uint32_t hits[] = {0, 0};
        struct filter_failure dropped = hit;
        struct test t;
        (void)state;
        begin(&t);
        dropped.ignored = true;
        t.filter.trace.ignore_hits = hits;
        t.filter.trace.ignore_hit_count = 2;
        line(&t, "x", &dropped, 1);
        expect_part(&t, "Failregex: 0 total\n\nIgnoreregex: 2 total\n|-  #) [# of hits] regular "
                        "expression\n|   1) [2] skip\n`-\n");
        expect_part(&t, "1 lines, 1 ignored, 0 matched, 0 missed");
        finish(&t);
}

static void lists_end_below_the_limit_unless_all_are_wanted(void **state) {
        static const struct {
                int64_t maxlines;
                unsigned lines;
                bool all;
                bool listed;
        } rows[] = {
                {0,  19, false, true },
                {0,  20, false, false},
                {0,  30, true,  true },
                {40, 30, false, true },
                {25, 30, false, false}
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct test t;
                char text[128];
                begin_with(&t, (struct regex_arguments){.maxlines = rows[i].maxlines,
                                       .print_all_missed = rows[i].all});
                for (unsigned k = 0; k < rows[i].lines; k++)
                        line(&t, "nothing", NULL, 0);
                (void)snprintf(text, sizeof(text),
                        "Missed line(s): too many to print.  Use --print-all-missed to print all "
                        "%u lines\n",
                        rows[i].lines);
                if (rows[i].listed)
                        expect_part(&t, "|- Missed line(s):\n|  nothing\n");
                else
                        expect_part(&t, text);
                finish(&t);
        }
}

static void lists_can_be_left_out(void **state) {
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.print_no_missed = true, .print_no_ignored = true});
        line(&t, "quiet", &quiet, 1);
        line(&t, "nothing", NULL, 0);
        expect_no_part(&t, "line(s)");
        expect_part(&t, "1 ignored, 0 matched, 1 missed");
        finish(&t);
}

static void verbose_shows_regexes_and_dates_without_hits(void **state) {
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.verbose = 1, .verbose_date = true});
        expect_part(&t, "|   1) [0] one\n|   2) [0] ((?i)t&w<o)\n`-\n");
        expect_part(&t, "|  [0] Epoch\n|      # weight: 1.500 (1.000), pattern: EPOCH\n|      # "
                        "regex:   (\\d+)\n`-\n");
        finish(&t);
}

static void prefregex_groups_are_listed_up_to_the_limit(void **state) {
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.verbose = 1, .maxlines = 2});
        t.filter.prefregex = SLICE("^pref");
        t.filter.trace.prefregex_hit = true;
        t.filter.trace.prefregex_groups = value_dict();
        value_dict_put(
                &t.filter.trace.prefregex_groups, value_text("content"), value_text("c"), &t.arena);
        for (int i = 0; i < 5; i++)
                line(&t, "x", NULL, 0);
        expect_part(&t, "\nPrefregex: 5 total\n|  ^pref\n|      {'content': 'c'}\n|      "
                        "{'content': 'c'}\n|      ...\n`-\n");
        finish(&t);
}

/* A match over several lines takes the earlier ones out of the missed. */
static void consumed_lines_are_no_longer_missed(void **state) {
        struct test t;
        struct value parts = value_list();
        (void)state;
        begin_with(&t, (struct regex_arguments){.print_all_matched = true});
        t.report.multi_line = true;
        t.filter.trace.consumed = value_list();
        line(&t, "10:00 first", NULL, 0);
        line(&t, "other", NULL, 0);
        (void)value_append(&parts, value_text(""), &t.arena);
        (void)value_append(&parts, value_text("10:00"), &t.arena);
        (void)value_append(&parts, value_text(" first"), &t.arena);
        (void)value_append(&t.filter.trace.consumed, parts, &t.arena);
        line(&t, "10:01 second", &hit, 1);
        expect_part(&t, "3 lines, 0 ignored, 2 matched, 1 missed");
        expect_part(&t, "|- Matched line(s):\n|  10:00 first\n|  10:01 second\n`-\n|- Missed "
                        "line(s):\n|  other\n`-\n");
        finish(&t);
}

static void links_are_made_of_every_line_and_regex(void **state) {
        struct test t;
        (void)state;
        begin_with(&t, (struct regex_arguments){.debuggex = true});
        line(&t, "a b/\xc3\xa9", NULL, 0);
        expect_part(&t, "|- Missed line(s):\n"
                        "|  a b/\xc3\xa9 | one |  "
                        "https://www.debuggex.com/?re=one&str=a+b%2F%C3%A9&flavor=python\n"
                        "|  a b/\xc3\xa9 | ((?i)t&w<o) |  "
                        "https://www.debuggex.com/"
                        "?re=%28%28%3Fi%29t%26w%3Co%29&str=a+b%2F%C3%A9&flavor=python\n`-\n");
        finish(&t);
}

static void lines_without_results_can_be_counted_once_no_list_wants_them(void **state) {
        static const struct {
                struct regex_arguments arguments;
                size_t missed; /* lines before */
                bool counts;
        } rows[] = {
                {{.verbose = 0},                                      0,  false},
                {{.verbose = 0},                                      19, false},
                {{.verbose = 0},                                      20, true },
                {{.maxlines = 2},                                     2,  true },
                {{.print_no_missed = true},                           0,  true },
                {{.print_all_missed = true},                          50, false},
                {{.print_all_missed = true, .print_no_missed = true}, 0,  true },
                {{.verbose = 1, .print_no_missed = true},             0,  false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct test t;
                begin_with(&t, rows[i].arguments);
                for (size_t k = 0; k < rows[i].missed; k++)
                        line(&t, "x", NULL, 0);
                assert_int_equal(regex_report_needs_count_only(&t.report), rows[i].counts);
                t.report.multi_line = true;
                assert_false(regex_report_needs_count_only(&t.report));
                finish(&t);
        }
}

static void lines_that_are_counted_look_like_lines_that_were_told(void **state) {
        struct test told;
        struct test counted;
        (void)state;
        for (int hits = 0; hits < 2; hits++) {
                begin_with(&told, (struct regex_arguments){.print_no_missed = true});
                begin_with(&counted, (struct regex_arguments){.print_no_missed = true});
                told.filter.trace.prefregex_hit = counted.filter.trace.prefregex_hit = hits > 0;
                told.filter.prefregex = counted.filter.prefregex = SLICE("^pre");
                for (size_t i = 0; i < 7; i++)
                        line(&told, "x", NULL, 0);
                regex_report_passed(&counted.report, 7);
                char *wanted = memory_copy_text(slice_of(print(&told)));
                assert_string_equal(print(&counted), wanted);
                free(wanted);
                finish(&told);
                finish(&counted);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole_report_looks_like_this),
                cmocka_unit_test(line_that_cannot_be_run_is_missed),
                cmocka_unit_test(line_counts_once_and_each_regex_of_it),
                cmocka_unit_test(hit_without_date_shows_the_present_time),
                cmocka_unit_test(ignoreregex_makes_the_line_ignored),
                cmocka_unit_test(lists_end_below_the_limit_unless_all_are_wanted),
                cmocka_unit_test(lists_can_be_left_out),
                cmocka_unit_test(verbose_shows_regexes_and_dates_without_hits),
                cmocka_unit_test(prefregex_groups_are_listed_up_to_the_limit),
                cmocka_unit_test(consumed_lines_are_no_longer_missed),
                cmocka_unit_test(links_are_made_of_every_line_and_regex),
                cmocka_unit_test(lines_without_results_can_be_counted_once_no_list_wants_them),
                cmocka_unit_test(lines_that_are_counted_look_like_lines_that_were_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
