/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child's life. An end has two halves that come in either order: the pidfd tells that the process is dead (and how), the channel
 * tells that everything it had sent has been read. Only with both is the end told and the next process started, so that nothing a
 * dead child had completed is lost, and never do two of a kind run at once.
 * The child gets a small environment and no fd but the standard three and its channel; it dies with us (PDEATHSIG, and the channel's
 * end). Between fork and exec only async-signal-safe calls are made. */
#include "enforce/supervise.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/pidfd.h"
#include "build_config.h"
#include "enforce/child.h"

#define LOGGER "fail2ban.server"
#define ENVIRONMENT_MAX 64
#define EXIT_NO_EXEC 127

struct supervise {
        struct loop *loop;
        char *program;
        char *path; /* as configured; NULL: to be found */
        char *label;
        char *arguments[SUPERVISE_ARGUMENTS_MAX + 2]; /* [0]: the program; NULL at the end */
        enum channel_role role;
        const struct supervise_ops *ops;
        void *user;
        struct channel *channel;
        bool runs; /* or its end waits to be told */
        pid_t pid; /* 0: none */
        int pidfd;
        struct loop_source *pid_source;
        struct runner_link *runner; /* starts it, if there is one */
        struct child *child;        /* then */
        char *reason; /* why we killed it, or how the channel ended */
        char how[128]; /* how the process ended; empty while it runs */
        bool violated;
        bool stopping;
        bool renewing; /* it is to be replaced */
        unsigned failures; /* ends since the last progress */
        uint64_t starts;
        struct loop_timer timer; /* restart; while stopping: kill */
};

static bool env_is_wanted(const char *entry) {
        static const char *const names[] = {"PATH=", "TZ=", "LANG=", "LC_", "STOCKADE_CONFINE=", "STOCKADE_PROBE="};
        static const char *const test_names[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "LD_PRELOAD=", "LD_LIBRARY_PATH=",
                "FAKETIME", "DONT_FAKE_MONOTONIC="};
        struct slice text = slice_of(entry);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (slice_has_prefix(text, slice_of(names[i])))
                        return true;
        for (size_t i = 0; i < sizeof(test_names) / sizeof(test_names[0]); i++)
                if (slice_has_prefix(text, slice_of(test_names[i])))
                        return getauxval(AT_SECURE) == 0;
        return false;
}

/* With TZ set, libc takes the zone once, before the sandbox; without, it would look for /etc/localtime at each use, and fall back to UTC
 * if that has been replaced, because it may not be opened any more. */
static void collect_environment(char *ret[static ENVIRONMENT_MAX]) {
        static char zone[] = "TZ=:/etc/localtime";
        size_t count = 0;
        if (!getenv("TZ"))
                ret[count++] = zone;
        for (char **entry = environ; *entry && count < ENVIRONMENT_MAX - 1; entry++)
                if (env_is_wanted(*entry))
                        ret[count++] = *entry;
        ret[count] = NULL;
}

static char *find_program(const struct supervise *supervise) {
        char self[4096];
        char *path = NULL;
        if (supervise->path)
                return memory_copy_text(slice_of(supervise->path));
        ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
        while (len > 0 && self[len - 1] != '/')
                len--;
        if (len > 0 && len < (ssize_t)sizeof(self) && asprintf(&path, "%.*s%s", (int)len, self, supervise->program) >= 0) {
                if (access(path, X_OK) == 0)
                        return path;
                free(path);
        }
        if (asprintf(&path, "%s/%s", STOCKADE_LIBEXECDIR, supervise->program) < 0)
                abort();
        return path;
}

/* In the child, between fork and exec. */
static void place_fds(int channel_fd) {
        int channel = fcntl(channel_fd, F_DUPFD, SUPERVISE_CHANNEL_FD + 1);
        int null = open("/dev/null", O_RDWR);
        if (channel < 0 || null < 0)
                _exit(EXIT_NO_EXEC);
        struct stat info;
        /* Messages from before the child can send them go to a terminal, a pipe or the journal; no file is left for it to write to. */
        if (fstat(2, &info) < 0 || S_ISREG(info.st_mode))
                (void)dup2(null, 2);
        if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(channel, SUPERVISE_CHANNEL_FD) < 0)
                _exit(EXIT_NO_EXEC);
        confine_close_from(SUPERVISE_CHANNEL_FD + 1);
}

