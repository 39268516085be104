/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/window.h"

#include "../cmocka_include.h"

#include "../../support/failure_parts.h"

#include "base/repr.h"
#include "channel/value_code.h"

#define T0 1700000000.0

static double add(struct window *window, const char *id, double time, double count,
        enum window_source source) {
        struct ticket *ticket = ticket_new(slice_of(id), NULL, time);
        double retry = window_add(window, ticket, count, source);
        (void)ticket_unref(ticket);
        return retry;
}

/* Real fail2ban's FailManager gives these numbers (findtime 600). */
static void count_is_estimated_from_the_rate_after_findtime(void **state) {
        static const struct {
                double times[5];
                double counts[5];
        } rows[] = {
                {{0, 100, 500, 599, 700},   {1, 2, 3, 4, 4}},
                {{0, 300, 601, 1500, 1500}, {1, 2, 3, 2, 3}},
                {{0, 600, 600.5, 601, 602}, {1, 2, 3, 4, 5}}, /* 2 / 600.5 * 600 rounds to 2 */
                {{0, -5, -5, 700, 10000},   {1, 2, 3, 4, 1}},
                {{0, 0, 0, 0, 5000},        {1, 2, 3, 4, 1}},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct window window;
                window_init(&window, 10);
                for (size_t k = 0; k < 5; k++)
                        assert_true(add(&window, "a", T0 + rows[i].times[k], 1, WINDOW_FROM_LOG) ==
                                    rows[i].counts[k]);
                assert_int_equal(window.total, 5);
                window_done(&window);
        }
}

static void id_is_taken_once_maxretry_is_reached(void **state) {
        struct window window;
        (void)state;
        window_init(&window, 10);
        (void)add(&window, "a", T0, 1, WINDOW_FROM_LOG);
        (void)add(&window, "a", T0 + 1, 1, WINDOW_FROM_LOG);
        assert_null(window_take(&window, SLICE("a")));
        (void)add(&window, "a", T0 + 2, 1, WINDOW_FROM_LOG);
        assert_true(window_find(&window, SLICE("a"), 0)->first_time == T0);
        struct ticket *ticket = window_take(&window, SLICE("a"));
        assert_non_null(ticket);
        assert_int_equal(ticket->failures, 3);
        assert_true(ticket->time == T0 + 2);
        assert_true(isnan(ticket->ban_time_s) && ticket->ban_epoch == 0);
        assert_null(window_take(&window, SLICE("a")));
        assert_true(add(&window, "a", T0 + 3, 1, WINDOW_FROM_LOG) == 1);
        (void)ticket_unref(ticket);
        window_done(&window);
}

static void window_forgets_after_findtime(void **state) {
        struct window window;
        (void)state;
        window_init(&window, 10);
        (void)add(&window, "old", T0, 1, WINDOW_FROM_LOG);
        (void)add(&window, "young", T0 + 1, 1, WINDOW_FROM_LOG);
        window_cleanup(&window, T0 + 599.9);
        assert_int_equal(window.table.count, 2);
        window_cleanup(&window, T0 + 600.5); /* not so soon */
        assert_int_equal(window.table.count, 2);
        window_cleanup(&window, T0 + 605);
        assert_int_equal(window.table.count, 0);
        assert_int_equal(window.total, 2);
        window_done(&window);
}

static void observer_adds_weight_but_no_id(void **state) {
        struct window window;
        (void)state;
        window_init(&window, 10);
        assert_true(add(&window, "a", T0, 4, WINDOW_FROM_OBSERVER) == 0);
        assert_int_equal(window.table.count, 0);
        assert_int_equal(window.total, 0);
        struct ticket *ticket = ticket_new(SLICE("a"), NULL, T0);
        assert_true(window_add(&window, ticket, 1, WINDOW_FROM_LOG) == 1);
        assert_true(window_add(&window, ticket, 2, WINDOW_FROM_OBSERVER) == 3);
        assert_int_equal(ticket->failures, 2);
        (void)ticket_unref(ticket);
        window_done(&window);
}

