/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_begin.h"

#include <string.h>

#include "../cmocka_include.h"
#include "base/buffer.h"

/* What is known of the first bytes: a character, "." for none, "~" for some of its bits. */
static void show(const char *regex, char ret[REGEX_BEGIN_BYTES + 1]) {
        struct regex_begin begin;
        uint8_t bits[REGEX_BEGIN_BYTES], mask[REGEX_BEGIN_BYTES];
        assert_true(regex_begin_find((struct slice){regex, strlen(regex)}, &begin));
        memcpy(bits, begin.bits, sizeof(bits));
        memcpy(mask, begin.mask, sizeof(mask));
        for (size_t i = 0; i < REGEX_BEGIN_BYTES; i++) {
                assert_int_equal(bits[i] & ~mask[i], 0);
                ret[i] = mask[i] == 0x7f ? (char)bits[i] : mask[i] == 0 ? '.' : '~';
        }
        ret[REGEX_BEGIN_BYTES] = '\0';
}

static void first_bytes_are_found(void **state) {
        static const char *const cases[][2] = {
                {"^Failed publickey for", "Failed publickey"},
                {"^ab",                   "ab.............."},
                {"^[aA]uth",              "~uth............"},
                {"^(?:abc|abd|a2)",       "a~.............."},
                {"^(?:abc|abd)x",         "ab~x............"},
                {"^(?:abc)?d",            "~..............."},
                {"^a(?:bc)?bc",           "abc............."},
                {"^a(?:bc)?bcbcd",        "abcbc~.........."},
                {"^a{3}b",                "aaab............"},
                {"^a{20}b",               "aaaaaaaaaaaaaaaa"},
                {"^a{2,3}b",              "aa~............."},
                {"^(?:ab)+",              "ab.............."},
                {"^(?:ab){3}",            "ababab.........."},
                {"^(?P<x>a(?P<y>b))c",    "abc............."},
                {"^(?P<x>a)?(?(x)bc|dc)", "~~.............."},
                {"^(?:xa|ya)(?:bc|dc)e",  "~a~ce..........."},
                {"^a(?=bc)",              "a..............."},
                {"^a(?!bc)d\\b",          "ad.............."},
                {"^a$",                   "a..............."},
                {"^(?:a|b$)c",            "~c.............."},
                {"^.abc",                 ".abc............"},
                {"^\\S*abc",              "................"},
                {"^\\dx",                 "~x.............."},
                {"^",                     "................"},
        };
        char known[REGEX_BEGIN_BYTES + 1];
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                show(cases[i][0], known);
                if (strcmp(known, cases[i][1]) != 0)
                        fail_msg("%s: '%s', not '%s'", cases[i][0], known, cases[i][1]);
        }
}

static bool fits(const char *regex, const char *line) {
        struct regex_begin begin;
        assert_true(regex_begin_find((struct slice){regex, strlen(regex)}, &begin));
        return regex_begin_fits(&begin, (struct slice){line, strlen(line)});
}

static void lines_fit_or_do_not(void **state) {
        (void)state;
        assert_true(fits("^Failed publickey for", "Failed publickey for root\n"));
        assert_false(fits("^Failed publickey for", "Failed password for root\n"));
        assert_true(fits("^Failed publickey for", "Failed publick\n"));
        assert_true(fits("^Failed publickey for", "Failed\n"));
        assert_false(fits("^[aA]uth", "butter and bread\n"));
        assert_true(fits("^\\d\\d", "17, and some more\n"));
        assert_false(fits("^\\d\\d", "1a, and some more\n"));
}

static void first_characters_are_known(void **state) {
        struct regex_begin begin;
        (void)state;
        assert_true(regex_begin_find(SLICE("^(?:a|b)?c"), &begin));
        assert_true(regex_set_has(&begin.first, 'a') && regex_set_has(&begin.first, 'c'));
        assert_false(regex_set_has(&begin.first, 'd'));
        assert_true(regex_begin_find(SLICE("^a*$"), &begin));
        assert_true(regex_set_has(&begin.first, 'z'));
}

/* Whether anything is known of a regex with so many repeats in each other; each of them makes what
 * there is to do some times as much. */
static bool is_known(unsigned depth) {
        struct regex_begin begin;
        struct buffer regex = BUFFER_INIT((size_t)1 << 20);
        (void)buffer_append(&regex, SLICE("^"));
        for (unsigned i = 0; i < depth; i++)
                (void)buffer_append(&regex, SLICE("(?:"));
        (void)buffer_append(&regex, SLICE("ab?"));
        for (unsigned i = 0; i < depth; i++)
                (void)buffer_append(&regex, SLICE("c?)+"));
        struct arena arena = ARENA_INIT;
        struct regex_tree tree;
        assert_true(regex_tree_read(buffer_view(&regex), 0, &arena, &tree));
        arena_done(&arena);
        bool found = regex_begin_find(buffer_view(&regex), &begin);
        buffer_done(&regex);
        return found;
}

static void what_is_not_known_is_told(void **state) {
        struct regex_begin begin;
        (void)state;
        assert_false(regex_begin_find(SLICE("unbound"), &begin));
        assert_true(is_known(5));
        assert_false(is_known(20));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_bytes_are_found),
                cmocka_unit_test(lines_fit_or_do_not),
                cmocka_unit_test(first_characters_are_known),
                cmocka_unit_test(what_is_not_known_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
