/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/filter.h"

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/repr.h"
#include "detect/prefilter.h"

#define NOW_S INT64_C(1764000000)

/* Everything that a filter says or keeps. */
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

struct subject {
        struct filter *filter;
        struct filter_env env;
        struct buffer notes;
};

static void subject_init(struct subject *s, const struct clock *clock,
        const struct setting *settings, size_t count) {
        s->notes = BUFFER_INIT((size_t)64 << 20);
        s->env = (struct filter_env){.clock = clock, .diag = note_diag, .user = &s->notes};
        s->filter = filter_new(SLICE("test"), FILTER_DAEMON, &s->env);
        for (size_t i = 0; i < count && settings[i].option; i++) {
                struct arena arena = ARENA_INIT;
                struct value arguments = value_list();
                struct value answer;
                struct fault fault = FAULT_INIT;
                (void)value_append(&arguments, value_text(settings[i].value), &arena);
                if (filter_set(s->filter, slice_of(settings[i].option), &arguments, &arena, &answer,
                            &fault) < 0)
                        fail_msg("%s: %s", settings[i].option, fault_text(&fault));
                arena_done(&arena);
        }
}

static void subject_done(struct subject *s) {
        (void)filter_free(s->filter);
        buffer_done(&s->notes);
}

static int run(struct subject *s, struct slice text, bool hopeless) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        const struct filter_failure *failures = NULL;
        struct filter_line line = {.text = text, .in_operation = true, .hopeless = hopeless};
        int count = filter_line(s->filter, &line, &arena, &failures, &fault);
        (void)buffer_printf(&s->notes, "%d %s\n", count, count < 0 ? fault_text(&fault) : "");
        for (int i = 0; i < count; i++)
                (void)buffer_printf(&s->notes, "%.*s %f %u %.*s\n", SLICE_ARG(failures[i].id),
                        failures[i].time, failures[i].regex,
                        SLICE_ARG(repr(&failures[i].data, &arena)));
        fault_done(&fault);
        arena_done(&arena);
        return count;
}

static uint32_t seed = 1;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

#define SETTINGS 6

static const struct setting jails[][SETTINGS] = {
        {{"addfailregex",
                 "^ host sshd\\[\\d+\\]: Failed password for <F-USER>\\S+</F-USER> from <HOST>"},
         {"addfailregex", "^ host sshd\\[\\d+\\]: Invalid user .* from <ADDR>$"}                                                   },
        {{"prefregex", "^<F-MLFID> host sshd\\[\\d+\\]:</F-MLFID> <F-CONTENT>.+</F-CONTENT>$"},
         {"addfailregex", "^Failed password for <F-USER>\\S+</F-USER> from <ADDR>"},
         {"addfailregex", "^<F-NOFAIL>Connection</F-NOFAIL> from <ADDR>"},
         {"addfailregex", "^<F-MLFFORGET>Closed</F-MLFFORGET> <ADDR>"}},
        {{"datepattern", "^[^\\[]*\\[({DATE})"},
         {"addfailregex", "^<ADDR> - - \\[\\] \"GET /admin"},
         {"addfailregex", "^<ADDR> - - \\[\\] \"(?i:post) "}},
        {{"addfailregex", "(?i)login failed .*<ADDR>"},                                              {"addignoreregex", "harmless"}                                                                       },
        {{"addfailregex", "^.*<ADDR>$"}                                                   },
        {{"maxlines", "2"},                                                                   {"addfailregex", "^ host a <ADDR>$<SKIPLINES>^ host b$"}},
};

static const char *const pieces[] = {
        "host sshd[12]: Failed password for root from 192.0.2.1 port 5",
        "host sshd[13]: Invalid user x from 192.0.2.2",
        "host sshd[12]: Connection from 192.0.2.3",
        "host sshd[12]: Closed 192.0.2.3",
        "host sshd[12]: Accepted for root",
        "\"GET /admin HTTP/1.1\" 404",
        "\"post /x\" 200",
        "LoGin FAILED for 192.0.2.4",
        "login fa\xc4\xb1led 192.0.2.5",
        "harmless login failed 192.0.2.6",
        "host a 192.0.2.7",
        "host b",
        "nothing",
        "",
        "192.0.2.8",
        "Fai",
        "led password for ",
};
static const char *const dates[] = {
        "Nov 24 16:00:00 ",
        "Nov 24 16:00:01 ",
        "2025-11-24T16:00:00+00:00 ",
        "[24/Nov/2025:16:00:00 +0000] ",
        "",
        "192.0.2.9 - - [24/Nov/2025:16:00:00 +0000] ",
        "1764000000 ",
        "Feb 30 00:00:00 ",
};

