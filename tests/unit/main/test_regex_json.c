/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a filter that says what the test wants. */
#include "main/regex_json.h"

#include <math.h>
#include <stdlib.h>

#include "capture.h"
#include "wire/json.h"

struct filter {
        struct filter_trace trace;
};

const struct filter_trace *filter_trace(const struct filter *filter) {
        return &filter->trace;
}

static const struct value_origin origin = {
        .file = "filter.d/x.conf", .line = 7, .section = "Definition", .option = "failregex"};

struct test {
        struct filter filter;
        struct regex_stat stats[2];
        struct regex_report report;
        struct regex_line line;
        struct arena arena;
        char said[CAPTURE_MAX];
        struct value object;
};

static int set_zone(void **state) {
        (void)state;
        return setenv("TZ", "UTC", 1);
}

static void begin(struct test *t, const char *text) {
        *t = (struct test){.filter = {.trace = {.time = 1709632800.5, .date = SLICE("Mar 05")}}};
        t->stats[1] = (struct regex_stat){.origin = &origin, .line = 9};
        t->report = (struct regex_report){
                .filter = &t->filter, .fail = {.items = t->stats, .count = 2}
        };
        t->line =
                (struct regex_line){.source = SLICE("a.log"), .number = 3, .text = slice_of(text)};
}

static void finish(struct test *t) {
        arena_done(&t->arena);
}

static const struct value *key(const struct value *dict, const char *name) {
        const struct value *v = value_dict_get(dict, name);
        if (!v)
                fail_msg("no key %s", name);
        return v;
}

/* Prints and reads it back. */
static void print(struct test *t, enum regex_verdict verdict, const struct filter_failure *results,
        size_t count) {
        struct capture capture;
        struct fault fault = FAULT_INIT;
        capture_begin(&capture, stdout);
        regex_json_print(stdout, &t->report, &t->line,
                &(struct regex_outcome){verdict, results, count}, &t->arena);
        (void)snprintf(t->said, sizeof(t->said), "%s", capture_end(&capture));
        struct slice said = slice_of(t->said);
        assert_int_equal(slice_find_char(said, '\n', 0), said.len - 1);
        assert_int_equal(json_decode(said, &t->arena, &t->object, &fault), 0);
}

static void missed_line_tells_where_and_when_it_is(void **state) {
        struct test t;
        (void)state;
        begin(&t, "Mar 05 x");
        print(&t, REGEX_MISSED, NULL, 0);
        assert_string_equal(t.said,
                "{\"verdict\":\"missed\",\"source\":\"a.log\",\"line\":3,\"text\":\"Mar 05 x\","
                "\"time\":1709632800.5,\"time_iso\":\"2024-03-05T10:00:00.500000+00:00\","
                "\"date\":\"Mar 05\",\"results\":[],\"ignored_by\":[]}\n");
        finish(&t);
}

static void what_is_unknown_is_null(void **state) {
        struct test t;
        (void)state;
        begin(&t, "x");
        t.line.source = SLICE_NULL;
        t.filter.trace = (struct filter_trace){.time = (double)NAN};
        print(&t, REGEX_MISSED, NULL, 0);
        static const char *const keys[] = {"source", "time", "time_iso", "date"};
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                assert_int_equal(key(&t.object, keys[i])->type, VALUE_NONE);
        finish(&t);
}

static void bytes_of_a_repaired_line_come_in_base_64(void **state) {
        static const struct {
                const char *bytes, *text;
        } rows[] = {
                {"\xff",         "/w=="    },
                {"\xff\xfe",     "//4="    },
                {"\xff\xfe\n",   "//4K"    },
                {"ab\xff\xfe\n", "YWL//go="},
                {"",             ""        },
        };
        struct test t;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                begin(&t, "\ufffd");
                t.line.raw = slice_of(rows[i].bytes);
                print(&t, REGEX_MISSED, NULL, 0);
                assert_true(slice_is(key(&t.object, "raw")->string, rows[i].text));
                finish(&t);
        }
}

