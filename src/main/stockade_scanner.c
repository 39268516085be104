/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that sees hostile log bytes. Only the server starts it (enforce/supervise.c), with
 * the channel as fd 3. Everything that needs a right is done before confine(); the first log byte
 * comes after. With --journal DIR... it may read the journal in these folders itself. */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/confine.h"
#include "base/diag.h"
#include "detect/scanner.h"
#include "main/probe.h"

#define CHANNEL_FD 3
#define EXIT_USAGE 2
#define EXIT_CONFINE 3

int main(int argc, char **argv) {
        struct stat info;
        struct fault fault = FAULT_INIT;
        struct clock clock = CLOCK_INIT;
        if (fstat(CHANNEL_FD, &info) < 0 || !S_ISSOCK(info.st_mode)) {
                (void)fputs("stockade-scanner is started by fail2ban-server only\n", stderr);
                return EXIT_USAGE;
        }
        struct loop *loop = loop_new();
        struct scanner *scanner = loop ? scanner_new(loop, &clock, CHANNEL_FD) : NULL;
        if (!scanner)
                return EXIT_USAGE;
        int code = EXIT_CONFINE;
        bool is_journal = argc > 1 && strcmp(argv[1], "--journal") == 0;
        if (is_journal)
                confine_folders((const char *const *)&argv[2], (size_t)argc - 2);
        if (confine(is_journal ? CONFINE_JOURNAL : CONFINE_SCANNER, &fault) < 0) {
                diag(DIAG_CRITICAL, "fail2ban.server", "scanner: %s", fault_text(&fault));
        } else {
                probe_run();
                code = scanner_run(scanner);
        }
        fault_done(&fault);
        (void)scanner_free(scanner);
        (void)loop_free(loop);
        return code;
}
