/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program is looked for beside the client, for builds that are run in place, then where it is
 * installed. */
#include "main/client_check.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "build_config.h"

#define PROGRAM "stockade-check"
#define PATH_BYTES 4096
#define FOUND_ERRORS 1 /* its exit status */

static struct slice find_program(struct arena *arena) {
        char own[PATH_BYTES];
        ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
        own[len > 0 ? len : 0] = '\0';
        const char *slash = strrchr(own, '/');
        struct slice beside =
                arena_printf(arena, "%.*s/%s", slash ? (int)(slash - own) : 0, own, PROGRAM);
        if (access(beside.data, X_OK) == 0)
                return beside;
        return arena_printf(arena, "%s/%s", STOCKADE_LIBEXECDIR, PROGRAM);
}

/* Returns its exit status, or negative errno. */
static int run(const char *path, char *const argv[]) {
        pid_t pid;
        int status;
        (void)fflush(stdout);
        int r = posix_spawn(&pid, path, NULL, NULL, argv, environ);
        if (r != 0)
                return -r;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
}

enum client_outcome client_check(struct client *client, enum client_check_before before) {
        struct arena arena = ARENA_INIT;
        char program[] = PROGRAM;
        char text[] = "text", json[] = "json", ok[] = "ok", failed[] = "failed";
        struct slice folder = arena_copy(&arena, client->arguments.conf);
        char *argv[] = {program, client->arguments.json && client->arguments.test ? json : text,
                before == CLIENT_CHECK_OK ? ok : failed, (char *)(uintptr_t)folder.data, NULL};
        struct slice path = find_program(&arena);
        int status = run(path.data, argv);
        if (status < 0)
                diag(DIAG_WARNING, CLIENT_LOGGER, "only fail2ban's own test was made: %s: %s",
                        path.data, strerror(-status));
        else if (status > FOUND_ERRORS)
                diag(DIAG_WARNING, CLIENT_LOGGER,
                        "only fail2ban's own test was made: %s: exit status %d", path.data, status);
        arena_done(&arena);
        return status == FOUND_ERRORS ? CLIENT_FAILED : CLIENT_DONE;
}
