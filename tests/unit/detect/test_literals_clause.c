/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/literals_clause.h"

#include "../cmocka_include.h"

static void what_others_say_is_left_out(void **state) {
        const struct slice texts[] = {SLICE("xab"), SLICE("ab"), SLICE("C"), SLICE("ab")};
        struct arena arena = ARENA_INIT;
        (void)state;
        struct literals clause = literals_clause_make(texts, 4, false, &arena);
        assert_int_equal(clause.count, 2);
        assert_slice(clause.items[0], "ab");
        assert_slice(clause.items[1], "C");
        assert_int_equal(clause.shortest, 1);
        clause = literals_clause_make(texts, 3, true, &arena);
        assert_slice(clause.items[1], "c");
        assert_true(clause.caseless);
        clause = literals_clause_make(texts, 0, false, &arena);
        assert_int_equal(clause.count + clause.shortest, 0);
        arena_done(&arena);
}

static void either_unites_or_gives_up(void **state) {
        struct arena arena = ARENA_INIT;
        struct literals a = literals_of(SLICE("Foo"), &arena);
        struct literals b = literals_of(SLICE("(?i)bar"), &arena);
        struct literals none = literals_of(SLICE("."), &arena);
        (void)state;
        struct literals both = literals_clause_either(&a, &b, &arena);
        assert_int_equal(both.count, 2);
        assert_slice(both.items[0], "foo");
        assert_slice(both.items[1], "bar");
        assert_true(both.caseless);
        assert_int_equal(both.shortest, 3);
        assert_int_equal(literals_clause_either(&a, &none, &arena).count, 0);
        arena_done(&arena);
}

/* Clauses of one text each. */
static size_t rarest(const char *const *texts, size_t count, bool caseless, const char *sample) {
        struct slice slices[4];
        struct literals choices[4];
        for (size_t i = 0; i < count; i++) {
                slices[i] = slice_of(texts[i]);
                choices[i] = (struct literals){
                        &slices[i], slices[i].len > 0, slices[i].len, caseless, false};
        }
        return literals_clause_rarest(choices, count, slice_of(sample));
}

static void a_clause_gives_way_to_a_much_rarer_one(void **state) {
        static const char *const texts[] = {"aaaa", "bbbb", "cccc"};
        static const char *const unknown[] = {"", "bbbb"};
        (void)state;
        assert_int_equal(rarest(texts, 3, false, "aaaabbbb\naaaabbbb\naaaacccc\naaaa\n"), 2);
        assert_int_equal(rarest(texts, 2, false, "aaaabbbb\naaaabbbb\naaaacccc\naaaa\n"), 1);
        /* not much: three of four */
        assert_int_equal(rarest(texts, 2, false, "aaaabbbb\naaaabbbb\naaaabbbb\naaaaaaaa\n"), 0);
        assert_int_equal(
                rarest(texts, 2, false, "aaaabbbb\naaaabbbb\naaaabbbb\naaaabbbb\naaaa\n"), 0);
        /* rare enough: one of nine */
        assert_int_equal(rarest(texts, 2, false, "aaaa\n\n\n\n\n\n\n\n"), 0);
        assert_int_equal(rarest(texts, 2, false, "aaaa\n\n\n"), 1);
        assert_int_equal(rarest(texts, 2, true, "aaaa\naaaa\n"), 0);
        assert_int_equal(rarest(texts, 1, false, "aaaa\naaaa\n"), 0);
        assert_int_equal(rarest(texts, 3, false, ""), 0);
        assert_int_equal(rarest(unknown, 2, false, "aaaa\naaaa\n"), 0);
}

static void a_sample_is_looked_at_in_part(void **state) {
        static const char *const texts[] = {"aaaa", "bbbb"};
        static char sample[LITERALS_SAMPLE_MAX + 100];
        (void)state;
        memset(sample, 'a', sizeof(sample) - 1);
        memcpy(sample + LITERALS_SAMPLE_MAX, "bbbb", 4);
        assert_int_equal(rarest(texts, 2, false, sample), 1);
        memcpy(sample + 100, "bbbb", 4);
        assert_int_equal(rarest(texts, 2, false, sample), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_others_say_is_left_out),
                cmocka_unit_test(either_unites_or_gives_up),
                cmocka_unit_test(a_clause_gives_way_to_a_much_rarer_one),
                cmocka_unit_test(a_sample_is_looked_at_in_part),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
