/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With the filter of tests/support/fake_filter.c. */
#include "detect/scan_jail.h"

#include <errno.h>

#include "../cmocka_include.h"

static void *diag_user;

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)level;
        (void)logger;
        (void)text;
        diag_user = user;
}

static int set(struct scan_jail *jail, const char *option, const char *text, struct arena *arena,
        struct fault *fault) {
        struct value list = value_list();
        struct value ret = VALUE_OF_NONE;
        (void)value_append(&list, value_text(text), arena);
        return scan_jail_set(jail, slice_of(option), &list, arena, &ret, fault);
}

static void filter_speaks_for_its_jail(void **state) {
        const struct filter_env env = {.diag = note_diag};
        struct arena arena = ARENA_INIT;
        const struct filter_failure *failures;
        (void)state;
        struct scan_jail *jail = scan_jail_new(3, SLICE("sshd"), &env);
        const struct filter_line line = {.text = SLICE("say hello")};
        assert_string_equal(jail->name, "sshd");
        assert_int_equal(filter_line(jail->filter, &line, &arena, &failures, NULL), 0);
        assert_ptr_equal(diag_user, jail);
        arena_done(&arena);
        assert_null(scan_jail_free(jail));
        assert_null(scan_jail_free(NULL));
}

static void encoding_is_the_jails_and_other_options_the_filters(void **state) {
        const struct filter_env env = {.diag = note_diag};
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        (void)state;
        struct scan_jail *jail = scan_jail_new(1, SLICE("sshd"), &env);
        assert_string_equal(jail->encoding_name, "UTF-8");
        assert_int_equal(set(jail, "logencoding", "latin-1", &arena, &fault), 0);
        assert_string_equal(jail->encoding_name, "latin-1");
        assert_int_equal(set(jail, "logencoding", "nonsense", &arena, &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "unknown encoding: nonsense");
        assert_string_equal(jail->encoding_name, "latin-1");
        assert_int_equal(set(jail, "usedns", "warn", &arena, &fault), 0);
        assert_int_equal(set(jail, "bad", "x", &arena, &fault), -EINVAL);
        assert_string_equal(fault_text(&fault), "bad value 'x'");
        assert_string_equal(jail->encoding_name, "latin-1");
        fault_done(&fault);
        arena_done(&arena);
        (void)scan_jail_free(jail);
}

static void date_of_a_raw_line_is_the_filters(void **state) {
        const struct filter_env env = {.diag = note_diag};
        struct arena arena = ARENA_INIT;
        double time = 0;
        (void)state;
        struct scan_jail *jail = scan_jail_new(1, SLICE("sshd"), &env);
        assert_true(scan_jail_date(jail, SLICE("date 1234\r\n"), &arena, &time));
        assert_true(time == 1234);
        assert_false(scan_jail_date(jail, SLICE("undated\n"), &arena, &time));
        arena_done(&arena);
        (void)scan_jail_free(jail);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(filter_speaks_for_its_jail),
                cmocka_unit_test(encoding_is_the_jails_and_other_options_the_filters),
                cmocka_unit_test(date_of_a_raw_line_is_the_filters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
