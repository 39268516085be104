/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forked child confines itself and then tries what it must not: each attempt must fail, and exec must kill it. */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_include.h"

#include "base/pidfd.h"

static int tries_open(void) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? 0 : 1;
}

static int tries_socket(void) {
        return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? 0 : 1;
}

static int tries_unix_socket(void) {
        return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? 0 : 1;
}

static int tries_fork(void) {
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        return pid < 0 ? 0 : 1;
}

static int tries_kill(void) {
        return kill(getpid(), 0) < 0 ? 0 : 1;
}

static int tries_setuid(void) {
        return setuid(0) < 0 ? 0 : 1;
}

static int tries_listen(void) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd < 0 || listen(fd, 1) < 0 ? 0 : 1;
}

static int tries_packet_socket(void) {
        return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 && errno == EPERM ? 0 : 1;
}

static int tries_firewall_socket(void) {
        return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER) < 0 && errno == EPERM ? 0 : 1;
}

static int tries_write(void) {
        return open("/dev/null", O_WRONLY | O_CLOEXEC) < 0 ? 0 : 1;
}

/* Readable for everybody. */
static int tries_open_elsewhere(void) {
        return open("/proc/version", O_RDONLY | O_CLOEXEC) < 0 ? 0 : 1;
}

static int tries_exec(void) {
        char *const args[] = {(char *)(uintptr_t) "true", NULL};
        (void)execv("/bin/true", args);
        return 1; /* reached only if the sandbox let it come back */
}

static int still_can_compute(void) {
        char *p = malloc(1 << 20);
        if (!p)
                return 1;
        memset(p, 1, 1 << 20);
        free(p);
        return write(1, "", 0) == 0 ? 0 : 1;
}

static int run_confined(enum confine_role role, int (*attempt)(void)) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct fault fault = FAULT_INIT;
                if (confine(role, &fault) < 0) {
                        (void)fprintf(stderr, "%s\n", fault_text(&fault));
                        _exit(99);
                }
                _exit(attempt());
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void forbidden_things_fail_in_every_role(void **state) {
        (void)state;
        int (*const attempts[])(void) = {tries_fork, tries_kill, tries_setuid, still_can_compute, tries_listen, tries_packet_socket,
                tries_firewall_socket, tries_write, tries_open_elsewhere, tries_open, tries_socket, tries_unix_socket};
        const size_t resolver_count = 9; /* it may do the last three */
        for (int role = 0; role < CONFINE_ROLE_COUNT; role++)
                for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
                        if (role == CONFINE_RESOLVER && i == resolver_count)
                                break;
                        int status = run_confined((enum confine_role)role, attempts[i]);
                        if (status != 0)
                                print_error("role %d, attempt %zu: status %d\n", role, i, status);
                        assert_int_equal(status, 0);
                }
}

static void exec_kills_the_process(void **state) {
        (void)state;
        for (int role = 0; role < CONFINE_ROLE_COUNT; role++) {
                int status = run_confined((enum confine_role)role, tries_exec);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), SIGSYS);
        }
}

static char folder[] = "/tmp/stockade-confine-XXXXXX";
static char inside[128];
static char outside[128];

/* Each bit of the result is an attempt that ended otherwise than it must. */
static int reads_its_folder_only(void) {
        bool reads = open(inside, O_RDONLY | O_CLOEXEC) >= 0;
        bool lists = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0;
        bool writes = open(inside, O_RDWR | O_CLOEXEC) >= 0;
        bool creates = openat(AT_FDCWD, outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
        bool reads_else = open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
        return (reads ? 0 : 1) | (lists ? 0 : 2) | (writes ? 4 : 0) | (creates ? 8 : 0) | (reads_else ? 16 : 0);
}

static void journal_reader_reads_its_folders_and_writes_nothing(void **state) {
        const char *const folders[] = {folder, "/nonexistent"};
        (void)state;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(inside, sizeof(inside), "%s/file", folder);
        (void)snprintf(outside, sizeof(outside), "%s/new", folder);
        int fd = open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, 0666), 0);
        assert_int_equal(chmod(folder, 0777), 0);
        assert_int_equal(close(fd), 0);
        confine_folders(folders, 2);
        int status = run_confined(CONFINE_JOURNAL, reads_its_folder_only);
        confine_folders(NULL, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(unlink(inside), 0);
        assert_int_equal(rmdir(folder), 0);
}

static void *ask_localhost(void *user) {
        struct addrinfo *list = NULL;
        int *result = user;
        *result = getaddrinfo("localhost", NULL, NULL, &list);
        if (*result == 0)
                freeaddrinfo(list);
        return NULL;
}

