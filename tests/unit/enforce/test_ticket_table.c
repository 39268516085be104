/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ticket_table.h"

#include <errno.h>

#include "../cmocka_include.h"

static int add(struct ticket_table *table, int number) {
        char id[16];
        (void)snprintf(id, sizeof(id), "%d", number);
        struct ticket *ticket = ticket_new(slice_of(id), NULL, number);
        int r = ticket_table_add(table, ticket);
        (void)ticket_unref(ticket);
        return r;
}

static struct ticket *take(struct ticket_table *table, int number) {
        char id[16];
        (void)snprintf(id, sizeof(id), "%d", number);
        return ticket_table_take(table, slice_of(id));
}

static void tickets_are_found_until_taken(void **state) {
        struct ticket_table table;
        (void)state;
        ticket_table_init(&table, 100000);
        for (int i = 0; i < 5000; i++)
                assert_int_equal(add(&table, i), 0);
        for (int i = 0; i < 5000; i += 2) {
                struct ticket *ticket = take(&table, i);
                assert_true(ticket->time == i);
                (void)ticket_unref(ticket);
        }
        assert_int_equal(table.count, 2500);
        for (int i = 5000; i < 9000; i++)
                assert_int_equal(add(&table, i), 0);
        assert_null(take(&table, 4));
        assert_non_null(ticket_table_find(&table, SLICE("4999")));
        assert_int_equal(add(&table, 4999), -EEXIST);
        ticket_table_done(&table);
}

static void order_is_that_of_insertion(void **state) {
        struct ticket_table table;
        uint32_t position = 0;
        int expected = 0;
        (void)state;
        ticket_table_init(&table, 100000);
        for (int i = 0; i < 100; i++)
                (void)add(&table, i);
        for (struct ticket *ticket; (ticket = ticket_table_next(&table, &position)); expected++) {
                assert_true(ticket->time == expected);
                if (expected % 3 == 0)
                        (void)ticket_unref(take(&table, expected));
        }
        assert_int_equal(expected, 100);
        assert_int_equal(table.count, 66);
        ticket_table_done(&table);
}

static void full_table_refuses(void **state) {
        struct ticket_table table;
        (void)state;
        ticket_table_init(&table, 3);
        for (int i = 0; i < 3; i++)
                assert_int_equal(add(&table, i), 0);
        assert_int_equal(add(&table, 3), -ENOBUFS);
        (void)ticket_unref(take(&table, 1));
        assert_int_equal(add(&table, 3), 0);
        ticket_table_done(&table);
        assert_int_equal(add(&table, 3), 0); /* usable again */
        ticket_table_done(&table);
}

static void churn_does_not_let_it_grow(void **state) {
        struct ticket_table table;
        (void)state;
        ticket_table_init(&table, 100);
        for (int i = 0; i < 100000; i++) {
                assert_int_equal(add(&table, i), 0);
                if (i >= 50)
                        (void)ticket_unref(take(&table, i - 50));
        }
        assert_true(ticket_table_bytes(&table) < 4096);
        ticket_table_done(&table);
}

/* Of an id of each kind, each step alone and after the others. */
static void fetch(const struct ticket_table *table) {
        static const char *const ids[] = {"0", "3", "6", "29", "77", "", "no number"};
        enum { IDS = sizeof(ids) / sizeof(ids[0]) };
        uint32_t hashes[IDS];
        for (size_t i = 0; i < IDS; i++)
                hashes[i] = ticket_table_hash(table, slice_of(ids[i]));
        for (unsigned step = 0; step < TICKET_TABLE_FETCH_STEPS; step++)
                for (size_t count = 0; count <= IDS; count++)
                        ticket_table_fetch(table, hashes, count, (enum ticket_table_step)step);
}

/* Known, unknown, taken and empty ids, with and without matches. */
static void fetching_changes_nothing(void **state) {
        struct ticket_table table;
        struct arena arena = ARENA_INIT;
        struct value data = value_dict(), matches = value_list();
        (void)state;
        ticket_table_init(&table, 100000);
        fetch(&table); /* of nothing */
        for (int i = 0; i < 30; i++)
                assert_int_equal(add(&table, i), 0);
        (void)value_append(&matches, value_text("match"), &arena);
        value_dict_put(&data, value_text("matches"), matches, &arena);
        ticket_set_data(ticket_table_find(&table, SLICE("6")), &data);
        (void)ticket_unref(take(&table, 3));
        fetch(&table);
        assert_int_equal(table.count, 29);
        assert_null(ticket_table_find(&table, SLICE("3")));
        assert_int_equal(ticket_table_find(&table, SLICE("6"))->match_count, 1);
        arena_done(&arena);
        ticket_table_done(&table);
}

static void id_is_found_by_its_hash(void **state) {
        struct ticket_table table;
        (void)state;
        ticket_table_init(&table, 100);
        uint32_t hash = ticket_table_hash(&table, SLICE("7"));
        assert_true(hash != 0);
        assert_null(ticket_table_find_hashed(&table, SLICE("7"), hash));
        for (int i = 0; i < 30; i++)
                assert_int_equal(add(&table, i), 0);
        assert_int_equal(ticket_table_hash(&table, SLICE("7")), hash);
        assert_ptr_equal(ticket_table_find_hashed(&table, SLICE("7"), hash),
                ticket_table_find(&table, SLICE("7")));
        assert_null(ticket_table_find_hashed(&table, SLICE("8"), hash));
        struct ticket *ticket = ticket_new(SLICE("new"), NULL, 1);
        hash = ticket_table_hash(&table, SLICE("new"));
        assert_int_equal(ticket_table_add_hashed(&table, ticket, hash), 0);
        assert_ptr_equal(ticket_table_find(&table, SLICE("new")), ticket);
        (void)ticket_unref(ticket);
        hash = ticket_table_hash(&table, SLICE("7"));
        ticket_table_done(&table);
        assert_int_equal(ticket_table_hash(&table, SLICE("7")), hash);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tickets_are_found_until_taken),
                cmocka_unit_test(order_is_that_of_insertion),
                cmocka_unit_test(full_table_refuses),
                cmocka_unit_test(churn_does_not_let_it_grow),
                cmocka_unit_test(fetching_changes_nothing),
                cmocka_unit_test(id_is_found_by_its_hash),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
