/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs what the administrator has configured to be run, outside of what the server's unit closes
 * (packaging/systemd/fail2ban-actions.service). The init system starts it, with a listening socket
 * as fd 3, when the server connects to that. */
#include <signal.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "launch/launcher.h"

#define LISTENER_FD 3 /* SD_LISTEN_FDS_START */
#define EXIT_USAGE 2

static bool is_listening(int fd) {
        int listening = 0, domain = 0;
        socklen_t size = sizeof(listening);
        return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening &&
               getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

int main(void) {
        if (!is_listening(LISTENER_FD)) {
                (void)fputs("stockade-runner is started by fail2ban-actions.socket only\n", stderr);
                return EXIT_USAGE;
        }
        memory_init();
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGCHLD, SIG_DFL);
        struct loop *loop = loop_new();
        struct launcher *launcher = loop ? launcher_new(loop, LISTENER_FD) : NULL;
        int code = launcher ? launcher_run(launcher, LAUNCHER_IDLE_MS) : EXIT_USAGE;
        (void)launcher_free(launcher);
        (void)loop_free(loop);
        return code;
}