static void make_line(struct buffer *out) {
        buffer_clear(out);
        bool in_front = pick(4) > 0;
        if (in_front)
                (void)buffer_append(out, slice_of(dates[pick(8)]));
        (void)buffer_append(out, slice_of(pieces[pick(17)]));
        if (!in_front)
                (void)buffer_append(out, slice_of(dates[pick(8)]));
        for (uint32_t i = pick(3); i > 0; i--)
                (void)buffer_append(out, slice_of(pieces[pick(17)]));
}

/* The date may have parted a literal: only the seam shows that. */
static void lines_without_literals_do_the_same_hinted_and_not(void **state) {
        (void)state;
        unsigned hinted = 0;
        unsigned found = 0;
        for (size_t j = 0; j < sizeof(jails) / sizeof(jails[0]); j++) {
                struct clock clock = CLOCK_INIT;
                struct subject plain;
                struct subject with_hints;
                struct buffer text = BUFFER_INIT(65536);
                clock_fix(&clock, NOW_S * 1000000);
                subject_init(&plain, &clock, jails[j], SETTINGS);
                subject_init(&with_hints, &clock, jails[j], SETTINGS);
                struct prefilter *prefilter = prefilter_new(filter_literals(with_hints.filter), 1);
                for (int i = 0; i < 3000; i++) {
                        make_line(&text);
                        struct slice line = buffer_view(&text);
                        uint64_t hopeful = 1;
                        if (prefilter) {
                                prefilter_scan(prefilter, line);
                                hopeful = prefilter_line(prefilter, line, 0, line.len);
                        }
                        hinted += !(hopeful & 1);
                        found += run(&plain, line, false) > 0;
                        (void)run(&with_hints, line, !(hopeful & 1));
                        if (i % 500 == 0) {
                                filter_save(plain.filter, note_state, &plain.notes);
                                filter_save(with_hints.filter, note_state, &with_hints.notes);
                        }
                        clock_advance(&clock, 1000000 * (int64_t)pick(3));
                        if (!slice_equal(buffer_view(&plain.notes), buffer_view(&with_hints.notes)))
                                fail_msg("jail %zu, line '%.*s'", j, SLICE_ARG(line));
                        buffer_clear(&plain.notes);
                        buffer_clear(&with_hints.notes);
                }
                (void)prefilter_free(prefilter);
                buffer_done(&text);
                subject_done(&plain);
                subject_done(&with_hints);
        }
        assert_true(found > 500);
        if (hinted == 0)
                skip(); /* built without Vectorscan */
        assert_true(hinted > 3000);
}

static void literals_follow_the_options(void **state) {
        (void)state;
        static const struct setting first[] = {
                {"addfailregex", "alpha\\d <ADDR>"}
        };
        static const struct setting lines[] = {
                {"maxlines",     "2"              },
                {"addfailregex", "alpha\\d <ADDR>"}
        };
        struct clock clock = CLOCK_INIT;
        struct subject s;
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value answer;
        subject_init(&s, &clock, first, 1);
        uint64_t generation = filter_generation(s.filter);
        assert_slice(filter_literals(s.filter)->items[0], "alpha");
        (void)value_append(&arguments, value_text("beta\\d <ADDR>"), &arena);
        assert_int_equal(
                filter_set(s.filter, SLICE("addfailregex"), &arguments, &arena, &answer, NULL), 0);
        assert_true(filter_generation(s.filter) > generation);
        assert_int_equal(filter_literals(s.filter)->count, 2);
        subject_done(&s);
        subject_init(&s, &clock, lines, 2);
        assert_int_equal(filter_literals(s.filter)->count, 0);
        subject_done(&s);
        subject_init(&s, &clock, NULL, 0);
        assert_int_equal(filter_literals(s.filter)->count, 0);
        subject_done(&s);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_without_literals_do_the_same_hinted_and_not),
                cmocka_unit_test(literals_follow_the_options),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
