/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/suggest.h"

#include "../cmocka_include.h"

static void distance_counts_letters(void **state) {
        (void)state;
        static const struct {
                const char *a;
                const char *b;
                size_t distance;
        } rows[] = {
                {"",        "",         0},
                {"",        "abc",      3},
                {"sshd",    "sshd",     0},
                {"sshd",    "SSHD",     0},
                {"sshd",    "shd",      1},
                {"sshd",    "sshdd",    1},
                {"sshd",    "sshf",     1},
                {"tiem",    "time",     1}, /* neighbours swapped */
                {"maxrety", "maxretry", 1},
                {"kitten",  "sitting",  3},
                {"abc",     "xyz",      3},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(suggest_distance(slice_of(rows[i].a), slice_of(rows[i].b)),
                        rows[i].distance);
                assert_int_equal(suggest_distance(slice_of(rows[i].b), slice_of(rows[i].a)),
                        rows[i].distance);
        }
}

static void long_words_are_not_compared(void **state) {
        (void)state;
        char text[SUGGEST_WORD_MAX + 2];
        memset(text, 'a', sizeof(text));
        struct slice most = {text, SUGGEST_WORD_MAX};
        struct slice more = {text, SUGGEST_WORD_MAX + 1};
        assert_int_equal(suggest_distance(most, most), 0);
        assert_true(suggest_distance(more, most) == SIZE_MAX);
        assert_true(suggest_distance(most, more) == SIZE_MAX);
}

static void the_nearest_name_is_meant(void **state) {
        (void)state;
        static const struct {
                const char *word;
                const char *text;
        } rows[] = {
                {"filtr",   "did you mean 'filter'?" },
                {"fitler",  "did you mean 'filter'?" },
                {"FILTER",  "did you mean 'filter'?" },
                {"bantme",  "did you mean 'bantime'?"},
                {"fi",      ""                       }, /* too short for a mistake */
                {"mailer",  "did you mean 'mail'?"   },
                {"nothing", ""                       },
        };
        struct arena arena = ARENA_INIT;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct suggest suggest = suggest_begin(slice_of(rows[i].word));
                suggest_offer(&suggest, SLICE("bantime"));
                suggest_offer(&suggest, SLICE("filters"));
                suggest_offer(&suggest, SLICE("filter"));
                suggest_offer(&suggest, SLICE("mail"));
                assert_slice(suggest_text(&suggest, &arena), rows[i].text);
        }
        struct suggest same = suggest_begin(SLICE("filter"));
        suggest_offer(&same, SLICE("filter"));
        assert_slice(suggest_text(&same, &arena), "");
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(distance_counts_letters),
                cmocka_unit_test(long_words_are_not_compared),
                cmocka_unit_test(the_nearest_name_is_meant),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
