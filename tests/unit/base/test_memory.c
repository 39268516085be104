/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memory.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

static void reserve_grows_and_keeps_content(void **state) {
        (void)state;
        int *items = NULL;
        size_t capacity = 0;
        for (size_t i = 0; i < 1000; i++) {
                memory_reserve(&items, i, &capacity, sizeof(*items));
                items[i] = (int)i;
        }
        for (size_t i = 0; i < 1000; i++)
                assert_int_equal(items[i], i);
        assert_true(capacity >= 1000 && capacity <= 2048);
        free(items);
}

static void text_copies_end_with_nul(void **state) {
        (void)state;
        char *copy = memory_copy_text((struct slice){"ab\0c", 4});
        assert_memory_equal(copy, "ab\0c\0", 5);
        free(copy);
}

static void sizes_above_the_cap_abort(void **state) {
        (void)state;
        pid_t child = fork();
        if (child == 0) {
                (void)close(2);
                (void)memory_new_array(SIZE_MAX / 2, 16);
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reserve_grows_and_keeps_content),
                cmocka_unit_test(text_copies_end_with_nul),
                cmocka_unit_test(sizes_above_the_cap_abort),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
