/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program is a script beside the test's own program, as it is beside the client's. */
#include "main/client_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_include.h"
#include "client_said.h"

static char program[4096];

/* Puts a script in the program's place; NULL: none. */
static void put_program(const char *script) {
        ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 32);
        assert_true(len > 0);
        program[len] = '\0';
        char *slash = strrchr(program, '/');
        (void)memcpy(slash + 1, "stockade-check", sizeof("stockade-check"));
        (void)unlink(program);
        if (!script)
                return;
        FILE *file = fopen(program, "we");
        assert_non_null(file);
        assert_true(fputs(script, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(program, 0700), 0);
}

static void its_exit_status_decides(void **state) {
        (void)state;
        static const struct {
                const char *script;
                enum client_outcome outcome;
                const char *said; /* a part of it; "": nothing */
        } rows[] = {
                {"#!/bin/sh\nexit 0\n",     CLIENT_DONE,   ""                        },
                {"#!/bin/sh\nexit 1\n",     CLIENT_FAILED, ""                        },
                {"#!/bin/sh\nexit 3\n",     CLIENT_DONE,   "exit status 3"           },
                {"#!/bin/sh\nkill -9 $$\n", CLIENT_DONE,   "only fail2ban's own test"},
                {"#!/nonexistent/sh\n",     CLIENT_DONE,   "only fail2ban's own test"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct client client = {.arguments = {.conf = SLICE("/etc/x")}};
                put_program(rows[i].script);
                client_said_begin();
                assert_int_equal(client_check(&client, CLIENT_CHECK_OK), rows[i].outcome);
                assert_non_null(strstr(client_said, rows[i].said));
                if (!rows[i].said[0])
                        assert_string_equal(client_said, "");
                put_program(NULL);
        }
}

static void it_is_told_form_and_folder(void **state) {
        (void)state;
        struct client client = {
                .arguments = {.conf = SLICE("/a b"), .json = true, .test = true}
        };
        put_program("#!/bin/sh\n[ \"$1,$2,$3,$#\" = 'json,failed,/a b,3' ]\n");
        assert_int_equal(client_check(&client, CLIENT_CHECK_FAILED), CLIENT_DONE);
        client.arguments.json = false;
        assert_int_equal(client_check(&client, CLIENT_CHECK_FAILED), CLIENT_FAILED);
        put_program("#!/bin/sh\n[ \"$1,$2,$3,$#\" = 'text,ok,/a b,3' ]\n");
        assert_int_equal(client_check(&client, CLIENT_CHECK_OK), CLIENT_DONE);
        put_program(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(its_exit_status_decides),
                cmocka_unit_test(it_is_told_form_and_folder),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
