/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/rating.h"

#include "../cmocka_include.h"

static int rate(const char *regex, struct rating_cost *ret, struct arena *arena) {
        struct failregex *compiled = NULL;
        struct fault fault = FAULT_INIT;
        assert_int_equal(
                failregex_new(slice_of(regex), TAG_HOSTS_NAMED, PATTERN_PLAIN, &compiled, &fault),
                0);
        int r = rating_cost(compiled, arena, ret, &fault);
        if (r == RATING_BAD)
                ret->part = arena_copy(arena, ret->part);
        (void)failregex_free(compiled);
        fault_done(&fault);
        return r;
}

static void ordinary_regexes_are_good(void **state) {
        static const char *const regexes[] = {"^Failed password for \\S+ from <HOST> port \\d+$",
                "^<HOST> .* \"GET [^\"]+\" 404$", "^user (?:\\w+ )?is gone$", "^(?:ab|cd)+$",
                "^\\s*\\d+ from <ADDR>$"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_cost cost;
                if (rate(regexes[i], &cost, &arena) != RATING_GOOD)
                        fail_msg("%s: %.*s, power %f", regexes[i], SLICE_ARG(cost.part),
                                cost.degree);
                arena_done(&arena);
        }
}

static void repeats_in_repeats_grow_exponentially(void **state) {
        static const char *const regexes[] = {"^(?:a+)+$", "^x(?:\\w+\\s?)*: <HOST>$", "^(?:a|a)*b",
                "^(?P<user>(?:\\S+|\\d+)+) from <HOST>$"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_cost cost;
                if (rate(regexes[i], &cost, &arena) != RATING_BAD)
                        fail_msg("%s is good", regexes[i]);
                if (cost.growth != RATING_EXPONENTIAL || !cost.stopped)
                        fail_msg("%s: power %f, %zu bytes", regexes[i], cost.degree, cost.length);
                arena_done(&arena);
        }
}

static void repeats_side_by_side_grow_with_a_power(void **state) {
        static const struct {
                const char *regex, *part;
                double low, high;
        } rows[] = {
                {"^a\\s*\\s*\\s*b", "\\s*", 1.8, 3.5},
                {"^.*x.*x.*x.*y$",  ".*",   1.8, 4.2},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_cost cost;
                assert_int_equal(rate(rows[i].regex, &cost, &arena), RATING_BAD);
                assert_int_equal(cost.growth, RATING_POLYNOMIAL);
                assert_true(slice_is(cost.part, rows[i].part));
                if (cost.degree < rows[i].low || cost.degree > rows[i].high)
                        fail_msg("%s: power %f", rows[i].regex, cost.degree);
                arena_done(&arena);
        }
}

static void what_is_not_understood_is_not_judged(void **state) {
        struct arena arena = ARENA_INIT;
        struct rating_cost cost;
        (void)state;
        assert_int_equal(rate("(?x) a+ b", &cost, &arena), RATING_UNKNOWN);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ordinary_regexes_are_good),
                cmocka_unit_test(repeats_in_repeats_grow_exponentially),
                cmocka_unit_test(repeats_side_by_side_grow_with_a_power),
                cmocka_unit_test(what_is_not_understood_is_not_judged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
