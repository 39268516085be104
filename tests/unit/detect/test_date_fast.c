/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recognisers against their regexes: on every text that a recogniser is sure of, the regex must find the same match and time. */
#include "detect/date_fast.h"

#include "../cmocka_include.h"
#include "detect/date_pool.h"

#define NOW_US 1709629200000000
#define YEAR 2024
#define ROUNDS 60000
#define LINE_MAX_BYTES 128

struct sample {
        const char *pattern;
        const char *line;
        size_t from, to; /* window; 0, 0: the whole line */
};

#define ISO "%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?"
#define SYSLOG "(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?"
#define CLF "%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?"

static const struct sample samples[] = {
        {"{^LN-BEG}" SYSLOG,       "Mar  5 10:00:00 host sshd[12]: x",                       0,  0 },
        {"{^LN-BEG}" SYSLOG,       "Dec 31 23:59:59: host x",                                0,  0 },
        {"{^LN-BEG}" SYSLOG,       "[Tue Mar 05 10:00:00.123456 2024] [core:error] x",       0,  0 },
        {"{^LN-BEG}" SYSLOG,       "Tue Mar  5 10:00:00 2023 x",                             0,  0 },
        {"{^LN-BEG}" SYSLOG,       "Mar  5 10:00:00.5 2024",                                 0,  0 },
        {SYSLOG,                   "x Sun Mar  5 10:00:00.5|",                               2,  23},
        {"{^LN-BEG}" ISO,          "2024-03-05T10:00:00.123456+01:00 host x",                0,  0 },
        {"{^LN-BEG}" ISO,          "[2024-03-05 10:00:00] x",                                0,  0 },
        {"{^LN-BEG}" ISO,          "2023/12/31 10:00:00,123 Z",                              0,  0 },
        {"{^LN-BEG}" ISO,          "2023.12.31 10:00:00 -0330 x",                            0,  0 },
        {"{^LN-BEG}" CLF,          "[05/Mar/2024:10:00:00 +0100] x",                         0,  0 },
        {"{^LN-BEG}" CLF,          "05-Mar-2024 10:00:00.123 x",                             0,  0 },
        {"{^LN-BEG}EPOCH",         "1709629200.123    234 1.2.3.4",                          0,  0 },
        {"{^LN-BEG}EPOCH",         "[1709629200] x",                                         0,  0 },
        {"EPOCH",                  "17096292001 x",                                          0,  11},
        {"{^LN-BEG}TAI64N",        "@4000000065e6e1a000000000 x",                            0,  0 },
        {"TAI64N",                 "x @4000000065e6e1a000000000 x",                          2,  27},
        {CLF,                      "1.2.3.4 - - [05/Mar/2024:10:00:00 +0000] \"GET / HTTP", 13, 39},
        {ISO,                      "host: 2024-03-05 10:00:00.5 +0000 x",                    6,  33},
        {SYSLOG,                   "x|Mar  5 10:00:00|",                                     2,  17},
        {"^[^\\[]*\\[(" CLF ")",   "1.2.3.4 - - [05/Mar/2024:10:00:00 +0000] \"GET / HTTP", 0,  0 },
        {"^[^\\[]*\\[(" ISO ")",   "a [2024-03-05 10:00:00] b",                              0,  0 },
        {"^<\\d+>\\d+\\s+" ISO,    "<34>1 2024-03-05T10:00:00.003Z host x",                  0,  0 },
};

static uint64_t seed = 0x9e3779b97f4a7c15;

static size_t below(size_t n) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (size_t)(seed >> 11) % n;
}

/* One to three changes of one byte each; text stays valid UTF-8. */
static size_t mutate(char *line, size_t len) {
        static const char *const pieces[] = {"0", "1", "2", "3", "5", "6", "9", " ", "  ", ":", ".", ",", "-", "/", "+", "T", "Z",
                "z", "_", "[", "]", "@", "\t", "\x1c", "x", "G", "UTC", "gmt", "\xc3\xa9", "\xc2\xa0", "\xd9\xa2", "2024", " 2024",
                "Jan", "FEB", ".123", ".12", ".1234567", "a", "\xef\xbf\xbd", "<", "(", "00", "Mon "};
        for (size_t n = below(3) + 1; n > 0; n--) {
                const char *piece = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
                size_t at = below(len + 1);
                while (at > 0 && at < len && ((unsigned char)line[at] & 0xc0) == 0x80)
                        at--;
                size_t gone = at < len && (unsigned char)line[at] < 0x80 ? below(2) : 0;
                size_t piece_len = below(8) == 0 ? 0 : strlen(piece);
                if (len - gone + piece_len > LINE_MAX_BYTES)
                        continue;
                memmove(line + at + piece_len, line + at + gone, len - at - gone);
                memcpy(line + at, piece, piece_len);
                len = len - gone + piece_len;
        }
        return len;
}