static void attempt_weighs_more_than_it_counts(void **state) {
        struct window window;
        (void)state;
        window_init(&window, 10);
        assert_true(add(&window, "a", T0, 3, WINDOW_FROM_LOG) == 3);
        assert_true(add(&window, "a", T0, 2, WINDOW_FROM_LOG) == 5);
        struct ticket *ticket = window_take(&window, SLICE("a"));
        assert_int_equal(ticket->failures, 2);
        (void)ticket_unref(ticket);
        window_done(&window);
}

static struct ticket *with_match(const char *match) {
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)value_append(&matches, value_text(match), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        struct ticket *ticket = ticket_new(SLICE("a"), NULL, T0);
        ticket_set_data(ticket, &data);
        arena_done(&arena);
        return ticket;
}

static void newest_matches_are_kept(void **state) {
        static const struct {
                uint32_t max;
                const char *kept;
        } rows[] = {
                {0, ""       },
                {1, "c"      },
                {2, "b\nc"   },
                {5, "a\nb\nc"}
        };
        static const char *const texts[] = {"a", "b", "c"};
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct window window;
                struct arena arena = ARENA_INIT;
                window_init(&window, 10);
                window.maxmatches = rows[i].max;
                for (size_t k = 0; k < 3; k++) {
                        struct ticket *ticket = with_match(texts[k]);
                        (void)window_add(&window, ticket, 1, WINDOW_FROM_LOG);
                        (void)ticket_unref(ticket);
                }
                struct ticket *ticket = window_take(&window, SLICE("a"));
                assert_slice(ticket_matches_text(ticket, &arena), rows[i].kept);
                (void)ticket_unref(ticket);
                arena_done(&arena);
                window_done(&window);
        }
}

static void kept_no_matches_have_no_key(void **state) {
        static const struct {
                uint32_t max;
                int failures;
                const char *data;
        } rows[] = {
                {0, 1, "{'matches': ['a'], 'failures': 1}"}, /* the first one is taken as it is */
                {0, 2, "{'failures': 2}"                  },
                {1, 2, "{'matches': ['a'], 'failures': 2}"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct window window;
                struct arena arena = ARENA_INIT;
                window_init(&window, 10);
                window.maxmatches = rows[i].max;
                for (int k = 0; k < rows[i].failures; k++) {
                        struct ticket *ticket = with_match("a");
                        (void)window_add(&window, ticket, 1, WINDOW_FROM_LOG);
                        (void)ticket_unref(ticket);
                }
                struct value data = ticket_data(window_find(&window, SLICE("a"), 0), &arena);
                assert_slice(repr(&data, &arena), rows[i].data);
                arena_done(&arena);
                window_done(&window);
        }
}

static void time_is_written_as_that_of_the_last_failure(void **state) {
        static const struct {
                double later_s;
                bool first, second, both;
        } rows[] = {
                {1,  true,  false, false},
                {1,  false, true,  true },
                {-1, true,  false, true }, /* an older one does not move it */
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct window window;
                window_init(&window, 10);
                struct ticket *first = ticket_new(SLICE("a"), NULL, T0),
                              *second = ticket_new(SLICE("a"), NULL, T0 + rows[i].later_s);
                first->integral_time = rows[i].first;
                second->integral_time = rows[i].second;
                (void)window_add(&window, first, 1, WINDOW_FROM_LOG);
                (void)window_add(&window, second, 1, WINDOW_FROM_LOG);
                assert_int_equal(window_find(&window, SLICE("a"), 0)->integral_time, rows[i].both);
                (void)ticket_unref(first);
                (void)ticket_unref(second);
                window_done(&window);
        }
}

static void oldest_are_forgotten_and_counted_when_it_is_full(void **state) {
        struct window window;
        char id[16];
        (void)state;
        window_init(&window, 160);
        for (int i = 0; i < 160; i++) {
                (void)snprintf(id, sizeof(id), "%d", i);
                (void)add(&window, id, T0 + i, 1, WINDOW_FROM_LOG);
        }
        (void)add(&window, "new", T0 + 200, 1, WINDOW_FROM_LOG);
        assert_int_equal(window.forgotten, 11);
        assert_int_equal(window.table.count, 150);
        assert_null(ticket_table_find(&window.table, SLICE("0")));
        assert_non_null(ticket_table_find(&window.table, SLICE("11")));
        assert_non_null(ticket_table_find(&window.table, SLICE("new")));
        window_done(&window);
}

/* Whether a failure comes with a ticket of its own must not be seen, nor whether the hash is known.
 */
static void failure_counts_the_same_without_a_ticket(void **state) {
        static const double times[] = {0, 1, -5, 500, 1200, 1200, 9000, 9001};
        (void)state;
        for (uint32_t max = 0; max < 4; max++) {
                struct window with, without;
                window_init(&with, 10);
                window_init(&without, 10);
                with.maxmatches = without.maxmatches = max;
                for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
                        struct arena arena = ARENA_INIT;
                        struct value data = value_dict(), matches = value_list();
                        struct record record = {.failure.id = SLICE("a")};
                        for (size_t k = 0; k <= i % 3; k++)
                                (void)value_append(
                                        &matches, value_int((int64_t)(10 * i + k)), &arena);
                        value_dict_put(&data, value_text("matches"), matches, &arena);
                        failure_parts_set(&record, &data, &arena);
                        struct ticket *ticket = ticket_new(SLICE("a"), NULL, T0 + times[i]),
                                      *same = ticket_new(SLICE("a"), NULL, T0 + times[i]);
                        ticket_set_data(ticket, &data);
                        ticket_set_record(same, &record);
                        uint32_t hash = i % 2 ? ticket_table_hash(&without.table, SLICE("a")) : 0;
                        struct ticket *entry = window_find(&without, SLICE("a"), hash);
                        assert_int_equal(entry != NULL, i > 0);
                        double a = window_add(&with, ticket, 1, WINDOW_FROM_LOG);
                        double b =
                                entry ? window_add_record(&without, entry, T0 + times[i], &record)
                                      : window_add(&without, same, 1, WINDOW_FROM_LOG);
                        assert_true(a == b);
                        assert_int_equal(with.total, without.total);
                        struct ticket *x = window_find(&with, SLICE("a"), 0),
                                      *y = window_find(&without, SLICE("a"), 0);
                        assert_true(x->time == y->time && x->first_time == y->first_time);
                        assert_int_equal(x->failures, y->failures);
                        assert_true(slice_equal(
                                ticket_matches_text(x, &arena), ticket_matches_text(y, &arena)));
                        (void)ticket_unref(ticket);
                        (void)ticket_unref(same);
                        arena_done(&arena);
                }
                window_done(&with);
                window_done(&without);
        }
}

