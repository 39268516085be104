/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server asks of the runner, in pieces: nothing is killed that was not started, each start
 * is answered or the connection ends, and no fd stays behind. Each piece is a message's type and
 * body; nothing is really started. */
#include "launch/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/exec.h"
#include "channel/channel.h"
#include "fuzz.h"

#define STEPS_MAX 50

static struct loop *loop;
static unsigned starts, answers;

/* In the place of exec.c. */
int exec_start(const struct exec *exec, pid_t *ret_pid) {
        (void)ret_pid;
        FUZZ_REQUIRE(exec->path[0] == '/' && exec->words[0] && exec->environment);
        for (size_t i = 0; i < EXEC_FDS_MAX; i++)
                FUZZ_REQUIRE(exec->fds[i] < 0 || fcntl(exec->fds[i], F_GETFD) >= 0);
        starts++;
        return ENOENT;
}
/* And of libc's: libFuzzer stays where it is, and nobody is there to be killed. */
int chdir(const char *folder) {
        FUZZ_REQUIRE(folder[0] == '/');
        return 0;
}
mode_t umask(mode_t mask) {
        FUZZ_REQUIRE(mask <= 0777);
        return 0;
}
int kill(pid_t pid, int number) {
        (void)pid, (void)number;
        abort();
}

static void on_message(void *user, struct message *message) {
        (void)user;
        FUZZ_REQUIRE(message->type == MESSAGE_RUN_READY || message->type == MESSAGE_RUN_FAILED);
        answers += message->type == MESSAGE_RUN_FAILED;
}

static void on_close(void *user, const struct fault *fault) {
        bool *is_closed = user;
        (void)fault;
        *is_closed = true;
}

static void say(struct channel *channel, struct slice piece) {
        enum message_type type = MESSAGE_RUN_FD + fuzz_byte(&piece) % 4U;
        if (piece.len > message_info(type)->body_max)
                return;
        if (type == MESSAGE_RUN_FD)
                (void)channel_send_fd(channel, type, piece, 0);
        else
                (void)channel_send(channel, type, piece);
}

static int listen_somewhere(struct sockaddr_un *address, socklen_t *size) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        *address = (struct sockaddr_un){.sun_family = AF_UNIX};
        *size = sizeof(sa_family_t);
        FUZZ_REQUIRE(bind(fd, (struct sockaddr *)address, *size) == 0); /* a name of the kernel's */
        *size = sizeof(*address);
        FUZZ_REQUIRE(getsockname(fd, (struct sockaddr *)address, size) == 0 && listen(fd, 1) == 0);
        return fd;
}

static int count_fds(void) {
        int count = 0;
        for (int fd = 0; fd < 64; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct channel_ops ops = {.on_message = on_message, .on_close = on_close};
        struct slice rest = fuzz_input(data, size), piece;
        struct sockaddr_un address;
        socklen_t length;
        bool is_closed = false;
        if (!loop) {
                fuzz_be_quiet();
                loop = loop_new();
        }
        int before = count_fds();
        starts = answers = 0;
        int listener = listen_somewhere(&address, &length);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        FUZZ_REQUIRE(connect(fd, (struct sockaddr *)&address, length) == 0);
        struct launcher *launcher = launcher_new(loop, listener);
        struct channel *channel =
                channel_new(loop, fd, CHANNEL_SERVER, CHANNEL_RUNNER, &ops, &is_closed);
        while (fuzz_piece(&rest, &piece))
                say(channel, piece);
        for (unsigned i = 0; i < STEPS_MAX && !(is_closed && i > 10); i++)
                FUZZ_REQUIRE(loop_step(loop, 0) == 0);
        FUZZ_REQUIRE(is_closed || answers >= starts);
        (void)channel_free(channel);
        (void)launcher_free(launcher);
        (void)close(listener);
        FUZZ_REQUIRE(count_fds() == before);
        return 0;
}
