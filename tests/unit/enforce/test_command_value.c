/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/command_value.h"

#include "../cmocka_include.h"

#include "base/repr.h"

struct conversion {
        struct value value;
        const char *result; /* repr, or "Kind: text" */
};

static void check(struct conversion wanted, int r, struct value result, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct slice text = repr(&result, &arena);
        if (r < 0)
                text = arena_printf(&arena, "%s: %s", fault->kind ? fault->kind : "", fault_text(fault));
        char seen[512];
        (void)snprintf(seen, sizeof(seen), "%.*s", SLICE_ARG(text));
        fault_done(fault);
        arena_done(&arena);
        assert_string_equal(seen, wanted.result);
}

static void int_is_pythons(void **state) {
        (void)state;
        const struct conversion cases[] = {
                {value_text("7"), "7"},
                {value_text(" -1_0 "), "-10"},
                {value_text("x"), "ValueError: invalid literal for int() with base 10: 'x'"},
                {value_text(""), "ValueError: invalid literal for int() with base 10: ''"},
                {value_int(5), "5"},
                {value_bool(true), "1"},
                {value_float(2.9), "2"},
                {value_float(1e300), "OverflowError: number too large"},
                {VALUE_OF_NONE, "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"},
                {value_list(), "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'list'"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct fault fault = FAULT_INIT;
                int64_t number = 0;
                int r = command_int(&cases[i].value, &number, &fault);
                check(cases[i], r, value_int(number), &fault);
        }
}

static void float_is_pythons(void **state) {
        (void)state;
        const struct conversion cases[] = {
                {value_text("0.5"), "0.5"},
                {value_int(2), "2.0"},
                {value_text("x"), "ValueError: could not convert string to float: 'x'"},
                {VALUE_OF_NONE, "TypeError: float() argument must be a string or a real number, not 'NoneType'"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct fault fault = FAULT_INIT;
                double number = 0;
                int r = command_float(&cases[i].value, &number, &fault);
                check(cases[i], r, value_float(number), &fault);
        }
}

static void durations_keep_their_type(void **state) {
        (void)state;
        const struct conversion cases[] = {
                {value_text("10m"), "600"},
                {value_text("1.5h"), "5400.0"},
                {value_text("x"), "NameError: name 'x' is not defined"},
                {value_int(600), "600"},
                {value_float(0.5), "0.5"},
                {VALUE_OF_NONE, "TypeError: expected string or bytes-like object, got 'NoneType'"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct fault fault = FAULT_INIT;
                struct value seconds = VALUE_OF_NONE;
                int r = command_duration(&cases[i].value, &seconds, &fault);
                check(cases[i], r, seconds, &fault);
        }
}

static void switches_know_four_words(void **state) {
        (void)state;
        static const char *const yes[] = {"1", "on", "True", "YES"};
        static const char *const no[] = {"0", "off", "", "x", "enable"};
        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                assert_true(command_bool(&(struct value){.type = VALUE_STRING, .string = slice_of(yes[i])}));
        for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
                assert_false(command_bool(&(struct value){.type = VALUE_STRING, .string = slice_of(no[i])}));
        struct value one = value_int(1);
        struct value none = VALUE_OF_NONE;
        struct value empty = value_list();
        assert_true(command_bool(&one));
        assert_false(command_bool(&none));
        assert_false(command_bool(&empty));
}

static void counts_are_clipped(void **state) {
        (void)state;
        assert_int_equal(command_u32(-5), 0);
        assert_int_equal(command_u32(5), 5);
        assert_int_equal(command_u32(INT64_MAX), UINT32_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(int_is_pythons),
                cmocka_unit_test(float_is_pythons),
                cmocka_unit_test(durations_keep_their_type),
                cmocka_unit_test(switches_know_four_words),
                cmocka_unit_test(counts_are_clipped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
