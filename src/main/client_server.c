/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server is a program of its own, beside the client's. Upstream: client/fail2banserver.py
 * startServerAsync(), client/fail2banclient.py __waitOnServer(), 1.1. Differs: when the program
 * that was started fails, nobody waits for it until the time is over. */
#include "main/client_server.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "main/client_send.h"

#define SERVER "fail2ban-server"
#define PATH_MAX_BYTES 4096
#define ARGUMENTS_MAX 32
#define SILENCE_S 5.0 /* a server that is busy answers late; one that is gone refuses at once */

/* SERVER in the folder of path, if it is there. */
static bool beside(const char *path, char ret[PATH_MAX_BYTES]) {
        const char *slash = strrchr(path, '/');
        int folder = slash ? (int)(slash - path) : 1;
        int len = snprintf(ret, PATH_MAX_BYTES, "%.*s/%s", folder, slash ? path : ".", SERVER);
        struct stat st;
        return len < PATH_MAX_BYTES && stat(ret, &st) == 0 && S_ISREG(st.st_mode);
}

/* Where the server's program is; without a folder if only PATH can tell. */
static void find_server(const struct client *client, char ret[PATH_MAX_BYTES]) {
        char own[PATH_MAX_BYTES];
        ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
        own[len > 0 ? len : 0] = '\0';
        if (!beside(own, ret) && !beside(client->argv[0], ret))
                (void)snprintf(ret, PATH_MAX_BYTES, "%s", SERVER);
}

/* The words of a command line, copies. */
struct words {
        char *items[ARGUMENTS_MAX + 1]; /* NULL behind the last */
        size_t count;
};

static void add(struct words *words, struct slice word) {
        if (words->count < ARGUMENTS_MAX)
                words->items[words->count++] = memory_copy_text(word);
}

static void words_done(struct words *words) {
        for (size_t i = 0; i < words->count; i++)
                free(words->items[i]);
}

static void list_words(const struct client *client, struct words *words) {
        const struct config_server *settings = &client->settings;
        add(words, SLICE(SERVER));
        add(words, SLICE("--async"));
        add(words, SLICE("-b"));
        add(words, SLICE("-s"));
        add(words, settings->socket);
        add(words, SLICE("-p"));
        add(words, settings->pidfile);
        if (client->arguments.force)
                add(words, SLICE("-x"));
        for (int i = 0; i < client->arguments.verbosity && i < 4; i++)
                add(words, SLICE("-v"));
        add(words, SLICE("--loglevel"));
        add(words, settings->loglevel);
        add(words, SLICE("--logtarget"));
        add(words, settings->logtarget);
        add(words, SLICE("--syslogsocket"));
        add(words, settings->syslogsocket);
        if (client->arguments.pname.data) {
                add(words, SLICE("--pname"));
                add(words, client->arguments.pname);
        }
}

int client_server_spawn(struct client *client, pid_t *ret_pid, struct fault *fault) {
        char path[PATH_MAX_BYTES];
        struct words words = {.count = 0};
        find_server(client, path);
        list_words(client, &words);
        (void)fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
                (void)execvp(path, words.items);
                _exit(127);
        }
        words_done(&words);
        if (pid < 0)
                return fault_set_errno(fault, -errno, "cannot start %s", path);
        *ret_pid = pid;
        return 0;
}

int client_server_become(struct client *client, struct fault *fault) {
        char path[PATH_MAX_BYTES];
        find_server(client, path);
        (void)fflush(stdout);
        (void)execvp(path, client->argv);
        return fault_set_errno(fault, -errno, "cannot start %s", path);
}

/* Whether the process has ended with an error. A server that goes to the background ends well. */
static bool has_failed(pid_t *pid) {
        int status;
        if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
                return false;
        *pid = 0;
        return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void sleep_s(double seconds) {
        struct timespec ts = {.tv_sec = (time_t)seconds};
        ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
        (void)nanosleep(&ts, NULL); /* a shorter pause does no harm */
}

int client_server_wait(struct client *client, enum client_server_wanted wanted, pid_t pid) {
        struct arena arena = ARENA_INIT;
        struct clock clock = CLOCK_INIT;
        struct slice path = arena_copy(&arena, client->settings.socket);
        int64_t start_us = clock_mono_us(&clock);
        double pause_s = 0.0125 / 2;
        int r = -EINPROGRESS;
        while (r == -EINPROGRESS) {
                double patience_s = wanted == CLIENT_SERVER_GONE ? SILENCE_S : pause_s;
                bool alive = access(path.data, F_OK) == 0 && client_send_ping(client, patience_s);
                double waited_s = (double)(clock_mono_us(&clock) - start_us) / 1e6;
                double longest_s = waited_s > 0.2 ? 0.5 : 0.1;
                if (alive == (wanted == CLIENT_SERVER_ALIVE))
                        r = 0;
                else if (waited_s >= client->arguments.timeout_s || has_failed(&pid))
                        r = -ETIMEDOUT;
                pause_s = pause_s * 2 < longest_s ? pause_s * 2 : longest_s;
                if (r != 0)
                        sleep_s(r == -ETIMEDOUT ? 0 : pause_s);
        }
        arena_done(&arena);
        return r;
}