static void reset_signals(void) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        for (int i = 1; i < NSIG; i++)
                (void)sigaction(i, &standard, NULL); /* KILL and STOP cannot be set: no harm */
        loop_unblock_signals();
}

static _Noreturn void become(const char *path, char *const *arguments, char *const *environment, int channel_fd, pid_t parent) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent)
                _exit(EXIT_NO_EXEC);
        place_fds(channel_fd);
        reset_signals();
        (void)execve(path, arguments, environment);
        _exit(EXIT_NO_EXEC);
}

static void on_restart(void *user);

static void schedule_restart(struct supervise *supervise) {
        int64_t delay_ms = 0;
        if (supervise->failures > 0) {
                unsigned doublings = supervise->failures - 1 < 10 ? supervise->failures - 1 : 10;
                delay_ms = (int64_t)SUPERVISE_BACKOFF_MIN_MS << doublings;
        }
        if (delay_ms > SUPERVISE_BACKOFF_MAX_MS)
                delay_ms = SUPERVISE_BACKOFF_MAX_MS;
        supervise->failures++;
        loop_timer_set_in(supervise->loop, &supervise->timer, delay_ms * 1000, on_restart, supervise);
}

static void on_restart(void *user) {
        struct supervise *supervise = user;
        struct fault fault = FAULT_INIT;
        if (supervise_start(supervise, &fault) < 0) {
                diag(DIAG_ERROR, LOGGER, "Unable to start %s: %s", supervise->label, fault_text(&fault));
                schedule_restart(supervise);
        }
        fault_done(&fault);
}

/* Both halves of the end have come. */
static void finish(struct supervise *supervise) {
        char *reason = STEAL_PTR(supervise->reason);
        char how[512];
        if (supervise->channel || supervise->pidfd >= 0 || supervise->child) {
                supervise->reason = reason;
                return;
        }
        supervise->runs = false;
        supervise->pid = 0;
        loop_timer_cancel(supervise->loop, &supervise->timer);
        (void)snprintf(how, sizeof(how), "%s%s%s", supervise->how, reason ? ": " : "", reason ? reason : "");
        free(reason);
        if (supervise->renewing && !supervise->stopping) {
                supervise->renewing = false;
                on_restart(supervise);
                return;
        }
        if (!supervise->stopping) {
                diag(DIAG_ERROR, LOGGER, "The %s process has ended (%s), it is started again", supervise->label, how);
                schedule_restart(supervise);
        }
        supervise->ops->on_end(supervise->user, how);
}

static void set_reason(struct supervise *supervise, const char *reason) {
        if (!supervise->reason)
                supervise->reason = memory_copy_text(slice_of(reason));
}

static void send_kill(struct supervise *supervise) {
        if (supervise->child)
                child_kill(supervise->child, SIGKILL);
        else if (supervise->pidfd >= 0)
                (void)confine_kill(supervise->pidfd);
}

static void on_channel_message(void *user, struct message *message) {
        struct supervise *supervise = user;
        if (!supervise->violated)
                supervise->ops->on_message(supervise->user, message);
}

static void on_channel_close(void *user, const struct fault *fault) {
        struct supervise *supervise = user;
        supervise->channel = channel_free(supervise->channel);
        if (fault->code != -EPIPE && !supervise->stopping)
                set_reason(supervise, fault_text(fault));
        send_kill(supervise);
        finish(supervise);
}

static const struct channel_ops channel_ops = {
        .on_message = on_channel_message, .on_close = on_channel_close};

/* status: of exit, or the negative number of a signal. */
static void describe_end(struct supervise *supervise, int status) {
        const char *more = status == EXIT_NO_EXEC ? ", it could not be executed" : "";
        (void)snprintf(supervise->how, sizeof(supervise->how), "%s %d%s", status >= 0 ? "exit code" : "killed by signal",
                status >= 0 ? status : -status, more);
}

