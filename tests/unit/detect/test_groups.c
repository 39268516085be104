/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/groups.h"

#include "../cmocka_include.h"
#include "base/repr.h"

static struct arena arena;

static struct value read_groups(const char *text, const char *line) {
        struct failregex *regex = NULL;
        struct pattern_match match;
        assert_int_equal(
                failregex_new(slice_of(text), TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL), 0);
        assert_int_equal(
                pattern_search(regex->pattern, slice_of(line), 0, strlen(line), &match, NULL), 1);
        struct value groups = groups_read(regex, slice_of(line), &match, &arena);
        struct value copy = value_copy(&groups, &arena); /* names borrow from the regex */
        (void)failregex_free(regex);
        return copy;
}

static void groups_merge_as_in_fail2ban(void **state) {
        static const struct {
                const char *regex;
                const char *line;
                const char *groups;
        } rows[] = {
                {"(?P<b>b)?(?P<a>a)(x)",                              "ax",    "{'b': None, 'a': 'a'}"                   },
                {"(?P<alt_user_1>a*)-(?P<alt_user_2>b*)",             "aa-bb",
                 "{'alt_user_1': 'aa', 'alt_user_2': 'bb', 'user': 'aa'}"                                                },
                {"(?P<alt_user_1>a*)-(?P<alt_user_2>b*)",             "-bb",
                 "{'alt_user_1': '', 'alt_user_2': 'bb', 'user': 'bb'}"                                                  },
                {"(?P<user>x)?-(?P<alt_user>b*)",                     "-b",    "{'user': 'b', 'alt_user': 'b'}"          },
                {"(?P<user>x)?-(?P<alt_user>b*)",                     "x-b",   "{'user': 'x', 'alt_user': 'b'}"          },
                {"(?P<user>x)?-(?P<alt_user>b)?",                     "-",     "{'user': None, 'alt_user': None}"        },
                {"(?P<fid>\\d) (?P<tuple_id_1>x) (?P<tuple_id_2>y)?", "1 x ",
                 "{'fid': ('1', 'x', None), 'tuple_id_1': 'x', 'tuple_id_2': None}"                                      },
                {"(?P<tuple_user>b)",                                 "b",     "{'tuple_user': 'b', 'user': (None, 'b')}"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct value groups = read_groups(rows[i].regex, rows[i].line);
                assert_slice(repr(&groups, &arena), rows[i].groups);
        }
}

static struct value sample(void) {
        return read_groups("(?P<a>a)(?P<b>b)?(?P<c>)(?P<d>d)", "ad");
}

static void none_and_empty_are_not_there(void **state) {
        (void)state;
        struct value groups = sample();
        assert_non_null(groups_get(&groups, "a"));
        assert_null(groups_get(&groups, "b"));
        assert_non_null(groups_get(&groups, "c"));
        assert_null(groups_get(&groups, "x"));
        assert_true(groups_has(&groups, "a"));
        assert_false(groups_has(&groups, "b"));
        assert_false(groups_has(&groups, "c"));
        assert_false(groups_has(&groups, "x"));
}

static void take_removes_and_keeps_the_order(void **state) {
        (void)state;
        struct value groups = sample();
        assert_slice(groups_take(&groups, "a").string, "a");
        assert_int_equal(groups_take(&groups, "a").type, VALUE_NONE);
        assert_int_equal(groups_take(&groups, "b").type, VALUE_NONE);
        assert_slice(repr(&groups, &arena), "{'c': '', 'd': 'd'}");
}

static void overlay_leaves_what_newer_does_not_know(void **state) {
        (void)state;
        struct value groups = sample();
        struct value newer = read_groups("(?P<b>b)(?P<d>x)?(?P<e>e)", "be");
        struct value copy = groups_copy(&groups, &arena);
        groups_overlay(&groups, &newer, &arena);
        assert_slice(repr(&groups, &arena), "{'a': 'a', 'b': 'b', 'c': '', 'd': 'd', 'e': 'e'}");
        assert_slice(repr(&copy, &arena), "{'a': 'a', 'b': None, 'c': '', 'd': 'd'}");
        struct value known = groups_copy_known(&copy, &arena);
        assert_slice(repr(&known, &arena), "{'a': 'a', 'c': '', 'd': 'd'}");
}

/* Few letters, so that many keys are alike in what they are told apart by. */
static struct value random_dict(uint32_t *random) {
        static const char *const names[] = {
                "", "a", "b", "aa", "ab", "ba", "aba", "aaa", "bab", "abba", "abaa", "aaaa"};
        struct value dict = value_dict();
        for (unsigned i = 0; i < 8; i++) {
                *random = *random * 1103515245u + 12345u;
                struct value item =
                        (*random >> 8 & 3) == 0 ? VALUE_OF_NONE : value_int(*random >> 16);
                value_dict_put(&dict, value_text(names[(*random >> 16) % 12]), item, &arena);
        }
        return dict;
}

static void overlay_is_the_same_as_putting_each(void **state) {
        (void)state;
        uint32_t random = 1;
        for (unsigned round = 0; round < 2000; round++) {
                struct value groups = random_dict(&random);
                struct value newer = random_dict(&random);
                struct value expected = groups_copy(&groups, &arena);
                for (size_t i = 0; i < newer.list.count; i += 2)
                        if (newer.list.items[i + 1].type != VALUE_NONE)
                                value_dict_put(&expected, newer.list.items[i],
                                        newer.list.items[i + 1], &arena);
                groups_overlay(&groups, &newer, &arena);
                assert_true(value_equal(&groups, &expected));
        }
}

static void lengths_tell_which_keys_may_be_there(void **state) {
        (void)state;
        struct value groups = sample();
        assert_true(groups_lengths(&groups) == 2);
        groups_put(&groups, "nofail", value_int(1), &arena);
        assert_true(groups_lengths(&groups) == (2 | 1 << 6));
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_merge_as_in_fail2ban),
                cmocka_unit_test(none_and_empty_are_not_there),
                cmocka_unit_test(take_removes_and_keeps_the_order),
                cmocka_unit_test(overlay_leaves_what_newer_does_not_know),
                cmocka_unit_test(overlay_is_the_same_as_putting_each),
                cmocka_unit_test(lengths_tell_which_keys_may_be_there),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
