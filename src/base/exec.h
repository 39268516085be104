/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts a program: in a session of its own, with standard signals, and with no file descriptors
 * but those it is given. */
#pragma once

#include <sys/types.h>

#define EXEC_FDS_MAX 4 /* file descriptors 0 to 3 of the program */
#define EXEC_NO_FDS                                                                                \
        { -1, -1, -1, -1 }

struct exec {
        const char *path;
        char *const *words;       /* its arguments from argv[0] on, NULL at the end */
        char *const *environment; /* NULL at the end */
        int fds[EXEC_FDS_MAX];    /* what becomes 0, 1, 2, 3; -1: /dev/null, and no 3. Borrowed. */
};

/* Returns 0 with the process id, which leads its own session and group and is a child of ours, or
 * a positive errno, that of exec included. */
int exec_start(const struct exec *exec, pid_t *ret_pid);