static void on_pidfd(void *user, int fd, uint32_t events) {
        struct supervise *supervise = user;
        siginfo_t info = {0};
        (void)events;
        if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) < 0 && errno != ECHILD)
                return;
        describe_end(supervise, info.si_code == CLD_EXITED ? info.si_status : -info.si_status);
        loop_remove(supervise->loop, supervise->pid_source);
        supervise->pid_source = NULL;
        close_p(&supervise->pidfd);
        finish(supervise);
}

/* By the runner. */

static void on_child_started(void *user) {
        struct supervise *supervise = user;
        supervise->pid = child_pid(supervise->child);
}

static void on_child_ended(void *user, int status) {
        struct supervise *supervise = user;
        describe_end(supervise, status);
        supervise->child = child_free(supervise->child);
        finish(supervise);
}

/* The channel ends by itself, as nobody has its other end any more. */
static void on_child_failed(void *user, int error) {
        struct supervise *supervise = user;
        set_reason(supervise, strerror(error));
        on_child_ended(user, EXIT_NO_EXEC);
}

static const struct child_ops child_ops = {
        .on_started = on_child_started, .on_failed = on_child_failed, .on_ended = on_child_ended};

/* Returns 0 or negative errno with fault. */
static int start_by_runner(struct supervise *supervise, char *path, char *const *environment, int *ours, int theirs, struct fault *fault) {
        struct stat info;
        bool keeps_messages = fstat(2, &info) == 0 && !S_ISREG(info.st_mode); /* as in place_fds() */
        const struct child_request request = {
                .path = path, .words = supervise->arguments, .environment = environment, .fds = {-1, -1, keeps_messages ? 2 : -1, theirs}, .reach = CHILD_LEADER};
        supervise->arguments[0] = path;
        int error = child_start(supervise->loop, supervise->runner, &request, &child_ops, supervise, &supervise->child);
        supervise->arguments[0] = NULL;
        if (error != 0)
                return fault_set_errno(fault, -error, "%s", path);
        supervise->channel = channel_new(supervise->loop, *ours, CHANNEL_SERVER, supervise->role, &channel_ops, supervise);
        if (!supervise->channel) {
                supervise->child = child_free(supervise->child);
                return fault_set_errno(fault, -EIO, "watching the %s", supervise->label);
        }
        (void)steal_fd(ours);
        supervise->pid = child_pid(supervise->child);
        return 0;
}

void supervise_set_runner(struct supervise *supervise, struct runner_link *runner) {
        supervise->runner = runner;
}

struct supervise *supervise_new(struct loop *loop, const struct supervise_config *config) {
        struct supervise *supervise = memory_new(sizeof(*supervise));
        *supervise = (struct supervise){
                .loop = loop,
                .program = memory_copy_text(slice_of(config->program)),
                .path = config->path ? memory_copy_text(slice_of(config->path)) : NULL,
                .label = memory_copy_text(slice_of(config->label)),
                .role = config->role,
                .ops = config->ops,
                .user = config->user,
                .pidfd = -1,
        };
        return supervise;
}

struct supervise *supervise_free(struct supervise *supervise) {
        if (!supervise)
                return NULL;
        loop_timer_cancel(supervise->loop, &supervise->timer);
        send_kill(supervise);
        supervise->child = child_free(supervise->child);
        if (supervise->pidfd >= 0) {
                siginfo_t info;
                (void)waitid(P_PIDFD, (id_t)supervise->pidfd, &info, WEXITED); /* it was killed: this does not last */
        }
        loop_remove(supervise->loop, supervise->pid_source);
        close_p(&supervise->pidfd);
        (void)channel_free(supervise->channel);
        supervise_set_arguments(supervise, NULL, 0);
        free(supervise->reason);
        free(supervise->program);
        free(supervise->path);
        free(supervise->label);
        free(supervise);
        return NULL;
}

