/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/code_memory.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#define PIECES 40

static void nothing_and_too_much_are_refused(void **state) {
        static const char code[1];
        (void)state;
        assert_null(code_memory_new(code, 0));
        assert_null(code_memory_new(code, CODE_MEMORY_MAX + 1));
        code_memory_free(NULL);
}

/* More than one chunk of them; in the order in which they came, the other way round, mixed. */
static void pieces_keep_their_bytes_until_they_are_freed(void **state) {
        (void)state;
        for (size_t stride = 1; stride < PIECES; stride += 6) {
                const void *pieces[PIECES];
                char bytes[5000];
                for (size_t i = 0; i < PIECES; i++) {
                        memset(bytes, (int)i, sizeof(bytes));
                        pieces[i] = code_memory_new(bytes, sizeof(bytes) - i);
                        assert_non_null(pieces[i]);
                        assert_int_equal((uintptr_t)pieces[i] % 64, 0);
                }
                for (size_t i = 0, at = 0; i < PIECES; i++, at = (at + stride) % PIECES) {
                        while (!pieces[at])
                                at = (at + 1) % PIECES;
                        memset(bytes, (int)at, sizeof(bytes));
                        assert_memory_equal(pieces[at], bytes, sizeof(bytes) - at);
                        code_memory_free(pieces[at]);
                        pieces[at] = NULL;
                }
        }
}

static void a_large_piece_has_room(void **state) {
        char *bytes = calloc(1, CODE_MEMORY_MAX);
        (void)state;
        assert_non_null(bytes);
        const void *piece = code_memory_new(bytes, CODE_MEMORY_MAX);
        assert_non_null(piece);
        assert_memory_equal(piece, bytes, CODE_MEMORY_MAX);
        code_memory_free(piece);
        free(bytes);
}

static void code_cannot_be_written(void **state) {
        static const char code[64];
        (void)state;
        const void *piece = code_memory_new(code, sizeof(code));
        assert_non_null(piece);
        pid_t child = fork();
        if (child == 0) {
                (void)signal(SIGSEGV, SIG_DFL);
                *(volatile char *)(uintptr_t)piece = 1;
                _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        code_memory_free(piece);
}

#define REFUSE_EXECUTABLE 65 /* PR_SET_MDWE, which older headers lack */

/* As systemd's MemoryDenyWriteExecute= has it. */
static void where_the_system_refuses_there_is_none(void **state) {
        static const char code[64];
        (void)state;
        pid_t child = fork();
        if (child == 0) {
                if (prctl(REFUSE_EXECUTABLE, 1UL, 0UL, 0UL, 0UL) < 0)
                        _exit(2);
                bool is_refused = !code_memory_new(code, sizeof(code)) &&
                                  !code_memory_new(code, sizeof(code));
                _exit(is_refused ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 2)
                skip(); /* this kernel cannot */
        assert_int_equal(WEXITSTATUS(status), 0);
}

#if defined(__x86_64__)
static void code_runs(void **state) {
        static const unsigned char code[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x8d, 0x47, 0x01, 0xc3};
        (void)state;
        const void *piece = code_memory_new(code, sizeof(code));
        assert_non_null(piece);
        int (*one_more)(int) = (int (*)(int))(uintptr_t)piece;
        assert_int_equal(one_more(41), 42);
        const void *other = code_memory_new(code, sizeof(code));
        assert_int_equal(one_more(1), 2); /* while there are others */
        code_memory_free(other);
        assert_int_equal(one_more(2), 3);
        code_memory_free(piece);
}
#endif

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_and_too_much_are_refused),
                cmocka_unit_test(pieces_keep_their_bytes_until_they_are_freed),
                cmocka_unit_test(a_large_piece_has_room),
                cmocka_unit_test(code_cannot_be_written),
                cmocka_unit_test(where_the_system_refuses_there_is_none),
#if defined(__x86_64__)
                cmocka_unit_test(code_runs),
#endif
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
