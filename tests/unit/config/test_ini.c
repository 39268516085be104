/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ini.h"

#include <errno.h>

#include "base/memory.h"

#include "../cmocka_include.h"

static struct slice add_options(
        struct slice all, const char *name, const struct dict *options, struct arena *arena) {
        if (options->count > 0 || strcmp(name, "DEFAULT") != 0)
                all = arena_printf(arena, "%.*s[%s]", SLICE_ARG(all), name);
        for (size_t i = 0; i < options->count; i++)
                all = arena_printf(arena, "%.*s%.*s=%.*s;", SLICE_ARG(all),
                        SLICE_ARG(options->entries[i].key),
                        SLICE_ARG(options->entries[i].value.string));
        return all;
}

/* "[A]k=v;k2=v2;[B]..." */
static const char *shown(const struct ini *ini, struct arena *arena) {
        struct slice all = add_options(SLICE(""), "DEFAULT", &ini->defaults, arena);
        for (size_t i = 0; i < ini->count; i++)
                all = add_options(all, arena_copy(arena, ini->sections[i]->name).data,
                        &ini->sections[i]->options, arena);
        return arena_copy(arena, all).data;
}

static const struct {
        const char *rule;
        const char *text;
        const char *shown;
} good[] = {
        {"a header ends at its last bracket",            "[A] junk\n[C]]\n[x]y]z\n",                    "[A][C]][x]y]"       },
        {"blanks belong to a section's name",            "[ B ]\n",                                     "[ B ]"              },
        {"names of sections are case-sensitive",         "[default]\na=1\n[Default]\n[DEFAULT]\nb=2\n",
         "[DEFAULT]b=2;[default]a=1;[Default]"                                                                               },
        {"[DEFAULT] may come twice",                     "[DEFAULT]\na=1\n[x]\n[DEFAULT]\nb=2\n",
         "[DEFAULT]a=1;b=2;[x]"                                                                                              },
        {"the first delimiter splits",                   "[s]\na=b:c\nd: e=f\ng :h\n",                  "[s]a=b:c;d=e=f;g=h;"},
        {"keys are lower-cased, inner blanks stay",      "[s]\nFi Nd = X\n",                            "[s]fi nd=X;"        },
        {"an empty value is a value",                    "[s]\na =\nb:\n",                              "[s]a=;b=;"          },
        {"no line end at the end",                       "[s]\na=1",                                    "[s]a=1;"            },
        {"CRLF and CR end lines",                        "[s]\r\na=1\r\n  2\rb=3\r",                    "[s]a=1\n2;b=3;"     },
        {"full-line comments at any indentation",        "# x\n[s]\n  ; y\na=1\n",                      "[s]a=1;"            },
        {"; behind a blank is a comment, quotes or not", "[s]\na=\"x ; y\"\nb=1\t;c\nd= ;e\n",
         "[s]a=\"x;b=1;d=;"                                                                                                  },
        {"; behind a character and inline # are none",   "[s]\na=1;x\nb=1 # x\nc=;x\n",
         "[s]a=1;x;b=1 # x;c=;x;"                                                                                            },
        {"the first ; behind a blank counts",            "[s]\na=1;2 ;3 ;4\n",                          "[s]a=1;2;"          },
        {"deeper lines continue a value, stripped",      "[s]\na=1\n  2  \n\t3\n",                      "[s]a=1\n2\n3;"      },
        {"a value may begin on the next line",           "[s]\na =\n  1\n  2\n",                        "[s]a=\n1\n2;"       },
        {"as deep is not deeper",                        "[s]\n  a=1\n  b=2\n    c=3\n",                "[s]a=1;b=2\nc=3;"   },
        {"blank lines inside count, at the end not",     "[s]\na=1\n\n  2\n\n\nb=3\n",
         "[s]a=1\n\n2;b=3;"                                                                                                  },
        {"comments inside of values leave no line",      "[s]\na=1\n  # x\n# y\n  2\n  ; z\n  3\n",
         "[s]a=1\n2\n3;"                                                                                                     },
        {"a continuation of only a comment is dropped",  "[s]\na=1\n   ; c\n  2\n",                     "[s]a=1\n2;"         },
        {"a line of blanks in a value counts as blank",  "[s]\na=1\n   \n  2\n",                        "[s]a=1\n\n2;"       },
        {"an indented header behind a section",          "  [s]\n  a=1\n",                              "[s]a=1;"            },
        {"a deeper header continues a value",            "[s]\na=1\n  [b]\n",                           "[s]a=1\n[b];"       },
        {"nothing, or only comments",                    "# x\n\n; y\n",                                ""                   },
        {"includes are a section like others",           "[INCLUDES]\nbefore=x\n",                      "[INCLUDES]before=x;"},
};

static void dialect(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct ini ini;
                print_message("%s\n", good[i].rule);
                assert_int_equal(ini_parse(slice_of(good[i].text), "F", &arena, &ini, NULL), 0);
                assert_string_equal(shown(&ini, &arena), good[i].shown);
                arena_done(&arena);
        }
}

