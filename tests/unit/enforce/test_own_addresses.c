/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/own_addresses.h"

#include "../cmocka_include.h"

#include "support/fake_enforce.h"

static bool has(struct own_addresses *own, const char *text) {
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address), 0);
        return own_addresses_has(own, &address);
}

static void interfaces_are_own(void **state) {
        (void)state;
        fake_begin(1700000000);
        struct own_addresses *own = own_addresses_new(&fake.clock, NULL);
        assert_true(has(own, "127.0.0.1"));
        assert_false(has(own, "192.0.2.99"));
        struct address net;
        assert_int_equal(address_parse(SLICE("127.0.0.0/8"), &net), 0);
        assert_true(own_addresses_in(own, &net));
        assert_int_equal(address_parse(SLICE("240.0.0.0/8"), &net), 0);
        assert_false(own_addresses_in(own, &net));
        own = own_addresses_free(own);
        fake_end();
}

static void names_are_asked_again_after_their_time(void **state) {
        (void)state;
        fake_begin(1700000000);
        struct own_addresses *own =
                own_addresses_new(&fake.clock, (struct resolver *)(void *)&fake);
        assert_false(has(own, "192.0.2.99"));
        size_t asked = fake.question_count;
        assert_true(asked >= 1);
        fake_answer("192.0.2.99");
        while (fake.question_count > 0)
                fake_answer("");
        assert_true(has(own, "192.0.2.99"));
        fake_advance(299);
        assert_true(has(own, "192.0.2.99"));
        assert_int_equal(fake.question_count, 0);
        fake_advance(2);
        assert_true(has(own, "192.0.2.99")); /* until the answer is there */
        assert_int_equal(fake.question_count, asked);
        fake_answer("192.0.2.100");
        assert_false(has(own, "192.0.2.99"));
        assert_true(has(own, "192.0.2.100"));
        own = own_addresses_free(own);
        assert_int_equal(fake.question_count, 0);
        fake_end();
}

static void epoch_grows_with_whatever_may_change_them(void **state) {
        (void)state;
        fake_begin(1700000000);
        struct own_addresses *own =
                own_addresses_new(&fake.clock, (struct resolver *)(void *)&fake);
        unsigned before = own_addresses_epoch(own);
        assert_false(has(own, "192.0.2.99"));
        assert_true(own_addresses_epoch(own) > before); /* looked up for the first time */
        before = own_addresses_epoch(own);
        assert_false(has(own, "192.0.2.99"));
        assert_int_equal(own_addresses_epoch(own), before);
        fake_answer("192.0.2.99");
        assert_true(own_addresses_epoch(own) > before);
        while (fake.question_count > 0)
                fake_answer("");
        before = own_addresses_epoch(own);
        fake_advance(301);
        assert_int_equal(own_addresses_epoch(own), before);
        own_addresses_refresh(own);
        assert_true(own_addresses_epoch(own) > before);
        own = own_addresses_free(own);
        fake_end();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(interfaces_are_own),
                cmocka_unit_test(names_are_asked_again_after_their_time),
                cmocka_unit_test(epoch_grows_with_whatever_may_change_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
