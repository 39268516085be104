/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One server at a time: while it is connected, nobody else is let in, and when it goes, so do we,
 * as what a server runs is the init system's to end when the server has ended. Who connects must be
 * our own user: root. What it asks for is done in order, so that a kill never overtakes its start.
 * A program that has ended stays a zombie until the server releases it: until then its number, and
 * that of its group, are nobody else's. */
#include "launch/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/exec.h"
#include "base/memory.h"
#include "base/pidfd.h"
#include "channel/channel.h"
#include "channel/program.h"

#define LOGGER "stockade-runner"
#define EXIT_PROTOCOL 1

struct child {
        struct launcher *launcher;
        struct child *next, *previous;
        uint32_t number;
        pid_t pid;
        int pidfd;
        struct loop_source *source; /* NULL: it has ended */
        bool is_released;
};

struct launcher {
        struct loop *loop;
        int listener;
        struct loop_source *source;
        struct channel *channel;
        struct loop_timer idle;
        struct child *children;
        size_t count;
        int fds[EXEC_FDS_MAX]; /* for the next program */
};

static void on_server(void *user, int fd, uint32_t events);

struct launcher *launcher_new(struct loop *loop, int listener) {
        struct launcher *launcher = memory_new(sizeof(*launcher));
        *launcher = (struct launcher){.loop = loop, .listener = listener, .fds = EXEC_NO_FDS};
        (void)fcntl(listener, F_SETFD, FD_CLOEXEC);
        int flags = fcntl(listener, F_GETFL);
        if (flags >= 0)
                (void)fcntl(
                        listener, F_SETFL, flags | O_NONBLOCK); /* who waits may be gone again */
        launcher->source = loop_add(loop, listener, EPOLLIN, on_server, launcher);
        return launcher->source ? launcher : launcher_free(launcher);
}

static void close_fds(struct launcher *launcher) {
        for (size_t i = 0; i < EXEC_FDS_MAX; i++)
                close_p(&launcher->fds[i]);
}

static void forget(struct launcher *launcher, struct child *child) {
        if (launcher->children == child)
                launcher->children = child->next;
        else
                child->previous->next = child->next;
        if (child->next)
                child->next->previous = child->previous;
        launcher->count--;
        loop_remove(launcher->loop, child->source);
        close_p(&child->pidfd);
        free(child);
}

struct launcher *launcher_free(struct launcher *launcher) {
        if (!launcher)
                return NULL;
        while (launcher->children)
                forget(launcher, launcher->children);
        close_fds(launcher);
        loop_timer_cancel(launcher->loop, &launcher->idle);
        loop_remove(launcher->loop, launcher->source);
        launcher->channel = channel_free(launcher->channel);
        free(launcher);
        return NULL;
}

/* Answers. */

static void say(struct launcher *launcher, enum message_type type, const uint32_t *numbers,
        size_t count, int fd) {
        struct buffer body = BUFFER_INIT(16);
        for (size_t i = 0; i < count; i++)
                (void)message_put_u32(&body, numbers[i]); /* four at most: see the size */
        /* A channel that cannot be written to ends, and so do we. */
        if (fd < 0)
                (void)channel_send(launcher->channel, type, buffer_view(&body));
        else if (channel_send_fd(launcher->channel, type, buffer_view(&body), fd) < 0)
                loop_stop(launcher->loop, EXIT_PROTOCOL);
        buffer_done(&body);
}

static void say_failed(struct launcher *launcher, uint32_t number, int error) {
        const uint32_t numbers[] = {number, (uint32_t)error};
        say(launcher, MESSAGE_RUN_FAILED, numbers, 2, -1);
}

static void reap(struct child *child) {
        siginfo_t info;
        (void)waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG);
        forget(child->launcher, child);
}

static void on_end(void *user, int fd, uint32_t events) {
        struct child *child = user;
        siginfo_t info = {0};
        (void)events;
        if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
                info.si_pid = child->pid; /* it is dead: how, nobody knows */
                info.si_status = SIGKILL;
        }
        if (info.si_pid == 0)
                return;
        if (child->is_released) {
                reap(child);
                return;
        }
        loop_remove(child->launcher->loop, child->source);
        child->source = NULL;
        bool exited = info.si_code == CLD_EXITED;
        const uint32_t numbers[] = {child->number, exited ? (uint32_t)info.si_status : 0,
                exited ? 0 : (uint32_t)info.si_status};
        say(child->launcher, MESSAGE_RUN_ENDED, numbers, 3, -1);
}

/* Requests: each returns 0, or -EBADMSG, after which nothing more is heard. */

static struct child *find(const struct launcher *launcher, uint32_t number) {
        struct child *child = launcher->children;
        while (child && (child->number != number || child->is_released))
                child = child->next;
        return child;
}

static int take_fd(struct launcher *launcher, struct message *message) {
        struct message_reader in = message_reader_of(message->body);
        uint8_t which = message_get_u8(&in);
        if (!message_read_end(&in) || which >= EXEC_FDS_MAX)
                return -EBADMSG;
        close_p(&launcher->fds[which]);
        launcher->fds[which] = steal_fd(&message->fds[0]);
        return 0;
}

