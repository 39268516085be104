/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/lean.h"

#include "../cmocka_include.h"
#include "detect/pattern.h"

static void regexes_have_a_lean_form_or_none(void **state) {
        static const struct {
                const char *regex;
                const char *text; /* NULL: none */
                bool drops_newline;
                const char *absent, *once;
        } rows[] = {
                {"^a(?P<content>.+)$",                        "^a(?P<content>(?s:.+))$",                            true,  "",   ""    },
                {"^a(.+)$",                                   "^a((?s:.+))$",                                       true,  "",   ""    },
                {"^(?<=x)a(?:.+)$",                           "^(?<=x)a(?:(?s:.+))$",                               true,  "",   ""    },
                {"^[(](?P<content>.+)$",                      "^[(](?P<content>(?s:.+))$",                          true,  "",   ""    },
                {"^a(?P<content>\\.+)$",                      NULL,                                                 false, "",   ""    },
                {"^a(?P<content>x.+)$",                       NULL,                                                 false, "",   ""    },
                {"^a(?P<content>x|.+)$",                      NULL,                                                 false, "",   ""    },
                {"^a((?P<content>.+)$)",                      NULL,                                                 false, "",   ""    },
                {"^a(x(?:.+))$",                              NULL,                                                 false, "",   ""    },
                {"x|^a(?P<content>.+)$",                      NULL,                                                 false, "",   ""    },
                {"^(?!b)(?P<content>.+)$",                    "^(?!b)(?P<content>(?s:.+))$",                        true,  "",   ""    },
                {"^(?=(?:[Fa-z] ?|(b)|\\w{2}.*\\.)+)(.+)$",
                 "^(?=(?:[Fa-z] ?|(b)|\\w{2}.*\\.)+)((?s:.+))$",                                                    true,  "",   ""    },
                {"^a(?=\\s)(?P<content>.+)$",                 NULL,                                                 false, "",   ""    },
                {"^a(?=\\W)(?P<content>.+)$",                 NULL,                                                 false, "",   ""    },
                {"^a(?=b$)(?P<content>.+)$",                  NULL,                                                 false, "",   ""    },
                {"^a(?!b\\b)(?P<content>.+)$",                NULL,                                                 false, "",   ""    },
                {"^a(?![^b])(?P<content>.+)$",                NULL,                                                 false, "",   ""    },
                {"^a(?![\\n])(?P<content>.+)$",               NULL,                                                 false, "",   ""    },
                {"^(?P<a>\\s)(?=(?P=a))(?P<content>.+)$",     NULL,                                                 false, "",   ""    },
                {"^(?P<a>\\s)?(?=(?(a)x|y))(?P<content>.+)$", NULL,                                                 false, "",   ""    },
                {"(?i)^a(?P<content>.+)$",                    NULL,                                                 false, "",   ""    },
                {"^(?>a+)(?P<content>.+)$",                   NULL,                                                 false, "",   ""    },
                {"^a++(?P<content>.+)$",                      NULL,                                                 false, "",   ""    },
                {"^(?#c)(?P<content>.+)$",                    NULL,                                                 false, "",   ""    },
                {"^(?(a)(?P<content>.+)$",                    NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?c(?(a): |d)",                    "^(?P<a>(?!)b+)?c(?(a): |d)",                         false, ": ", ""    },
                {"^(?P<a>b+)?(?!x$)(?(a): |d)(.+)$",          "^(?P<a>(?!)b+)?(?!x$)(?(a): |d)(.+)$",               false,
                 ": ",                                                                                                           ""    },
                {"^(?P<a>b+)?(?(a): |d)(.+)$",                "^(?P<a>(?!)b+)?(?(a): |d)((?s:.+))$",                true,  ": ",
                 ""                                                                                                                    },
                {"^(?P<a>b+)?c(?(a): |d)?",                   NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?(?:c(?(a): |d)|e)",              NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?c(?(a)[:]|d)",                   NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?c(?(a)|d)",                      NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?c(?(a):)",                       NULL,                                                 false, "",   ""    },
                {"^(?!(?P<a>b+))c(?(a): |d)",                 NULL,                                                 false, "",   ""    },
                {"^(?P<a>b+)?c(?(a): |d)|e",                  NULL,                                                 false, "",   ""    },
                {"^(b+)?c(?(1): |d)",                         NULL,                                                 false, "",   ""    },
                {"^a.*?,(.+)$",                               "^a[^\\,\\n]*+(?:\\,[^\\,\\n]*+)*?,((?s:.+))$",       true,  "",   ""    },
                {"^a(?P<b>.*, to) x.* end",
                 "^a(?P<b>[^\\,\\n]*+(?:\\,(?! to)[^\\,\\n]*+)*+, to) x.* end",                                     false, "",
                 ", to"                                                                                                                },
                {"^a.*, to(.*), to",
                 "^a[^\\,\\n]*+(?:\\,(?! to)[^\\,\\n]*+)*+, "
                        "to([^\\,\\n]*+(?:\\,(?! to)[^\\,\\n]*+)*+), to",                                           false, "",   ", to"},
                {"^(?P<a>.*?x)?c(?(a): |d)",                  "^(?P<a>(?!)[^x\\n]*+(?:x[^x\\n]*+)*?x)?c(?(a): |d)",
                 false,                                                                                                    ": ", ""    },
                {"^a(?=.*?x)",                                NULL,                                                 false, "",   ""    },
                {"^a(?<!.*?x)",                               NULL,                                                 false, "",   ""    },
                {"^a.*?,|b",                                  NULL,                                                 false, "",   ""    },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct lean lean;
                bool found = lean_find(slice_of(rows[i].regex), &lean);
                assert_int_equal(found, rows[i].text != NULL);
                if (found) {
                        assert_slice(buffer_view(&lean.text), rows[i].text);
                        assert_int_equal(lean.terms.drops_newline, rows[i].drops_newline);
                        assert_slice(lean.terms.absent, rows[i].absent);
                        assert_slice(lean.terms.once, rows[i].once);
                }
                lean_done(&lean);
        }
}

static void conditions_are_looked_at(void **state) {
        static const struct {
                bool drops_newline;
                const char *absent, *once;
                const char *subject;
                bool fits;
        } rows[] = {
                {true,  "",   "",    "ab\n",   true },
                {true,  "",   "",    "ab",     false},
                {true,  "",   "",    "a\nb\n", false},
                {true,  "",   "",    "a\nb",   false},
                {true,  "",   "",    "",       false},
                {true,  "",   "",    "\n",     true },
                {false, ": ", "",    "a:b :",  true },
                {false, ": ", "",    "a:: b",  false},
                {false, ": ", "",    ": ",     false},
                {true,  ": ", "",    "a:b\n",  true },
                {true,  ": ", "",    "a:b",    false},
                {false, "",   "aba", "ab",     true },
                {false, "",   "aba", "xabax",  true },
                {false, "",   "aba", "ababa",  false},
                {false, "",   "aba", "abaaba", false},
                {false, "x",  "aba", "xaba",   false},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct lean_terms terms = {
                        rows[i].drops_newline, slice_of(rows[i].absent), slice_of(rows[i].once)};
                assert_int_equal(lean_fits(&terms, slice_of(rows[i].subject)), rows[i].fits);
        }
}

static uint32_t next_random(uint32_t below) {
        static uint32_t seed = 7;
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

/* A line of words that the regexes below are about. */
static struct slice random_line(char *buffer, size_t size) {
        static const char *const words[] = {"Failed", " ", "password", " for ", "invalid user ",
                "root", " from ", "1.2.3.4", "::1", "host", " port 22", " ssh2", ": ", ":", "x",
                "a.b", "\n", "[1]", "sshd", "error: ", "\t", "publickey", "b"};
        static const char *const starts[] = {
                "Failed x for ", "Failed publickey for invalid user ", " h sshd[1]: ", ""};
        size_t len = (size_t)snprintf(buffer, size, "%s", starts[next_random(4)]);
        for (uint32_t left = next_random(9); left > 0; left--) {
                uint32_t word = next_random(sizeof(words) / sizeof(words[0]));
                if (words[word][0] == '\n' && next_random(3) > 0)
                        continue;
                len += (size_t)snprintf(buffer + len, size - len, "%s", words[word]);
        }
        if (next_random(8) > 0)
                len += (size_t)snprintf(buffer + len, size - len, "\n");
        return (struct slice){buffer, len};
}

/* The spans of a match, all groups. */
static size_t read_spans(const struct pattern_match *match, size_t groups, size_t *spans) {
        for (size_t group = 0; group <= groups; group++) {
                spans[2 * group] = spans[2 * group + 1] = SIZE_MAX;
                (void)pattern_match_span(match, group, &spans[2 * group], &spans[2 * group + 1]);
        }
        return 2 * (groups + 1);
}

/* PATTERN_SUBJECT_OTHER takes the form for any text, which is never lean. */
static unsigned compare(const struct pattern *pattern, struct slice line) {
        struct pattern_match match;
        size_t plain[2 * (PATTERN_GROUPS_MAX + 1)];
        size_t lean[2 * (PATTERN_GROUPS_MAX + 1)];
        size_t groups = pattern_group_count(pattern);
        int expected = pattern_search_whole(pattern, line, PATTERN_SUBJECT_OTHER, &match, NULL);
        size_t count = expected > 0 ? read_spans(&match, groups, plain) : 0;
        if (expected < 0)
                return 0; /* which may have been less work */
        assert_int_equal(
                pattern_search_whole(pattern, line, PATTERN_SUBJECT_ASCII, &match, NULL), expected);
        if (expected > 0)
                assert_int_equal(read_spans(&match, groups, lean), count);
        bool is_line = line.len > 0 && slice_find_char(line, '\n', 0) == line.len - 1;
        if (is_line)
                assert_int_equal(
                        pattern_search_whole(pattern, line, PATTERN_SUBJECT_LINE, &match, NULL),
                        expected);
        if (is_line && expected > 0)
                assert_int_equal(read_spans(&match, groups, lean), count);
        assert_memory_equal(plain, lean, count * sizeof(plain[0]));
        return expected > 0;
}

static void matches_are_the_same(void **state) {
        static const char *const regexes[] = {
                "^Failed (?:(?P<nofail>publickey)|\\S+) for (?P<inv>invalid user "
                ")?(?P<user>(?P<cond>\\S+)|"
                "(?(inv)(?:(?! from ).)*?|[^:]+)) from "
                "(?:(?P<ip4>(?:\\d{1,3}\\.){3}\\d{1,3})|(?P<ip6>[0-9a-f:]+)|"
                "(?P<dns>[\\w\\-.^_]*\\w))(?: port \\d+){0,2}(?: ssh\\d*)?(?(cond): |(?:(?:(?! "
                "from ).)*)$)",
                ("^(?P<mlfid>\\s*(?:\\S+\\s+)?(?:sshd(?:\\[\\d+\\])?:?\\s+)?)(?:error: "
                 ")?(?P<content>.+)$"),
                "(?P<a>b+|\\s)*\\s?(?(a): |x)(?P<rest>.+)$",
                "(?P<a>\\S+?)?[^:]*(?(a)::|b?)",
                "^\\s*(?:x$|\\b\\S|\\n)?(?P<content>.+)$",
                "(?P<a>x)?(?P<b>b|(?P=a))?(?(a): |.)$",
                "^(?P<content>.*) from (?:host|\\S+)(?: port \\d+)?(?:: \\S*)?\\s*$",
                "^(?P<user>\\S+|.*?)(?: from)? (?:1.2.3.4|::1)(?: [a-z]+)?\\s*$",
                "[^:]+ for (?P<user>.*?): (?:(?! from ).)*$",
        };
        char buffer[256];
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct pattern *pattern = NULL;
                struct lean lean;
                assert_true(lean_find(slice_of(regexes[i]), &lean));
                lean_done(&lean);
                assert_int_equal(
                        pattern_compile(slice_of(regexes[i]), PATTERN_PLAIN, &pattern, NULL), 0);
                unsigned matches = 0;
                for (unsigned round = 0; round < 20000; round++)
                        matches += compare(pattern, random_line(buffer, sizeof(buffer)));
                assert_true(matches > 20);
                (void)pattern_free(pattern);
        }
}

/* A regex of a few pieces, so that much of it can match in many ways. */
static void random_regex(struct buffer *out, unsigned depth) {
        static const char *const pieces[] = {"a", "b", ",", " ", "ab,a", ", ab", ".*", ".*", ".+",
                ".*?", ".*?", "[^:]*", "[^b]+", "[^,]*?", "\\S+", "\\s*", "a?", ",?", "b*", ":",
                "(?:(?!, ab).)*$", "(?:(?!a).)*$", "(?! a)", "(?=[ab]+)", "$", "\\w", "(?<=a)"};
        static const char *const opens[] = {"(", "(?:", "(?:a|", "(", "(?=.*?"};
        static const char *const closes[] = {")", ")", ")", ")?", ")*", "|b)", "|,)?", ")??"};
        for (uint32_t left = 1 + next_random(4); left > 0; left--) {
                if (depth > 0 && next_random(4) == 0) {
                        uint32_t kind = next_random(5);
                        (void)buffer_append(out, slice_of(opens[kind]));
                        random_regex(out, depth - 1);
                        (void)buffer_append(out, slice_of(closes[kind == 4 ? 0 : next_random(8)]));
                } else {
                        (void)buffer_append(out, slice_of(pieces[next_random(27)]));
                }
        }
}

static struct slice random_subject(char *buffer, size_t size) {
        static const char *const bits[] = {"a", "b", ",", " ", ", ab", "ab,a", ":", "x"};
        size_t len = 0;
        for (uint32_t left = next_random(12); left > 0; left--)
                len += (size_t)snprintf(buffer + len, size - len, "%s",
                        next_random(40) == 0 ? "\n" : bits[next_random(8)]);
        if (next_random(4) > 0)
                buffer[len++] = '\n';
        return (struct slice){buffer, len};
}

static void random_regexes_match_the_same(void **state) {
        unsigned lean_count = 0, matches = 0;
        (void)state;
        for (unsigned round = 0; round < 4000; round++) {
                struct buffer regex = BUFFER_INIT(4096);
                struct pattern *pattern = NULL;
                struct lean lean;
                char subject[128];
                if (next_random(2) == 0)
                        (void)buffer_append_char(&regex, '^');
                random_regex(&regex, 3);
                if (next_random(4) == 0)
                        (void)buffer_append(&regex, SLICE("(.+)$"));
                if (pattern_compile(buffer_view(&regex), PATTERN_PLAIN, &pattern, NULL) == 0) {
                        lean_count += lean_find(buffer_view(&regex), &lean);
                        lean_done(&lean);
                        for (unsigned i = 0; i < 2 * PATTERN_LEAN_AFTER + 60; i++)
                                matches +=
                                        compare(pattern, random_subject(subject, sizeof(subject)));
                }
                (void)pattern_free(pattern);
                buffer_done(&regex);
        }
        assert_true(lean_count > 500);
        assert_true(matches > 5000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regexes_have_a_lean_form_or_none),
                cmocka_unit_test(conditions_are_looked_at),
                cmocka_unit_test(matches_are_the_same),
                cmocka_unit_test(random_regexes_match_the_same),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
