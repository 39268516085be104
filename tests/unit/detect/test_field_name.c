/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/field_name.h"

#include <stdio.h>

#include "../cmocka_include.h"

static void known_names_have_the_numbers_of_the_code(void **state) {
        (void)state;
        assert_int_equal(field_name_of(SLICE("ip4")), FIELD_IP4);
        assert_int_equal(field_name_of(SLICE("nofail-matches")), FIELD_NOFAIL_MATCHES);
        assert_int_equal(field_name_of(SLICE("mlfpending")), FIELD_MLFPENDING);
        for (uint16_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                assert_int_equal(field_name_of(field_name_text(i)), i);
}

static void new_names_get_a_number_and_keep_it(void **state) {
        (void)state;
        char text[] = "ours";
        int number = field_name_of(slice_of(text));
        assert_in_range(number, FIELD_KNOWN_COUNT, FIELD_NAMES_MAX - 1);
        text[0] = 'x';
        assert_slice(field_name_text((uint16_t)number), "ours");
        assert_int_equal(field_name_of(SLICE("ours")), number);
        assert_true(field_name_of(SLICE("xurs")) != number);
}

/* The last test, as it leaves no room. */
static void too_many_names_are_refused(void **state) {
        char text[16];
        (void)state;
        int number = 0;
        for (unsigned i = 0; number >= 0 && i < 2 * FIELD_NAMES_MAX; i++) {
                (void)snprintf(text, sizeof(text), "n%u", i);
                number = field_name_of(slice_of(text));
        }
        assert_true(number < 0);
        assert_int_equal(field_name_of(SLICE("ip6")), FIELD_IP6);
        assert_int_equal(field_name_of(SLICE("n0")) < 0, false);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_names_have_the_numbers_of_the_code),
                cmocka_unit_test(new_names_get_a_number_and_keep_it),
                cmocka_unit_test(too_many_names_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