static struct date_template *template_of(const char *pattern) {
        struct date_template *template;
        struct fault fault = FAULT_INIT;
        if (date_pool_get(slice_of(pattern), YEAR, &template, &fault) < 0)
                fail_msg("%s", fault_text(&fault));
        assert_int_not_equal(template->fast.body, DATE_FAST_NONE);
        return template;
}

static void assert_same(struct date_template *template, struct slice line, size_t from, size_t to,
        const struct date_hit *fast, struct calendar *calendar) {
        struct date_hit hit;
        struct date_time time[2] = {{0, false}, {0, false}};
        struct fault fault = FAULT_INIT;
        if (date_template_search(template, line, from, to, &hit, &fault) != 1)
                fail_msg("only the recogniser finds '%.*s' (%s)", SLICE_ARG(line), fault_text(&fault));
        if (memcmp(&hit.span, &fast->span, sizeof(hit.span)) != 0)
                fail_msg("'%.*s': %zu %zu cut %zu %zu, regex %zu %zu cut %zu %zu", SLICE_ARG(line), fast->span.start,
                        fast->span.end, fast->span.cut_start, fast->span.cut_end, hit.span.start, hit.span.end,
                        hit.span.cut_start, hit.span.cut_end);
        int results[2] = {date_template_time(template, fast, calendar, NULL, &time[0], &fault),
                date_template_time(template, &hit, calendar, NULL, &time[1], &fault)};
        if (results[0] != results[1] || memcmp(&time[0].seconds, &time[1].seconds, sizeof(double)) != 0 ||
                time[0].integral != time[1].integral)
                fail_msg("'%.*s': %d %f, regex %d %f", SLICE_ARG(line), results[0], time[0].seconds, results[1],
                        time[1].seconds);
}

static void check_sample(const struct sample *sample, struct calendar *calendar) {
        struct date_template *template = template_of(sample->pattern);
        size_t sure = 0;
        for (size_t i = 0; i < ROUNDS; i++) {
                char text[LINE_MAX_BYTES];
                size_t len = strlen(sample->line);
                memcpy(text, sample->line, len);
                if (i > 0)
                        len = mutate(text, len);
                struct slice line = {text, len};
                size_t to = sample->to > 0 && sample->to < len ? sample->to : len;
                while (to < len && ((unsigned char)text[to] & 0xc0) == 0x80)
                        to++;
                size_t from = sample->from < to ? sample->from : to;
                while (from < to && ((unsigned char)text[from] & 0xc0) == 0x80)
                        from++;
                struct date_hit fast;
                if (!date_template_search_fast(template, line, from, to, &fast)) {
                        if (i == 0)
                                fail_msg("unsure of the sample '%s' itself", sample->line);
                        continue;
                }
                sure++;
                assert_same(template, line, from, to, &fast, calendar);
        }
        assert_true(sure > ROUNDS / 100);
        date_pool_put(template);
}

static void recognisers_equal_their_regexes(void **state) {
        (void)state;
        setenv("TZ", "Europe/Berlin", 1);
        struct clock clock;
        struct calendar calendar;
        clock_fix(&clock, NOW_US);
        calendar_init(&calendar, &clock);
        for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
                check_sample(&samples[i], &calendar);
}

static void other_patterns_have_no_recogniser(void **state) {
        (void)state;
        static const char *const patterns[] = {"%Y-%m-%d", "{^LN-BEG}%H:%M:%S", "^" SYSLOG, SYSLOG "x", "{UNB}" ISO};
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
                assert_int_equal(date_fast_of(slice_of(patterns[i]), YEAR).body, DATE_FAST_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recognisers_equal_their_regexes),
                cmocka_unit_test(other_patterns_have_no_recogniser),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
