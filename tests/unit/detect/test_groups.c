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

static void groups_laid_over_fields_are_what_an_overlay_makes(void **state) {
        static const struct {
                const char *before, *before_line;
                const char *regex, *line;
                const char *fields;
        } rows[] = {
                {"(?P<mlfid>.*)",           "m",  "(?P<user>u)(?P<a>a)?",        "u",  "{'mlfid': 'm', 'user': 'u'}"},
                {"(?P<mlfid>.*)",           "m",  "(?P<user>u)(?P<mlfid>a)?",    "u",
                 "{'mlfid': 'm', 'user': 'u'}"                                                                      },
                {"(?P<mlfid>.)(?P<user>.)", "mn", "(?P<user>u)(?P<mlfid>a)",     "ua",
                 "{'mlfid': 'a', 'user': 'u'}"                                                                      },
                {"(?P<mlfid>.)(?P<x>.)?",   "m",  "(?P<x>u)",                    "u",  "{'mlfid': 'm', 'x': 'u'}"   },
                {"(?P<user>.)",             "m",  "(?P<alt_user>u)(?P<b>b)?",    "u",
                 "{'user': 'u', 'alt_user': 'u'}"                                                                   },
                {"(?P<user>.)",             "m",  "(?P<user>)(?P<tuple_user>u)", "u",
                 "{'user': ('', 'u'), 'tuple_user': 'u'}"                                                           },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fields base = FIELDS_EMPTY;
                for (int over = 0; over < 2; over++) {
                        struct failregex *regex = NULL;
                        struct pattern_match match;
                        struct slice line = slice_of(over ? rows[i].line : rows[i].before_line);
                        const char *text = over ? rows[i].regex : rows[i].before;
                        assert_int_equal(failregex_new(slice_of(text), TAG_HOSTS_NAMED,
                                                 PATTERN_PLAIN, &regex, NULL),
                                0);
                        assert_int_equal(
                                pattern_search(regex->pattern, line, 0, line.len, &match, NULL), 1);
                        struct fields groups = groups_read(regex, line, &match, &arena);
                        struct fields wanted;
                        fields_copy(&base, 0, &arena, &wanted);
                        fields_overlay(&wanted, &groups, &arena);
                        struct fields copied = base, got = base;
                        groups_read_over(&copied, GROUPS_COPY, regex, line, &match, &arena);
                        assert_true(base.count == 0 || copied.items != base.items);
                        groups_read_over(&got, GROUPS_SHARE, regex, line, &match, &arena);
                        struct value copied_dict = fields_dict(&copied, &arena);
                        struct value dict = fields_dict(&got, &arena);
                        struct value wanted_dict = fields_dict(&wanted, &arena);
                        assert_true(value_equal(&dict, &wanted_dict));
                        assert_true(value_equal(&copied_dict, &wanted_dict));
                        assert_int_equal(got.seen, wanted.seen);
                        assert_true(got.capacity >= got.count + 4);
                        if (over)
                                assert_slice(repr(&dict, &arena), rows[i].fields);
                        base = groups;
                        (void)failregex_free(regex);
                }
        }
}

static void content_is_read_apart(void **state) {
        static const struct {
                const char *regex, *fields, *content;
        } rows[] = {
                {"(?P<mlfid>a)(?P<content>.+)",             "{'mlfid': 'a'}",                 "bc"},
                {"(?P<content>x)?(?P<user>x)?(?P<mlfid>a)", "{'user': None, 'mlfid': 'a'}",   ""  },
                {"(?P<content>b)(?P<alt_user>c)",           "{'alt_user': 'c', 'user': 'c'}", "b" },
                {"(?P<mlfid>b)",                            "{'mlfid': 'b'}",                 ""  },
                {"(?P<alt_content>c)",                      "{'alt_content': 'c'}",           "c" },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failregex *regex = NULL;
                struct pattern_match match;
                struct slice content;
                assert_int_equal(failregex_new(slice_of(rows[i].regex), TAG_HOSTS_NAMED,
                                         PATTERN_PLAIN, &regex, NULL),
                        0);
                assert_int_equal(
                        pattern_search(regex->pattern, SLICE("abc"), 0, 3, &match, NULL), 1);
                struct fields fields =
                        groups_read_around_content(regex, SLICE("abc"), &match, &arena, &content);
                struct value dict = fields_dict(&fields, &arena);
                assert_slice(repr(&dict, &arena), rows[i].fields);
                assert_slice(content, rows[i].content);
                assert_null(fields_find(&fields, FIELD_CONTENT));
                (void)failregex_free(regex);
        }
}

/* A regex that is much in use is searched in other ways from some search on. */
static void groups_stay_the_same_however_they_are_found(void **state) {
        const struct slice line = SLICE("xub\n");
        const struct slice content = {line.data + 1, 3};
        struct failregex *regex = NULL;
        struct fields base = FIELDS_EMPTY;
        (void)state;
        assert_int_equal(failregex_new(SLICE("^(?P<user>u)(?P<x>a)?(?P<content>b)(?P<y>x)?"),
                                 TAG_HOSTS_NAMED, PATTERN_PLAIN, &regex, NULL),
                0);
        for (int i = 0; i < 2 * PATTERN_LEAN_AFTER; i++) {
                struct pattern_match match;
                struct slice apart;
                assert_int_equal(pattern_search_whole(regex->pattern, content, PATTERN_SUBJECT_LINE,
                                         &match, NULL),
                        1);
                struct fields fields = groups_read(regex, content, &match, &arena);
                struct value dict = fields_dict(&fields, &arena);
                assert_slice(
                        repr(&dict, &arena), "{'user': 'u', 'x': None, 'content': 'b', 'y': None}");
                fields = base;
                groups_read_over(&fields, GROUPS_COPY, regex, content, &match, &arena);
                dict = fields_dict(&fields, &arena);
                assert_slice(repr(&dict, &arena), "{'user': 'u', 'content': 'b'}");
                (void)groups_read_around_content(regex, content, &match, &arena, &apart);
                assert_slice(apart, "b");
        }
        (void)failregex_free(regex);
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_merge_as_in_fail2ban),
                cmocka_unit_test(groups_laid_over_fields_are_what_an_overlay_makes),
                cmocka_unit_test(content_is_read_apart),
                cmocka_unit_test(groups_stay_the_same_however_they_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
