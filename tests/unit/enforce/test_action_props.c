/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_props.h"

#include "../cmocka_include.h"

static int set(
        struct action_props *props, const char *name, struct value value, struct fault *fault) {
        return action_props_set(props, slice_of(name), &value, fault);
}

static void standard_commands_are_there_and_reset(void **state) {
        (void)state;
        struct action_props props;
        action_props_init(&props);
        assert_non_null(action_props_get(&props, SLICE("actionban")));
        assert_null(action_props_get(&props, SLICE("actionprolong")));
        assert_int_equal(set(&props, "actionban", value_text("x"), NULL), 0);
        assert_int_equal(set(&props, "own", value_text("y"), NULL), 0);
        assert_int_equal(set(&props, "timeout", value_text("1m 5s"), NULL), 0);
        assert_true(action_props_timeout_s(&props) > 64.9 && action_props_timeout_s(&props) < 65.1);
        uint64_t version = props.version;
        action_props_clear(&props);
        assert_true(props.version > version);
        assert_int_equal(action_props_text(&props, "actionban").len, 0);
        assert_true(slice_is(action_props_text(&props, "own"), "y"));
        assert_true(action_props_timeout_s(&props) > 59.9 && action_props_timeout_s(&props) < 60.1);
        for (size_t i = 1; i < props.count; i++)
                assert_true(strcmp(props.items[i - 1].name, props.items[i].name) < 0);
        action_props_done(&props);
}

static void bad_values_are_refused(void **state) {
        (void)state;
        struct action_props props;
        struct fault fault = FAULT_INIT;
        char name[32];
        action_props_init(&props);
        assert_true(set(&props, "timeout", value_text("x y"), &fault) < 0);
        assert_true(set(&props, "banEpoch", value_int(1), &fault) < 0);
        assert_string_equal(fault.kind, "AttributeError");
        assert_true(set(&props, "", value_int(1), &fault) < 0);
        assert_int_equal(set(&props, "bantime", value_int(1), &fault), 0);
        assert_null(action_props_get(&props, SLICE("bantime")));
        int r = 0;
        for (int i = 0; r == 0 && i <= ACTION_PROPS_MAX; i++) {
                (void)snprintf(name, sizeof(name), "p%d", i);
                r = set(&props, name, value_int(i), &fault);
        }
        assert_true(r < 0);
        assert_int_equal(props.count, ACTION_PROPS_MAX);
        action_props_done(&props);
        fault_done(&fault);
}

static void conditional_properties_mean_start_on_demand(void **state) {
        (void)state;
        struct action_props props;
        action_props_init(&props);
        assert_int_equal(set(&props, "x?y", value_text(""), NULL), 0);
        assert_int_equal(
                set(&props, "x-y?family=inet6", value_text(""), NULL), 0); /* "-" is no letter */
        assert_false(action_props_are_conditional(&props));
        assert_false(action_props_start_on_demand(&props));
        assert_int_equal(set(&props, "x?family=inet6", value_text(""), NULL), 0);
        assert_true(action_props_start_on_demand(&props));
        assert_int_equal(set(&props, "actionstart_on_demand", value_bool(false), NULL), 0);
        assert_false(action_props_start_on_demand(&props));
        assert_int_equal(set(&props, "actionstart_on_demand", value_text("false"), NULL),
                0); /* a text, so true */
        assert_true(action_props_start_on_demand(&props));
        action_props_done(&props);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(standard_commands_are_there_and_reset),
                cmocka_unit_test(bad_values_are_refused),
                cmocka_unit_test(conditional_properties_mean_start_on_demand),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