/* The parent's half: from here on the child is ours to watch. */
static int adopt(struct supervise *supervise, pid_t pid, int *channel_fd, struct fault *fault) {
        supervise->pidfd = pidfd_open(pid, 0);
        if (supervise->pidfd >= 0)
                supervise->pid_source = loop_add(supervise->loop, supervise->pidfd, EPOLLIN, on_pidfd, supervise);
        if (supervise->pid_source)
                supervise->channel = channel_new(supervise->loop, *channel_fd, CHANNEL_SERVER,
                        supervise->role, &channel_ops, supervise);
        if (supervise->channel) {
                (void)steal_fd(channel_fd);
                supervise->pid = pid;
                return 0;
        }
        int r = fault_set_errno(fault, errno ? -errno : -EIO, "watching the %s", supervise->label);
        loop_remove(supervise->loop, supervise->pid_source);
        supervise->pid_source = NULL;
        close_p(&supervise->pidfd);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return r;
}

/* By our own fork. Returns 0 or negative errno with fault. */
static int start_by_fork(struct supervise *supervise, char *path, char *const *environment, int *ours, int theirs, struct fault *fault) {
        pid_t parent = getpid();
        pid_t pid = fork();
        if (pid < 0)
                return fault_set_errno(fault, -errno, "fork");
        supervise->arguments[0] = path;
        if (pid == 0)
                become(path, supervise->arguments, environment, theirs, parent);
        supervise->arguments[0] = NULL;
        return adopt(supervise, pid, ours, fault);
}

int supervise_start(struct supervise *supervise, struct fault *fault) {
        char *environment[ENVIRONMENT_MAX];
        if (supervise->runs)
                return fault_set(fault, -EALREADY, "the %s runs already", supervise->label);
        CLEANUP(free_p) char *path = find_program(supervise);
        if (access(path, X_OK) < 0)
                return fault_set_errno(fault, -errno, "%s", path);
        int fds[2];
        int r = channel_pair(fds);
        if (r < 0)
                return fault_set_errno(fault, r, "socketpair");
        CLEANUP(close_p) int ours = fds[0];
        CLEANUP(close_p) int theirs = fds[1];
        collect_environment(environment);
        r = supervise->runner ? start_by_runner(supervise, path, environment, &ours, theirs, fault)
                              : start_by_fork(supervise, path, environment, &ours, theirs, fault);
        if (r < 0)
                return r;
        loop_timer_cancel(supervise->loop, &supervise->timer);
        supervise->runs = true;
        supervise->violated = false;
        supervise->renewing = false;
        supervise->stopping = false;
        supervise->how[0] = '\0';
        supervise->starts++;
        supervise->ops->on_start(supervise->user, supervise->channel);
        return 0;
}

void supervise_set_arguments(struct supervise *supervise, const char *const *arguments, size_t count) {
        for (size_t i = 1; supervise->arguments[i]; i++) {
                free(supervise->arguments[i]);
                supervise->arguments[i] = NULL;
        }
        for (size_t i = 0; i < count && i < SUPERVISE_ARGUMENTS_MAX; i++)
                supervise->arguments[i + 1] = memory_copy_text(slice_of(arguments[i]));
}

void supervise_renew(struct supervise *supervise) {
        if (!supervise->runs || supervise->stopping)
                return;
        supervise->renewing = true;
        supervise->channel = channel_free(supervise->channel);
        send_kill(supervise);
}

static void on_stop_timeout(void *user) {
        send_kill(user);
}

void supervise_stop(struct supervise *supervise, int timeout_ms) {
        supervise->stopping = true;
        loop_timer_cancel(supervise->loop, &supervise->timer);
        if (!supervise->runs)
                return;
        supervise->channel = channel_free(supervise->channel);
        loop_timer_set_in(supervise->loop, &supervise->timer, (int64_t)timeout_ms * 1000, on_stop_timeout, supervise);
}

void supervise_kill(struct supervise *supervise, const char *reason) {
        set_reason(supervise, reason);
        send_kill(supervise);
}

void supervise_violation(struct supervise *supervise, const char *reason) {
        char text[256];
        (void)snprintf(text, sizeof(text), "protocol violation, %s", reason);
        supervise->violated = true;
        supervise_kill(supervise, text);
}

void supervise_progress(struct supervise *supervise) {
        supervise->failures = 0;
}

pid_t supervise_pid(const struct supervise *supervise) {
        return supervise->pid;
}

struct channel *supervise_channel(const struct supervise *supervise) {
        return supervise->channel;
}

uint64_t supervise_starts(const struct supervise *supervise) {
        return supervise->starts;
}
