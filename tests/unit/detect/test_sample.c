/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/sample.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "detect/pattern.h"

static struct sample make(
        const char *regex, uint64_t seed, struct arena *arena, const char *through) {
        struct sample sample;
        struct syntax_node *root = syntax_parse(slice_of(regex), arena);
        const struct syntax_node *node = NULL;
        assert_non_null(root);
        for (const struct syntax_node *child = root->child; through && child; child = child->next)
                if (slice_is(slice_sub(slice_of(regex), child->start, child->end), through))
                        node = child;
        const struct sample_wish wish = {
                .seed = seed, .address = SLICE("192.0.2.1"), .through = node};
        assert_int_equal(sample_make(root, &wish, arena, &sample), 0);
        return sample;
}

static void first_sample_is_the_plainest(void **state) {
        static const struct {
                const char *regex, *text;
        } rows[] = {
                {"^abc$",                                  "abc"             },
                {"a.*b",                                   "axb"             },
                {"a(?:b|c)?d",                             "ad"              },
                {"(?:b|c)\\d{3}\\s",                       "b111 "           },
                {"[^a-z]",                                 "1"               },
                {"(?P<q>['\"])x(?P=q)",                    "\"x\""           },
                {"(a|b)\\1",                               "aa"              },
                {"from (?:(?P<dns>\\w+)|(?P<ip4>\\S+)) x", "from 192.0.2.1 x"},
                {"id (?P<fid>\\S+)",                       "id 192.0.2.1"    },
                {"(?:x (?P<ip4>\\S+))?",                   "x 192.0.2.1"     },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct sample sample = make(rows[i].regex, 0, &arena, NULL);
                if (!slice_is(sample.text, rows[i].text))
                        fail_msg("%s: %.*s", rows[i].regex, SLICE_ARG(sample.text));
                arena_done(&arena);
        }
}

static void samples_match_their_regex(void **state) {
        static const char *const regexes[] = {"^a[b-f]{2,5}(?:x|\\d+|[^\\s\"]*) y?$",
                "^\\w+(?:\\.\\w+)*@[^@]+$", "(?i)^(?:Ab|c)+\\s\\S{1,3}$",
                "^(.)(?P<n>\\d)\\1(?P=n)"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct pattern *pattern = NULL;
                struct fault fault = FAULT_INIT;
                assert_int_equal(
                        pattern_compile(slice_of(regexes[i]), PATTERN_PLAIN, &pattern, &fault), 0);
                for (uint64_t seed = 0; seed < 100; seed++) {
                        struct arena arena = ARENA_INIT;
                        struct pattern_match match;
                        struct slice text = make(regexes[i], seed, &arena, NULL).text;
                        if (pattern_search(pattern, text, 0, text.len, &match, &fault) != 1)
                                fail_msg("%s: %.*s", regexes[i], SLICE_ARG(text));
                        arena_done(&arena);
                }
                (void)pattern_free(pattern);
        }
}

static void seeds_make_other_texts(void **state) {
        struct arena arena = ARENA_INIT;
        unsigned same = 0;
        struct slice last = SLICE("");
        (void)state;
        for (uint64_t seed = 1; seed < 20; seed++) {
                struct slice text = make("\\w{8}", seed, &arena, NULL).text;
                same += slice_equal(text, last);
                last = text;
        }
        assert_int_equal(same, 0);
        arena_done(&arena);
}

static void wanted_part_is_in_it_and_is_known(void **state) {
        struct arena arena = ARENA_INIT;
        (void)state;
        for (uint64_t seed = 0; seed < 20; seed++) {
                struct sample sample = make("a(?:bb|c)*d?e", seed, &arena, "d?");
                struct slice part = slice_sub(sample.text, sample.begin, sample.end);
                assert_true(slice_is(part, "d"));
        }
        arena_done(&arena);
}

static void repeats_without_end_are_given_up(void **state) {
        static const char *const regexes[] = {
                "(?:(?:a{60000}){60000}){60000}", "(?:(?:(?:){60000}){60000}){60000}"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct sample sample;
                struct sample_wish wish = {.address = SLICE("")};
                struct syntax_node *root = syntax_parse(slice_of(regexes[i]), &arena);
                assert_int_equal(sample_make(root, &wish, &arena, &sample), -E2BIG);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_sample_is_the_plainest),
                cmocka_unit_test(samples_match_their_regex),
                cmocka_unit_test(seeds_make_other_texts),
                cmocka_unit_test(wanted_part_is_in_it_and_is_known),
                cmocka_unit_test(repeats_without_end_are_given_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
