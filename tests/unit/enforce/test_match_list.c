/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/match_list.h"

#include "../cmocka_include.h"

#include <stdlib.h>

#include "channel/value_pack.h"

#define MANY 3000
#define TEXT_MAX 2500

/* What the list is compared with: all that were pushed, and which of them are left. */
static struct model {
        size_t lengths[MANY];
        size_t first, count;
} model;

static char letter_of(size_t number) {
        return (char)('a' + number % 26);
}

static bool push(struct ticket *ticket, size_t number, size_t len, uint32_t max) {
        char *to = match_list_push(ticket, value_pack_text_size(len), max, 0);
        if (!to)
                return false;
        memset(value_pack_text_head(to, len), letter_of(number), len);
        return true;
}

static void check(const struct ticket *ticket) {
        struct arena arena = ARENA_INIT;
        struct match_list_walk walk = match_list_walk(ticket);
        size_t number = model.first;
        for (struct value match; match_list_next(&walk, &arena, &match); number++) {
                assert_int_equal(match.string.len, model.lengths[number]);
                for (size_t i = 0; i < match.string.len; i++)
                        assert_int_equal(match.string.data[i], letter_of(number));
        }
        assert_int_equal(number - model.first, model.count);
        assert_int_equal(ticket->match_count, model.count);
        arena_done(&arena);
}

/* Pushed and dropped in a fixed disorder, of all lengths: what is left are the newest, unharmed. */
static void list_is_that_of_the_newest(void **state) {
        static const struct {
                uint32_t max;
                size_t longest;
        } rows[] = {
                {1,    200     },
                {3,    90      },
                {5,    300     },
                {40,   100     },
                {40,   TEXT_MAX},
                {9000, 600     },
        };
        (void)state;
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
                struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
                uint32_t random = 7;
                model = (struct model){.count = 0};
                for (size_t number = 0; number < MANY; number++) {
                        random = random * 1664525u + 1013904223u;
                        model.lengths[number] = (random >> 8) % rows[row].longest;
                        assert_true(push(ticket, number, model.lengths[number], rows[row].max));
                        model.count++;
                        if (model.count > rows[row].max)
                                model.count--;
                        if (random >> 28 == 0) {
                                match_list_drop(ticket);
                                model.count--;
                        }
                        model.first = number + 1 - model.count;
                        if (number % 16 == 0 || rows[row].max < 10)
                                check(ticket);
                }
                check(ticket);
                match_list_clear(ticket);
                assert_null(ticket->matches);
                assert_int_equal(ticket->match_count, 0);
                assert_int_equal(match_list_bytes(ticket), 0);
                (void)ticket_unref(ticket);
        }
}

/* Beside its bytes: some for the first, two for each of the next, that of a text's length. */
static void few_matches_take_little_more_than_their_bytes(void **state) {
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        for (size_t number = 0; number < 4; number++) {
                assert_true(push(ticket, number, 90, 100));
                assert_true(match_list_bytes(ticket) <= 4 + (number + 1) * 92);
        }
        for (size_t number = 4; number < 100; number++) /* steady: nothing is left of the dropped */
                assert_true(push(ticket, number, 90, 4));
        assert_true(match_list_bytes(ticket) <= 4 + 4 * 92);
        (void)ticket_unref(ticket);
}

/* Many: each has a block of its own, but for the first, of which some may have been dropped. */
static void later_matches_take_little_more_than_their_bytes(void **state) {
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        for (size_t number = 0; number < 200; number++) {
                assert_true(push(ticket, number, 90, 100));
                size_t count = number < 100 ? number + 1 : 100;
                assert_true(match_list_bytes(ticket) <= 400 + count * (92 + 16));
        }
        (void)ticket_unref(ticket);
}

static void what_all_count_for_is_bounded(void **state) {
        (void)state;
        struct ticket *ticket = ticket_new(SLICE("x"), NULL, 1);
        assert_false(push(ticket, 0, TICKET_DATA_MAX, 10));
        assert_false(push(ticket, 0, 10, 0));
        assert_null(match_list_push(ticket, 10, 10, TICKET_DATA_MAX - 32));
        for (size_t number = 0; number < 70000; number++)
                assert_true(push(ticket, number, 0, MATCH_LIST_MAX));
        assert_true(ticket->match_count <= MATCH_LIST_MAX);
        assert_true(match_list_bytes(ticket) < TICKET_DATA_MAX);
        assert_true(push(ticket, 0, TICKET_DATA_MAX - 40, 10));
        assert_int_equal(ticket->match_count, 1);
        assert_true(push(ticket, 0, 500, 10)); /* no room beside the other */
        assert_int_equal(ticket->match_count, 1);
        (void)ticket_unref(ticket);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(list_is_that_of_the_newest),
                cmocka_unit_test(few_matches_take_little_more_than_their_bytes),
                cmocka_unit_test(later_matches_take_little_more_than_their_bytes),
                cmocka_unit_test(what_all_count_for_is_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
