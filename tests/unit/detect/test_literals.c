/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/literals.h"

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/pattern.h"

static struct slice shown(const struct literals *literals, struct arena *arena) {
        struct slice text = literals->caseless ? SLICE("(?i)") : SLICE("");
        for (size_t i = 0; i < literals->count; i++)
                text = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(text), i > 0 ? "|" : "",
                        SLICE_ARG(literals->items[i]));
        return text;
}

static void best_clause_is_found(void **state) {
        static const struct {
                const char *regex;
                const char *clause;
        } rows[] = {
                {"^Failed password for .* from <HOST>$",    "Failed password for "},
                {"abc",                                     "abc"                 },
                {"",                                        ""                    },
                {"a|b",                                     "a|b"                 },
                {"foo|",                                    ""                    },
                {"(?:foo|bar)baz",                          "foobaz|barbaz"       },
                {"x(?P<user>foo|\\S+)end",                  "end"                 },
                {"(?P<a>foo)\\d(?P=a)",                     "foo"                 },
                {"sshd(?:-session)?\\[",                    "sshd-session[|sshd[" },
                {"(?:abc)*de",                              "de"                  },
                {"(?:abc)+d",                               "abc"                 },
                {"(?:abc){0,2}d",                           "d"                   },
                {"(?:abc){2}d",                             "abc"                 },
                {"abc{1,2}",                                "ab"                  },
                {"ab{cd",                                   "ab{cd"               },
                {"ab{,3}cde",                               "cde"                 },
                {"[Ff]ailed",                               "Failed|failed"       },
                {"[a-z]xyz[^q]",                            "xyz"                 },
                {"[]a]xyz",                                 "xyz"                 },
                {"(?i)Login|PLAIN",                         "(?i)login|plain"     },
                {"(?i:LOGIN) failed",                       "(?i)login failed"    },
                {"(?x) a b c",                              ""                    },
                {"long enough(?=ahead of it)",              "long enough"         },
                {"(?<=before)xy",                           "xy"                  },
                {"(?(1)abc|def)gh",                         "gh"                  },
                {"a\\.b\\x41\\[",                           "a.bA["               },
                {"one\\ntwo2",                              "two2"                },
                {"\\w+\\s\\d",                              ""                    },
                {"^\\[?(?:\\d{1,3}\\.){3}\\d+\\]?: denied", ": denied"            },
                {"- \\S+ \\[\\] \"(GET|POST) .*\" 404 .+$", "\" 404 "             },
                {"^\\[\\] \\S+$",                           "[] "                 },
                {"(?:x\\[\\]y|)\\d",                        ""                    },
                {"caf\xc3\xa9 xy",                          "caf"                 },
                {"\\u0041bcd",                              "bcd"                 },
                {"(a(b(c)))\\1d",                           "abc"                 },
                {"a?b",                                     "b"                   },
                {"ab??c",                                   "abc|ac"              },
                {"(?#comment)abc",                          "abc"                 },
                {"(?#a\\)abc)xyz",                          "xyz"                 },
                {"(?#a\\\\)abc",                            "abc"                 },
                {"abcd(?#c)?ef",                            "abcdef|abcef"        },
                {"abcd(?#c)(?#\\))*ef",                     "abc"                 },
                {"ab(?#c)cd",                               "abcd"                },
        };
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct literals literals = literals_of(slice_of(rows[i].regex), &arena);
                assert_slice(shown(&literals, &arena), rows[i].clause);
        }
        arena_done(&arena);
}

static size_t clause_of_words(struct arena *arena, int words) {
        struct buffer regex = BUFFER_INIT(1 << 20);
        for (int i = 0; i < words; i++)
                assert_int_equal(buffer_printf(&regex, "%sBot%d/1\\.0", i > 0 ? "|" : "", i), 0);
        size_t count = literals_of(buffer_view(&regex), arena).count;
        buffer_done(&regex);
        return count;
}

/* Lists of bad robots have some hundred names; each line would be searched for all of them. */
static void a_long_list_of_words_is_a_clause(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        assert_int_equal(clause_of_words(&arena, LITERALS_CLAUSE_MAX), LITERALS_CLAUSE_MAX);
        assert_int_equal(clause_of_words(&arena, LITERALS_CLAUSE_MAX + 1), 0);
        arena_done(&arena);
}

