/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/date.h"
#include "detect/filter_pass.h"
#include "detect/line.h"
#include "detect/prefilter.h"

#define NOW_S INT64_C(1764000000) /* 2025-11-24 16:00:00 UTC */

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)buffer_printf(user, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static void note_state(void *user, struct slice key, struct slice blob) {
        (void)buffer_printf(user, "%.*s=", SLICE_ARG(key));
        (void)buffer_append(user, blob);
}

struct setting {
        const char *option;
        const char *value;
};

#define SETTINGS 3

static const struct setting jails[][SETTINGS] = {
        {{"addfailregex", "Failed .* <ADDR>"},         {"datepattern", "{^LN-BEG}"}},
        {{"prefregex", "^<F-CONTENT>.+</F-CONTENT>$"}, {"tracegroups", "0"},
         {"addfailregex", "^host Failed <F-MLFID>x</F-MLFID> .* <ADDR>"}},
        {{"datepattern", "^[^\\[]*\\[({DATE})"},                                            {"addfailregex", "^<ADDR> - \\[\\] .*Failed"}                                  },
};

/* A filter, and everything that it says or keeps. */
struct subject {
        struct filter *filter;
        struct filter_env env;
        struct buffer notes;
        struct arena arena; /* of the last line */
        uint64_t passed;
};

static void set(struct subject *s, const struct setting *setting) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value answer;
        struct fault fault = FAULT_INIT;
        bool is_bool = strcmp(setting->option, "tracegroups") == 0;
        (void)value_append(
                &arguments, is_bool ? value_bool(false) : value_text(setting->value), &arena);
        if (filter_set(s->filter, slice_of(setting->option), &arguments, &arena, &answer, &fault) <
                0)
                fail_msg("%s: %s", setting->option, fault_text(&fault));
        arena_done(&arena);
}

static void subject_init(struct subject *s, enum filter_mode mode, const struct clock *clock,
        const struct setting *settings) {
        *s = (struct subject){.notes = BUFFER_INIT((size_t)64 << 20)};
        s->env = (struct filter_env){.clock = clock, .diag = note_diag, .user = &s->notes};
        s->filter = filter_new(SLICE("test"), mode, &s->env);
        for (size_t i = 0; i < SETTINGS && settings[i].option; i++)
                if (mode == FILTER_TOOL || strcmp(settings[i].option, "tracegroups") != 0)
                        set(s, &settings[i]);
}

static void subject_done(struct subject *s) {
        (void)filter_free(s->filter);
        buffer_done(&s->notes);
        arena_done(&s->arena);
}

static void run_line(struct subject *s, struct filter_line line, struct slice raw) {
        struct slice bare = line_strip_end(raw);
        struct fault fault = FAULT_INIT;
        const struct filter_failure *failures = NULL;
        bool repaired;
        if (bare.len == 0 || bare.data[0] == '#')
                return;
        arena_reset(&s->arena);
        line.text = line_strip_end(line_decode(LINE_UTF8, raw, &s->arena, &repaired));
        line.has_newline = line.is_ascii && line.text.data[line.text.len] == '\n';
        int count = filter_line(s->filter, &line, &s->arena, &failures, &fault);
        for (int i = 0; i < count; i++)
                (void)buffer_printf(&s->notes, "%.*s %f %u\n", SLICE_ARG(failures[i].id),
                        failures[i].time, failures[i].regex);
        fault_done(&fault);
}

/* What is known when the last of several lines has run. */
static void note_end(struct subject *s, enum filter_mode mode) {
        const struct filter_trace *trace = filter_trace(s->filter);
        const struct date_detector *dates = filter_dates(s->filter);
        filter_save(s->filter, note_state, &s->notes);
        for (size_t i = 0; i < date_detector_count(dates); i++) {
                struct date_template_info info;
                date_detector_info(dates, i, &info);
                (void)buffer_printf(&s->notes, "%d ", (int)info.hits);
        }
        (void)buffer_printf(&s->notes, "%f %d\n", trace->last_time, trace->last_integral);
        if (mode == FILTER_TOOL)
                (void)buffer_printf(&s->notes, "%d %.*s %f %d %zu %zu\n", trace->prefregex_hit,
                        SLICE_ARG(trace->date), trace->time, trace->has_own_date,
                        trace->date_template, trace->ignore_hit_count);
}

