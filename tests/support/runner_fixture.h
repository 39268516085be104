/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A runner as the init system would start it: a process of its own on a socket in a folder of its
 * own. Starting it again is the test's business. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "launch/launcher.h"

struct runner_fixture {
        char folder[64], path[96];
        int listener;
        pid_t pid; /* 0: none runs */
};

static inline void runner_fixture_init(struct runner_fixture *f) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/runner_XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->path, sizeof(f->path), "%s/socket", f->folder);
        memcpy(address.sun_path, f->path, strlen(f->path) + 1);
        f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(f->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(f->listener, 4), 0);
        f->pid = 0;
}

static inline void runner_fixture_start(struct runner_fixture *f) {
        f->pid = fork();
        assert_true(f->pid >= 0);
        if (f->pid > 0)
                return;
        if (dup2(f->listener, 3) < 0)
                _exit(99);
        confine_close_from(4);
        struct loop *loop = loop_new();
        struct launcher *launcher = launcher_new(loop, 3);
        _exit(launcher ? launcher_run(launcher, LAUNCHER_IDLE_MS) : 98);
}

/* Ends it by a signal (0: by itself), and tells how it ended: -signal or exit status. */
static inline int runner_fixture_end(struct runner_fixture *f, int number) {
        int status = 0;
        if (number != 0)
                assert_int_equal(kill(f->pid, number), 0);
        assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
        f->pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Nobody can connect any more. */
static inline void runner_fixture_close(struct runner_fixture *f) {
        if (f->listener >= 0)
                (void)close(f->listener);
        f->listener = -1;
}

static inline void runner_fixture_done(struct runner_fixture *f) {
        if (f->pid > 0)
                (void)runner_fixture_end(f, SIGKILL);
        runner_fixture_close(f);
        (void)unlink(f->path);
        (void)rmdir(f->folder);
}
