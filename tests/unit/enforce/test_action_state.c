/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_state.h"

#include "../cmocka_include.h"

static void families_keep_their_bits_and_order(void **state) {
        (void)state;
        struct action_state s = {0};
        action_state_set(&s, "inet6", ACTION_STARTED);
        action_state_set(&s, NULL, ACTION_STARTED | ACTION_HOLDS_BANS);
        action_state_set(&s, "", 0);
        assert_int_equal(action_state_bits(&s, "inet6"), ACTION_STARTED);
        assert_int_equal(action_state_bits(&s, NULL), 3);
        assert_true(action_state_knows(&s, ""));
        assert_false(action_state_knows(&s, "inet4"));
        assert_string_equal(s.families[0].name, "inet6");
        action_state_clear(&s);
        assert_int_equal(action_state_bits(&s, "inet6"), 0);
        assert_false(action_state_knows(&s, NULL));
        action_state_done(&s);
}

static void commands_of_other_families_are_remembered(void **state) {
        (void)state;
        struct action_state s = {0};
        action_state_remember(&s, ACTION_OPERATION_START, "inet4", SLICE("x"));
        assert_false(action_state_has_run(&s, ACTION_OPERATION_START, "inet4", SLICE("x")));
        assert_true(action_state_has_run(&s, ACTION_OPERATION_START, "inet6", SLICE("x")));
        assert_false(action_state_has_run(&s, ACTION_OPERATION_START, "inet6", SLICE("y")));
        assert_false(action_state_has_run(&s, ACTION_OPERATION_STOP, "inet6", SLICE("x")));
        action_state_remember(&s, ACTION_OPERATION_START, "inet6", SLICE("x"));
        action_state_forget(&s, ACTION_OPERATION_START, "inet4"); /* and the same of the others */
        assert_false(action_state_has_run(&s, ACTION_OPERATION_START, "inet4", SLICE("x")));
        action_state_done(&s);
}

static void families_beyond_the_cap_are_never_started(void **state) {
        (void)state;
        struct action_state s = {0};
        for (int i = 0; i < ACTION_FAMILIES_MAX + 4; i++) {
                char name[16];
                (void)snprintf(name, sizeof(name), "f%d", i);
                action_state_set(&s, name, ACTION_STARTED);
        }
        assert_int_equal(s.count, ACTION_FAMILIES_MAX);
        assert_int_equal(action_state_bits(&s, "f19"), 0);
        action_state_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(families_keep_their_bits_and_order),
                cmocka_unit_test(commands_of_other_families_are_remembered),
                cmocka_unit_test(families_beyond_the_cap_are_never_started),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
