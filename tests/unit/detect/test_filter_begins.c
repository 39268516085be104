/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/filter_inside.h"

#define NOW_S INT64_C(1764000000) /* 2025-11-24 16:00:00 UTC */

static struct clock now;

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)logger;
        (void)buffer_printf(user, "%d %.*s\n", (int)level, SLICE_ARG(text));
}

static void set(struct filter *filter, const char *option, const char *value) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value answer;
        struct fault fault = FAULT_INIT;
        (void)value_append(&arguments, value_text(value), &arena);
        if (filter_set(filter, slice_of(option), &arguments, &arena, &answer, &fault) < 0)
                fail_msg("%s %s: %s", option, value, fault_text(&fault));
        fault_done(&fault);
        arena_done(&arena);
}

static struct filter *make(
        enum filter_mode mode, struct buffer *notes, const char *const *regexes) {
        const struct filter_env env = {.clock = &now, .diag = note_diag, .user = notes};
        clock_fix(&now, NOW_S * 1000000);
        struct filter *filter = filter_new(SLICE("test"), mode, &env);
        set(filter, "datepattern", "{^LN-BEG}");
        for (; *regexes; regexes++)
                set(filter, "addfailregex", *regexes);
        return filter;
}

/* A jail's failregexes: some are bound to the begin, some are not, one is not known by its begin,
 * some match without saying who it was, and leave an empty text to those behind them. */
static const char *const mixed[] = {"^ bad(?: <F-ID>\\d+</F-ID>)? and", "^ (?:very )?bad <ADDR>",
        "^(?i: UGLY) <ADDR>", "worse <ADDR>", "^ ?<F-NOFAIL><F-MLFID>s\\d</F-MLFID></F-NOFAIL> on",
        "^ ?<F-MLFID>s\\d</F-MLFID> off <ADDR>", "^<F-ID></F-ID>$", "^\\b<F-ID>\\w+</F-ID>\\b:$",
        "^(?=[ x])(?!  )(?P<t>.)y(?P=t) <ADDR>", "^<F-ID>[^ ]</F-ID>", "^ \\d*<ADDR>",
        "^\\s*<F-ID>\\s*</F-ID>$", NULL};

static uint32_t pick(uint32_t below) {
        static uint32_t seed = 5;
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static void add_line(struct buffer *out) {
        static const char *const texts[] = {" bad and", " bad 7 and", " bad 192.0.2.1",
                " very bad 192.0.2.2", " ugly 192.0.2.3", " UGLY 192.0.2.3", " 192.0.2.4", "s1 on",
                " s1 off 192.0.2.5", "s2 off 192.0.2.6", "word:", " word:", "xyx 192.0.2.7",
                " y  192.0.2.7", "", " ", "?", "even worse 192.0.2.8", " nothing", "\r", "\x7f"};
        static const char *const ends[] = {"", "", "", "", "", " ", "x", "."};
        (void)buffer_printf(out, "Nov 24 15:59:%02u%s%s\n", pick(60),
                texts[pick(sizeof(texts) / sizeof(texts[0]))], ends[pick(8)]);
}

static void run(struct filter *filter, struct slice text, struct buffer *notes) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        const struct filter_failure *failures = NULL;
        const struct filter_line line = {
                .text = slice_sub(text, 0, text.len - 1), .is_ascii = true, .has_newline = true};
        int count = filter_line(filter, &line, &arena, &failures, &fault);
        (void)buffer_printf(notes, "%d ", count);
        for (int i = 0; i < count; i++)
                (void)buffer_printf(
                        notes, "%.*s by %u ", SLICE_ARG(failures[i].id), failures[i].regex);
        arena_done(&arena);
        fault_done(&fault);
}

/* As if nothing were known of begins. */
static void forget(struct filter *filter) {
        (void)filter_begins(filter);
        for (size_t c = 0; c < FILTER_BEGINS; c++)
                filter->begins.failregexes[c] = UINT64_MAX;
        for (size_t i = 0; i < FILTER_BEGINS_FAILREGEXES; i++)
                filter->begins.of[i].begin.mask[0] = filter->begins.of[i].begin.mask[1] = 0;
}

