/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/client_server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client_said.h"
#include "fake_server.h"

/* A program that stands for the server: it writes its words beside itself. */
static const char script[] = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"${0%/*}/words\"\n";

struct fixture {
        struct fake_server fake; /* for its folder and socket */
        struct client client;
        char program[128];
        char words[128];
        char *argv[5];
};

static void fixture_init(struct fixture *f) {
        static char name[128];
        static char option[] = "-f";
        static char start[] = "start";
        *f = (struct fixture){.client = {.arguments = {.timeout_s = 30}}};
        fake_server_init(&f->fake);
        client_said_begin();
        (void)snprintf(f->program, sizeof(f->program), "%s/fail2ban-server", f->fake.folder);
        (void)snprintf(f->words, sizeof(f->words), "%s/words", f->fake.folder);
        (void)snprintf(name, sizeof(name), "%s/fail2ban-client", f->fake.folder);
        f->argv[0] = name;
        f->argv[1] = option;
        f->argv[2] = start;
        f->client.argv = f->argv;
        f->client.settings = (struct config_server){.socket = slice_of(f->fake.path),
                .pidfile = SLICE("/p"),
                .loglevel = SLICE("INFO"),
                .logtarget = SLICE("/log"),
                .syslogsocket = SLICE("auto")};
}

static void put_program(struct fixture *f, const char *text) {
        FILE *file = fopen(f->program, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(f->program, 0700), 0);
}

static void fixture_done(struct fixture *f) {
        unlink(f->program);
        unlink(f->words);
        fake_server_done(&f->fake);
}

static const char *read_words(struct fixture *f, char text[1024]) {
        int fd = open(f->words, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        ssize_t n = read(fd, text, 1023);
        assert_true(n >= 0);
        text[n] = '\0';
        close(fd);
        return text;
}

static void the_server_beside_the_client_is_started(void **state) {
        (void)state;
        struct fixture f;
        pid_t pid;
        int status;
        char text[1024];
        char expected[1024];
        fixture_init(&f);
        put_program(&f, script);
        f.client.arguments.force = true;
        f.client.arguments.verbosity = 2;
        f.client.arguments.pname = SLICE("mine");
        assert_int_equal(client_server_spawn(&f.client, &pid, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        (void)snprintf(expected, sizeof(expected),
                "--async\n-b\n-s\n%s\n-p\n/p\n-x\n-v\n-v\n--loglevel\nINFO\n--logtarget\n/log\n"
                "--syslogsocket\nauto\n--pname\nmine\n",
                f.fake.path);
        assert_string_equal(read_words(&f, text), expected);
        fixture_done(&f);
}

static void in_the_foreground_the_client_becomes_it(void **state) {
        (void)state;
        struct fixture f;
        int status;
        char text[1024];
        fixture_init(&f);
        put_program(&f, script);
        pid_t pid = fork();
        if (pid == 0) {
                (void)client_server_become(&f.client, NULL);
                _exit(9);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_string_equal(read_words(&f, text), "-f\nstart\n");
        fixture_done(&f);
}

static void a_missing_program_is_a_fault(void **state) {
        (void)state;
        struct fixture f;
        struct fault fault = FAULT_INIT;
        fixture_init(&f);
        setenv("PATH", f.fake.folder, 1);
        assert_int_equal(client_server_become(&f.client, &fault), -ENOENT);
        assert_string_equal(
                fault_text(&fault), "cannot start fail2ban-server: No such file or directory");
        fault_done(&fault);
        fixture_done(&f);
}

static void waiting_ends_when_it_answers_or_is_gone(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_GONE, 0), 0);
        fake_server_start(&f.fake);
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_ALIVE, 0), 0);
        f.client.arguments.timeout_s = 0;
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_GONE, 0), -ETIMEDOUT);
        fake_server_stop(&f.fake);
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_ALIVE, 0), -ETIMEDOUT);
        fixture_done(&f);
}

static void one_that_is_busy_is_not_gone(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        f.fake.delay_us = 100000; /* more than a first look at a server that starts takes */
        fake_server_start(&f.fake);
        f.client.arguments.timeout_s = 0;
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_GONE, 0), -ETIMEDOUT);
        fixture_done(&f);
}

static void nobody_waits_for_one_that_failed(void **state) {
        (void)state;
        struct fixture f;
        fixture_init(&f);
        f.client.arguments.timeout_s = 1e6; /* the test's own time limit is shorter */
        pid_t pid = fork();
        if (pid == 0)
                _exit(255);
        assert_int_equal(client_server_wait(&f.client, CLIENT_SERVER_ALIVE, pid), -ETIMEDOUT);
        fixture_done(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_server_beside_the_client_is_started),
                cmocka_unit_test(in_the_foreground_the_client_becomes_it),
                cmocka_unit_test(a_missing_program_is_a_fault),
                cmocka_unit_test(waiting_ends_when_it_answers_or_is_gone),
                cmocka_unit_test(one_that_is_busy_is_not_gone),
                cmocka_unit_test(nobody_waits_for_one_that_failed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
