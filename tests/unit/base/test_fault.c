/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fault.h"

#include <errno.h>

#include "../cmocka_include.h"

static void set_returns_the_code_and_keeps_the_last_text(void **state) {
        (void)state;
        struct fault fault = FAULT_INIT;
        assert_int_equal(fault_set(&fault, -EINVAL, "first %d", 1), -EINVAL);
        assert_int_equal(fault_set_errno(&fault, -ENOENT, "log '%s'", "/x"), -ENOENT);
        assert_string_equal(fault_text(&fault), "log '/x': No such file or directory");
        assert_int_equal(fault_raise(&fault, "ValueError", "bad %s", "word"), -EINVAL);
        assert_string_equal(fault.kind, "ValueError");
        fault_done(&fault);
        assert_string_equal(fault_text(&fault), "unknown error");
}

static void nobody_need_listen(void **state) {
        (void)state;
        assert_int_equal(fault_set(NULL, -EIO, "x"), -EIO);
        assert_string_equal(fault_text(NULL), "unknown error");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(set_returns_the_code_and_keeps_the_last_text),
                cmocka_unit_test(nobody_need_listen),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