static void compare(const char *prefregex) {
        struct buffer notes[2] = {BUFFER_INIT((size_t)1 << 20), BUFFER_INIT((size_t)1 << 20)};
        struct buffer text = BUFFER_INIT(1000);
        struct filter *filters[2];
        unsigned found = 0;
        for (size_t i = 0; i < 2; i++) {
                filters[i] = make(FILTER_DAEMON, &notes[i], mixed);
                if (prefregex)
                        set(filters[i], "prefregex", prefregex);
        }
        forget(filters[0]);
        for (unsigned round = 0; round < 20000; round++) {
                buffer_clear(&text);
                add_line(&text);
                for (size_t i = 0; i < 2; i++) {
                        buffer_clear(&notes[i]);
                        run(filters[i], buffer_view(&text), &notes[i]);
                }
                if (!slice_equal(buffer_view(&notes[0]), buffer_view(&notes[1])))
                        fail_msg("%.*s: '%.*s', not '%.*s'", SLICE_ARG(buffer_view(&text)),
                                SLICE_ARG(buffer_view(&notes[1])),
                                SLICE_ARG(buffer_view(&notes[0])));
                found += buffer_view(&notes[1]).len > 2;
        }
        assert_true(found > 2000);
        for (size_t i = 0; i < 2; i++) {
                (void)filter_free(filters[i]);
                buffer_done(&notes[i]);
        }
        buffer_done(&text);
}

static void lines_come_to_the_same_as_with_all_regexes(void **state) {
        (void)state;
        compare(NULL);
        compare("^(?: host)?<F-CONTENT>.*</F-CONTENT>$");
        compare("^(?: host)?<F-CONTENT>.+</F-CONTENT>.$");
}

static uint64_t begins_with(struct filter *filter, char c) {
        return filter_begins(filter)->failregexes[(unsigned char)c];
}

static void begins_are_known_of_what_is_bound_to_them(void **state) {
        static const char *const regexes[] = {"^a <ADDR>", "^[bB]c? <ADDR>", "^(?:c|d)?e <ADDR>",
                "^(?!f)\\w <ADDR>", "g <ADDR>", "^<ADDR>$", NULL};
        (void)state;
        struct filter *filter = make(FILTER_DAEMON, NULL, regexes);
        assert_int_equal(begins_with(filter, 'a'), 0x39);
        assert_int_equal(begins_with(filter, 'B'), 0x3a);
        assert_int_equal(begins_with(filter, 'd'), 0x3c);
        assert_int_equal(begins_with(filter, '!'), 0x10);
        set(filter, "delfailregex", "0");
        assert_int_equal(begins_with(filter, 'a'), 0x1c);
        (void)filter_free(filter);
}

static void busy_logs_of_regexes_that_are_told_apart_need_no_hints(void **state) {
        static const char *const apart[] = {
                "^a <ADDR>", "^b <ADDR>", "^c <ADDR>", "^d <ADDR>", NULL};
        static const char *const alike[] = {"a <ADDR>", "b <ADDR>", "c <ADDR>", NULL};
        (void)state;
        struct filter *filter = make(FILTER_DAEMON, NULL, apart);
        assert_true(filter_needs_no_hints(filter));
        set(filter, "addignoreregex", "^x");
        assert_false(filter_needs_no_hints(filter));
        set(filter, "delignoreregex", "0");
        assert_true(filter_needs_no_hints(filter));
        set(filter, "maxlines", "2");
        assert_false(filter_needs_no_hints(filter));
        (void)filter_free(filter);
        filter = make(FILTER_TOOL, NULL, apart);
        assert_false(filter_needs_no_hints(filter));
        (void)filter_free(filter);
        filter = make(FILTER_DAEMON, NULL, alike);
        assert_false(filter_needs_no_hints(filter));
        for (unsigned i = 0; i < FILTER_BEGINS_FAILREGEXES; i++)
                set(filter, "addfailregex", "^many <ADDR>");
        assert_false(filter_needs_no_hints(filter));
        (void)filter_free(filter);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_come_to_the_same_as_with_all_regexes),
                cmocka_unit_test(begins_are_known_of_what_is_bound_to_them),
                cmocka_unit_test(busy_logs_of_regexes_that_are_told_apart_need_no_hints),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