static void who_has_passed_is_looked_at_again_in_another_epoch(void **state) {
        struct window window;
        (void)state;
        window_init(&window, 10);
        (void)add(&window, "a", T0, 1, WINDOW_FROM_LOG);
        (void)add(&window, "b", T0, 1, WINDOW_FROM_LOG);
        struct ticket *a = window_find(&window, SLICE("a"), 0);
        struct ticket *b = window_find(&window, SLICE("b"), 0);
        assert_false(window_has_passed(&window, a, 1));
        a->has_passed = b->has_passed = true;
        assert_true(window_has_passed(&window, a, 1));
        assert_true(window_has_passed(&window, b, 1));
        assert_false(window_has_passed(&window, a, 2));
        assert_false(window_has_passed(&window, b, 2));
        a->has_passed = true;
        window.maxretry = 1;
        a = window_take(&window, SLICE("a"));
        assert_false(a->has_passed); /* it may come back in another */
        (void)ticket_unref(a);
        window_done(&window);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(count_is_estimated_from_the_rate_after_findtime),
                cmocka_unit_test(id_is_taken_once_maxretry_is_reached),
                cmocka_unit_test(window_forgets_after_findtime),
                cmocka_unit_test(observer_adds_weight_but_no_id),
                cmocka_unit_test(attempt_weighs_more_than_it_counts),
                cmocka_unit_test(newest_matches_are_kept),
                cmocka_unit_test(kept_no_matches_have_no_key),
                cmocka_unit_test(time_is_written_as_that_of_the_last_failure),
                cmocka_unit_test(oldest_are_forgotten_and_counted_when_it_is_full),
                cmocka_unit_test(failure_counts_the_same_without_a_ticket),
                cmocka_unit_test(who_has_passed_is_looked_at_again_in_another_epoch),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
