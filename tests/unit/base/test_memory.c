/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memory.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/sanitized.h"

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

static size_t resident_pages(void) {
        size_t size = 0, resident = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%zu %zu", &size, &resident), 2);
        (void)fclose(file);
        return resident;
}

static void freed_memory_goes_back(void **state) {
        enum { BLOCKS = 20000, BYTES = 1000 };
        static char *blocks[BLOCKS];
        (void)state;
        memory_init();
        for (size_t i = 0; i < BLOCKS; i++)
                memset(blocks[i] = memory_new(BYTES), 1, BYTES);
        size_t before = resident_pages();
        for (size_t i = 0; i + 1 < BLOCKS; i++) /* the last one keeps the heap from shrinking */
                free(blocks[i]);
        memory_trim();
#if defined(__GLIBC__) && !BASE_SANITIZED
        assert_true(before - resident_pages() > (size_t)BLOCKS * BYTES / 4096 / 2);
#else
        (void)before;
#endif
        free(blocks[BLOCKS - 1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reserve_grows_and_keeps_content),
                cmocka_unit_test(text_copies_end_with_nul),
                cmocka_unit_test(sizes_above_the_cap_abort),
                cmocka_unit_test(freed_memory_goes_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
