/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a log through two filters, each by itself by the plainest way, and passed over where
 * that can be: both say and keep the same. An input is two bytes that choose, and texts parted by
 * form feeds; behind each of these, a byte tells how much later the next text is read, and whether
 * by then everything old is caught up with. */
#include "base/buffer.h"
#include "detect/date.h"
#include "detect/filter_pass.h"
#include "detect/line.h"
#include "detect/prefilter.h"
#include "fuzz.h"

#define NOW_US INT64_C(1786702400000000) /* 2026-08-14 10:13:20 UTC */
#define SECOND_US INT64_C(1000000)
#define NOTES_MAX ((size_t)64 << 20)
#define TEXT_END '\f'
#define BIT(byte, n) (((byte) >> (n)&1U) != 0)

/* Forms that are recognised without a search, which passing over needs. */
#define SYSLOG "(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?"
#define ISO "%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?"
#define CLF "%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?"

enum way { EACH, PASSING };

/* A filter, and everything that it says or keeps. */
struct subject {
        struct clock clock;
        struct filter_env env;
        struct filter *filter;
        struct prefilter *prefilter; /* NULL: each line by itself */
        struct buffer notes;
        struct arena arena; /* of the last line */
};

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)buffer_printf(user, "%d %s %.*s\n", (int)level, logger, SLICE_ARG(text));
}

static void note_state(void *user, struct slice key, struct slice blob) {
        (void)buffer_printf(user, "%.*s=", SLICE_ARG(key));
        (void)buffer_append(user, blob);
}

static void set(struct filter *filter, const char *option, struct value value) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value ret;
        (void)value_append(&arguments, value, &arena);
        FUZZ_REQUIRE(filter_set(filter, slice_of(option), &arguments, &arena, &ret, NULL) == 0);
        arena_done(&arena);
}

static void set_text(struct filter *filter, const char *option, const char *text) {
        if (text)
                set(filter, option, value_text(text));
}

/* Every failregex requires something: otherwise no line is passed over. */
static void set_all(struct filter *filter, unsigned first, unsigned second) {
        static const char *const dates[] = {"{^LN-BEG}" ISO, "{^LN-BEG}" SYSLOG "\n{^LN-BEG}" ISO,
                "^[^\\[]*\\[(" CLF ")", "{^LN-BEG}", "^[^\\[]*\\[({DATE})",
                "^<\\d+>\\d+\\s+" ISO "\n" SYSLOG, "{^LN-BEG}" CLF "\n" ISO,
                "{^LN-BEG}TAI64N\n^%H:%M:%S"};
        static const char *const prefregexes[] = {NULL, "^<F-CONTENT>.+</F-CONTENT>$",
                "^ ?(?:<F-MLFID>c\\d?</F-MLFID>: )?<F-CONTENT>(?:bad|fail).*</F-CONTENT>$",
                "^ ?\\S*::(?: <F-CONTENT>.+</F-CONTENT>)?$"};
        set_text(filter, "datepattern", dates[first & 7]);
        set_text(filter, "prefregex", prefregexes[second & 3]);
        set_text(filter, "addignoreregex", BIT(second, 2) ? "ignore" : NULL);
        set_text(filter, "findtime", BIT(second, 3) ? "3600" : NULL);
        set_text(filter, "addfailregex", "^ ?<F-MLFID>c\\d?</F-MLFID>: bad <HOST>$");
        set_text(filter, "addfailregex", "bad <F-USER>\\S+</F-USER> <HOST>$");
        set_text(filter, "addfailregex",
                BIT(second, 4) ? "^ (?:fail|error)(?:ed)? <HOST>$" : "^<HOST> - \\[\\] fail");
        set_text(filter, "logtimezone", BIT(second, 5) ? "UTC+0130" : NULL);
        if (BIT(first, 7) && BIT(second, 6))
                set(filter, "tracegroups", value_bool(false));
}

static void subject_init(struct subject *s, unsigned first, unsigned second, enum way way) {
        *s = (struct subject){.notes = BUFFER_INIT(NOTES_MAX)};
        clock_fix(&s->clock, NOW_US);
        s->env = (struct filter_env){.clock = &s->clock, .diag = note_diag, .user = &s->notes};
        s->filter = filter_new(SLICE("fuzz"), BIT(first, 7) ? FILTER_TOOL : FILTER_DAEMON, &s->env);
        set_all(s->filter, first, second);
        if (way == EACH)
                return;
        struct prefilter_jail clauses;
        clauses.clauses = filter_clauses(s->filter, SLICE_NULL, &clauses.count);
        s->prefilter = prefilter_new(&clauses, 1, SLICE_NULL);
}

/* Only what it has said is left. */
static struct buffer subject_done(struct subject *s) {
        (void)prefilter_free(s->prefilter);
        (void)filter_free(s->filter);
        arena_done(&s->arena);
        return s->notes;
}