static struct filter_failure failure_of(struct test *t, const char *id) {
        struct filter_failure failure = {.regex = 1,
                .time = 1709632800,
                .id = id ? slice_of(id) : SLICE_NULL,
                .data = value_dict()};
        struct value matches = value_list();
        struct value parts = value_list();
        (void)value_append(&parts, value_text("a "), &t->arena);
        (void)value_append(&parts, value_text("Mar 05"), &t->arena);
        (void)value_append(&parts, value_text(" b"), &t->arena);
        (void)value_append(&matches, parts, &t->arena);
        (void)value_append(&matches, value_text("whole"), &t->arena);
        value_dict_put(&failure.data, value_text("user"), value_text("\"r\"\n"), &t->arena);
        value_dict_put(&failure.data, value_text("dns"), VALUE_OF_NONE, &t->arena);
        value_dict_put(&failure.data, value_text("matches"), matches, &t->arena);
        return failure;
}

static void result_has_regex_id_groups_and_lines(void **state) {
        struct test t;
        (void)state;
        begin(&t, "x");
        struct filter_failure failure = failure_of(&t, "192.0.2.1");
        print(&t, REGEX_MATCHED, &failure, 1);
        assert_true(slice_is(key(&t.object, "verdict")->string, "matched"));
        const struct value *result = value_item(key(&t.object, "results"), 0);
        assert_int_equal(key(result, "failregex")->integer, 2);
        assert_true(slice_is(key(result, "file")->string, "filter.d/x.conf"));
        assert_int_equal(key(result, "file_line")->integer, 9);
        assert_true(slice_is(key(result, "id")->string, "192.0.2.1"));
        assert_true(key(result, "counts")->boolean);
        const struct value *groups = key(result, "groups");
        assert_int_equal(groups->list.count, 4);
        assert_true(slice_is(key(groups, "user")->string, "\"r\"\n"));
        const struct value *lines = key(result, "lines");
        assert_true(slice_is(value_item_text(lines, 0), "a Mar 05 b"));
        assert_true(slice_is(value_item_text(lines, 1), "whole"));
        finish(&t);
}

static void quiet_and_pending_results_do_not_count(void **state) {
        struct test t;
        (void)state;
        begin(&t, "x");
        struct filter_failure results[2] = {failure_of(&t, "192.0.2.1"), failure_of(&t, NULL)};
        results[0].nofail = true;
        print(&t, REGEX_IGNORED, results, 2);
        for (size_t i = 0; i < 2; i++)
                assert_false(key(value_item(key(&t.object, "results"), i), "counts")->boolean);
        finish(&t);
}

static void ignored_line_names_the_ignoreregex(void **state) {
        static const uint32_t hits[] = {0};
        struct test t;
        (void)state;
        begin(&t, "x");
        struct filter_failure failure = failure_of(&t, "192.0.2.1");
        failure.ignored = true;
        t.filter.trace.ignore_hits = hits;
        t.filter.trace.ignore_hit_count = 1;
        print(&t, REGEX_IGNORED, &failure, 1);
        const struct value *hit = value_item(key(&t.object, "ignored_by"), 0);
        assert_int_equal(key(hit, "ignoreregex")->integer, 1);
        assert_int_equal(key(hit, "file")->type, VALUE_NONE);
        assert_int_equal(key(&t.object, "results")->list.count, 0);
        finish(&t);
}

static void line_that_is_given_up_has_the_reason(void **state) {
        struct test t;
        struct capture capture;
        struct fault fault = FAULT_INIT;
        (void)state;
        begin(&t, "x");
        (void)fault_raise(&fault, "ValueError", "too %s", "late");
        capture_begin(&capture, stdout);
        regex_json_print_fault(stdout, &t.line, &fault, &t.arena);
        assert_string_equal(capture_end(&capture),
                "{\"verdict\":\"missed\",\"source\":\"a.log\",\"line\":3,\"text\":\"x\","
                "\"error\":{\"type\":\"ValueError\",\"message\":\"too late\"}}\n");
        fault_done(&fault);
        finish(&t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(missed_line_tells_where_and_when_it_is),
                cmocka_unit_test(what_is_unknown_is_null),
                cmocka_unit_test(bytes_of_a_repaired_line_come_in_base_64),
                cmocka_unit_test(result_has_regex_id_groups_and_lines),
                cmocka_unit_test(quiet_and_pending_results_do_not_count),
                cmocka_unit_test(ignored_line_names_the_ignoreregex),
                cmocka_unit_test(line_that_is_given_up_has_the_reason),
        };
        return cmocka_run_group_tests(tests, set_zone, NULL);
}