/* In a thread, as there are several. localhost is in /etc/hosts, or the answer says that no server could be asked: that takes a socket. */
static int resolves(void) {
        pthread_t thread;
        int result = EAI_SYSTEM;
        if (pthread_create(&thread, NULL, ask_localhost, &result) != 0)
                return 1;
        (void)pthread_join(thread, NULL);
        bool reads = open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
        bool connects = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
        return (result == 0 || result == EAI_AGAIN || result == EAI_NONAME ? 0 : 2) | (reads ? 0 : 4) | (connects ? 0 : 8);
}

static void resolver_resolves(void **state) {
        (void)state;
        int status = run_confined(CONFINE_RESOLVER, resolves);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* The value of a line of /proc/PID/status, as printed. */
static void read_status(pid_t pid, const char *name, char value[static 128]) {
        char path[64];
        char line[256];
        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        value[0] = '\0';
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
                        (void)snprintf(value, 128, "%s", line + strlen(name) + 2);
        (void)fclose(file);
        value[strcspn(value, "\n")] = '\0';
}

static void kernel_says_that_the_child_is_confined(void **state) {
        (void)state;
        for (int role = 0; role < CONFINE_ROLE_COUNT; role++) {
                int ready[2];
                int go[2];
                char byte = 'x';
                char value[128];
                assert_int_equal(pipe(ready), 0);
                assert_int_equal(pipe(go), 0);
                pid_t pid = fork();
                if (pid == 0) {
                        struct fault fault = FAULT_INIT;
                        (void)close(go[1]);
                        int r = confine((enum confine_role)role, &fault);
                        (void)!write(ready[1], &byte, 1);
                        (void)!read(go[0], &byte, 1);
                        _exit(r == 0 ? 0 : 99);
                }
                assert_int_equal(read(ready[0], &byte, 1), 1);
                read_status(pid, "Seccomp", value);
                assert_string_equal(value, "2");
                read_status(pid, "NoNewPrivs", value);
                assert_string_equal(value, "1");
                read_status(pid, "CapEff", value);
                if (geteuid() == 0) {
                        assert_string_equal(value, "0000000000000000");
                        read_status(pid, "CapPrm", value);
                        assert_string_equal(value, "0000000000000000");
                        read_status(pid, "Uid", value);
                        assert_true(strtol(value, NULL, 10) > 0);
                        read_status(pid, "Groups", value);
                        if (role == CONFINE_JOURNAL) { /* the journal's group, if there is one */
                                char *end = value;
                                assert_true(strspn(value, " ") == strlen(value) || strtol(value, &end, 10) > 0);
                                assert_int_equal(strspn(end, " "), strlen(end));
                        } else {
                                assert_int_equal(strspn(value, " "), strlen(value));
                        }
                }
                for (int i = 0; i < 2; i++) {
                        (void)close(ready[i]);
                        (void)close(go[i]);
                }
                int status = 0;
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(WEXITSTATUS(status), 0);
        }
}

/* In a child: 0, if who has no CAP_KILL has to become the other's user first. */
static int kill_without_capability(pid_t pid) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[2] = {0};
        int pidfd = pidfd_open(pid, 0);
        if (pidfd < 0 || syscall(SYS_capget, &header, data) < 0)
                return 10;
        for (size_t i = 0; i < 2; i++)
                data[i].inheritable = 0;
        data[0].effective = data[0].permitted = data[0].permitted & ~(1U << CAP_KILL);
        if (syscall(SYS_capset, &header, data) < 0)
                return 11;
        if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0 || errno != EPERM)
                return 12;
        if (confine_kill(pidfd) != 0)
                return 13;
        return geteuid() == 0 ? 0 : 14;
}

static void who_may_become_its_user_may_kill_a_confined_process(void **state) {
        (void)state;
        if (geteuid() != 0)
                skip();
        for (int role = 0; role < CONFINE_ROLE_COUNT; role++) {
                int ready[2], status = 0;
                char byte = 0;
                assert_int_equal(pipe(ready), 0);
                pid_t pid = fork();
                if (pid == 0) {
                        struct fault fault = FAULT_INIT;
                        int r = confine((enum confine_role)role, &fault);
                        (void)!write(ready[1], &byte, 1);
                        while (r == 0)
                                (void)sched_yield();
                        _exit(99);
                }
                assert_int_equal(read(ready[0], &byte, 1), 1);
                pid_t killer = fork();
                if (killer == 0)
                        _exit(kill_without_capability(pid));
                assert_int_equal(waitpid(killer, &status, 0), killer);
                assert_int_equal(WEXITSTATUS(status), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                (void)close(ready[0]);
                (void)close(ready[1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_may_become_its_user_may_kill_a_confined_process),
                cmocka_unit_test(forbidden_things_fail_in_every_role),
                cmocka_unit_test(exec_kills_the_process),
                cmocka_unit_test(journal_reader_reads_its_folders_and_writes_nothing),
                cmocka_unit_test(resolver_resolves),
                cmocka_unit_test(kernel_says_that_the_child_is_confined),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