static void run_line(struct subject *s, struct filter_line line, struct slice raw) {
        struct slice bare = line_strip_end(raw);
        struct fault fault = FAULT_INIT;
        const struct filter_failure *failures = NULL;
        bool repaired;
        if (bare.len == 0 || bare.data[0] == '#')
                return;
        arena_reset(&s->arena);
        struct slice whole = line_decode(LINE_UTF8, raw, &s->arena, &repaired);
        line.text = line_strip_end(whole);
        line.has_newline =
                line.is_ascii && line.text.len < whole.len && whole.data[line.text.len] == '\n';
        int count = filter_line(s->filter, &line, &s->arena, &failures, &fault);
        if (count < 0)
                (void)buffer_printf(&s->notes, "%s\n", fault_text(&fault));
        for (int i = 0; i < count; i++)
                (void)buffer_printf(&s->notes, "%.*s %f %u %zu\n", SLICE_ARG(failures[i].id),
                        failures[i].time, failures[i].regex,
                        fields_coded_size(&failures[i].fields));
        fault_done(&fault);
}

static size_t line_end(struct slice text, size_t at) {
        size_t end = slice_find_char(text, '\n', at);
        return end < text.len ? end + 1 : end;
}

static void run_each(struct subject *s, struct filter_line line, struct slice text) {
        line.is_ascii = false;
        for (size_t at = 0; at < text.len; at = line_end(text, at))
                run_line(s, line, slice_sub(text, at, line_end(text, at)));
}

static void run_passing(struct subject *s, struct filter_line line, struct slice text) {
        struct line_ends ends = {0};
        struct filter_passes passes;
        passes.items[0].filter = s->filter;
        passes.items[0].lacks = ~prefilter_idle(s->prefilter)[0];
        filter_pass_begin(&passes, 1);
        prefilter_scan(s->prefilter, text);
        line_ends_find(&ends, text);
        for (size_t at = 0; at < text.len; at = line_end(text, at)) {
                uint64_t count;
                const struct filter_lines quiet = {
                        .ends = &ends,
                        .start = at,
                        .end = prefilter_quiet(s->prefilter),
                        .is_ascii = line.is_ascii,
                        .in_operation = line.in_operation,
                };
                at = filter_pass_over(&passes, &quiet, &count);
                (void)filter_pass_settle(&passes, 0);
                if (at == text.len)
                        break;
                struct slice raw = slice_sub(text, at, line_end(text, at));
                line.lacks = ~prefilter_line(s->prefilter, raw, at, at + raw.len)[0];
                run_line(s, line, raw);
        }
        line_ends_done(&ends);
}

/* What is known behind a text. */
static void note_end(struct subject *s, bool is_tool) {
        const struct filter_trace *trace = filter_trace(s->filter);
        const struct date_detector *dates = filter_dates(s->filter);
        (void)buffer_printf(&s->notes, "%f %d\n", trace->last_time, trace->last_integral);
        if (is_tool)
                (void)buffer_printf(&s->notes, "%d %.*s %f %d %zu %zu\n", trace->prefregex_hit,
                        SLICE_ARG(trace->date), trace->time, trace->has_own_date,
                        trace->date_template, trace->ignore_hit_count);
        for (size_t i = 0; i < date_detector_count(dates); i++) {
                struct date_template_info info;
                date_detector_info(dates, i, &info);
                (void)buffer_printf(&s->notes, "%.*s %zu %f ", SLICE_ARG(info.name),
                        (size_t)info.hits, info.weight);
        }
        filter_save(s->filter, note_state, &s->notes);
}

/* One after the other: filters share templates, which count the hits of all. */
static struct buffer run(struct slice input, enum way way) {
        struct subject s;
        struct slice text;
        bool is_tool = BIT((unsigned char)input.data[0], 7);
        uint8_t control = fuzz_byte(&(struct slice){input.data + 2, input.len - 2});
        subject_init(&s, (unsigned char)input.data[0], (unsigned char)input.data[1], way);
        input = slice_sub(input, 3, input.len);
        while (slice_next_piece(&input, TEXT_END, &text)) {
                int64_t later = (control >> 1 & 31) * (BIT(control, 6) ? 3600 : 1);
                clock_advance(&s.clock, later * SECOND_US);
                const struct filter_line line = {
                        .is_ascii = slice_is_ascii(text) && BIT(control, 7),
                        .in_operation = BIT(control, 0)};
                if (s.prefilter)
                        run_passing(&s, line, text);
                else
                        run_each(&s, line, text);
                note_end(&s, is_tool);
                control = fuzz_byte(&input);
        }
        return subject_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size < 3)
                return 0;
        struct buffer each = run(fuzz_input(data, size), EACH);
        struct buffer passing = run(fuzz_input(data, size), PASSING);
        FUZZ_REQUIRE(slice_equal(buffer_view(&each), buffer_view(&passing)));
        buffer_done(&each);
        buffer_done(&passing);
        return 0;
}
