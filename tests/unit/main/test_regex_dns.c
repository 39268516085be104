/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only what asks nobody: addresses written as such, and names that cannot be one. */
#include "main/regex_tool.h"

#include "../cmocka_include.h"

static struct value resolve(const char *name, size_t len, struct arena *arena) {
        struct value list = value_list();
        regex_dns_resolve(NULL, (struct slice){name, len}, arena, &list);
        return list;
}

static void addresses_are_their_own_answer_each_time(void **state) {
        struct arena arena = ARENA_INIT;
        (void)state;
        for (int i = 0; i < 2; i++) {
                struct value list = resolve("192.0.2.1", 9, &arena);
                assert_int_equal(list.list.count, 1);
                assert_slice(list.list.items[0].string, "192.0.2.1");
        }
        arena_done(&arena);
        regex_dns_done();
        regex_dns_done();
}

static void what_cannot_be_a_name_has_no_address(void **state) {
        struct arena arena = ARENA_INIT;
        char name[4096];
        (void)state;
        memset(name, 'x', sizeof(name));
        assert_int_equal(resolve(name, sizeof(name), &arena).list.count, 0);
        assert_int_equal(resolve("192.0.2.1\0x", 11, &arena).list.count, 0);
        arena_done(&arena);
        regex_dns_done();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_their_own_answer_each_time),
                cmocka_unit_test(what_cannot_be_a_name_has_no_address),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