/* Returns 0 or a positive errno. */
static int watch(struct launcher *launcher, uint32_t number, pid_t pid) {
        struct child *child = memory_new(sizeof(*child));
        *child = (struct child){.launcher = launcher,
                .next = launcher->children,
                .number = number,
                .pid = pid,
                .pidfd = pidfd_open(pid, 0)};
        if (child->next)
                child->next->previous = child;
        launcher->children = child;
        launcher->count++;
        if (child->pidfd >= 0)
                child->source = loop_add(launcher->loop, child->pidfd, EPOLLIN, on_end, child);
        if (child->source) {
                const uint32_t numbers[] = {number, (uint32_t)pid};
                say(launcher, MESSAGE_RUN_STARTED, numbers, 2, child->pidfd);
                return 0;
        }
        int error = errno;
        (void)kill(-pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        forget(launcher, child);
        return error;
}

/* Returns 0 or a positive errno. The mask and the folder are ours, too, until the next start. */
static int start(struct launcher *launcher, const struct program *program) {
        struct exec exec = {.path = program->path,
                .words = program->words,
                .environment = program->environment};
        pid_t pid = 0;
        if (launcher->count >= LAUNCHER_PROGRAMS_MAX)
                return EAGAIN;
        if (chdir(program->folder) < 0)
                return errno;
        (void)umask((mode_t)program->mask);
        for (size_t i = 0; i < EXEC_FDS_MAX;
                i++) /* the others are of a start that came to nothing */
                exec.fds[i] = program->fds >> i & 1 ? launcher->fds[i] : -1;
        int error = exec_start(&exec, &pid);
        return error ? error : watch(launcher, program->number, pid);
}

static bool has_fds(const struct launcher *launcher, uint8_t bits) {
        for (size_t i = 0; i < EXEC_FDS_MAX; i++)
                if ((bits >> i & 1) && launcher->fds[i] < 0)
                        return false;
        return true;
}

static int take_start(struct launcher *launcher, struct slice body) {
        struct arena arena = ARENA_INIT;
        struct program program;
        int r = program_get(body, &arena, &program);
        if (r == 0 && (find(launcher, program.number) || !has_fds(launcher, program.fds)))
                r = -EBADMSG;
        if (r == 0) {
                int error = start(launcher, &program);
                if (error != 0)
                        say_failed(launcher, program.number, error);
        }
        close_fds(launcher);
        arena_done(&arena);
        return r;
}

static int take_kill(struct launcher *launcher, struct slice body) {
        struct message_reader in = message_reader_of(body);
        const struct child *child = find(launcher, message_get_u32(&in));
        uint32_t number = message_get_u32(&in);
        uint8_t is_group = message_get_u8(&in);
        if (!message_read_end(&in) || number == 0 || number >= NSIG || is_group > 1)
                return -EBADMSG;
        if (child) /* it may have failed to start; ESRCH: nobody is left */
                (void)kill(is_group ? -child->pid : child->pid, (int)number);
        return 0;
}

static int take_release(struct launcher *launcher, struct slice body) {
        struct message_reader in = message_reader_of(body);
        struct child *child = find(launcher, message_get_u32(&in));
        if (!message_read_end(&in))
                return -EBADMSG;
        if (child && child->source)
                child->is_released = true;
        else if (child)
                reap(child);
        return 0;
}

static int take(struct launcher *launcher, struct message *message) {
        if (message->type == MESSAGE_RUN_FD)
                return take_fd(launcher, message);
        if (message->type == MESSAGE_RUN_START)
                return take_start(launcher, message->body);
        if (message->type == MESSAGE_RUN_KILL)
                return take_kill(launcher, message->body);
        return take_release(launcher, message->body);
}

static void on_message(void *user, struct message *message) {
        struct launcher *launcher = user;
        if (take(launcher, message) == 0)
                return;
        diag(DIAG_CRITICAL, LOGGER, "the server has sent a malformed %s",
                message_info(message->type)->name);
        launcher->channel = channel_free(launcher->channel);
        loop_stop(launcher->loop, EXIT_PROTOCOL);
}

static void on_close(void *user, const struct fault *fault) {
        struct launcher *launcher = user;
        launcher->channel = channel_free(launcher->channel);
        if (fault->code != -EPIPE)
                diag(DIAG_CRITICAL, LOGGER, "%s", fault_text(fault));
        loop_stop(launcher->loop, fault->code == -EPIPE ? 0 : EXIT_PROTOCOL);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

/* Life. */

static void on_server(void *user, int listener, uint32_t events) {
        struct launcher *launcher = user;
        const uint32_t version = CHANNEL_VERSION;
        (void)events;
        CLEANUP(close_p) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return; /* gone again */
        if (!channel_peer_is_own_user(fd)) {
                diag(DIAG_ERROR, LOGGER, "somebody else's connection is refused");
                return;
        }
        launcher->channel = channel_new(
                launcher->loop, fd, CHANNEL_RUNNER, CHANNEL_SERVER, &channel_ops, launcher);
        if (!launcher->channel)
                return;
        (void)steal_fd(&fd);
        loop_remove(launcher->loop, launcher->source);
        launcher->source = NULL;
        loop_timer_cancel(launcher->loop, &launcher->idle);
        say(launcher, MESSAGE_RUN_READY, &version, 1, -1);
}

static void on_idle(void *user) {
        struct launcher *launcher = user;
        loop_stop(launcher->loop, 0);
}

int launcher_run(struct launcher *launcher, int idle_ms) {
        loop_timer_set_in(
                launcher->loop, &launcher->idle, idle_ms * INT64_C(1000), on_idle, launcher);
        int r = loop_run(launcher->loop);
        return r < 0 ? EXIT_PROTOCOL : r;
}
