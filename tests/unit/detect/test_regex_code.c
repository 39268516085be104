/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/regex_code.h"

#include "../cmocka_include.h"
#include "base/buffer.h"

static const char *const names[] = {
        [REGEX_OP_MATCH] = "match",
        [REGEX_OP_FAIL] = "fail",
        [REGEX_OP_CHAR] = "char",
        [REGEX_OP_TEXT] = "text",
        [REGEX_OP_SET] = "set",
        [REGEX_OP_RUN] = "run",
        [REGEX_OP_GREEDY] = "greedy",
        [REGEX_OP_LAZY] = "lazy",
        [REGEX_OP_SPLIT] = "split",
        [REGEX_OP_SWITCH] = "switch",
        [REGEX_OP_BOTH] = "both",
        [REGEX_OP_OPEN] = "open",
        [REGEX_OP_CLOSE] = "close",
        [REGEX_OP_END] = "end",
        [REGEX_OP_BORDER] = "border",
        [REGEX_OP_NOT_BORDER] = "not-border",
        [REGEX_OP_BEHIND] = "behind",
        [REGEX_OP_NOT_BEHIND] = "not-behind",
        [REGEX_OP_AHEAD] = "ahead",
        [REGEX_OP_NOT_AHEAD] = "not-ahead",
        [REGEX_OP_FOUND] = "found",
        [REGEX_OP_NOT_TEXT] = "not-text",
        [REGEX_OP_IF] = "if",
};

/* The operations one behind the other: what is run where a line begins with that text, as far as
 * single characters of it tell. */
static void show(struct buffer *out, const struct regex_code *code, struct slice line) {
        const struct regex_op *op = code->start;
        for (size_t i = 0; op && i < 20; i++) {
                (void)buffer_printf(out, "%s%s", i > 0 ? " " : "", names[op->kind]);
                if (op->kind == REGEX_OP_TEXT || op->kind == REGEX_OP_CHAR) {
                        (void)buffer_append_char(out, ':');
                        (void)buffer_append(out, op->text);
                        line = slice_sub(line, op->text.len, line.len);
                }
                if (op->kind == REGEX_OP_SET)
                        line = slice_sub(line, 1, line.len);
                size_t c = line.len > 0 ? (unsigned char)line.data[0] : REGEX_CODE_END;
                op = op->kind == REGEX_OP_SWITCH ? code->ops + op->table[c] : op->next;
        }
}

static void programs_are_made(void **state) {
        static const struct {
                const char *regex, *line;
                const char *program; /* NULL: there is none */
        } rows[] = {
                {"^",                   "",    "match"                             },
                {"^abc",                "",    "text:abc match"                    },
                {"^a[bc]d",             "",    "char:a set char:d match"           },
                {"^a$",                 "",    "char:a end match"                  },
                {"^(a)",                "",    "open char:a close match"           },
 /* what ends where the set does, and what may end before */
                {"^\\S+ ",              "",    "run char:  match"                  },
                {"^\\d{1,3}\\.",        "",    "run char:. match"                  },
                {"^\\d{1,3}?\\.",       "",    "run char:. match"                  },
                {"^.+ ",                "",    "greedy char:  match"               },
                {"^.+? ",               "",    "lazy char:  match"                 },
                {"^\\S+",               "",    "greedy match"                      },
                {"^\\S+$",              "",    "run end match"                     },
                {"^\\s+$",              "",    "greedy end match"                  },
                {"^(?:(?!ab).)*$",      "",    "run end match"                     },
                {"^(?:(?!ab).)*a",      "",    "greedy char:a match"               },
 /* what the next character tells */
                {"^(?:a|b)c",           "ac",  "switch char:a char:c match"        },
                {"^(?:a|b)c",           "bc",  "switch char:b char:c match"        },
                {"^(?:a|b)c",           "cc",  "switch fail"                       },
                {"^(?:a|b)c",           "",    "switch fail"                       },
                {"^a?b",                "a",   "switch char:a char:b match"        },
                {"^(?:ax)?b",           "ax",  "switch text:ax char:b match"       },
                {"^(?:ax)?b",           "b",   "switch char:b match"               },
                {"^(?:ax)?ay",          "ax",  "switch both text:ax text:ay match" },
                {"^(?:ax)??ay",         "ax",  "switch both text:ay match"         },
                {"^(?:ax|b?)c",         "c",   "switch char:c match"               },
                {"^(?:ab)*c",           "abc", "switch text:ab switch char:c match"},
                {"^(?:ab)+c",           "abc", "text:ab switch char:c match"       },
                {"^[ab]?c",             "b",   "switch set char:c match"           },
                {"^[ab]?c",             "c",   "switch char:c match"               },
                {"^(?:ab){2}c",         "abc", "text:ab text:ab char:c match"      },
                {"^(?:ab){0,1}c",       "c",   "switch char:c match"               },
                {"^(?:\\s+x)?(?:y)?z",  "z",   "switch char:z match"               },
 /* looking around */
                {"^a(?!bc)",            "",    "char:a not-text match"             },
                {"^a(?!bc|d)",          "",    "char:a not-ahead match"            },
                {"^a(?=bc)",            "",    "char:a ahead match"                },
                {"^a\\b\\B",            "",    "char:a border not-border match"    },
                {"^a(?<=a)(?<!b)",      "",    "char:a behind not-behind match"    },
                {"^(?P<x>a)?(?(x)b|c)", "c",   "switch if char:b match"            },
                {"^a|b",                "",    NULL                                },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buffer out = BUFFER_INIT(4096);
                struct regex_code *code = regex_code_new(slice_of(rows[i].regex), 0);
                assert_int_equal(code != NULL, rows[i].program != NULL);
                if (code) {
                        show(&out, code, slice_of(rows[i].line));
                        assert_slice(buffer_view(&out), rows[i].program);
                }
                buffer_done(&out);
                (void)regex_code_free(code);
        }
}