static void regexes_that_match_all_lines_are_known(void **state) {
        static const struct {
                const char *regex;
                bool all;
        } rows[] = {
                {"",                                        true },
                {".",                                       false},
                {".*",                                      true },
                {"^.+$",                                    true },
                {"^.+?$",                                   true },
                {"^.++$",                                   false},
                {"^(?P<mlfid>(?:x )?\\s*)(?P<content>.+)$", true },
                {"^(?:\\[\\d+\\])*(?i:a?)(.*)$",            true },
                {"^(?:x)*+(.+)$",                           false},
                {"^(?>x?)(.+)$",                            false},
                {"^(?!x)(.+)$",                             false},
                {"^(?:a|.+)$",                              true },
                {"^(?:a|b)?(.+)$",                          true },
                {"^(?:a|b)(.+)$",                           false},
                {"^x{0,2}.+$",                              true },
                {"^x{1,2}.+$",                              false},
                {".+^",                                     false},
                {"$.+",                                     false},
                {"^.+.+$",                                  false},
                {"^.+(?:x|y?)$",                            true },
                {"^(?P<a>x)?.+(?P=a)$",                     false},
                {"^(x)?(?(1)y|z).+$",                       false},
                {"^\\b.+$",                                 false},
                {"\\A.+\\Z",                                false},
                {"(?x)^ .+ $",                              false},
        };
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (literals_of(slice_of(rows[i].regex), &arena).in_all_lines != rows[i].all)
                        fail_msg("%s", rows[i].regex);
        arena_done(&arena);
}

static void too_deep_a_regex_promises_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct buffer regex = BUFFER_INIT(4096);
        for (int i = 0; i < LITERALS_DEPTH_MAX + 2; i++)
                assert_int_equal(buffer_append_char(&regex, '('), 0);
        assert_int_equal(buffer_append(&regex, SLICE("abc")), 0);
        for (int i = 0; i < LITERALS_DEPTH_MAX + 2; i++)
                assert_int_equal(buffer_append_char(&regex, ')'), 0);
        assert_int_equal(literals_of(buffer_view(&regex), &arena).count, 0);
        buffer_done(&regex);
        arena_done(&arena);
}

/* A clause without the NUL would deny lines that match. */
static void a_nul_is_a_character_of_a_literal(void **state) {
        (void)state;
        static const struct slice regexes[] = {
                {"ab\\x00cd",     8 },
                {"ab\0cd",        5 },
                {"ab\\\0cd",      6 },
                {"(?:ab\\x00)cd", 12},
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct literals literals = literals_of(regexes[i], &arena);
                assert_int_equal(literals.count, 1);
                assert_int_equal(literals.items[0].len, 5);
                assert_memory_equal(literals.items[0].data, "ab\0cd", 5);
        }
        arena_done(&arena);
}

static void all_that_is_required_is_a_choice(void **state) {
        static const struct {
                const char *regex;
                const char *choices; /* the best one first */
        } rows[] = {
                {"^\\[(?:error|crit)\\] \\d+ (.*), client: <",
                 ", client: < / [error] |[crit]  / , client: <"                               },
                {"^(?=(?:[Ff]ile|stderr from) )(.+) there$",
                 " there / File |file |stderr from  /  there"                                 },
                {"abcd.efgh|ijkl.mnop",                        "abcd|ijkl"                    },
                {"abcd(?:efgh.)?ijkl",                         "abcd / abcd / ijkl"           },
                {"abc.defg",                                   "defg / defg"                  },
                {"(?=abcd)?(?!efgh)(?<=ijkl)x",                "x"                            },
                {"(?:(?=abcd)x|y)+z(.)",                       "z"                            },
                {"(?:(?=abcd)xefgh|yefgh)z(.)",                "xefghz|yefghz / xefghz|yefghz"},
                {"abcd[]]efgh\\[\\]",                          "abcd / abcd"                  },
                {".",                                          ""                             },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct literals choices[LITERALS_CHOICES_MAX + 1];
                struct buffer all = BUFFER_INIT(1000);
                size_t count = literals_choices(slice_of(rows[i].regex), &arena, choices);
                for (size_t k = 0; k < count; k++) {
                        (void)buffer_append(&all, slice_of(k > 0 ? " / " : ""));
                        (void)buffer_append(&all, shown(&choices[k], &arena));
                        assert_int_equal(choices[k].in_all_lines, choices[0].in_all_lines);
                }
                if (!slice_is(buffer_view(&all), rows[i].choices))
                        print_message("%.*s\n", SLICE_ARG(buffer_view(&all)));
                assert_slice(buffer_view(&all), rows[i].choices);
                buffer_done(&all);
                arena_done(&arena);
        }
}

