/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only with what libc answers by itself: no test asks the network. */
#include "resolve/system_lookup.h"

#include "../cmocka_include.h"

static struct system_lookup lookup; /* its text lies within: it must not move */

static void ask(enum lookup_kind kind, bool has_ipv6, const char *text) {
        const struct lookup_question question = {
                .number = 5, .kind = kind, .has_ipv6 = has_ipv6, .text = slice_of(text)};
        system_lookup(&question, &lookup);
        assert_int_equal(lookup.answer.number, 5);
}

static void addresses_are_taken_from_libc(void **state) {
        struct address expected;
        (void)state;
        ask(LOOKUP_ADDRESSES, true, "192.0.2.7");
        assert_false(lookup.answer.failed);
        assert_int_equal(lookup.answer.count, 1);
        assert_int_equal(address_parse(SLICE("192.0.2.7"), &expected), 0);
        assert_true(address_equal(&lookup.answer.addresses[0], &expected));
        ask(LOOKUP_ADDRESSES, true, "2001:db8::7");
        assert_int_equal(lookup.answer.count, 1);
        assert_int_equal(address_parse(SLICE("2001:db8::7"), &expected), 0);
        assert_true(address_equal(&lookup.answer.addresses[0], &expected));
}

static void ipv6_is_left_out_if_it_is_not_wanted(void **state) {
        (void)state;
        ask(LOOKUP_ADDRESSES, false, "2001:db8::7");
        assert_true(lookup.answer.failed);
        assert_int_equal(lookup.answer.count, 0);
}

static void a_failure_has_number_and_text(void **state) {
        (void)state;
        ask(LOOKUP_NAME, true, "no address");
        assert_true(lookup.answer.failed);
        assert_true(slice_equal(lookup.answer.text, SLICE("[Errno -2] Name or service not known")));
}

static void an_answer_always_fits_into_its_message(void **state) {
        char longest[LOOKUP_TEXT_MAX + 1];
        struct buffer out = BUFFER_INIT(message_info(MESSAGE_RESOLVE_ANSWER)->body_max);
        (void)state;
        memset(longest, 'a', LOOKUP_TEXT_MAX);
        longest[LOOKUP_TEXT_MAX] = '\0';
        ask(LOOKUP_NAME, true, longest);
        assert_true(lookup.answer.failed);
        assert_int_equal(lookup_put_answer(&out, &lookup.answer), 0);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_taken_from_libc),
                cmocka_unit_test(ipv6_is_left_out_if_it_is_not_wanted),
                cmocka_unit_test(a_failure_has_number_and_text),
                cmocka_unit_test(an_answer_always_fits_into_its_message),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
