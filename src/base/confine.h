/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives up what a child process does not need, for good: user, capabilities, files (landlock), system calls (seccomp), resources. */
#pragma once

#include <stddef.h>

#include "base/fault.h"

enum confine_role {
        CONFINE_SCANNER, /* reads handed log fds; no files, no network, no processes */
        CONFINE_JOURNAL, /* reads the journal's folders besides (confine_folders); no other files, no network, no processes */
        CONFINE_RESOLVER, /* asks the system's name service: its configuration and modules may be read, and sockets and threads made;
                             no other files, no processes, nothing to listen with */
        CONFINE_FRONT,   /* reads and writes handed sockets; the same otherwise */
        CONFINE_ROLE_COUNT
};

/* Confines the calling process, which must be single-threaded and have set up its fds. Root becomes the role's unprivileged user: the
 * passwd entry "stockade-scanner" / "stockade-journal" / "stockade-resolver" / "stockade-front" if there is one, else a fixed high number of its own, so that the children
 * cannot signal or trace each other; it then dies with its parent. Another user stays itself. A forbidden system call ends with EPERM, or kills the process where
 * nothing legitimate comes near it (execve, ptrace, ...). The environment variable STOCKADE_CONFINE=report makes seccomp
 * log instead of refuse (for debugging the list; only honoured when not root).
 * Returns 0, or negative errno with a fault that says which step failed. Landlock or seccomp missing from the kernel is a fault. */
int confine(enum confine_role role, struct fault *fault);
/* The folders that CONFINE_JOURNAL may read, with all that is in them; absent ones are left out. Call before confine(); the texts must
 * live until then. With them comes the group that owns journals: "systemd-journal", or else the group of the first folder. */
void confine_folders(const char *const *folders, size_t count);
/* SIGKILL for a process that may have been confined since. Who may kill nobody of another user's (no CAP_KILL), but may become one
 * (CAP_SETUID), has it done by a process that does. Returns 0 or negative errno. */
int confine_kill(int pidfd);
/* Closes every fd from first on. */
void confine_close_from(int first);
