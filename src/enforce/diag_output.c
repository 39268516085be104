/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log target that stands still must not stop the daemon: every fd is non-blocking. stdout and
 * stderr are shared with other programs, which would be surprised by O_NONBLOCK, so a pipe or
 * terminal is opened anew through /proc, and a socket is written with MSG_DONTWAIT. The queue holds
 * u32 length + bytes, oldest first; sent counts what of the first has gone already (a stream may
 * take a part of a line, and its rest must follow before anything else). */
#include "enforce/diag_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"

#define SEND_BUFFER_BYTES (256 * 1024) /* a message of DIAG_TEXT_MAX is one datagram */

enum kind { KIND_FILE, KIND_FD, KIND_SOCKET, KIND_DATAGRAM, KIND_STREAM };

struct diag_output {
        enum kind kind;
        int fd;
        bool owns_fd;
        char *path;
        struct buffer queue;
        size_t sent;
        bool gathers;
        struct buffer gathered; /* lines for a file, behind all that is in the queue */
        uint64_t dropped;
};

static struct diag_output *output_new(enum kind kind, int fd, const char *path) {
        struct diag_output *output = memory_new(sizeof(*output));
        output->kind = kind;
        output->fd = fd;
        output->owns_fd = true;
        output->path = path ? memory_copy_text(slice_of(path)) : NULL;
        output->queue = BUFFER_INIT(DIAG_OUTPUT_QUEUE_MAX);
        output->gathered = BUFFER_INIT(DIAG_OUTPUT_TOGETHER);
        return output;
}

/* O_NONBLOCK: a named pipe without a reader must not hold up the open. */
static int open_file(const char *path) {
        int fd =
                open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        return fd < 0 ? -errno : fd;
}

int diag_output_open_file(const char *path, struct diag_output **ret) {
        int fd = open_file(path);
        if (fd < 0)
                return fd;
        *ret = output_new(KIND_FILE, fd, path);
        return 0;
}

struct diag_output *diag_output_of_fd(int fd) {
        struct stat info;
        char path[40];
        int own = -1;
        mode_t type = fstat(fd, &info) == 0 ? info.st_mode & S_IFMT : 0;
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (type == S_IFIFO || type == S_IFCHR)
                own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        struct diag_output *output =
                output_new(type == S_IFSOCK ? KIND_SOCKET : KIND_FD, own < 0 ? fd : own, NULL);
        output->owns_fd = own >= 0;
        return output;
}

static int connect_type(const char *path, int type) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t len = strlen(path);
        if (len >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, len);
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER_BYTES}, sizeof(int));
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        int r = -errno;
        (void)close(fd);
        return r;
}

static int connect_socket(const char *path, enum kind *ret_kind) {
        int fd = connect_type(path, SOCK_DGRAM);
        *ret_kind = KIND_DATAGRAM;
        if (fd != -EPROTOTYPE)
                return fd;
        *ret_kind = KIND_STREAM;
        return connect_type(path, SOCK_STREAM);
}

int diag_output_open_socket(const char *path, struct diag_output **ret) {
        enum kind kind;
        int fd = connect_socket(path, &kind);
        if (fd < 0)
                return fd;
        *ret = output_new(kind, fd, path);
        return 0;
}

static void close_fd(struct diag_output *output) {
        if (output->owns_fd && output->fd >= 0)
                (void)close(output->fd);
        output->fd = -1;
}

struct diag_output *diag_output_free(struct diag_output *output) {
        if (!output)
                return NULL;
        diag_output_write_out(output);
        (void)diag_output_push(output);
        close_fd(output);
        buffer_done(&output->gathered);
        buffer_done(&output->queue);
        free(output->path);
        free(output);
        return NULL;
}

static bool is_socket(const struct diag_output *output) {
        return output->kind >= KIND_SOCKET;
}

/* The daemon of the other side was restarted: a connection made before leads nowhere. */
static bool is_lost(int error) {
        return error == EBADF || error == ECONNREFUSED || error == ENOTCONN ||
               error == ECONNRESET || error == EPIPE || error == ENOENT || error == EDESTADDRREQ;
}

