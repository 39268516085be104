/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/arguments.h"

#include <errno.h>

#include "../cmocka_include.h"

#define WORDS_MAX 24

/* Splits text at blanks into argv, behind a program's name. */
struct line {
        char text[256];
        char *argv[WORDS_MAX + 1];
        int argc;
};

static void split(struct line *line, const char *text) {
        *line = (struct line){.argc = 1};
        static char program[] = "program";
        line->argv[0] = program;
        (void)snprintf(line->text, sizeof(line->text), "%s", text);
        char *save = NULL;
        for (char *word = strtok_r(line->text, " ", &save); word;
                word = strtok_r(NULL, " ", &save)) {
                assert_true(line->argc < WORDS_MAX);
                line->argv[line->argc++] = word;
        }
}

static int read_line(struct line *line, const char *text, struct arguments *arguments) {
        split(line, text);
        return arguments_read(arguments, line->argc, line->argv, NULL);
}

static void options_end_at_the_first_word(void **state) {
        (void)state;
        static const struct {
                const char *line;
                size_t words;
                const char *first;
        } rows[] = {
                {"status -v",          2, "status"},
                {"-v status sshd -h",  3, "status"},
                {"-v -- -x",           1, "-x"    },
                {"- -v",               2, "-"     },
                {"-c /etc -v",         0, NULL    },
                {"--conf /etc status", 1, "status"},
                {"--conf=/etc status", 1, "status"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct line line;
                struct arguments arguments;
                assert_int_equal(read_line(&line, rows[i].line, &arguments), ARGUMENTS_OK);
                assert_int_equal(arguments.word_count, rows[i].words);
                if (rows[i].first)
                        assert_string_equal(arguments.words[0], rows[i].first);
        }
}

static void short_options_may_be_joined(void **state) {
        (void)state;
        struct line line;
        struct arguments arguments;
        assert_int_equal(read_line(&line, "-xfvvvqs/run/s -pp -dti start", &arguments), 0);
        assert_true(arguments.force && arguments.foreground && arguments.test);
        assert_true(arguments.interactive);
        assert_int_equal(arguments.verbosity, 2);
        assert_int_equal(arguments.dump, ARGUMENTS_DUMP_PLAIN);
        assert_slice(arguments.socket, "/run/s");
        assert_slice(arguments.pidfile, "p");
        assert_slice(arguments.conf, "/etc/fail2ban");
        assert_null(arguments.logtarget.data);
        assert_int_equal(arguments.word_count, 1);
}

static void long_options_may_be_cut_short_while_unique(void **state) {
        (void)state;
        struct line line;
        struct arguments arguments;
        assert_int_equal(
                read_line(&line,
                        "--so s --pi=p --pn n --logl= --logt t --sy y --dp --te --a --ti 2m",
                        &arguments),
                0);
        assert_slice(arguments.socket, "s");
        assert_slice(arguments.pidfile, "p");
        assert_slice(arguments.pname, "n");
        assert_non_null(arguments.loglevel.data);
        assert_slice(arguments.loglevel, "");
        assert_slice(arguments.logtarget, "t");
        assert_slice(arguments.syslogsocket, "y");
        assert_int_equal(arguments.dump, ARGUMENTS_DUMP_PRETTY);
        assert_true(arguments.test && arguments.async);
        assert_true(arguments.timeout_s > 119.9 && arguments.timeout_s < 120.1);
}

static void wrong_options_ask_for_the_usage(void **state) {
        (void)state;
        static const char *const rows[] = {
                "-z",
                "-vz",
                "-c",
                "--conf",
                "--nosuch",
                "--t",
                "--log x",
                "--test=yes",
                "--d",
                "--=x",
                "-s",
                "-h -z",
                "-V -c",
                "--p x",
                "-\xc3\xa4",
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct line line;
                struct arguments arguments;
                assert_int_equal(read_line(&line, rows[i], &arguments), ARGUMENTS_E_USAGE);
        }
}

static void the_first_question_is_answered(void **state) {
        (void)state;
        static const struct {
                const char *line;
                int result;
        } rows[] = {
                {"-h -V",                ARGUMENTS_E_HELP         },
                {"-V -h",                ARGUMENTS_E_VERSION_SHORT},
                {"--version -V",         ARGUMENTS_E_VERSION      },
                {"-v --help",            ARGUMENTS_E_HELP         },
                {"--str2sec 1d -V",      ARGUMENTS_E_SECONDS      },
                {"--timeout x -V",       -EINVAL                  },
                {"-V --timeout x",       ARGUMENTS_E_VERSION_SHORT},
                {"--str2sec nosuchunit", -EINVAL                  },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct line line;
                struct arguments arguments;
                assert_int_equal(read_line(&line, rows[i].line, &arguments), rows[i].result);
                if (rows[i].result == ARGUMENTS_E_SECONDS)
                        assert_int_equal(arguments.seconds.integer, 86400);
        }
}

static void the_last_of_contrary_options_counts(void **state) {
        (void)state;
        struct line line;
        struct arguments arguments;
        assert_int_equal(read_line(&line, "-f -b -d --dump-pretty -s a -s b", &arguments), 0);
        assert_false(arguments.foreground);
        assert_int_equal(arguments.dump, ARGUMENTS_DUMP_PRETTY);
        assert_slice(arguments.socket, "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_end_at_the_first_word),
                cmocka_unit_test(short_options_may_be_joined),
                cmocka_unit_test(long_options_may_be_cut_short_while_unique),
                cmocka_unit_test(wrong_options_ask_for_the_usage),
                cmocka_unit_test(the_first_question_is_answered),
                cmocka_unit_test(the_last_of_contrary_options_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