/* Each line by itself, by the plainest way. */
static void run_each(struct subject *s, const struct filter_line *lines) {
        struct filter_line line = *lines;
        line.is_ascii = false; /* and so it is copied */
        for (size_t at = 0; at < lines->text.len;) {
                size_t end = slice_find_char(lines->text, '\n', at) + 1;
                run_line(s, line, slice_sub(lines->text, at, end));
                at = end;
        }
}

static void begin(struct filter_passes *passes, struct filter *filter, uint64_t lacks) {
        passes->items[0].filter = filter;
        passes->items[0].lacks = lacks;
        filter_pass_begin(passes, 1);
}

/* As many at a time as can be passed over. */
static void run_passing(
        struct subject *s, struct prefilter *prefilter, const struct filter_line *lines) {
        struct slice text = lines->text;
        struct line_ends ends = {0};
        struct filter_passes passes;
        begin(&passes, s->filter, ~prefilter_idle(prefilter)[0]);
        prefilter_scan(prefilter, text);
        line_ends_find(&ends, text);
        for (size_t at = 0; at < text.len;) {
                struct filter_line several = *lines;
                uint64_t count;
                const struct filter_lines quiet = {
                        .ends = &ends,
                        .start = at,
                        .end = prefilter_quiet(prefilter),
                        .is_ascii = lines->is_ascii,
                        .in_operation = lines->in_operation,
                };
                at = filter_pass_over(&passes, &quiet, &count);
                (void)filter_pass_settle(&passes, 0);
                s->passed += count;
                if (at == text.len)
                        break;
                size_t end = slice_find_char(text, '\n', at) + 1;
                struct slice raw = slice_sub(text, at, end);
                several.lacks = ~prefilter_line(prefilter, raw, at, end)[0];
                run_line(s, several, raw);
                at = end;
        }
        line_ends_done(&ends);
}

static uint32_t seed = 1;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static void add_line(struct buffer *out) {
        static const char *const dates[] = {"Nov 24 15:59:01 ", "Nov 24 15:59:02 ",
                "Nov 24 15:59:02", "Nov 24 15:59:60 ", "Nov 24 15:58:02 ", "Nov 24 14:00:00 ",
                "192.0.2.9 - [24/Nov/2025:15:59:09 +0000] ", "user[24/Nov/2025:15:59:10 +0000]",
                "#[24/Nov/2025:15:59:10 +0000] ", "# ", "", "Nov 24 15:59:59 "};
        static const char *const texts[] = {"host Failed x 192.0.2.1", "host quiet", "host quiet",
                "host caf\xc3\xa9", "host bad \xff byte", "", "x 192.0.2.2", "\"Failed\"", "\r",
                "quiet too"};
        uint32_t usual = pick(3);
        const char *date = dates[usual ? pick(2) : pick(12)];
        if (usual == 2 && pick(2))
                date = dates[6];
        const char *end = pick(8) ? "\n" : "\r\n";
        (void)buffer_printf(out, "%s%s%s", date, texts[pick(usual ? 4 : 10)], end);
}

static void assert_same(struct subject *each, struct subject *passing, struct slice lines) {
        struct slice a = buffer_view(&each->notes);
        struct slice b = buffer_view(&passing->notes);
        size_t at = 0;
        if (slice_equal(a, b))
                return;
        while (at < a.len && at < b.len && a.data[at] == b.data[at])
                at++;
        fail_msg("'%.*s': at %zu '%.*s' and '%.*s'", SLICE_ARG(lines), at,
                SLICE_ARG(slice_sub(a, at, a.len)), SLICE_ARG(slice_sub(b, at, b.len)));
}

