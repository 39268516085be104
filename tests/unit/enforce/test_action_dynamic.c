/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/action_dynamic.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

static struct slice hostile;

static bool tag(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        (void)user;
        (void)arena;
        if (slice_is(name, "ip"))
                *ret = SLICE("192.0.2.1");
        else if (slice_is(name, "matches") || slice_is(name, "ip-rev"))
                *ret = hostile;
        else
                return false;
        return true;
}

static bool group(void *user, struct slice name, struct arena *arena, struct slice *ret) {
        (void)user;
        if (name.len == 2 && name.data[0] == 'n') { /* each of these has a value of its own */
                *ret = arena_printf(arena, "<%.*s>", SLICE_ARG(name));
                return true;
        }
        if (!slice_is(name, "user") && !slice_is(name, "fport"))
                return false;
        *ret = hostile;
        return true;
}

static const struct action_dynamic_source source = {tag, group, NULL};

static void expand(const char *command, struct arena *arena, struct action_script *ret) {
        assert_int_equal(action_dynamic_expand(slice_of(command), &source, arena, ret), 0);
}

static void special_values_become_variables(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct action_script script;
        hostile = SLICE("a;<ip>");
        expand("x <ip> \"<matches>\" <F-USER> <F-PORT> <ip-rev> <matches> <F-NONE>|<unknown><br>",
                &arena, &script);
        assert_true(slice_is(script.command,
                "f2bV_matches=$0 f2bV_ip_rev=$1 f2bV_F_user=$2 f2bV_F_fport=$3 \n"
                "x 192.0.2.1 \"$f2bV_matches\" $f2bV_F_user $f2bV_F_fport $f2bV_ip_rev "
                "$f2bV_matches |<unknown>\n"));
        assert_int_equal(script.values.list.count, 4);
        assert_true(slice_is(value_item_text(&script.values, 2), "a;<ip>"));
        arena_done(&arena);
}

static void harmless_values_stand_in_the_script(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct action_script script;
        hostile = SLICE("a b!%=-/:,.@+_ \xc3\xa4");
        expand("x \"<matches>\" <F-USER>", &arena, &script);
        assert_true(
                slice_is(script.command, "x \"a b!%=-/:,.@+_ \xc3\xa4\" a b!%=-/:,.@+_ \xc3\xa4"));
        assert_int_equal(script.values.list.count, 0);
        arena_done(&arena);
}

/* Runs the script as the runner would, returns what it prints. */
static void run_script(const struct action_script *script, char *out, size_t size) {
        char shell[] = "sh", option[] = "-c";
        char *words[4 + ACTION_DYNAMIC_VALUES_MAX] = {
                shell, option, strndup(script->command.data, script->command.len)};
        for (size_t i = 0; i < script->values.list.count; i++)
                words[3 + i] = strndup(value_item_text(&script->values, i).data,
                        value_item_text(&script->values, i).len);
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
                (void)dup2(fds[1], 1);
                (void)execv("/bin/sh", words);
                _exit(1);
        }
        (void)close(fds[1]);
        size_t len = 0;
        for (ssize_t got; (got = read(fds[0], out + len, size - 1 - len)) > 0;)
                len += (size_t)got;
        out[len] = '\0';
        (void)close(fds[0]);
        (void)waitpid(pid, NULL, 0);
        for (size_t i = 2; words[i]; i++)
                free(words[i]);
}

/* Every byte, alone and doubled, between others, comes through a real shell as it was. */
static void every_byte_survives_a_shell(void **state) {
        (void)state;
        for (unsigned c = 1; c < 256; c++) {
                char text[] = {'a', (char)c, (char)c, 'b', (char)c, '\0'}, out[64];
                struct arena arena = ARENA_INIT;
                struct action_script script;
                if (c == '\n')
                        text[4] = 'x'; /* the printf below would not show a last newline's loss */
                hostile = slice_of(text);
                expand("printf '%s|' \"<matches>\" \"<F-USER>\"", &arena, &script);
                run_script(&script, out, sizeof(out));
                char expected[64];
                (void)snprintf(expected, sizeof(expected), "%s|%s|", text, text);
                assert_string_equal(out, expected);
                arena_done(&arena);
        }
}

static void attacks_print_themselves(void **state) {
        (void)state;
        static const char *const attacks[] = {"$(touch /tmp/x)", "`id`", "'; id; '", "\"; id; \"",
                "\\\"; id", "$0", "${IFS}", "<br>", "<F-USER>", "\n id \n.", "&& id", "|| id",
                "> /tmp/x", "$f2bV_matches", "a\rb", "!!", "~root", "[a-z]*"};
        for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
                char out[128];
                struct arena arena = ARENA_INIT;
                struct action_script script;
                hostile = slice_of(attacks[i]);
                expand("printf %s \"<matches>\"", &arena, &script);
                run_script(&script, out, sizeof(out));
                assert_string_equal(out, attacks[i]);
                arena_done(&arena);
        }
}

/* A shell takes "$10" for the value of $1 and a "0". */
static void values_beyond_the_tenth_are_their_own(void **state) {
        (void)state;
        char out[128];
        struct arena arena = ARENA_INIT;
        struct action_script script;
        expand("printf %s \"<F-NA>\" \"<F-NB>\" \"<F-NC>\" \"<F-ND>\" \"<F-NE>\" \"<F-NF>\" "
               "\"<F-NG>\" "
               "\"<F-NH>\" \"<F-NI>\" \"<F-NJ>\" \"<F-NK>\" \"<F-NL>\"",
                &arena, &script);
        assert_int_equal(script.values.list.count, 12);
        run_script(&script, out, sizeof(out));
        assert_string_equal(out, "<na><nb><nc><nd><ne><nf><ng><nh><ni><nj><nk><nl>");
        arena_done(&arena);
}

static void nul_bytes_go_and_long_values_are_cut(void **state) {
        (void)state;
        struct arena arena = ARENA_INIT;
        struct action_script script;
        hostile = SLICE("a\0b\0");
        expand("x <matches>", &arena, &script);
        assert_true(slice_is(script.command, "x ab"));
        char *large = malloc(300000);
        memset(large, 'a', 300000);
        hostile = (struct slice){large, 300000};
        expand("x <matches>", &arena, &script);
        assert_true(slice_is(script.command, "f2bV_matches=$0 \nx $f2bV_matches"));
        assert_int_equal(value_item_text(&script.values, 0).len, ACTION_DYNAMIC_VALUE_MAX);
        free(large);
        arena_done(&arena);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(special_values_become_variables),
                cmocka_unit_test(harmless_values_stand_in_the_script),
                cmocka_unit_test(every_byte_survives_a_shell),
                cmocka_unit_test(attacks_print_themselves),
                cmocka_unit_test(values_beyond_the_tenth_are_their_own),
                cmocka_unit_test(nul_bytes_go_and_long_values_are_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
