/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/pickle_machine.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "base/repr.h"

struct fixture {
        struct arena arena;
        struct fault fault;
        struct pickle_machine m;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        f->m = (struct pickle_machine){.arena = &f->arena, .fault = &f->fault};
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        pickle_machine_done(&f->m);
        fault_done(&f->fault);
        arena_done(&f->arena);
        free(f);
        return 0;
}

static void expect_top(struct fixture *f, const char *text) {
        struct pickle_entry *top;
        assert_int_equal(pickle_machine_top(&f->m, &top), 0);
        assert_slice(repr(&top->v, &f->arena), text);
}

static void marks_fence_the_stack_off(void **state) {
        struct fixture *f = *state;
        struct pickle_entry entry;
        size_t count;
        assert_int_equal(pickle_machine_push(&f->m, value_int(1)), 0);
        assert_int_equal(pickle_machine_mark(&f->m), 0);
        assert_int_equal(pickle_machine_pop(&f->m, &entry), -EBADMSG);
        assert_string_equal(fault_text(&f->fault), "unexpected MARK found");
        assert_int_equal(pickle_machine_push(&f->m, value_int(2)), 0);
        assert_int_equal(pickle_machine_unmark(&f->m, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(pickle_machine_unmark(&f->m, &count), -EBADMSG);
        assert_int_equal(pickle_machine_pop(&f->m, &entry), 0);
        assert_int_equal(pickle_machine_pop(&f->m, &entry), 0);
        assert_int_equal(entry.v.integer, 1);
        assert_int_equal(pickle_machine_pop(&f->m, &entry), -EBADMSG);
        assert_string_equal(fault_text(&f->fault), "unpickling stack underflow");
}

static void marks_have_a_cap(void **state) {
        struct fixture *f = *state;
        for (size_t i = 0; i < PICKLE_MARKS_MAX; i++)
                assert_int_equal(pickle_machine_mark(&f->m), 0);
        assert_int_equal(pickle_machine_mark(&f->m), -EBADMSG);
}

static void collecting_takes_the_newest_entries(void **state) {
        struct fixture *f = *state;
        for (int i = 0; i < 4; i++)
                assert_int_equal(pickle_machine_push(&f->m, value_int(i)), 0);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_TUPLE, 3), 0);
        expect_top(f, "(1, 2, 3)");
        assert_int_equal(f->m.count, 2);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_LIST, 3), -EBADMSG);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_DICT, 1), -EBADMSG);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_DICT, 2), 0);
        expect_top(f, "{0: (1, 2, 3)}");
}

static void containers_grow_in_place(void **state) {
        struct fixture *f = *state;
        assert_int_equal(pickle_machine_push(&f->m, value_list()), 0);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(pickle_machine_push(&f->m, value_int(i)), 0);
                assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 1), 0);
        }
        expect_top(f, "[0, 1, 2, 3, 4]");
        assert_int_equal(pickle_machine_push(&f->m, value_int(9)), 0);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_SET, 1), -EBADMSG);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 2), -EBADMSG);
}

static void the_memo_follows_a_container(void **state) {
        struct fixture *f = *state;
        assert_int_equal(pickle_machine_push(&f->m, value_list()), 0);
        assert_int_equal(pickle_machine_memoize(&f->m, 7), 0);
        assert_int_equal(pickle_machine_memoize(&f->m, 8), -EBADMSG);
        assert_int_equal(pickle_machine_push(&f->m, value_int(1)), 0);
        assert_int_equal(pickle_machine_memoize(&f->m, 7), -EBADMSG);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 1), 0);
        assert_int_equal(pickle_machine_recall(&f->m, 7), 0);
        expect_top(f, "[1]");
        assert_int_equal(pickle_machine_push(&f->m, value_int(2)), 0);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 1), 0);
        expect_top(f, "[1, 2]");
        assert_int_equal(pickle_machine_recall(&f->m, 7), 0);
        expect_top(f, "[1]");
        assert_int_equal(pickle_machine_recall(&f->m, 6), -EBADMSG);
        assert_int_equal(pickle_machine_recall(&f->m, UINT64_MAX), -EBADMSG);
}

static void a_repeated_top_is_a_copy(void **state) {
        struct fixture *f = *state;
        assert_int_equal(pickle_machine_repeat(&f->m), -EBADMSG);
        assert_int_equal(pickle_machine_push(&f->m, value_list()), 0);
        assert_int_equal(pickle_machine_repeat(&f->m), 0);
        assert_int_equal(pickle_machine_push(&f->m, value_int(2)), 0);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 1), 0);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_TUPLE, 2), 0);
        expect_top(f, "([], [2])");
        assert_int_equal(f->m.items, 4);
}

static void only_plain_values_go_into_containers(void **state) {
        struct fixture *f = *state;
        assert_int_equal(pickle_machine_push(&f->m, value_list()), 0);
        assert_int_equal(
                pickle_machine_push_kind(&f->m, value_text("builtins.str"), PICKLE_CLASS), 0);
        assert_int_equal(pickle_machine_extend(&f->m, VALUE_LIST, 1), -EBADMSG);
        assert_int_equal(pickle_machine_collect(&f->m, VALUE_TUPLE, 1), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(marks_fence_the_stack_off, setup, teardown),
                cmocka_unit_test_setup_teardown(marks_have_a_cap, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        collecting_takes_the_newest_entries, setup, teardown),
                cmocka_unit_test_setup_teardown(containers_grow_in_place, setup, teardown),
                cmocka_unit_test_setup_teardown(the_memo_follows_a_container, setup, teardown),
                cmocka_unit_test_setup_teardown(a_repeated_top_is_a_copy, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        only_plain_values_go_into_containers, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
