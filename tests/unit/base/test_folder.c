/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"

static void the_last_level_is_made(void **state) {
        (void)state;
        char root[] = "/tmp/folder_XXXXXX";
        char path[64];
        struct fault fault = FAULT_INIT;
        assert_non_null(mkdtemp(root));
        (void)snprintf(path, sizeof(path), "%s/a/file", root);
        assert_int_equal(folder_make_for(path, &fault), 0);
        assert_int_equal(folder_make_for(path, &fault), 0); /* it is there */
        (void)snprintf(path, sizeof(path), "%s/a", root);
        assert_int_equal(rmdir(path), 0);
        (void)snprintf(path, sizeof(path), "%s/b/c/file", root);
        assert_int_equal(folder_make_for(path, &fault), -ENOENT);
        assert_non_null(strstr(fault_text(&fault), "/b/c'"));
        fault_done(&fault);
        assert_int_equal(rmdir(root), 0);
}

static void what_has_no_folder_needs_none(void **state) {
        (void)state;
        assert_int_equal(folder_make_for("file", NULL), 0);
        assert_int_equal(folder_make_for("no/such/file", NULL), 0);
        assert_int_equal(folder_make_for("/file", NULL), 0);
        assert_int_equal(folder_make_for("", NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_level_is_made),
                cmocka_unit_test(what_has_no_folder_needs_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
