/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/prefilter.h"

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "detect/needles.h"

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

/* The jails that the line may interest, by their first clauses. */
static uint64_t jails_of(struct prefilter *prefilter, struct slice line, size_t start, size_t end) {
        const uint64_t *hints = prefilter_line(prefilter, line, start, end);
        return (hints[0] & 1) | (hints[1] & 1) << 1 | (hints[2] & 1) << 2;
}

/* Scans text and writes the jails of each line, as a digit each. */
static void assert_lines(struct prefilter *prefilter, struct slice text, const char *wanted) {
        prefilter_scan(prefilter, text);
        size_t start = 0;
        for (size_t i = 0; start < text.len; i++) {
                size_t end = slice_find_char(text, '\n', start);
                end += end < text.len;
                struct slice line = slice_sub(text, start, end);
                assert_int_equal(
                        jails_of(prefilter, line, start, end), (uint64_t)(wanted[i] - '0'));
                start = end;
        }
}

/* A prefilter of jails with one clause each, or the test ends here, as it does where none can be
 * had. */
static struct prefilter *make(const struct literals *clauses, size_t count) {
        struct prefilter_jail jails[3] = {{0}};
        for (size_t i = 0; i < count; i++)
                jails[i] = (struct prefilter_jail){&clauses[i], 1};
        struct prefilter *prefilter = prefilter_new(jails, count, SLICE_NULL);
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

static void each_clause_has_its_bit(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        const struct literals first[] = {clause("foo|both", false, &arena),
                clause("", false, &arena), clause("bar", true, &arena)};
        const struct literals second[] = {
                clause("bar", false, &arena), clause("both|foo", false, &arena)};
        const struct prefilter_jail jails[] = {
                {first,  3},
                {second, 2}
        };
        struct prefilter *prefilter = prefilter_new(jails, 2, SLICE_NULL);
        if (!prefilter)
                skip();
        static const struct {
                const char *line;
                uint64_t hints[2];
        } rows[] = {
                {"none",         {2, 0}},
                {"foo",          {3, 2}},
                {"both",         {3, 2}},
                {"BAR",          {6, 0}},
                {"bar both",     {7, 3}},
                {"\xc3\xa9",     {6, 0}},
                {"\xc3\xa9 bar", {6, 1}},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slice line = slice_of(rows[i].line);
                prefilter_scan(prefilter, line);
                const uint64_t *hints = prefilter_line(prefilter, line, 0, line.len);
                assert_int_equal(hints[0] & 7, rows[i].hints[0]);
                assert_int_equal(hints[1] & 3, rows[i].hints[1]);
                assert_int_equal(hints[0] >> 3, PREFILTER_ALL >> 3);
                assert_int_equal(hints == prefilter_idle(prefilter), i == 0);
        }
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

/* Whatever lines came before: what is told of a jail is that of a quiet line, or it is touched. */
static void jails_that_a_line_touches_are_known(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct literals clauses[] = {clause("foo|bar", false, &arena),
                clause("bar|quux", false, &arena), clause("login", true, &arena)};
        struct prefilter *prefilter = make(clauses, 3);
        static const struct {
                const char *line;
                uint64_t touched;
        } rows[] = {
                {"foo\n",         1},
                {"bar\n",         3},
                {"quiet\n",       0},
                {"LOGIN foo\n",   5},
                {"quux\n",        2},
                {"caf\xc3\xa9\n", 7},
                {"quux\n",        2},
        };
        struct slice text = SLICE("foo\nbar\nquiet\nLOGIN foo\nquux\ncaf\xc3\xa9\nquux\n");
        size_t at = 0;
        prefilter_scan(prefilter, text);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slice line = slice_of(rows[i].line);
                const uint64_t *hints = prefilter_line(prefilter, line, at, at + line.len);
                assert_int_equal(prefilter_touched(prefilter), rows[i].touched);
                for (size_t k = 0; k < 3; k++)
                        if (!(rows[i].touched >> k & 1))
                                assert_int_equal(hints[k], prefilter_idle(prefilter)[k]);
                at += line.len;
        }
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

/* With so many more literals that another scanner has to look for them. */
static struct literals with_others(const struct literals *few, struct arena *arena) {
        struct slice *items = arena_alloc_array(arena, LITERALS_CLAUSE_MAX, sizeof(*items));
        struct literals many = {.items = items, .count = few->count};
        memcpy(items, few->items, few->count * sizeof(*items));
        while (many.count < NEEDLES_MAX + 10) {
                items[many.count] = arena_printf(arena, "other %zu", many.count);
                many.count++;
        }
        return many;
}

/* At each place of short buffers of each length and alignment: it is at their ends that scanners
 * err. */
static void a_literal_is_found_wherever_it_stands(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        static const char *const sets[] = {"]: Failed |user ", "abcdef|user ", "user ",
                "Invalid|closed by|user ", "x|no|abc|GET /|user "};
        static const char literal[] = "user ";
        const size_t len = sizeof(literal) - 1;
        _Alignas(64) static char bytes[512];
        const size_t set_count = sizeof(sets) / sizeof(sets[0]);
        for (size_t i = 0; i < 2 * set_count; i++) {
                size_t set = i % set_count;
                struct literals clauses = clause(sets[set], false, &arena);
                if (i >= set_count)
                        clauses = with_others(&clauses, &arena);
                struct prefilter *prefilter = make(&clauses, 1);
                for (size_t align = 0; align < 64; align += 7)
                        for (size_t size = len; size < 300; size += 3)
                                for (size_t at = 0; at + len <= size; at++) {
                                        struct slice line = {bytes + align, size};
                                        memset(bytes, '_', sizeof(bytes));
                                        memcpy(bytes + align + at, literal, len);
                                        prefilter_scan(prefilter, line);
                                        if (!(prefilter_line(prefilter, line, 0, size)[0] & 1))
                                                fail_msg("%s: %zu of %zu at %zu", sets[set], at,
                                                        size, align);
                                }
                (void)prefilter_free(prefilter);
        }
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
        struct literals nothing = {0};
        struct prefilter_jail jails[PREFILTER_JAILS_MAX + 1] = {{0}};
        assert_null(prefilter_new(jails, 0, SLICE_NULL));
        assert_null(prefilter_new(jails, 1, SLICE_NULL));
        jails[0] = (struct prefilter_jail){&nothing, 1};
        assert_null(prefilter_new(jails, 1, SLICE_NULL));
        assert_null(prefilter_new(jails, PREFILTER_JAILS_MAX + 1, SLICE_NULL));
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
        assert_int_equal(jails_of(prefilter, slice_sub(view, 0, 5), 0, 5) & 3, 0);
        assert_int_equal(jails_of(prefilter, slice_sub(view, 5, long_end), 5, long_end) & 1, 1);
        assert_int_equal(jails_of(prefilter, SLICE("none\n"), long_end, long_end + 5) & 3, 3);
        assert_int_equal(jails_of(prefilter, SLICE("zz\n"), long_end + 5, long_end + 8) & 3, 3);
        buffer_done(&text);
        (void)prefilter_free(prefilter);
        arena_done(&arena);
}

static void it_is_known_how_far_there_is_nothing(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct literals clauses = clause("find", false, &arena);
        struct prefilter *prefilter = make(&clauses, 1);
        struct slice text = SLICE("one\ntwo\nfind\nfour\n");
        prefilter_scan(prefilter, text);
        assert_in_range(prefilter_quiet(prefilter), 8, 12);
        (void)prefilter_line(prefilter, slice_sub(text, 8, 13), 8, 13);
        assert_true(prefilter_quiet(prefilter) >= text.len);
        struct buffer many = BUFFER_INIT((size_t)1 << 20);
        for (int i = 0; i < PREFILTER_HITS_MAX + 10; i++)
                (void)buffer_append(&many, SLICE("find\n"));
        prefilter_scan(prefilter, buffer_view(&many));
        assert_in_range(prefilter_quiet(prefilter), 0, 4);
        size_t end = (size_t)PREFILTER_HITS_MAX * 5;
        (void)prefilter_line(prefilter, SLICE("find\n"), 0, end);
        assert_int_equal(prefilter_quiet(prefilter), 0);
        buffer_done(&many);
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
                cmocka_unit_test(each_clause_has_its_bit),
                cmocka_unit_test(jails_that_a_line_touches_are_known),
                cmocka_unit_test(it_is_known_how_far_there_is_nothing),
                cmocka_unit_test(a_literal_is_found_wherever_it_stands),
                cmocka_unit_test(a_jail_that_requires_nothing_gets_every_line),
                cmocka_unit_test(none_is_made_of_nothing_or_too_much),
                cmocka_unit_test(too_many_hits_make_the_rest_candidates),
                cmocka_unit_test(seam_joins_what_the_cut_parted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
