/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the system's resolver, which may take its time and load what it likes: in a process of its
 * own, confined before anything is asked. Only the server starts it (enforce/supervise.c), with the
 * channel as fd 3. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/diag.h"
#include "main/probe.h"
#include "resolve/responder.h"

#define CHANNEL_FD 3
#define EXIT_USAGE 2
#define EXIT_CONFINE 3

int main(void) {
        struct stat info;
        struct fault fault = FAULT_INIT;
        if (fstat(CHANNEL_FD, &info) < 0 || !S_ISSOCK(info.st_mode)) {
                (void)fputs("stockade-resolver is started by fail2ban-server only\n", stderr);
                return EXIT_USAGE;
        }
        struct loop *loop = loop_new();
        struct responder *responder = loop ? responder_new(loop, CHANNEL_FD) : NULL;
        if (!responder)
                return EXIT_USAGE;
        if (confine(CONFINE_RESOLVER, &fault) < 0) {
                diag(DIAG_CRITICAL, "fail2ban.server", "resolver: %s", fault_text(&fault));
                return EXIT_CONFINE;
        }
        probe_run();
        _exit(responder_run(responder, system_lookup)); /* nobody waits for lookups that hang */
}
