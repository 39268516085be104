/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/memory.h"

struct test {
        struct loop *loop;
        struct watchdog watchdog;
        char folder[32];
        struct sockaddr_un address;
        int fd; /* the init system's end */
};

static int set_up(void **state) {
        struct test *t = memory_new(sizeof(*t));
        *t = (struct test){.loop = loop_new(),
                .folder = "/tmp/watchdog_XXXXXX",
                .address = {.sun_family = AF_UNIX}};
        *state = t;
        if (!mkdtemp(t->folder))
                return -1;
        (void)snprintf(t->address.sun_path, sizeof(t->address.sun_path), "%s/s", t->folder);
        t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)setenv("NOTIFY_SOCKET", t->address.sun_path, 1);
        (void)unsetenv("WATCHDOG_PID");
        (void)unsetenv("WATCHDOG_USEC");
        return bind(t->fd, (const struct sockaddr *)&t->address, sizeof(t->address));
}

static int tear_down(void **state) {
        struct test *t = *state;
        watchdog_stop(&t->watchdog);
        (void)close(t->fd);
        (void)unlink(t->address.sun_path);
        (void)rmdir(t->folder);
        t->loop = loop_free(t->loop);
        free(t);
        return 0;
}

/* Whether a sign of life is there, which is then taken. */
static bool has_sign(const struct test *t) {
        char text[64];
        ssize_t length = read(t->fd, text, sizeof(text));
        if (length < 0)
                return false;
        assert_int_equal(length, 10);
        assert_memory_equal(text, "WATCHDOG=1", 10);
        return true;
}

static void signs_come_twice_as_often_as_wanted_while_the_loop_turns(void **state) {
        struct test *t = *state;
        (void)setenv("WATCHDOG_USEC", "2000", 1);
        watchdog_start(&t->watchdog, t->loop);
        assert_int_equal(t->watchdog.interval_us, 1000);
        assert_true(has_sign(t)); /* the first at once */
        for (int i = 0; i < 3; i++) {
                while (!has_sign(t))
                        assert_int_equal(loop_step(t->loop, -1), 0);
        }
        int64_t end_us = loop_now_us() + 5 * t->watchdog.interval_us;
        while (loop_now_us() < end_us) /* it does not turn */
                ;
        assert_false(has_sign(t));
}

static void nobody_wants_signs(void **state) {
        static const struct {
                const char *time_us;
                const char *pid;
        } cases[] = {
                {NULL,                   NULL},
                {"0",                    NULL},
                {"",                     NULL},
                {"soon",                 NULL},
                {"-5",                   NULL},
                {"18446744073709551615", NULL},
                {"2000",                 "1" },
                {"2000",                 "x" }
        };
        struct test *t = *state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                (void)unsetenv("WATCHDOG_PID");
                (void)unsetenv("WATCHDOG_USEC");
                if (cases[i].time_us)
                        (void)setenv("WATCHDOG_USEC", cases[i].time_us, 1);
                if (cases[i].pid)
                        (void)setenv("WATCHDOG_PID", cases[i].pid, 1);
                watchdog_start(&t->watchdog, t->loop);
                assert_int_equal(t->watchdog.interval_us, 0);
                assert_false(has_sign(t));
        }
}

static void our_own_pid_is_meant(void **state) {
        struct test *t = *state;
        char pid[16];
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)setenv("WATCHDOG_USEC", "60000000", 1);
        (void)setenv("WATCHDOG_PID", pid, 1);
        watchdog_start(&t->watchdog, t->loop);
        assert_int_equal(t->watchdog.interval_us, 30000000);
        assert_true(has_sign(t));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        signs_come_twice_as_often_as_wanted_while_the_loop_turns, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(nobody_wants_signs, set_up, tear_down),
                cmocka_unit_test_setup_teardown(our_own_pid_is_meant, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