static uint64_t compare(enum filter_mode mode, const struct setting *jail) {
        struct clock clock = CLOCK_INIT;
        struct subject each;
        struct subject passing;
        struct buffer text = BUFFER_INIT(65536);
        struct prefilter_jail clauses;
        clock_fix(&clock, NOW_S * 1000000);
        subject_init(&each, mode, &clock, jail);
        subject_init(&passing, mode, &clock, jail);
        clauses.clauses = filter_clauses(passing.filter, SLICE_NULL, &clauses.count);
        struct prefilter *prefilter = prefilter_new(&clauses, 1, SLICE_NULL);
        for (int i = 0; prefilter && i < 1500; i++) {
                buffer_clear(&text);
                for (uint32_t k = pick(20); k > 0; k--)
                        add_line(&text);
                struct slice view = buffer_view(&text);
                const struct filter_line lines = {.text = view,
                        .is_ascii = slice_is_ascii(view),
                        .in_operation = i % 40 < 20};
                run_each(&each, &lines);
                run_passing(&passing, prefilter, &lines);
                note_end(&each, mode); /* both together: templates count the hits of all */
                note_end(&passing, mode);
                assert_same(&each, &passing, view);
                buffer_clear(&each.notes);
                buffer_clear(&passing.notes);
                clock_advance(&clock, 1000000 * (int64_t)pick(2));
        }
        uint64_t passed = prefilter ? passing.passed : UINT64_MAX;
        (void)prefilter_free(prefilter);
        buffer_done(&text);
        subject_done(&each);
        subject_done(&passing);
        return passed;
}

static void lines_passed_over_leave_what_each_would_have_left(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(jails) / sizeof(jails[0]); i++)
                for (int mode = 0; mode < 2; mode++)
                        assert_true(compare(mode ? FILTER_TOOL : FILTER_DAEMON, jails[i]) > 500);
}

struct row {
        const char *text;
        uint64_t count;
        size_t end;
};

static void passing_ends_in_front_of_what_is_not_sure(void **state) {
        static const struct row rows[] = {
                {"Nov 24 15:59:02 h\nNov 24 15:59:03 h\n",   2, 36},
                {"Nov 24 15:59:02 h\nNov 24 15:59:03 h",     1, 18},
                {"Nov 24 15:59:02 h\r\nNov 24 15:58:03 h\n", 1, 19},
                {"Nov 24 15:59:02 \xc3\xa9\n",               0, 0 },
                {"Nov 24 15:59:02\n",                        0, 0 },
                {"\n",                                       0, 0 },
                {"# Nov 24 15:59:02 h\n",                    0, 0 },
                {"",                                         0, 0 },
        };
        struct clock clock = CLOCK_INIT;
        struct subject s;
        size_t clause_count;
        (void)state;
        clock_fix(&clock, NOW_S * 1000000);
        subject_init(&s, FILTER_TOOL, &clock, jails[0]);
        (void)filter_clauses(s.filter, SLICE_NULL, &clause_count);
        struct filter_line line = {.lacks = UINT64_MAX << 2};
        run_line(&s, line, SLICE("Nov 24 15:59:01 host"));
        run_line(&s, line, SLICE("Nov 24 15:59:01 host"));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t count = 99;
                struct filter_passes passes;
                begin(&passes, s.filter, line.lacks);
                struct line_ends ends = {0};
                line_ends_find(&ends, slice_of(rows[i].text));
                const struct filter_lines lines = {.ends = &ends, .end = SIZE_MAX};
                assert_int_equal(filter_pass_over(&passes, &lines, &count), rows[i].end);
                assert_int_equal(count, rows[i].count);
                line_ends_done(&ends);
        }
        uint64_t count = 99;
        struct filter_passes passes;
        begin(&passes, s.filter, 0); /* it may hold a literal */
        struct line_ends ends = {0};
        line_ends_find(&ends, slice_of(rows[0].text));
        const struct filter_lines lines = {.ends = &ends, .end = SIZE_MAX};
        assert_int_equal(filter_pass_over(&passes, &lines, &count), 0);
        assert_int_equal(count, 0);
        line_ends_done(&ends);
        subject_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_passed_over_leave_what_each_would_have_left),
                cmocka_unit_test(passing_ends_in_front_of_what_is_not_sure),
        };
        (void)setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
