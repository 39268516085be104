/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that sees what clients send. Only the server starts it (enforce/supervise.c), with
 * the channel as fd 3. */
#include <sys/stat.h>

#include "base/confine.h"
#include "base/diag.h"
#include "front/front.h"
#include "main/probe.h"

#define CHANNEL_FD 3
#define EXIT_USAGE 2
#define EXIT_CONFINE 3

int main(void) {
        struct stat info;
        struct fault fault = FAULT_INIT;
        if (fstat(CHANNEL_FD, &info) < 0 || !S_ISSOCK(info.st_mode)) {
                (void)fputs("stockade-front is started by fail2ban-server only\n", stderr);
                return EXIT_USAGE;
        }
        struct loop *loop = loop_new();
        struct front *front = loop ? front_new(loop, CHANNEL_FD) : NULL;
        if (!front)
                return EXIT_USAGE;
        int code = EXIT_CONFINE;
        if (confine(CONFINE_FRONT, &fault) < 0) {
                diag(DIAG_CRITICAL, "fail2ban.server", "front: %s", fault_text(&fault));
        } else {
                probe_run();
                code = front_run(front);
        }
        fault_done(&fault);
        (void)front_free(front);
        (void)loop_free(loop);
        return code;
}
