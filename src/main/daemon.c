/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upstream's parent configures the server over the socket and so knows whether it came up; ours is
 * told through a pipe, which also ends when the server dies. */
#include "main/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"

#define STATUS_FAILED 255

/* In the process that stays. Never returns an error: there is nobody to tell, and nothing that
 * would be lost. */
static void settle(void) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)signal(SIGHUP, SIG_IGN);
        if (chdir("/") < 0 || null < 0)
                return;
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                (void)dup2(null, fd);
        (void)close(null);
}

int daemon_detach(enum daemon_side *ret_side, int *ret_report, struct fault *fault) {
        int ends[2];
        (void)fflush(NULL);
        confine_close_from(STDERR_FILENO + 1);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return fault_set_errno(fault, -errno, "Could not create daemon");
        pid_t first = fork();
        if (first < 0) {
                int r = fault_set_errno(fault, -errno, "Could not create daemon");
                (void)close(ends[0]);
                (void)close(ends[1]);
                return r;
        }
        if (first > 0) {
                (void)close(ends[1]);
                (void)waitpid(first, NULL, 0); /* it ends at once */
                *ret_side = DAEMON_STARTER;
                *ret_report = ends[0];
                return 0;
        }
        (void)setsid(); /* we lead no group: it works */
        if (fork() != 0)
                _exit(0); /* not to have a terminal again, ever; if it failed, the starter sees the
                             pipe end */
        (void)close(ends[0]);
        settle();
        *ret_side = DAEMON_SERVER;
        *ret_report = ends[1];
        return 0;
}

void daemon_report(int *report, int status) {
        unsigned char byte = (unsigned char)status;
        if (*report < 0)
                return;
        if (write(*report, &byte, 1) != 1)
                errno = 0; /* the starter has not waited */
        close_p(report);
}

int daemon_wait(int report, int timeout_ms) {
        struct pollfd wait = {.fd = report, .events = POLLIN};
        unsigned char byte = STATUS_FAILED;
        int r;
        do
                r = poll(&wait, 1, timeout_ms);
        while (r < 0 && errno == EINTR);
        if (r <= 0 || read(report, &byte, 1) != 1)
                byte = STATUS_FAILED;
        (void)close(report);
        return byte;
}

void daemon_raise_fds(void) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DAEMON_FDS_MAX)
                return;
        limit.rlim_cur = limit.rlim_max < DAEMON_FDS_MAX ? limit.rlim_max : DAEMON_FDS_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer will do for most */
}

void daemon_set_name(const char *name) {
        (void)prctl(PR_SET_NAME, name, 0, 0, 0); /* cannot fail */
}