static const struct {
        const char *rule;
        const char *text;
        const char *fault;
} bad[] = {
        {"a duplicate option, whatever its case",  "[s]\nab=1\nAB=2\n",
         "While reading from 'F' [line  3]: option 'ab' in section 's' already exists"     },
        {"a duplicate option of [DEFAULT]",        "[DEFAULT]\na=1\n[x]\n[DEFAULT]\na=2\n",
         "While reading from 'F' [line  5]: option 'a' in section 'DEFAULT' already exists"},
        {"a duplicate section",                    "[s]\n[t]\n[s]\n",
         "While reading from 'F' [line  3]: section 's' already exists"                    },
        {"text before a section",                  "# c\n\nx = 1\n[s]\n",
         "File contains no section headers.\nfile: 'F', line: 3\n'x = 1\\n'"               },
        {"likewise without line end",              "it's",
         "File contains no section headers.\nfile: 'F', line: 1\n\"it's\""                 },
        {"a byte order mark is text",              "\ufeff[s]\n",
         "File contains no section headers.\nfile: 'F', line: 1\n'\\ufeff[s]\\n'"          },
        {"an empty header is no header",           "[]\n",
         "File contains no section headers.\nfile: 'F', line: 1\n'[]\\n'"                  },
        {"all malformed lines are listed",         "[s]\njunk\na=1\n= x\n[\n",
         "Source contains parsing errors: 'F'\n\t[line  2]: 'junk\\n'\n\t[line  4]: '= "
         "x\\n'\n\t[line  5]: '[\\n'"                                                      },
        {"what follows indented is not malformed", "[s]\na=1\njunk\n  more\nlast",
         "Source contains parsing errors: 'F'\n\t[line  3]: 'junk\\n'\n\t[line  5]: 'last'"},
        {"CRLF shows as LF",                       "[s]\r\njunk\r\n",
         "Source contains parsing errors: 'F'\n\t[line  2]: 'junk\\n'"                     },
};

static void malformed_files_are_refused_in_upstreams_words(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct ini ini;
                print_message("%s\n", bad[i].rule);
                assert_int_equal(
                        ini_parse(slice_of(bad[i].text), "F", &arena, &ini, &fault), -EINVAL);
                assert_string_equal(fault_text(&fault), bad[i].fault);
                fault_done(&fault);
                arena_done(&arena);
        }
}

static void values_know_their_origin(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct ini ini;
        assert_int_equal(
                ini_parse(SLICE("[s]\n\na = 1\n  2\nB = 3\n"), "dir/F", &arena, &ini, NULL), 0);
        const struct value *b = dict_get(&ini_section(&ini, SLICE("s"))->options, SLICE("b"));
        assert_string_equal(b->origin->file, "dir/F");
        assert_int_equal(b->origin->line, 5);
        assert_string_equal(b->origin->section, "s");
        assert_string_equal(b->origin->option, "b");
        assert_int_equal(dict_get(&ini.sections[0]->options, SLICE("a"))->origin->line, 3);
        assert_null(ini_section(&ini, SLICE("t")));
        arena_done(&arena);
}

/* Parses count copies of piece behind a header. */
static int parse_repeated(const char *piece, size_t count, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        size_t len = strlen(piece);
        char *text = memory_new(count * len + 4);
        memcpy(text, "[s]\n", 4);
        for (size_t i = 0; i < count; i++)
                memcpy(text + 4 + i * len, piece, len);
        struct ini ini;
        int r = ini_parse((struct slice){text, count * len + 4}, "F", &arena, &ini, fault);
        free(text);
        arena_done(&arena);
        return r;
}

static void files_have_caps(void **state) {
        (void)state;
        assert_int_equal(
                parse_repeated("# 23456\n", INI_FILE_MAX / 8 - 1, NULL), -E2BIG);      /* lines */
        assert_int_equal(parse_repeated("# 23456\n", INI_FILE_MAX / 8, NULL), -E2BIG); /* bytes */
        assert_int_equal(
                parse_repeated("# 234567890123456789012345678901\n", INI_FILE_MAX / 33 - 1, NULL),
                0);
        struct fault fault = FAULT_INIT;
        assert_int_equal(parse_repeated("junk\n", 100000, &fault), -EINVAL);
        assert_true(strlen(fault_text(&fault)) < 10000); /* not all of them are listed */
        fault_done(&fault);
}

static void sections_have_a_cap(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        size_t room = (INI_SECTIONS_MAX + 2) * 10;
        char *text = memory_new(room);
        size_t end = 0;
        for (unsigned i = 0; i <= INI_SECTIONS_MAX; i++)
                end += (size_t)snprintf(text + end, room - end, "[%u]\n", i);
        struct ini ini;
        assert_int_equal(ini_parse((struct slice){text, end}, "F", &arena, &ini, NULL), -E2BIG);
        assert_int_equal(ini_parse(slice_sub((struct slice){text, end}, 0, end - 8), "F", &arena,
                                 &ini, NULL),
                0);
        assert_int_equal(ini.count, INI_SECTIONS_MAX);
        free(text);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(dialect),
                cmocka_unit_test(malformed_files_are_refused_in_upstreams_words),
                cmocka_unit_test(values_know_their_origin),
                cmocka_unit_test(files_have_caps),
                cmocka_unit_test(sections_have_a_cap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
