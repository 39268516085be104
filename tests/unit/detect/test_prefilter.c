/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/prefilter.h"

#include "../cmocka_include.h"

#include "base/buffer.h"

/* Literals of a text such as "foo|bar". */
static struct literals clause(const char *text, bool caseless, struct arena *arena) {
        struct slice rest = slice_of(text);
        struct slice piece;
        struct slice *items = arena_alloc_array(arena, LITERALS_CLAUSE_MAX, sizeof(*items));
        struct literals literals = {.items = items, .caseless = caseless};
        while (text[0] && slice_next_piece(&rest, '|', &piece))
                items[literals.count++] = piece;
        return literals;
}

/* Scans text and writes the jails of each line, as a digit each. */
static void assert_lines(struct prefilter *prefilter, struct slice text, const char *wanted) {
        prefilter_scan(prefilter, text);
        size_t start = 0;
        for (size_t i = 0; start < text.len; i++) {
                size_t end = slice_find_char(text, '\n', start);
                end += end < text.len;
                struct slice line = slice_sub(text, start, end);
                assert_int_equal(prefilter_line(prefilter, line, start, end) & 7,
                        (uint64_t)(wanted[i] - '0'));
                start = end;
        }
}

/* A prefilter, or the test ends here, as it does where none can be had. */
static struct prefilter *make(const struct literals *clauses, size_t count) {
        struct prefilter *prefilter = prefilter_new(clauses, count);
        if (!prefilter)
                skip();
        return prefilter;
}

static void lines_with_a_literal_are_candidates_of_its_jails(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct literals clauses[] = {clause("foo|bar", false, &arena),
                clause("bar|quux", false, &arena), clause("login", true, &arena)};
        struct prefilter *prefilter = make(clauses, 3);
        assert_lines(prefilter,
                SLICE("nothing\nfoo\nbar\n\nfo\no\nx quux Login\nFOO\nfoofoofoo "
                      "bar\ncaf\xc3\xa9\nlast LOGIN without end"),
                "01300060344");
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

static void a_jail_that_requires_nothing_gets_every_line(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct literals clauses[] = {clause("foo", false, &arena), clause("", false, &arena)};
        struct prefilter *prefilter = make(clauses, 2);
        assert_lines(prefilter, SLICE("x\nfoo\n"), "23");
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

static void none_is_made_of_nothing_or_too_much(void **state) {
        (void)state;
        struct literals clauses[PREFILTER_JAILS_MAX + 1] = {{0}};
        assert_null(prefilter_new(clauses, 0));
        assert_null(prefilter_new(clauses, 1));
        assert_null(prefilter_new(clauses, PREFILTER_JAILS_MAX + 1));
        assert_null(prefilter_free(NULL));
}

static void too_many_hits_make_the_rest_candidates(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct literals clauses[] = {clause("aa", false, &arena), clause("zz", false, &arena)};
        struct prefilter *prefilter = make(clauses, 2);
        struct buffer text = BUFFER_INIT((size_t)1 << 20);
        assert_int_equal(buffer_append(&text, SLICE("none\n")), 0);
        for (int i = 0; i < PREFILTER_HITS_MAX + 10; i++)
                assert_int_equal(buffer_append_char(&text, 'a'), 0);
        assert_int_equal(buffer_append(&text, SLICE("\nnone\nzz\n")), 0);
        struct slice view = buffer_view(&text);
        size_t long_end = view.len - strlen("none\nzz\n");
        prefilter_scan(prefilter, view);
        assert_int_equal(prefilter_line(prefilter, slice_sub(view, 0, 5), 0, 5), 0);
        assert_int_equal(
                prefilter_line(prefilter, slice_sub(view, 5, long_end), 5, long_end) & 1, 1);
        assert_int_equal(prefilter_line(prefilter, SLICE("none\n"), long_end, long_end + 5) & 3, 3);
        assert_int_equal(
                prefilter_line(prefilter, SLICE("zz\n"), long_end + 5, long_end + 8) & 3, 3);
        buffer_done(&text);
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

static void seam_joins_what_the_cut_parted(void **state) {
        static const struct {
                const char *literals;
                bool caseless;
                const char *before;
                const char *after;
                bool holds;
        } rows[] = {
                {"[] \"GET",   false, "1.2.3.4 - - [", "] \"GET /", true },
                {"[] \"GET",   false, "1.2.3.4 - - [", "] \"PUT /", false},
                {"foo|barbaz", false, "xbar",          "baz",       true },
                {"foo|barbaz", false, "xba",           "baz",       false},
                {"foo",        false, "foo",           "x",         false},
                {"foo",        false, "",              "foo",       false},
                {"foo",        false, "f",             "",          false},
                {"foo",        false, "F",             "oo",        false},
                {"foo",        true,  "F",             "Oo",        true },
                {"foo",        true,  "\xc3\xa9",      "oo",        true },
                {"foo",        false, "\xc3\xa9",      "oo",        false},
        };
        (void)state;
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct literals literals = clause(rows[i].literals, rows[i].caseless, &arena);
                struct prefilter_seam seam;
                prefilter_seam_init(&seam, &literals);
                assert_int_equal(prefilter_seam_holds(
                                         &seam, slice_of(rows[i].before), slice_of(rows[i].after)),
                        rows[i].holds);
        }
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_with_a_literal_are_candidates_of_its_jails),
                cmocka_unit_test(a_jail_that_requires_nothing_gets_every_line),
                cmocka_unit_test(none_is_made_of_nothing_or_too_much),
                cmocka_unit_test(too_many_hits_make_the_rest_candidates),
                cmocka_unit_test(seam_joins_what_the_cut_parted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