static ssize_t write_once(struct diag_output *output, struct slice s) {
        ssize_t done;
        do {
                done = is_socket(output)
                               ? send(output->fd, s.data, s.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                               : write(output->fd, s.data, s.len);
        } while (done < 0 && errno == EINTR);
        return done < 0 ? -errno : done;
}

/* A shared fd that could not be opened anew may still block. */
static bool would_block(const struct diag_output *output) {
        if (output->kind != KIND_FD || output->owns_fd)
                return false;
        struct pollfd wait = {.fd = output->fd, .events = POLLOUT};
        return poll(&wait, 1, 0) == 0;
}

/* Writes what it can of s. Returns how many bytes, or negative errno; everything that makes no
 * sense to try again counts as taken and dropped. */
static ssize_t write_some(struct diag_output *output, struct slice s) {
        if (would_block(output))
                return -EAGAIN;
        if (output->kind == KIND_FD && !output->owns_fd)
                s = slice_sub(s, 0, PIPE_BUF); /* what poll() vouches for */
        ssize_t done = write_once(output, s);
        if (done < 0 && (output->kind == KIND_DATAGRAM || output->kind == KIND_STREAM) &&
                is_lost((int)-done)) {
                close_fd(output);
                int fd = connect_socket(output->path, &output->kind);
                if (fd < 0)
                        return fd;
                output->fd = fd;
                output->sent = 0;
                done = write_once(output, s);
        }
        if (done == -EMSGSIZE || done == -EBADF ||
                (done == -EPIPE && output->kind <= KIND_SOCKET)) {
                output->dropped++;
                return (ssize_t)s.len;
        }
        return done;
}

/* What was gathered is several. */
static uint64_t count_lines(const struct diag_output *output, struct slice text) {
        uint64_t count = 0;
        for (size_t i = 0; output->kind == KIND_FILE && i < text.len; i++)
                count += text.data[i] == '\n';
        return count > 0 ? count : 1;
}

static void enqueue(struct diag_output *output, struct slice line, size_t sent) {
        uint32_t len = (uint32_t)line.len;
        if (line.len > UINT32_MAX ||
                buffer_len(&output->queue) + sizeof(len) + line.len > DIAG_OUTPUT_QUEUE_MAX) {
                output->dropped += count_lines(output, line);
                return;
        }
        if (buffer_len(&output->queue) == 0)
                output->sent = sent;
        (void)buffer_append(&output->queue, (struct slice){(const char *)&len, sizeof(len)});
        (void)buffer_append(&output->queue, line);
}

bool diag_output_push(struct diag_output *output) {
        while (buffer_len(&output->queue) > 0) {
                struct slice queue = buffer_view(&output->queue);
                uint32_t len;
                memcpy(&len, queue.data, sizeof(len));
                struct slice line = slice_sub(queue, sizeof(len), sizeof(len) + len);
                ssize_t done = write_some(output, slice_sub(line, output->sent, line.len));
                if (done < 0)
                        return true;
                output->sent += (size_t)done;
                if (output->sent < line.len && output->kind != KIND_DATAGRAM)
                        continue;
                buffer_consume(&output->queue, sizeof(len) + len);
                output->sent = 0;
        }
        return false;
}

static void put_now(struct diag_output *output, struct slice line) {
        if (diag_output_push(output)) {
                enqueue(output, line, 0);
                return;
        }
        ssize_t done = write_some(output, line);
        if (done < 0)
                enqueue(output, line, 0);
        else if ((size_t)done < line.len && output->kind != KIND_DATAGRAM) {
                enqueue(output, line, (size_t)done);
                (void)diag_output_push(output);
        }
}

static void write_gathered(struct diag_output *output) {
        if (buffer_len(&output->gathered) == 0)
                return;
        put_now(output, buffer_view(&output->gathered));
        buffer_clear(&output->gathered);
}

void diag_output_gather(struct diag_output *output) {
        output->gathers = output->kind == KIND_FILE;
}

void diag_output_write_out(struct diag_output *output) {
        output->gathers = false;
        write_gathered(output);
}

struct buffer *diag_output_gathered(struct diag_output *output) {
        return output->gathers ? &output->gathered : NULL;
}

void diag_output_put(struct diag_output *output, struct slice line) {
        if (output->gathers && buffer_append(&output->gathered, line) == 0)
                return;
        write_gathered(output);
        if (!output->gathers || buffer_append(&output->gathered, line) < 0)
                put_now(output, line);
}

bool diag_output_has_dropped(const struct diag_output *output) {
        return output->dropped > 0;
}

uint64_t diag_output_take_dropped(struct diag_output *output) {
        if (buffer_len(&output->queue) > 0)
                return 0;
        uint64_t dropped = output->dropped;
        output->dropped = 0;
        return dropped;
}

int diag_output_reopen(struct diag_output *output) {
        if (output->kind != KIND_FILE)
                return -ENOTSUP;
        write_gathered(output);
        (void)diag_output_push(output);
        int fd = open_file(output->path);
        if (fd < 0)
                return fd;
        close_fd(output);
        output->fd = fd;
        return 0;
}
