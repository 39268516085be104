/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/rating.h"

#include "../cmocka_include.h"

static int rate(const char *regex, struct rating_spoof *ret, struct arena *arena) {
        struct failregex *compiled = NULL;
        struct fault fault = FAULT_INIT;
        assert_int_equal(
                failregex_new(slice_of(regex), TAG_HOSTS_NAMED, PATTERN_PLAIN, &compiled, &fault),
                0);
        int r = rating_spoof(compiled, arena, ret, &fault);
        if (r == RATING_BAD && ret->part.data)
                ret->part = arena_copy(arena, ret->part);
        (void)failregex_free(compiled);
        fault_done(&fault);
        return r;
}

static void regexes_that_hold_fast_are_good(void **state) {
        static const char *const regexes[] = {"^Failed password for .* from <HOST> port \\d+$",
                "^Failed password for \\S+ from <HOST>", "^from <HOST>: .*$",
                "^user=[^ ]* rhost=<HOST>$", "^id <F-ID>\\S+</F-ID>$",
                "^no address <F-MLFID>\\d+</F-MLFID> .*"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_spoof spoof;
                if (rate(regexes[i], &spoof, &arena) != RATING_GOOD)
                        fail_msg("%s: %.*s", regexes[i], SLICE_ARG(spoof.line));
                arena_done(&arena);
        }
}

static void what_can_hold_another_address_is_named(void **state) {
        static const struct {
                const char *regex, *part;
        } rows[] = {
                {"^Failed password for .*? from <HOST>", ".*?"      },
                {"^user .* from <HOST>: .*$",            ".*"       },
                {"^login [^<]* rip=<HOST>,",             NULL       },
                {"^login [^<]*? rip=<HOST>,",            "[^<]*?"   },
                {"^.{0,300}? id <F-ID>\\S+</F-ID> x",    ".{0,300}?"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_spoof spoof;
                int r = rate(rows[i].regex, &spoof, &arena);
                assert_int_equal(r, rows[i].part ? RATING_BAD : RATING_GOOD);
                if (rows[i].part && !slice_is(spoof.part, rows[i].part))
                        fail_msg("%s: %.*s", rows[i].regex, SLICE_ARG(spoof.part));
                arena_done(&arena);
        }
}

static void regex_without_anchor_is_found(void **state) {
        struct arena arena = ARENA_INIT;
        struct rating_spoof spoof;
        (void)state;
        assert_int_equal(
                rate("Failed password for \\S+ from <HOST>$|never", &spoof, &arena), RATING_GOOD);
        assert_int_equal(rate("Failed password for \\S+ from <HOST>", &spoof, &arena), RATING_BAD);
        assert_null(spoof.part.data);
        assert_true(slice_find(spoof.line, SLICE(RATING_ADDRESS), 0) <
                    slice_find(spoof.line, SLICE(RATING_HONEST), 0));
        arena_done(&arena);
}

static void regex_of_ipv6_alone_is_judged(void **state) {
        struct arena arena = ARENA_INIT;
        struct rating_spoof spoof;
        (void)state;
        assert_int_equal(rate("^user .*? from <IP6>$", &spoof, &arena), RATING_GOOD);
        assert_int_equal(rate("^user .*? from <IP6>", &spoof, &arena), RATING_BAD);
        assert_string_equal(spoof.address, RATING_ADDRESS6);
        assert_true(slice_find(spoof.line, SLICE(RATING_HONEST6), 0) < spoof.line.len);
        arena_done(&arena);
}

static void what_must_come_next_is_put_there(void **state) {
        struct arena arena = ARENA_INIT;
        struct rating_spoof spoof;
        (void)state;
        assert_int_equal(rate("^user=(?=.* host=)[^<]* <ADDR>$", &spoof, &arena), RATING_GOOD);
        assert_int_equal(rate("^user=(?=.* host=)[^<]*? <ADDR>", &spoof, &arena), RATING_BAD);
        arena_done(&arena);
}

static void regex_that_no_line_can_be_made_for_is_not_judged(void **state) {
        static const char *const regexes[] = {"^(?<=never)from <HOST>", "(?x) from <HOST>"};
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct rating_spoof spoof;
                assert_int_equal(rate(regexes[i], &spoof, &arena), RATING_UNKNOWN);
                arena_done(&arena);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regexes_that_hold_fast_are_good),
                cmocka_unit_test(what_can_hold_another_address_is_named),
                cmocka_unit_test(regex_without_anchor_is_found),
                cmocka_unit_test(regex_of_ipv6_alone_is_judged),
                cmocka_unit_test(what_must_come_next_is_put_there),
                cmocka_unit_test(regex_that_no_line_can_be_made_for_is_not_judged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
