/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/ignore_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/diag.h"

/* As fail2ban 1.1 reads them. */
static void path_is_what_is_behind_up_to_two_slashes(void **state) {
        static const struct {
                const char *word, *path;
        } rows[] = {
                {"file:a",             "a"          },
                {"file://a/b",         "a/b"        },
                {"file:///a/b",        "/a/b"       },
                {"file:/tmp/x/y",      "/tmp/x/y"   },
                {"file:/a/b",          "a/b"        },
                {"file:/x/y/z",        "x/y/z"      },
                {"file:////a",         "//a"        },
                {"file://./a",         "./a"        },
                {"file:",              ""           },
                {"file:///etc/f2b/ok", "/etc/f2b/ok"},
        };
        struct slice path;
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(ignore_file_path(slice_of(rows[i].word), &path));
                assert_slice(path, rows[i].path);
        }
        assert_false(ignore_file_path(SLICE("files:/a"), &path));
}

static unsigned warnings;

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)logger;
        warnings +=
                level == DIAG_WARNING && slice_has_prefix(text, SLICE("Retrieving IPs set from '"));
}

static void put(const char *path, const char *content) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(content, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static bool has(struct ignore_file *file, const char *text) {
        struct address address;
        assert_int_equal(address_parse(slice_of(text), &address), 0);
        return ignore_file_has(file, &address);
}

static void file_is_read_when_asked_and_again_when_changed(void **state) {
        char folder[] = "/tmp/ignore_file_XXXXXX", path[64];
        struct clock clock = CLOCK_INIT;
        (void)state;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/list", folder);
        clock_fix(&clock, INT64_C(1700000000000000));
        diag_set_sink(on_diag, NULL);
        struct ignore_file *file = ignore_file_new(slice_of(path), &clock);
        warnings = 0;
        assert_false(has(file, "192.0.2.1"));
        assert_int_equal(warnings, 1);
        put(path, "# office\n192.0.2.1, 10.0.0.0/8 ; not 9.9.9.9\n\tnonsense ::1#2 # 8.8.8.8\n");
        clock_advance(&clock, 30000000);
        assert_false(has(file, "192.0.2.1")); /* a fault is not looked at again so soon */
        clock_advance(&clock, 32000000);
        assert_true(has(file, "192.0.2.1"));
        assert_true(has(file, "10.1.2.3"));
        assert_false(has(file, "9.9.9.9"));
        assert_false(has(file, "8.8.8.8"));
        put(path, "203.0.113.7\n");
        assert_true(has(file, "192.0.2.1")); /* checked once a second */
        clock_advance(&clock, 1100000);
        assert_false(has(file, "192.0.2.1"));
        assert_true(has(file, "203.0.113.7"));
        assert_int_equal(unlink(path), 0);
        clock_advance(&clock, 1100000);
        assert_true(has(file, "203.0.113.7")); /* what was read stays */
        assert_int_equal(warnings, 2);
        file = ignore_file_free(file);
        diag_set_sink(NULL, NULL);
        assert_int_equal(rmdir(folder), 0);
}

static void name_is_shown_with_a_slash_more(void **state) {
        struct clock clock = CLOCK_INIT;
        (void)state;
        struct ignore_file *file = ignore_file_new(SLICE("/tmp/x"), &clock);
        assert_string_equal(ignore_file_name(file), "file://tmp/x");
        file = ignore_file_free(file);
        file = ignore_file_new(SLICE("a/b"), &clock);
        assert_string_equal(ignore_file_name(file), "file:a/b");
        file = ignore_file_free(file);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(path_is_what_is_behind_up_to_two_slashes),
                cmocka_unit_test(file_is_read_when_asked_and_again_when_changed),
                cmocka_unit_test(name_is_shown_with_a_slash_more),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