/* ---- soundness: no regex matches a text that lacks its clause ---- */

static uint32_t seed = 12345;

static uint32_t pick(uint32_t below) {
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % below;
}

static void make_regex(struct buffer *out, int depth) {
        static const char *const atoms[] = {"a", "b", "B", "ab", "ba", ".", "[ab]", "[^a]", "\\w",
                "\\.", "^", "$", "\\b", "(?=ab)", "(?!b)", "aabA"};
        static const char *const repeats[] = {
                "", "", "", "", "?", "*", "+", "{2}", "{0,1}", "{1,2}", "??"};
        static const char *const opens[] = {"(", "(?:", "(?i:", "(?-i:"};
        uint32_t items = 1 + pick(4);
        for (uint32_t i = 0; i < items; i++) {
                if (depth > 0 && pick(3) == 0) {
                        (void)buffer_append(out, slice_of(opens[pick(4)]));
                        make_regex(out, depth - 1);
                        if (pick(2)) {
                                (void)buffer_append_char(out, '|');
                                make_regex(out, depth - 1);
                        }
                        (void)buffer_append_char(out, ')');
                        (void)buffer_append(out, slice_of(repeats[pick(11)]));
                } else {
                        uint32_t atom = pick(16);
                        (void)buffer_append(out, slice_of(atoms[atom]));
                        if (atom < 10)
                                (void)buffer_append(out, slice_of(repeats[pick(11)]));
                }
        }
}

static bool holds(struct slice subject, const struct literals *literals) {
        for (size_t i = 0; i < literals->count; i++)
                for (size_t at = 0; at + literals->items[i].len <= subject.len; at++) {
                        struct slice piece = slice_sub(subject, at, at + literals->items[i].len);
                        if (literals->caseless ? slice_equal_nocase(piece, literals->items[i])
                                               : slice_equal(piece, literals->items[i]))
                                return true;
                }
        return literals->count == 0;
}

static unsigned check_subjects(
        const struct pattern *pattern, const struct literals *literals, struct slice regex) {
        unsigned matches = 0;
        for (int i = 0; i < 30; i++) {
                char subject[12];
                size_t len = pick(sizeof(subject));
                for (size_t k = 0; k < len; k++)
                        subject[k] = "abAB.-"[pick(6)];
                struct pattern_match match;
                struct fault fault = FAULT_INIT;
                int r = pattern_search(
                        pattern, (struct slice){subject, len}, 0, len, &match, &fault);
                fault_done(&fault);
                matches += r == 1;
                if (r == 1 && !holds((struct slice){subject, len}, literals))
                        fail_msg("'%.*s' matches '%.*s' without a literal", SLICE_ARG(regex),
                                (int)len, subject);
        }
        return matches;
}

static void no_match_is_without_its_clause(void **state) {
        (void)state;
        unsigned compiled = 0;
        unsigned with_clause = 0;
        unsigned matches = 0;
        for (int i = 0; i < 20000; i++) {
                struct arena arena = ARENA_INIT;
                struct buffer regex = BUFFER_INIT(65536);
                struct pattern *pattern = NULL;
                struct fault fault = FAULT_INIT;
                make_regex(&regex, 3);
                if (pattern_compile(buffer_view(&regex), PATTERN_PLAIN, &pattern, &fault) == 0) {
                        struct literals choices[LITERALS_CHOICES_MAX + 1];
                        size_t count = literals_choices(buffer_view(&regex), &arena, choices);
                        compiled++;
                        with_clause += choices[0].count > 0;
                        for (size_t k = 0; k < count; k++)
                                matches +=
                                        check_subjects(pattern, &choices[k], buffer_view(&regex));
                }
                fault_done(&fault);
                pattern_free(pattern);
                buffer_done(&regex);
                arena_done(&arena);
        }
        assert_true(compiled > 10000 && with_clause > 5000 && matches > 50000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(best_clause_is_found),
                cmocka_unit_test(a_long_list_of_words_is_a_clause),
                cmocka_unit_test(regexes_that_match_all_lines_are_known),
                cmocka_unit_test(too_deep_a_regex_promises_nothing),
                cmocka_unit_test(a_nul_is_a_character_of_a_literal),
                cmocka_unit_test(all_that_is_required_is_a_choice),
                cmocka_unit_test(no_match_is_without_its_clause),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
