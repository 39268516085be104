/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/host_name.h"

#include "../cmocka_include.h"

static void full_names_come_from_the_hosts_file(void **state) {
        (void)state;
        static const struct {
                const char *name, *hosts, *expected;
        } cases[] = {
                {"box",         "",                                                      "box"            },
                {"box.example", "1.1.1.1 box.other box.example",                         "box.example"    },
                {"box",         "127.0.0.1 localhost\n127.0.1.1\tbox.example.org box\n", "box.example.org"},
                {"box",         "127.0.1.1 box box.example.org",                         "box.example.org"},
                {"box",         "127.0.1.1 other.example.org other",                     "box"            },
                {"box",         "# 127.0.1.1 box.example.org box",                       "box"            },
                {"box",         "127.0.1.1 BOX.example BOX # box.x",                     "BOX.example"    },
                {"box",         "127.0.0.1 localhost box",                               "box"            },
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_true(slice_is(
                        host_name_complete(slice_of(cases[i].name), slice_of(cases[i].hosts)),
                        cases[i].expected));
}

static void this_host_has_a_name(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct slice name = host_name_short(&arena);
        assert_true(name.len > 0);
        assert_true(host_name_full(&arena).len >= name.len);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(full_names_come_from_the_hosts_file),
                cmocka_unit_test(this_host_has_a_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
