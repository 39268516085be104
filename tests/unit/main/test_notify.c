/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "main/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_include.h"

static int receiver(const char *name) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t length = strlen(name);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        memcpy(address.sun_path, name, length);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                0);
        return fd;
}

static void check(const char *name) {
        char text[64];
        int fd = receiver(name);
        (void)setenv("NOTIFY_SOCKET", name, 1);
        assert_int_equal(notify_send("READY=1"), 1);
        ssize_t length = read(fd, text, sizeof(text));
        assert_int_equal(length, 7);
        assert_memory_equal(text, "READY=1", 7);
        (void)close(fd);
}

static void the_state_goes_to_a_path_or_an_abstract_name(void **state) {
        (void)state;
        char path[64] = "/tmp/notify_XXXXXX";
        char name[64];
        assert_non_null(mkdtemp(path));
        (void)snprintf(name, sizeof(name), "%s/s", path);
        check(name);
        assert_int_equal(unlink(name), 0);
        assert_int_equal(rmdir(path), 0);
        (void)snprintf(name, sizeof(name), "@stockade-test-%ld", (long)getpid());
        check(name);
}

static void nobody_wants_to_know(void **state) {
        (void)state;
        (void)unsetenv("NOTIFY_SOCKET");
        assert_int_equal(notify_send("READY=1"), 0);
}

static void a_bad_address_is_an_error(void **state) {
        (void)state;
        char longer[300];
        memset(longer, 'a', sizeof(longer));
        longer[0] = '/';
        longer[sizeof(longer) - 1] = '\0';
        (void)setenv("NOTIFY_SOCKET", longer, 1);
        assert_int_equal(notify_send("READY=1"), -EINVAL);
        (void)setenv("NOTIFY_SOCKET", "relative", 1);
        assert_int_equal(notify_send("READY=1"), -EINVAL);
        (void)setenv("NOTIFY_SOCKET", "/nonexistent/s", 1);
        assert_int_equal(notify_send("READY=1"), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_state_goes_to_a_path_or_an_abstract_name),
                cmocka_unit_test(nobody_wants_to_know),
                cmocka_unit_test(a_bad_address_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
