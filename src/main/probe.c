/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an intruder would try first. Linked only into test builds; some attempts end the process,
 * that is their result. */
#include "main/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/slice.h"

static int try_open(void) {
        return open("/etc/hostname", O_RDONLY);
}

static int try_openat2(void) {
        struct {
                unsigned long long flags, mode, resolve;
        } how = {0};
        return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/hostname", &how, sizeof(how));
}

static int try_create(void) {
        return open("/tmp/stockade-probe", O_WRONLY | O_CREAT, 0600);
}

static int try_socket(void) {
        return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_unix_socket(void) {
        return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_listen(void) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        return fd < 0 ? fd : listen(fd, 1);
}

static int try_packet(void) {
        return socket(AF_PACKET, SOCK_RAW, 0);
}

static int try_firewall(void) {
        return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

/* Readable for everybody. */
static int try_elsewhere(void) {
        return open("/proc/version", O_RDONLY);
}

static int try_write(void) {
        return open("/dev/null", O_WRONLY);
}

static int try_resolve(void) {
        struct addrinfo *list = NULL;
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
        return getaddrinfo("192.0.2.1", NULL, &hints, &list) == 0 ? 0 : -1;
}

static int try_fork(void) {
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        return pid;
}

static int try_kill(void) {
        return kill(getppid(), 0);
}

static int try_setuid(void) {
        return setresuid(0, 0, 0);
}

static int try_unlink(void) {
        return unlink("/tmp/stockade-probe");
}

static int try_execve(void) {
        char *const arguments[] = {NULL};
        return execve("/bin/true", arguments, arguments);
}

static int try_ptrace(void) {
        return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static const char *name_of(int error) {
        return error == EPERM ? "EPERM" : error == EACCES ? "EACCES" : strerror(error);
}

static const struct {
        const char *name;
        int (*attempt)(void);
} attempts[] = {
        {"open",      try_open       },
        {"openat2",   try_openat2    },
        {"create",    try_create     },
        {"socket",    try_socket     },
        {"unix",      try_unix_socket},
        {"listen",    try_listen     },
        {"packet",    try_packet     },
        {"firewall",  try_firewall   },
        {"elsewhere", try_elsewhere  },
        {"write",     try_write      },
        {"resolve",   try_resolve    },
        {"fork",      try_fork       },
        {"kill",      try_kill       },
        {"setuid",    try_setuid     },
        {"unlink",    try_unlink     },
        {"execve",    try_execve     },
        {"ptrace",    try_ptrace     },
};

void probe_run(void) {
        const char *names = getenv("STOCKADE_PROBE");
        struct slice rest = slice_of(names ? names : "");
        struct slice name;
        while (names && slice_next_piece(&rest, ',', &name))
                for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
                        if (!slice_is(name, attempts[i].name))
                                continue;
                        (void)fprintf(stderr, "probe %s: trying\n", attempts[i].name);
                        int r = attempts[i].attempt();
                        (void)fprintf(stderr, "probe %s: %s\n", attempts[i].name,
                                r < 0 ? name_of(errno) : "ALLOWED");
                }
}
