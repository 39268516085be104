/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the runner a request is kept as the message it becomes, with duplicates of its fds, until the
 * runner has answered: one that dies before that has started nothing, and the next one, or our own
 * fork, gets the same. (But for one that dies between the two, whose program is started twice:
 * better than never.) What runs when its runner dies is watched by its pidfd from then on; only how
 * it ends nobody can know. Nobody waits for SIGCHLD, so nothing here meets other children of this
 * process. */
#include "enforce/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/pidfd.h"
#include "channel/program.h"

enum way {
        WAY_OWN,     /* our own fork */
        WAY_WAITING, /* for the runner to be there */
        WAY_ASKED,   /* it has not answered yet */
        WAY_RUNNER,
        WAY_LOST, /* the runner that has started it is gone */
};

struct child {
        struct loop *loop;
        struct runner_link *link;
        const struct child_ops *ops;
        void *user;
        enum child_reach reach;
        enum way way;
        struct runner_client client; /* neither of ours, nor lost */
        struct buffer body;          /* until it is started */
        int fds[EXEC_FDS_MAX];
        pid_t pid;
        int pidfd;
        struct loop_source *source; /* of pidfd, if that is for us to watch */
        bool has_ended;
        int early; /* a signal for when it is started; 0: none */
};

static void close_request(struct child *child) {
        buffer_done(&child->body);
        for (size_t i = 0; i < EXEC_FDS_MAX; i++)
                close_p(&child->fds[i]);
}

static void unwatch(struct child *child) {
        loop_remove(child->loop, child->source);
        child->source = NULL;
}

static bool is_linked(const struct child *child) {
        return child->way == WAY_WAITING || child->way == WAY_ASKED || child->way == WAY_RUNNER;
}

static void destroy(struct child *child) {
        if (is_linked(child))
                runner_link_remove(child->link, &child->client);
        unwatch(child);
        close_p(&child->pidfd);
        close_request(child);
        free(child);
}

static void end(struct child *child, int status) {
        unwatch(child);
        child->has_ended = true;
        child->ops->on_ended(child->user, status);
}

/* Our own fork. */

static void on_pidfd(void *user, int fd, uint32_t events) {
        struct child *child = user;
        siginfo_t info = {0};
        int status = -SIGKILL; /* it is not ours: nobody knows */
        (void)events;
        if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0)
                status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
        end(child, status);
}

/* Returns 0 or a positive errno. */
static int watch(struct child *child) {
        child->source = loop_add(child->loop, child->pidfd, EPOLLIN, on_pidfd, child);
        return child->source ? 0 : errno;
}

