/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/matched_lines.h"

#include "../cmocka_include.h"

static void match_is_widened_to_lines(void **state) {
        static const struct {
                const char *lines; /* parted by '|' */
                const char *regex;
                const char *matched;
                const char *unmatched;
        } rows[] = {
                {"a|b|c",        "b",                             "b\n",       "a\nc\n"    },
                {"a|b|c",        "^a$",                           "a\n",       "b\nc\n"    },
                {"a|b|c",        "c\\n",                          "c\n",       "a\nb\n"    },
                {"a|b|c",        "a\\nb",                         "a\nb\n",    "c\n"       },
                {"a|b|c",        "\\nb",                          "b\n",       "a\nc\n"    },
                {"a|b|c",        "b\\n",                          "b\n",       "a\nc\n"    },
                {"a|b|c",        "(?s).*",                        "a\nb\nc\n", "\n"        },
                {"a|x|b|c",      "a$<SKIPLINES>^b",               "a\nb\n",    "x\nc\n"    },
                {"a|x|y|b",      "a$<SKIPLINES>^b",               "a\nb\n",    "x\ny\n"    },
                {"a|x|b|y|c|d",  "a$<SKIPLINES>^b$<SKIPLINES>^c", "a\nb\nc\n", "x\ny\nd\n" },
                {"z|a|a|x|b",    "a$<SKIPLINES>^b",               "a\nb\n",    "z\na\nx\n" },
                {"a|\xc3\xa9|b", "a$<SKIPLINES>^b",               "a\nb\n",    "\xc3\xa9\n"},
                {"a||b",         "a$<SKIPLINES>^b",               "a\nb\n",    "\n"        },
                {"only",         "x?",                            "only\n",    "\n"        },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct line_tuple items[8] = {0};
                struct line_list lines = {items, 0};
                struct slice rest = slice_of(rows[i].lines);
                while (slice_next_piece(&rest, '|', &items[lines.count].after))
                        lines.count++;
                struct failregex *regex = NULL;
                struct pattern_match match;
                struct matched_lines found;
                struct slice text = line_list_text(&lines, &arena);
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_MULTILINE, &regex, NULL),
                        0);
                assert_int_equal(
                        pattern_search(regex->pattern, text, 0, text.len, &match, NULL), 1);
                matched_lines_find(regex, text, &match, &lines, &arena, &found);
                assert_slice(line_list_text(&found.matched, &arena), rows[i].matched);
                assert_slice(line_list_text(&found.unmatched, &arena), rows[i].unmatched);
                (void)failregex_free(regex);
                arena_done(&arena);
        }
}

/* Lines are cut where Python's splitlines() cuts, so one with a form feed inside is not found, and
 * stays matched. */
static void skipped_line_with_an_inner_break_is_not_recognised(void **state) {
        struct arena arena = ARENA_INIT;
        struct line_tuple items[] = {
                {.after = SLICE("a")}, {.after = SLICE("x\fy")}, {.after = SLICE("b")}};
        struct line_list lines = {items, 3};
        struct failregex *regex = NULL;
        struct pattern_match match;
        struct matched_lines found;
        (void)state;
        struct slice text = line_list_text(&lines, &arena);
        assert_int_equal(failregex_new(SLICE("a$<SKIPLINES>^b"), TAG_HOSTS_NAMED, PATTERN_MULTILINE,
                                 &regex, NULL),
                0);
        assert_int_equal(pattern_search(regex->pattern, text, 0, text.len, &match, NULL), 1);
        matched_lines_find(regex, text, &match, &lines, &arena, &found);
        assert_int_equal(found.matched.count, 3);
        assert_int_equal(found.unmatched.count, 0);
        (void)failregex_free(regex);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(match_is_widened_to_lines),
                cmocka_unit_test(skipped_line_with_an_inner_break_is_not_recognised),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