static void a_barred_group_fails(void **state) {
        struct buffer out = BUFFER_INIT(4096);
        (void)state;
        struct regex_code *code = regex_code_new(SLICE("^(?P<x>b|c)?bd"), 7);
        assert_non_null(code);
        show(&out, code, SLICE("b"));
        assert_slice(buffer_view(&out), "switch text:bd match");
        buffer_done(&out);
        (void)regex_code_free(code);
}

/* So many times over, with two other characters for "%" each time. */
static bool has_code(const char *part, size_t count) {
        struct buffer regex = BUFFER_INIT((size_t)1 << 20);
        (void)buffer_append_char(&regex, '^');
        for (size_t i = 0; i < count; i++)
                for (const char *c = part; *c; c++) {
                        (void)buffer_append_char(&regex, *c == '%' ? (char)('A' + i / 8) : *c);
                        if (*c == '%')
                                (void)buffer_append_char(&regex, (char)('0' + i % 8));
                }
        struct regex_code *code = regex_code_new(buffer_view(&regex), 0);
        bool is_there = code != NULL;
        (void)regex_code_free(code);
        buffer_done(&regex);
        return is_there;
}

static void there_are_limits(void **state) {
        (void)state;
        assert_true(has_code("(?:a[bc]){8}", 20));
        assert_false(has_code("(?:a[bc]){8}", 80));
        assert_true(has_code("[%]", 30));
        assert_false(has_code("[%]", 200));
        assert_true(has_code("(?!a|b)", REGEX_CODE_LOOKS));
        assert_false(has_code("(?!a|b)", REGEX_CODE_LOOKS + 1));
        assert_false(has_code("(?:(?:(?:(?:a[bc]){8}d){8}e){8}f){8}", 1));
}

static void sets_are_found_or_added(void **state) {
        struct regex_code *code = regex_code_new(SLICE("^ab"), 0);
        struct regex_first first = {{{0}}, false};
        (void)state;
        assert_non_null(code);
        size_t before = code->set_count;
        for (size_t i = before; i < REGEX_CODE_SETS; i++) {
                first.set.bits[1] = i + 1000;
                assert_true(regex_code_set(code, first) == UINT64_C(1) << i);
                assert_int_equal(code->sets['@'] >> i & 1, i & 1);
        }
        assert_true(regex_code_set(code, first) == UINT64_C(1) << (REGEX_CODE_SETS - 1));
        first.end = true;
        assert_int_equal(regex_code_set(code, first), 0);
        (void)regex_code_free(code);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(programs_are_made),
                cmocka_unit_test(a_barred_group_fails),
                cmocka_unit_test(there_are_limits),
                cmocka_unit_test(sets_are_found_or_added),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
