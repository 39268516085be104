/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/plain_command.h"

#include <unistd.h>

#include "../cmocka_include.h"

static void doubtful_commands_are_left_to_the_shell(void **state) {
        (void)state;
        static const char *const doubtful[] = {"", "   ", "echo a", "a;b", "a; b", "a|b", "a &",
                "a >f", "a <f", "a $b", "a `b`", "a \"$b\"", "a \"\\b\"", "a=b c", "a ~", "a *",
                "a ?", "a [b]", "a #b", "a (b)", "a {b,c}", "a !b", "a 'b", "a \"b", "a\nb", "if a",
                "exec a", "'nft' a", "-x a", "a \\", "a \\\n", "a b\\", "a \"`b`\"", "kill 1",
                "a\tb\rc", "a \x80", "a '\x80'", "test -e x"};
        for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
                struct arena arena = ARENA_INIT;
                struct plain_command plain;
                if (plain_command_parse(slice_of(doubtful[i]), &arena, &plain))
                        fail_msg("taken as plain: %s", doubtful[i]);
                arena_done(&arena);
        }
}

/* What a shell makes of the words of text, one a line. */
static void shell_words(const char *text, char *out, size_t size) {
        char command[512];
        (void)snprintf(command, sizeof(command), "printf '%%s\\n' %s", text);
        char *quoted = NULL;
        assert_int_equal(setenv("TEST_COMMAND", command, 1), 0);
        assert_null(quoted);
        FILE *pipe = popen("sh -c \"$TEST_COMMAND\" 2>&1", "r");
        assert_non_null(pipe);
        size_t len = fread(out, 1, size - 1, pipe);
        out[len] = '\0';
        (void)pclose(pipe);
}

/* Random texts of bytes that are interesting: where we take one, sh must have made the same words
 * of it. */
static void words_are_those_of_sh(void **state) {
        (void)state;
        static const char *const pieces[] = {"a", "1", " ", " ", "\\{", "\\}", "\\;", "'", "\"",
                "'x y'", "\"x y\"", "\\ ", "=", "-", "%", "@", ":", "\\\\", "\\$", "$", "*", "{",
                "~", "#", "!", "\t", ",", "\\'", "\\\"", "''", ";", "\\#", "\\`", "\\!"};
        unsigned taken = 0;
        srandom(7);
        for (unsigned round = 0; round < 1200; round++) {
                char text[128] = "x";
                size_t len = 1;
                for (unsigned i = 0, n = 1 + (unsigned)random() % 8; i < n; i++) {
                        const char *piece =
                                pieces[(unsigned)random() % (sizeof(pieces) / sizeof(pieces[0]))];
                        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", piece);
                }
                struct arena arena = ARENA_INIT;
                struct plain_command plain;
                char expected[1024], own[1024] = "", probe[160];
                (void)snprintf(probe, sizeof(probe), "prog %s", text);
                if (plain_command_parse(slice_of(probe), &arena, &plain)) {
                        size_t at = 0;
                        for (size_t i = 1; i < plain.count; i++)
                                at += (size_t)snprintf(
                                        own + at, sizeof(own) - at, "%s\n", plain.words[i]);
                        shell_words(text, expected, sizeof(expected));
                        assert_string_equal(own, expected);
                        taken++;
                }
                arena_done(&arena);
        }
        assert_true(taken > 100);
}

static void stock_bans_are_plain(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct plain_command plain;
        assert_true(plain_command_parse(
                SLICE("nft add element inet f2b-table addr-set-sshd \\{ 192.0.2.1 \\}\n"), &arena,
                &plain));
        assert_int_equal(plain.count, 9);
        assert_string_equal(plain.words[6], "{");
        assert_null(plain.words[9]);
        assert_true(plain_command_parse(SLICE("iptables -w -I f2b-sshd 1 -s 192.0.2.1 -j REJECT "
                                              "--reject-with icmp-port-unreachable"),
                &arena, &plain));
        arena_done(&arena);
}

static void programs_are_found_in_path_order(void **state) {
        (void)state;
        char path[PATH_MAX];
        char *before = strdup(getenv("PATH"));
        (void)setenv("PATH", "/nowhere:/bin:/usr/bin", 1);
        assert_true(plain_command_find("sh", path));
        assert_string_equal(path, "/bin/sh");
        assert_false(plain_command_find("no-such-program-here", path));
        (void)setenv("PATH", ":/bin", 1);
        assert_false(plain_command_find("sh", path));
        (void)setenv("PATH", before, 1);
        free(before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(doubtful_commands_are_left_to_the_shell),
                cmocka_unit_test(words_are_those_of_sh),
                cmocka_unit_test(stock_bans_are_plain),
                cmocka_unit_test(programs_are_found_in_path_order),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
