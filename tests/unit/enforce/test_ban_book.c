/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ban_book.h"

#include "../cmocka_include.h"

#define T0 1700000000.0

static int add(struct ban_book *book, const char *id, double time, double ban_time_s, double now) {
        struct ticket *known = NULL, *ticket = ticket_new(slice_of(id), NULL, time);
        ticket->ban_time_s = ban_time_s;
        int r = ban_book_add(book, ticket, now, &known);
        (void)ticket_unref(ticket);
        return r;
}

static void ban_ends_strictly_after_its_time(void **state) {
        struct ban_book book;
        (void)state;
        ban_book_init(&book, 10, 600);
        assert_int_equal(add(&book, "a", T0, TICKET_BAN_TIME_JAIL, T0), 0);
        assert_int_equal(add(&book, "b", T0, 10, T0), 0);
        assert_int_equal(add(&book, "p", T0, TICKET_PERMANENT, T0), 0);
        assert_true(ban_book_next_end(&book) == T0 + 10);
        assert_null(ban_book_take_expired(&book, T0 + 10));
        struct ticket *ticket = ban_book_take_expired(&book, T0 + 10.1);
        assert_string_equal(ticket->id, "b");
        assert_int_equal(ticket->ban_count, 1);
        (void)ticket_unref(ticket);
        assert_null(ban_book_take_expired(&book, T0 + 600));
        (void)ticket_unref(ban_book_take_expired(&book, T0 + 601));
        assert_true(isinf(ban_book_next_end(&book)));
        assert_int_equal(book.table.count, 1);
        assert_int_equal(book.total, 3);
        ban_book_done(&book);
}

static void known_ban_gets_the_later_end(void **state) {
        static const struct {
                double old_s, time, new_s, end_s; /* relative to T0; end: -1 permanent */
        } rows[] = {
                {600,                  10,  600,                  610},
                {600,                  10,  100,                  600},
                {600,                  10,  TICKET_PERMANENT,     -1 },
                {TICKET_PERMANENT,     10,  600,                  -1 },
                {600,                  -10, 700,                  700}, /* an earlier failure: its length counts from the ban's time,
  as upstream has it */
                {TICKET_BAN_TIME_JAIL, 10,  TICKET_BAN_TIME_JAIL, 610},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ban_book book;
                ban_book_init(&book, 10, 600);
                assert_int_equal(add(&book, "a", T0, rows[i].old_s, T0), 0);
                assert_int_equal(
                        add(&book, "a", T0 + rows[i].time, rows[i].new_s, T0), BAN_BOOK_E_KNOWN);
                double end = ban_book_next_end(&book);
                assert_true(rows[i].end_s == -1 ? isinf(end) : end == T0 + rows[i].end_s);
                assert_int_equal(book.total, 1);
                ban_book_done(&book);
        }
}

static void ban_that_is_over_is_not_made(void **state) {
        struct ban_book book;
        (void)state;
        ban_book_init(&book, 10, 600);
        assert_int_equal(add(&book, "a", T0, TICKET_BAN_TIME_JAIL, T0 + 600.1), BAN_BOOK_E_EXPIRED);
        assert_int_equal(add(&book, "a", T0, TICKET_BAN_TIME_JAIL, T0 + 600), 0);
        ban_book_done(&book);
}

static void jails_ban_time_moves_bans_without_their_own(void **state) {
        struct ban_book book;
        (void)state;
        ban_book_init(&book, 10, 600);
        (void)add(&book, "jail", T0, TICKET_BAN_TIME_JAIL, T0);
        (void)add(&book, "own", T0, 300, T0);
        ban_book_set_ban_time(&book, 100);
        assert_true(ban_book_next_end(&book) == T0 + 100);
        ban_book_set_ban_time(&book, TICKET_PERMANENT);
        assert_true(ban_book_next_end(&book) == T0 + 300);
        ban_book_done(&book);
}

static void lists_are_in_order_of_bans_and_of_ends(void **state) {
        struct ban_book book;
        size_t count;
        (void)state;
        ban_book_init(&book, 10, 600);
        (void)add(&book, "p", T0, TICKET_PERMANENT, T0);
        (void)add(&book, "late", T0 + 5, TICKET_BAN_TIME_JAIL, T0);
        (void)add(&book, "early", T0, TICKET_BAN_TIME_JAIL, T0);
        struct ticket **list = ban_book_by_ban(&book, &count);
        assert_int_equal(count, 3);
        assert_string_equal(list[0]->id, "p");
        assert_string_equal(list[2]->id, "early");
        free(list);
        list = ban_book_by_end(&book, &count);
        assert_string_equal(list[0]->id, "early");
        assert_string_equal(list[1]->id, "late");
        assert_string_equal(list[2]->id, "p");
        free(list);
        ban_book_done(&book);
}

static void heap_stays_small_though_ends_move(void **state) {
        struct ban_book book;
        (void)state;
        ban_book_init(&book, 1000, 600);
        for (int i = 0; i < 100000; i++)
                (void)add(&book, i % 2 ? "a" : "b", T0 + i, TICKET_BAN_TIME_JAIL, T0);
        assert_true(book.heap_count < 200);
        assert_true(ban_book_next_end(&book) == T0 + 99998 + 600);
        ban_book_done(&book);
}

static void thousands_end_in_order(void **state) {
        struct ban_book book;
        char id[16];
        double last = 0;
        unsigned count = 0;
        (void)state;
        ban_book_init(&book, 100000, 600);
        for (unsigned i = 0; i < 10000; i++) {
                (void)snprintf(id, sizeof(id), "%u", i);
                (void)add(&book, id, T0 + (i * 7919u) % 10000u, TICKET_BAN_TIME_JAIL, T0);
        }
        for (struct ticket *ticket; (ticket = ban_book_take_expired(&book, T0 + 20000)); count++) {
                assert_true(ticket->time >= last);
                last = ticket->time;
                (void)ticket_unref(ticket);
        }
        assert_int_equal(count, 10000);
        ban_book_done(&book);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ban_ends_strictly_after_its_time),
                cmocka_unit_test(known_ban_gets_the_later_end),
                cmocka_unit_test(ban_that_is_over_is_not_made),
                cmocka_unit_test(jails_ban_time_moves_bans_without_their_own),
                cmocka_unit_test(lists_are_in_order_of_bans_and_of_ends),
                cmocka_unit_test(heap_stays_small_though_ends_move),
                cmocka_unit_test(thousands_end_in_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
