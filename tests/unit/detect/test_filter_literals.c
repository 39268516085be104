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
        enum filter_mode mode;
        struct filter_env env;
        struct buffer notes;
};

static void subject_init(struct subject *s, enum filter_mode mode, const struct clock *clock,
        const struct setting *settings, size_t count) {
        s->notes = BUFFER_INIT((size_t)64 << 20);
        s->env = (struct filter_env){.clock = clock, .diag = note_diag, .user = &s->notes};
        s->mode = mode;
        s->filter = filter_new(SLICE("test"), mode, &s->env);
        for (size_t i = 0; i < count && settings[i].option; i++) {
                struct arena arena = ARENA_INIT;
                struct value arguments = value_list();
                struct value answer;
                struct fault fault = FAULT_INIT;
                bool for_tool = strcmp(settings[i].option, "tracegroups") == 0;
                if (for_tool && mode != FILTER_TOOL)
                        continue;
                (void)value_append(&arguments,
                        for_tool ? value_bool(false) : value_text(settings[i].value), &arena);
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

static int run(struct subject *s, struct slice text, uint64_t lacks) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        const struct filter_failure *failures = NULL;
        struct filter_line line = {.text = text, .in_operation = true, .lacks = lacks};
        int count = filter_line(s->filter, &line, &arena, &failures, &fault);
        (void)buffer_printf(&s->notes, "%d %s\n", count, count < 0 ? fault_text(&fault) : "");
        for (int i = 0; i < count; i++) {
                struct value data = fields_dict(&failures[i].fields, &arena);
                (void)buffer_printf(&s->notes, "%.*s %f %u %.*s\n", SLICE_ARG(failures[i].id),
                        failures[i].time, failures[i].regex, SLICE_ARG(repr(&data, &arena)));
        }
        struct filter_trace trace = *filter_trace(s->filter);
        (void)buffer_printf(&s->notes, "%d %zu %f\n", s->mode == FILTER_TOOL && trace.prefregex_hit,
                trace.ignore_hit_count, trace.last_time);
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
        {{"prefregex", "^<F-MLFID>(?:\\s*\\S+ )?</F-MLFID>(?:x: )?<F-CONTENT>.+</F-CONTENT>$"},
         {"tracegroups", "0"},                                                      {"addfailregex", "sshd\\[\\d+\\]: Failed .* <ADDR>"},
         {"addfailregex", "user .* <ADDR>$"}},
        {{"addfailregex",
                 "^ host sshd\\[\\d+\\]: Failed password for <F-USER>\\S+</F-USER> from <HOST>"},
         {"addfailregex", "^ host sshd\\[\\d+\\]: Invalid user .* from <ADDR>$"}                                    },
        {{"prefregex", "^<F-MLFID> host sshd\\[\\d+\\]:</F-MLFID> <F-CONTENT>.+</F-CONTENT>$"},
         {"addfailregex", "^Failed password for <F-USER>\\S+</F-USER> from <ADDR>"},
         {"addfailregex", "^<F-NOFAIL>Connection</F-NOFAIL> from <ADDR>"},
         {"addfailregex", "^<F-MLFFORGET>Closed</F-MLFFORGET> <ADDR>"}},
        {{"datepattern", "^[^\\[]*\\[({DATE})"},
         {"addfailregex", "^<ADDR> - - \\[\\] \"GET /admin"},
         {"addfailregex", "^<ADDR> - - \\[\\] \"(?i:post) "}},
        {{"addfailregex", "(?i)login failed .*<ADDR>"},                                                                                     {"addignoreregex", "harmless"}                                 },
        {{"addfailregex", "^.*<ADDR>$"}                                  },
        {{"maxlines", "2"},{"addfailregex", "^ host a <ADDR>$<SKIPLINES>^ host b$"}                    },
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

/* Lines by which clauses are chosen; the second ones make the best clauses seem too common. */
static const char *const samples[] = {
        "",
        "Failed password for\nInvalid user\nConnection\nClosed\n\"GET /admin\nlogin failed\n",
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

static struct prefilter *make_prefilter(struct filter *filter, struct slice sample) {
        struct prefilter_jail jail;
        jail.clauses = filter_clauses(filter, sample, &jail.count);
        return prefilter_new(&jail, 1, SLICE_NULL);
}

/* Lines that the prefilter spared, and such that led to results. */
struct counts {
        unsigned spared, found;
};

static void assert_same(struct subject *plain, struct subject *with_hints, struct slice line) {
        if (!slice_equal(buffer_view(&plain->notes), buffer_view(&with_hints->notes)))
                fail_msg("line '%.*s': '%.*s' and '%.*s'", SLICE_ARG(line),
                        SLICE_ARG(buffer_view(&plain->notes)),
                        SLICE_ARG(buffer_view(&with_hints->notes)));
        buffer_clear(&plain->notes);
        buffer_clear(&with_hints->notes);
}

static void compare(enum filter_mode mode, const struct setting *jail, struct slice sample,
        struct counts *counts) {
        struct clock clock = CLOCK_INIT;
        struct subject plain;
        struct subject with_hints;
        struct buffer text = BUFFER_INIT(65536);
        clock_fix(&clock, NOW_S * 1000000);
        subject_init(&plain, mode, &clock, jail, SETTINGS);
        subject_init(&with_hints, mode, &clock, jail, SETTINGS);
        struct prefilter *prefilter = make_prefilter(with_hints.filter, sample);
        for (int i = 0; i < 3000; i++) {
                make_line(&text);
                struct slice line = buffer_view(&text);
                uint64_t lacks = 0;
                if (prefilter) {
                        prefilter_scan(prefilter, line);
                        lacks = ~prefilter_line(prefilter, line, 0, line.len)[0];
                }
                counts->spared += lacks != 0;
                counts->found += run(&plain, line, 0) > 0;
                (void)run(&with_hints, line, lacks);
                if (i % 500 == 0) {
                        filter_save(plain.filter, note_state, &plain.notes);
                        filter_save(with_hints.filter, note_state, &with_hints.notes);
                }
                clock_advance(&clock, 1000000 * (int64_t)pick(3));
                assert_same(&plain, &with_hints, line);
        }
        (void)prefilter_free(prefilter);
        buffer_done(&text);
        subject_done(&plain);
        subject_done(&with_hints);
}

/* The date may have parted a literal: only the seam shows that. */
static void lines_without_literals_do_the_same_hinted_and_not(void **state) {
        (void)state;
        struct counts counts = {0};
        for (size_t i = 0; i < sizeof(jails) / sizeof(jails[0]); i++)
                for (size_t k = 0; k < sizeof(samples) / sizeof(samples[0]); k++) {
                        compare(FILTER_DAEMON, jails[i], slice_of(samples[k]), &counts);
                        compare(FILTER_TOOL, jails[i], slice_of(samples[k]), &counts);
                }
        assert_true(counts.found > 1000);
        if (counts.spared == 0)
                skip(); /* built without Vectorscan */
        assert_true(counts.spared > 6000);
}

static void a_sample_decides_between_clauses(void **state) {
        static const struct setting jail[] = {
                {"addfailregex", "^alpha1 .* beta222 <ADDR>"}
        };
        static const struct {
                const char *sample, *literal;
        } rows[] = {
                {"",                                  " beta222 "},
                {"alpha1 x beta222 y\n",              " beta222 "},
                {"x beta222 y\nalpha1 x beta222 y\n", "alpha1 "  },
        };
        struct clock clock = CLOCK_INIT;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct subject s;
                size_t count;
                subject_init(&s, FILTER_DAEMON, &clock, jail, 1);
                assert_slice(filter_clauses(s.filter, slice_of(rows[i].sample), &count)[2].items[0],
                        rows[i].literal);
                /* chosen once */
                assert_slice(filter_clauses(s.filter, SLICE("beta222\n"), &count)[2].items[0],
                        rows[i].literal);
                subject_done(&s);
        }
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
        subject_init(&s, FILTER_DAEMON, &clock, first, 1);
        uint64_t generation = filter_generation(s.filter);
        size_t count;
        assert_slice(filter_clauses(s.filter, SLICE_NULL, &count)[2].items[0], "alpha");
        assert_int_equal(count, 3);
        (void)value_append(&arguments, value_text("beta\\d <ADDR>"), &arena);
        assert_int_equal(
                filter_set(s.filter, SLICE("addfailregex"), &arguments, &arena, &answer, NULL), 0);
        assert_true(filter_generation(s.filter) > generation);
        assert_slice(filter_clauses(s.filter, SLICE_NULL, &count)[3].items[0], "beta");
        assert_int_equal(count, 4);
        assert_false(filter_is_hopeless(s.filter, 4));
        assert_true(filter_is_hopeless(s.filter, 12));
        subject_done(&s);
        subject_init(&s, FILTER_DAEMON, &clock, lines, 2);
        (void)filter_clauses(s.filter, SLICE_NULL, &count);
        assert_int_equal(count, 0);
        assert_false(filter_is_hopeless(s.filter, PREFILTER_ALL));
        subject_done(&s);
        subject_init(&s, FILTER_DAEMON, &clock, NULL, 0);
        (void)filter_clauses(s.filter, SLICE_NULL, &count);
        assert_int_equal(count, 0);
        assert_false(filter_is_hopeless(s.filter, PREFILTER_ALL));
        subject_done(&s);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_without_literals_do_the_same_hinted_and_not),
                cmocka_unit_test(a_sample_decides_between_clauses),
                cmocka_unit_test(literals_follow_the_options),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
