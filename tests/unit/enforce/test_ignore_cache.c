/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ignore_cache.h"

#include <errno.h>

#include "../cmocka_include.h"

#include "base/repr.h"

static void options_are_read_with_defaults(void **state) {
        static const struct {
                const char *text;
                int code;
                const char *shown;
        } rows[] = {
                {"key=\"<ip>\", max-count=5, max-time=1m", 0,       "['<ip>', 5, 60]"            },
                {"key='<F-USER>@<ip>'",                    0,       "['<F-USER>@<ip>', 100, 300]"},
                {"max-time=1.5h,key=<ip>",                 0,       "['<ip>', 100, 5400.0]"      },
                {"",                                       0,       "None"                       },
                {"max-count=5",                            -EINVAL, "None"                       },
                {"key=\"<ip>",                             -EINVAL, "None"                       },
                {"key=<ip>, max-count=x",                  -EINVAL, "None"                       },
                {"nonsense",                               -EINVAL, "None"                       },
        };
        struct ignore_cache cache;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct arena arena = ARENA_INIT;
                ignore_cache_init(&cache);
                assert_int_equal(
                        ignore_cache_set(&cache, slice_of(rows[i].text), NULL), rows[i].code);
                struct value shown = ignore_cache_settings(&cache, &arena);
                assert_slice(repr(&shown, &arena), rows[i].shown);
                ignore_cache_done(&cache);
                arena_done(&arena);
        }
}

static void decisions_are_forgotten_after_their_time(void **state) {
        struct ignore_cache cache;
        (void)state;
        ignore_cache_init(&cache);
        assert_int_equal(ignore_cache_set(&cache, SLICE("key=<ip>,max-time=60"), NULL), 0);
        ignore_cache_put(&cache, SLICE("a"), IGNORE_YES, 100);
        ignore_cache_put(&cache, SLICE("b"), IGNORE_NO, 130);
        assert_int_equal(ignore_cache_get(&cache, SLICE("a"), 159), IGNORE_YES);
        assert_int_equal(ignore_cache_get(&cache, SLICE("a"), 160), IGNORE_UNKNOWN);
        assert_int_equal(ignore_cache_get(&cache, SLICE("b"), 160), IGNORE_NO);
        assert_int_equal(ignore_cache_get(&cache, SLICE("c"), 160), IGNORE_UNKNOWN);
        ignore_cache_done(&cache);
}

static void full_cache_loses_the_oldest(void **state) {
        struct ignore_cache cache;
        char key[16];
        (void)state;
        ignore_cache_init(&cache);
        assert_int_equal(ignore_cache_set(&cache, SLICE("key=<ip>,max-count=10"), NULL), 0);
        for (int i = 0; i < 1000; i++) {
                (void)snprintf(key, sizeof(key), "%d", i);
                ignore_cache_put(&cache, slice_of(key), IGNORE_NO, 100);
                assert_true(cache.table.count <= 10);
        }
        assert_int_equal(ignore_cache_get(&cache, SLICE("999"), 100), IGNORE_NO);
        assert_int_equal(ignore_cache_get(&cache, SLICE("10"), 100), IGNORE_UNKNOWN);
        ignore_cache_done(&cache);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_are_read_with_defaults),
                cmocka_unit_test(decisions_are_forgotten_after_their_time),
                cmocka_unit_test(full_cache_loses_the_oldest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
