/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/groups.h"

#include "../cmocka_include.h"
#include "base/repr.h"

static struct arena arena;

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
                struct failregex *regex = NULL;
                struct pattern_match match;
                struct slice line = slice_of(rows[i].line);
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_PLAIN, &regex, NULL),
                        0);
                assert_int_equal(
                        pattern_search(regex->pattern, line, 0, line.len, &match, NULL), 1);
                struct fields groups = groups_read(regex, line, &match, &arena);
                (void)failregex_free(regex);
                struct value dict = fields_dict(&groups, &arena);
                assert_slice(repr(&dict, &arena), rows[i].groups);
        }
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_merge_as_in_fail2ban),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
