/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/scan_options.h"

#include "../cmocka_include.h"

#include "base/repr.h"

static void assert_option(
        const struct scan_options *options, enum scan_option option, const char *wanted) {
        struct arena arena = ARENA_INIT;
        struct value value = scan_options_get(options, option);
        struct slice text = repr(&value, &arena);
        char seen[512];
        (void)snprintf(seen, sizeof(seen), "%.*s", SLICE_ARG(text));
        arena_done(&arena);
        assert_string_equal(seen, wanted);
}

static void new_jails_have_upstreams_defaults(void **state) {
        (void)state;
        struct scan_options options;
        scan_options_init(&options);
        assert_option(&options, SCAN_OPTION_PREFREGEX, "''");
        assert_option(&options, SCAN_OPTION_FAILREGEX, "[]");
        assert_option(&options, SCAN_OPTION_MAXLINES, "1");
        assert_option(&options, SCAN_OPTION_DATEPATTERN, "(None, 'Default Detectors')");
        assert_option(&options, SCAN_OPTION_LOGTIMEZONE, "None");
        assert_option(&options, SCAN_OPTION_LOGENCODING, "'UTF-8'");
        assert_option(&options, SCAN_OPTION_JOURNALMATCH, "[]");
        scan_options_done(&options);
}

static void a_value_is_copied_and_replaced(void **state) {
        (void)state;
        struct scan_options options;
        scan_options_init(&options);
        char text[] = "first";
        struct value value = value_text(text);
        scan_options_set(&options, SCAN_OPTION_PREFREGEX, &value);
        memcpy(text, "other", 5);
        assert_option(&options, SCAN_OPTION_PREFREGEX, "'first'");
        scan_options_set(&options, SCAN_OPTION_PREFREGEX, &value);
        assert_option(&options, SCAN_OPTION_PREFREGEX, "'other'");
        scan_options_done(&options);
}

static void a_reload_forgets_regexes_only(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct scan_options options;
        scan_options_init(&options);
        struct value list = value_list();
        value_append(&list, value_text("r"), &arena);
        struct value three = value_int(3);
        scan_options_set(&options, SCAN_OPTION_FAILREGEX, &list);
        scan_options_set(&options, SCAN_OPTION_IGNOREREGEX, &list);
        scan_options_set(&options, SCAN_OPTION_MAXLINES, &three);
        scan_options_begin_reload(&options);
        assert_option(&options, SCAN_OPTION_FAILREGEX, "[]");
        assert_option(&options, SCAN_OPTION_IGNOREREGEX, "[]");
        assert_option(&options, SCAN_OPTION_MAXLINES, "3");
        scan_options_done(&options);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(new_jails_have_upstreams_defaults),
                cmocka_unit_test(a_value_is_copied_and_replaced),
                cmocka_unit_test(a_reload_forgets_regexes_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
