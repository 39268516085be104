/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posix_spawn (vfork: the cost does not grow with our memory). What stands where a program's file
 * descriptors go is moved out of the way first, so that none is overwritten before its turn. */
#include "base/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static void set_attributes(posix_spawnattr_t *attributes) {
        static const int restored[] = {
                SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGXFSZ};
        sigset_t none, standard;
        (void)sigemptyset(&none);
        (void)sigemptyset(&standard);
        for (size_t i = 0; i < sizeof(restored) / sizeof(restored[0]); i++)
                (void)sigaddset(&standard, restored[i]);
        (void)posix_spawnattr_init(attributes);
        (void)posix_spawnattr_setflags(
                attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        (void)posix_spawnattr_setsigmask(attributes, &none);
        (void)posix_spawnattr_setsigdefault(attributes, &standard);
}

static void set_actions(posix_spawn_file_actions_t *actions, const int fds[static EXEC_FDS_MAX]) {
        (void)posix_spawn_file_actions_init(actions);
        for (int i = 0; i < EXEC_FDS_MAX; i++) {
                if (fds[i] >= 0)
                        (void)posix_spawn_file_actions_adddup2(actions, fds[i], i);
                else if (i <= 2)
                        (void)posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
        }
#ifdef __GLIBC__
        /* A second line: all our fds are close-on-exec. */
        (void)posix_spawn_file_actions_addclosefrom_np(
                actions, fds[EXEC_FDS_MAX - 1] >= 0 ? EXEC_FDS_MAX : EXEC_FDS_MAX - 1);
#endif
}

/* Returns 0 or a positive errno; moved is to be closed in both cases. */
static int move_away(
        const int fds[static EXEC_FDS_MAX], int moved[static EXEC_FDS_MAX], int *placed) {
        for (size_t i = 0; i < EXEC_FDS_MAX; i++) {
                placed[i] = fds[i];
                if (fds[i] < 0 || fds[i] >= EXEC_FDS_MAX)
                        continue;
                moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, EXEC_FDS_MAX);
                if (moved[i] < 0)
                        return errno;
                placed[i] = moved[i];
        }
        return 0;
}

int exec_start(const struct exec *exec, pid_t *ret_pid) {
        int moved[EXEC_FDS_MAX] = EXEC_NO_FDS, placed[EXEC_FDS_MAX] = EXEC_NO_FDS;
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_t actions;
        int error = move_away(exec->fds, moved, placed);
        if (error == 0) {
                set_attributes(&attributes);
                set_actions(&actions, placed);
                error = posix_spawn(
                        ret_pid, exec->path, &actions, &attributes, exec->words, exec->environment);
                (void)posix_spawn_file_actions_destroy(&actions);
                (void)posix_spawnattr_destroy(&attributes);
        }
        for (size_t i = 0; i < EXEC_FDS_MAX; i++)
                close_p(&moved[i]);
        return error;
}