/* The same. */
static int fork_own(struct child *child, const struct exec *exec) {
        int error = exec_start(exec, &child->pid);
        if (error != 0) {
                child->pid = 0;
                return error;
        }
        child->pidfd = pidfd_open(child->pid, 0);
        error = child->pidfd < 0 ? errno : watch(child);
        if (error == 0)
                return 0;
        (void)kill(-child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
        child->pid = 0;
        return error;
}

/* The runner. */

static void fail(struct child *child, int error) {
        if (is_linked(child))
                runner_link_remove(child->link, &child->client);
        child->way = WAY_OWN;
        close_request(child);
        child->ops->on_failed(child->user, error);
}

static void fall_back(struct child *child) {
        struct arena arena = ARENA_INIT;
        struct program program;
        int error = EINVAL;
        runner_link_remove(child->link, &child->client);
        child->way = WAY_OWN;
        if (program_get(buffer_view(&child->body), &arena, &program) == 0) {
                struct exec exec = {.path = program.path,
                        .words = program.words,
                        .environment = program.environment};
                memcpy(exec.fds, child->fds, sizeof(exec.fds));
                error = fork_own(child, &exec);
        }
        arena_done(&arena);
        close_request(child);
        if (error != 0) {
                child->ops->on_failed(child->user, error);
                return;
        }
        if (child->early != 0)
                child_kill(child, child->early);
        child->ops->on_started(child->user);
}

static void lose(struct child *child) {
        runner_link_remove(child->link, &child->client);
        child->way = WAY_LOST;
        if (child->has_ended)
                return;
        if (child->pidfd < 0 || watch(child) != 0)
                end(child, -SIGKILL);
}

static void on_state(void *user, enum runner_link_state was) {
        struct child *child = user;
        enum runner_link_state state = runner_link_state(child->link);
        if (child->way == WAY_RUNNER) {
                if (was == RUNNER_THERE)
                        lose(child);
                return;
        }
        if (child->way == WAY_ASKED && was != RUNNER_THERE)
                return; /* while others were told */
        child->way = WAY_WAITING;
        if (state == RUNNER_AWAY) {
                fall_back(child);
                return;
        }
        if (state != RUNNER_THERE)
                return;
        child->way = WAY_ASKED;
        int error = runner_link_start(child->link, buffer_view(&child->body), child->fds);
        if (error != 0)
                fail(child, error);
        else if (child->early != 0)
                child_kill(child, child->early);
}

static void on_started(void *user, pid_t pid, int *pidfd) {
        struct child *child = user;
        child->pid = pid;
        close_p(&child->pidfd);
        child->pidfd = steal_fd(pidfd);
        child->way = WAY_RUNNER;
        close_request(child);
        child->ops->on_started(child->user);
}

static void on_failed(void *user, int error) {
        fail(user, error);
}

static void on_ended(void *user, int status) {
        end(user, status);
}

static const struct runner_client_ops client_ops = {.on_state = on_state,
        .on_started = on_started,
        .on_failed = on_failed,
        .on_ended = on_ended};

/* Returns 0 or a positive errno. */
static int keep_request(struct child *child, const struct child_request *request) {
        char folder[PATH_MAX];
        mode_t mask = umask(0);
        (void)umask(mask);
        struct program program = {.number = child->client.number,
                .mask = mask,
                .folder = getcwd(folder, sizeof(folder)) && folder[0] == '/' ? folder : "/",
                .path = request->path,
                .words = request->words,
                .environment = request->environment ? request->environment : environ};
        for (size_t i = 0; i < EXEC_FDS_MAX; i++) {
                if (request->fds[i] < 0)
                        continue;
                child->fds[i] = fcntl(request->fds[i], F_DUPFD_CLOEXEC, EXEC_FDS_MAX);
                if (child->fds[i] < 0)
                        return errno;
                program.fds |= (uint8_t)(1U << i);
        }
        return -program_put(&child->body, &program);
}

static int ask_runner(struct child *child, const struct child_request *request) {
        child->client.ops = &client_ops;
        child->client.user = child;
        runner_link_add(child->link, &child->client);
        child->way = WAY_WAITING;
        int error = keep_request(child, request);
        if (error != 0 || runner_link_state(child->link) != RUNNER_THERE)
                return error;
        child->way = WAY_ASKED;
        return runner_link_start(child->link, buffer_view(&child->body), child->fds);
}

/* Public. */

int child_start(struct loop *loop, struct runner_link *link, const struct child_request *request,
        const struct child_ops *ops, void *user, struct child **ret) {
        struct child *child = memory_new(sizeof(*child));
        int error;
        *child = (struct child){.loop = loop,
                .link = link,
                .ops = ops,
                .user = user,
                .reach = request->reach,
                .body = BUFFER_INIT(PROGRAM_BYTES_MAX),
                .fds = EXEC_NO_FDS,
                .pidfd = -1};
        if (runner_link_state(link) == RUNNER_AWAY) {
                struct exec exec = {.path = request->path,
                        .words = request->words,
                        .environment = request->environment ? request->environment : environ};
                memcpy(exec.fds, request->fds, sizeof(exec.fds));
                error = fork_own(child, &exec);
        } else {
                error = ask_runner(child, request);
        }
        if (error != 0)
                destroy(child);
        else
                *ret = child;
        return error;
}

void child_kill(struct child *child, int signal) {
        bool is_group = child->reach == CHILD_GROUP;
        child->early = signal; /* a start that has to be asked for again is no way out */
        if (child->way == WAY_ASKED || child->way == WAY_RUNNER)
                runner_link_kill(child->link, &child->client, signal, is_group);
        else if (child->pid > 0 && !(child->way == WAY_LOST && child->has_ended))
                (void)kill(is_group ? -child->pid : child->pid, signal); /* ESRCH: nobody is left */
}

struct child *child_forget(struct child *child) {
        if (!child)
                return NULL;
        if (child->way == WAY_ASKED || child->way == WAY_RUNNER)
                runner_link_release(child->link, &child->client);
        destroy(child);
        return NULL;
}

struct child *child_free(struct child *child) {
        siginfo_t info;
        if (!child)
                return NULL;
        if (!child->has_ended)
                child_kill(child, SIGKILL);
        if (child->way == WAY_OWN &&
                child->pid > 0) /* it is dead, or was killed: this does not last */
                (void)waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED);
        return child_forget(child);
}

pid_t child_pid(const struct child *child) {
        return child->pid;
}

bool child_is_lost(const struct child *child) {
        return child->way == WAY_LOST;
}
