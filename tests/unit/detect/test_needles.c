/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/needles.h"

#include "../cmocka_include.h"

#include "base/memory.h"

#define HITS_MAX 4096

/* Or the test ends here, where the processor cannot do it. */
static struct needles *make(const struct needle *items, size_t count, struct slice sample) {
        struct needles *needles = needles_new(items, count, sample);
        if (!needles)
                skip();
        return needles;
}

static bool is_there(const struct needle *needle, struct slice text, size_t start) {
        struct slice part = slice_sub(text, start, start + needle->text.len);
        return needle->caseless ? slice_equal_nocase(part, needle->text)
                                : slice_equal(part, needle->text);
}

/* Compares with a search at every place. The text is in memory of its own, so that a sanitiser sees
 * what is read beyond it. */
static void assert_same(const struct needles *needles, const struct needle *items, size_t count,
        struct slice text) {
        struct needles_hits found = {.max = HITS_MAX};
        char *copy = memory_copy_text(text);
        char *bytes = memory_resize(NULL, text.len + 1, 1);
        size_t wanted[64] = {0};
        size_t got[64] = {0};
        memcpy(bytes, copy, text.len);
        bytes = memory_resize(bytes, text.len > 0 ? text.len : 1, 1);
        assert_true(needles_scan(needles, (struct slice){bytes, text.len}, &found));
        for (size_t start = 0; start < text.len; start++)
                for (size_t i = 0; i < count; i++)
                        wanted[i] += is_there(&items[i], text, start);
        for (size_t i = 0; i < found.count; i++) {
                const struct needles_hit *hit = &found.items[i];
                const struct needle *needle = &items[hit->needle];
                bool stands = false;
                assert_true(i == 0 || hit->behind >= found.items[i - 1].behind);
                for (size_t back = 1; back <= needle->text.len && back <= hit->behind; back++)
                        stands = stands || is_there(needle, text, hit->behind - back);
                assert_true(stands);
                got[hit->needle]++;
        }
        for (size_t i = 0; i < count; i++)
                if (got[i] != wanted[i])
                        fail_msg("needle %zu '%.*s': %zu times, not %zu in '%.*s'", i,
                                SLICE_ARG(items[i].text), got[i], wanted[i], SLICE_ARG(text));
        free(found.items);
        free(bytes);
        free(copy);
}

static void a_needle_is_found_wherever_it_stands(void **state) {
        (void)state;
        static const struct needle items[] = {
                {{"user ", 5},                  false},
                {{"x", 1},                      false},
                {{"ab", 2},                     false},
                {{"a text of some length", 21}, false},
                {{"login", 5},                  true },
        };
        static const char *const there[] = {"user ", "x", "ab", "a text of some length", "LogIn"};
        const size_t count = sizeof(items) / sizeof(items[0]);
        struct needles *needles = make(items, count, SLICE_NULL);
        char text[160];
        for (size_t i = 0; i < 2 * count; i++) {
                const char *this = there[i % count];
                if (i == count)
                        needles_go_narrow(needles);
                for (size_t len = 1; len < sizeof(text); len += 1 + len / 16)
                        for (size_t at = 0; at + strlen(this) <= len; at++) {
                                memset(text, '_', sizeof(text));
                                memcpy(text + at, this, strlen(this));
                                assert_same(needles, items, count, (struct slice){text, len});
                        }
        }
        (void)needles_free(needles);
}

static uint32_t next_random(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 8;
}

/* Few different letters, so that much is found. */
static void make_text(char *text, size_t len, uint32_t *seed) {
        static const char letters[] = "abcdABCD {[@`\n\xe2";
        for (size_t i = 0; i < len; i++)
                text[i] = letters[next_random(seed) % (sizeof(letters) - 1)];
}

static void what_is_found_is_what_a_search_at_every_place_finds(void **state) {
        (void)state;
        static char texts[NEEDLES_MAX][16];
        char text[300];
        uint32_t seed = 1;
        for (size_t round = 0; round < 400; round++) {
                struct needle items[NEEDLES_MAX];
                size_t count = 1 + next_random(&seed) % NEEDLES_MAX;
                for (size_t i = 0; i < count; i++) {
                        size_t len = 1 + next_random(&seed) % (round % 8 + 1);
                        make_text(texts[i], len, &seed);
                        items[i] = (struct needle){
                                {texts[i], len},
                                next_random(&seed) % 3 == 0
                        };
                        for (size_t k = 0; items[i].caseless && k < len; k++)
                                if (texts[i][k] >= 'A' && texts[i][k] <= 'Z')
                                        texts[i][k] = (char)(texts[i][k] + 0x20);
                }
                make_text(text, sizeof(text), &seed);
                struct slice sample = {text, next_random(&seed) % sizeof(text)};
                struct needles *needles = make(items, count, sample);
                make_text(text, sizeof(text), &seed);
                for (size_t i = 0; i < 8; i++) {
                        size_t len = next_random(&seed) % (i % 2 ? 120 : 290);
                        if (i == 4)
                                needles_go_narrow(needles);
                        assert_same(needles, items, count, (struct slice){text + i, len});
                }
                (void)needles_free(needles);
        }
}

static void there_are_so_many_hits_at_most(void **state) {
        (void)state;
        static const struct needle item = {
                {"here", 4},
                false
        };
        struct needles *needles = make(&item, 1, SLICE("here and here"));
        static char text[4096];
        memset(text, ' ', sizeof(text));
        for (size_t i = 0; i < 4; i++)
                memcpy(text + i * 1000, "here", 4);
        memcpy(text + sizeof(text) - 4, "here", 4); /* in the last piece, which is scanned apart */
        for (size_t max = 0; max < 8; max++) {
                struct needles_hits found = {.max = max};
                assert_int_equal(needles_scan(needles, (struct slice){text, sizeof(text)}, &found),
                        max >= 5);
                assert_int_equal(found.count, max < 5 ? max : 5);
                assert_int_equal(needles_hits_add(&found, (struct needles_hit){1, 2}), max > 5);
                free(found.items);
        }
        (void)needles_free(needles);
}

static void needles_borrow_nothing(void **state) {
        (void)state;
        char text[] = "gone";
        struct needle item = {
                {text, 4},
                false
        };
        struct needles *needles = make(&item, 1, SLICE_NULL);
        struct needles_hits found = {.max = HITS_MAX};
        memset(text, 'x', 4);
        assert_true(needles_scan(needles, SLICE("it is gone"), &found));
        assert_int_equal(found.count, 1);
        free(found.items);
        (void)needles_free(needles);
}

static void none_are_made_of_nothing_or_too_many(void **state) {
        (void)state;
        struct needle items[NEEDLES_MAX + 1];
        for (size_t i = 0; i < NEEDLES_MAX + 1; i++)
                items[i] = (struct needle){SLICE("text"), false};
        assert_null(needles_new(items, 0, SLICE_NULL));
        assert_null(needles_new(items, NEEDLES_MAX + 1, SLICE_NULL));
        assert_null(needles_free(NULL));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_needle_is_found_wherever_it_stands),
                cmocka_unit_test(what_is_found_is_what_a_search_at_every_place_finds),
                cmocka_unit_test(there_are_so_many_hits_at_most),
                cmocka_unit_test(needles_borrow_nothing),
                cmocka_unit_test(none_are_made_of_nothing_or_too_many),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
