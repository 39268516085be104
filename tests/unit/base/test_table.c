/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/table.h"

#include <errno.h>

#include "../cmocka_include.h"

static struct slice key_of(int i, char text[static 16]) {
        int len = snprintf(text, 16, "key%d", i);
        return (struct slice){text, (size_t)len};
}

static void finds_what_was_put_and_not_what_was_removed(void **state) {
        (void)state;
        struct table table;
        char text[16];
        static int values[2000];
        table_init(&table, 5000);
        for (int i = 0; i < 2000; i++)
                assert_int_equal(table_put(&table, key_of(i, text), &values[i]), 0);
        for (int i = 0; i < 2000; i += 3)
                assert_ptr_equal(table_remove(&table, key_of(i, text)), &values[i]);
        for (int i = 0; i < 2000; i++)
                assert_ptr_equal(table_get(&table, key_of(i, text)), i % 3 == 0 ? NULL : &values[i]);
        assert_int_equal(table.count, 2000 - 667);
        table_done(&table);
}

static void iterates_in_order_of_insertion(void **state) {
        (void)state;
        struct table table;
        char text[16];
        static int values[100];
        table_init(&table, 1000);
        for (int i = 0; i < 100; i++)
                (void)table_put(&table, key_of(i, text), &values[i]);
        for (int i = 0; i < 100; i += 2)
                (void)table_remove(&table, key_of(i, text));
        for (int i = 0; i < 100; i += 2)
                (void)table_put(&table, key_of(i, text), &values[i]);
        size_t position = 0;
        for (int n = 0; n < 100; n++) {
                const struct table_entry *e = table_next(&table, &position);
                assert_ptr_equal(e->value, &values[n < 50 ? n * 2 + 1 : (n - 50) * 2]);
        }
        assert_null(table_next(&table, &position));
        table_done(&table);
}

static void stops_at_its_maximum(void **state) {
        (void)state;
        struct table table;
        int v = 0;
        table_init(&table, 2);
        assert_int_equal(table_put(&table, SLICE("a"), &v), 0);
        assert_int_equal(table_put(&table, SLICE("b"), &v), 0);
        assert_int_equal(table_put(&table, SLICE("c"), &v), -ENOBUFS);
        assert_int_equal(table_put(&table, SLICE("b"), &v), 1);
        (void)table_remove(&table, SLICE("a"));
        assert_int_equal(table_put(&table, SLICE("c"), &v), 0);
        table_done(&table);
}

static void churn_does_not_grow_it(void **state) {
        (void)state;
        struct table table;
        char text[16];
        int v = 0;
        table_init(&table, 100);
        for (int i = 0; i < 100000; i++) {
                assert_int_equal(table_put(&table, key_of(i, text), &v), 0);
                if (i >= 50)
                        assert_non_null(table_remove(&table, key_of(i - 50, text)));
        }
        assert_int_equal(table.count, 50);
        assert_true(table.capacity <= 512);
        table_done(&table);
}

/* Reference vector of the SipHash paper: key 00..0f, input 00..0e. */
static void siphash_gives_the_reference_value(void **state) {
        (void)state;
        unsigned char key[16];
        char input[15];
        uint64_t seed[2];
        for (int i = 0; i < 16; i++)
                key[i] = (unsigned char)i;
        for (int i = 0; i < 15; i++)
                input[i] = (char)i;
        memcpy(seed, key, sizeof(seed));
        assert_true(table_siphash(seed, (struct slice){input, 15}) == 0xa129ca6149be45e5u);
}

/* The first is of the key 00..0f, as everywhere; the others, of the key 0, are Python's hash() of
 * bytes(range(len)). */
static void siphash13_gives_the_values_of_others(void **state) {
        static const struct {
                size_t len;
                uint64_t hash;
        } rows[] = {
                {1,  0x68a914128e01e473u},
                {7,  0x2f098ab0c751325au},
                {8,  0xead411e67ebe2eeau},
                {9,  0x75927f9d95124362u},
                {15, 0xf30eb725bb91c9eau},
                {16, 0x8972188433a5c5b7u},
                {20, 0x639e355ae68c0100u},
        };
        static const uint64_t counting[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
        static const uint64_t zero[2];
        (void)state;
        assert_true(table_siphash13(counting, SLICE("")) == 0xabac0158050fc4dcu);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char *input = malloc(rows[i].len); /* its end is the end: ASan looks */
                for (size_t k = 0; k < rows[i].len; k++)
                        input[k] = (char)k;
                assert_true(
                        table_siphash13(zero, (struct slice){input, rows[i].len}) == rows[i].hash);
                free(input);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_what_was_put_and_not_what_was_removed),
                cmocka_unit_test(iterates_in_order_of_insertion),
                cmocka_unit_test(stops_at_its_maximum),
                cmocka_unit_test(churn_does_not_grow_it),
                cmocka_unit_test(siphash_gives_the_reference_value),
                cmocka_unit_test(siphash13_gives_the_values_of_others),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
