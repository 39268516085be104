/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tag.h"

#include <errno.h>

#include "../cmocka_include.h"

static void find_knows_the_form_of_a_tag(void **state) {
        (void)state;
        static const struct {
                const char *text;
                size_t from;
                const char *tag; /* NULL: there is none */
        } rows[] = {
                {"a <b c> <d>", 0, "<d>"   },
                {"<a><b>",      0, "<a>"   },
                {"<a><b>",      1, "<b>"   },
                {"<<x>",        0, "<x>"   },
                {"<a<b>c>",     0, "<b>"   },
                {"<a\nb>",      0, "<a\nb>"},
                {"a <b c> <>",  0, NULL    },
                {"<a",          0, NULL    },
                {"<",           0, NULL    },
                {"",            0, NULL    },
                {"<a>",         9, NULL    },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slice text = slice_of(rows[i].text);
                size_t start = 0;
                size_t end = 0;
                assert_int_equal(tag_find(text, rows[i].from, &start, &end), rows[i].tag != NULL);
                if (rows[i].tag)
                        assert_slice(slice_sub(text, start, end), rows[i].tag);
        }
}

static struct slice replacement(void *user, struct slice whole) {
        unsigned *asked = user;
        (*asked)++;
        return slice_is(whole, "<a>") ? SLICE("[<b>]") : slice_is(whole, "<e>") ? SLICE("") : whole;
}

static void replacements_are_not_looked_into(void **state) {
        (void)state;
        struct buffer out = BUFFER_INIT(64);
        unsigned asked = 0;
        assert_int_equal(tag_replace(SLICE("x<a><e>y <other><a>"), replacement, &asked, &out), 0);
        assert_slice(buffer_view(&out), "x[<b>]y <other>[<b>]");
        assert_int_equal(asked, 4);
        buffer_done(&out);
}

static void what_is_replaced_must_fit(void **state) {
        (void)state;
        unsigned asked = 0;
        for (size_t max = 0; max <= 8; max++) {
                struct buffer out = BUFFER_INIT(max);
                int r = tag_replace(SLICE("x<a>yz"), replacement, &asked, &out);
                assert_int_equal(r, max < 8 ? -ENOBUFS : 0);
                buffer_done(&out);
        }
}

static void every_place_gets_the_replacement(void **state) {
        (void)state;
        static const struct {
                const char *text, *with, *expected;
        } rows[] = {
                {"<a>",         "",    ""          },
                {"<a><a>x<a>",  "<a>", "<a><a>x<a>"},
                {"x<a>y<ab><a", "12",  "x12y<ab><a"},
                {"none",        "x",   "none"      },
                {"",            "x",   ""          },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slice text = slice_of(rows[i].text);
                assert_int_equal(
                        tag_replace_all(&text, SLICE("<a>"), slice_of(rows[i].with), 10, &arena),
                        0);
                assert_slice(text, rows[i].expected);
        }
        struct slice text = SLICE("<a><a>");
        assert_int_equal(tag_replace_all(&text, SLICE("<a>"), SLICE("123456"), 11, &arena), -E2BIG);
        assert_slice(text, "<a><a>");
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(find_knows_the_form_of_a_tag),
                cmocka_unit_test(replacements_are_not_looked_into),
                cmocka_unit_test(what_is_replaced_must_fit),
                cmocka_unit_test(every_place_gets_the_replacement),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
