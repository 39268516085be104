/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code does is tested in test_regex_native.c. */
#include "detect/regex_emit.h"

#include <stdio.h>

#include "../cmocka_include.h"
#include "base/buffer.h"

/* All that jumps lead to is there, and ends before the code does. */
static void every_operation_has_code(void **state) {
        static const char *const regexes[] = {
                "^",
                "^abc[de]f(?:\\d{1,3}\\.){3}\\d{1,3}$",
                "^\\s*(?:a|b|c|d|e|f)?(?P<x>\\S+)(?(x) |,).+?z",
                "^(?=a|b)(?!c|d)(?!ef)a(?<=a)(?<![bc])(?:(?!gh).)*i(?:jk)*l*m",
        };
        (void)state;
        for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++) {
                struct assembler assembler = {0};
                struct regex_code *code = regex_code_new(slice_of(regexes[i]), 0);
                assert_non_null(code);
                assert_true(regex_emit(code, &assembler));
                assert_true(assembler.len > 20);
                for (size_t k = 0; k < assembler.fixup_count; k++)
                        assert_true(assembler.labels[assembler.fixups[k].label] < assembler.len);
                assembler_done(&assembler);
                (void)regex_code_free(code);
        }
}

/* So many switches, each of which may need sets of its own. */
static bool can_emit(int switches) {
        struct buffer regex = BUFFER_INIT(65536);
        struct assembler assembler = {0};
        (void)buffer_append_char(&regex, '^');
        for (int c = 'A'; c < 'A' + switches; c++)
                (void)buffer_printf(&regex, "(?:[%c%c]x|%cz|[2%c]y)", c, c + 1, c + 1, c + 2);
        struct regex_code *code = regex_code_new(buffer_view(&regex), 0);
        bool is_enough = code && regex_emit(code, &assembler);
        assert_true(!code || code->set_count <= REGEX_CODE_SETS);
        assembler_done(&assembler);
        (void)regex_code_free(code);
        buffer_done(&regex);
        return is_enough;
}

static void there_are_so_many_sets_only(void **state) {
        int most = 1;
        (void)state;
        while (most < 25 && can_emit(most))
                most++;
        assert_true(most > 5);
        assert_true(most < 25);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_operation_has_code),
                cmocka_unit_test(there_are_so_many_sets_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
