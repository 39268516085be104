/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A frame is u32 body length, u32 type, body; an fd, if the type carries one, comes as SCM_RIGHTS with the frame's first byte. Reading:
 * bytes are collected until a frame is whole; received fds queue up in order and each fd-carrying frame takes one. As a sender
 * attaches an fd to exactly one sendmsg() that begins at its frame's first byte, order is enough to match them. Writing: frames queue
 * as chunks, because a chunk with an fd must begin its own sendmsg(). Both ends are ours, but the peer may be taken over: everything
 * is checked against messages.def. */
#include "channel/channel.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"

#define HEADER_SIZE 8
#define READ_SIZE ((size_t)256 * 1024)
#define SEND_SIZE (512 * 1024) /* bytes that the kernel holds for the peer */
#define READ_ROUNDS 8 /* reads a wake-up at most, so that others get their turn */
#define FDS_QUEUED_MAX 256
#define BODY_MAX ((size_t)64 << 20) /* the largest of messages.def */

/* A piece of the output: the bytes from an fd-carrying frame up to the next one. */
struct chunk {
        struct buffer bytes;
        int fd; /* to go with the first byte; -1: none */
        channel_release *release; /* whose fd it is; NULL: ours */
        void *owner;
        struct chunk *next;
};

struct channel {
        struct loop *loop;
        struct loop_source *source;
        int fd;
        enum channel_role self;
        enum channel_role peer;
        const struct channel_ops *ops;
        void *user;
        struct buffer in;
        int fds[FDS_QUEUED_MAX]; /* ring of received ones */
        size_t fd_first;
        size_t fd_count;
        struct chunk *out;
        struct chunk *out_last;
        size_t pending;
        bool paused;
        bool closed;
        int busy;   /* depth of handlers that run */
        bool freed; /* channel_free() came from inside a handler */
};

static void on_event(void *user, int fd, uint32_t events);

int channel_pair(int ret_fds[static 2]) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) < 0)
                return -errno;
        /* So that a batch of a scanner goes in one piece; where that is not permitted, it goes in two. */
        for (int i = 0; i < 2; i++)
                (void)setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &(int){SEND_SIZE}, sizeof(int));
        return 0;
}

bool channel_peer_is_own_user(int fd) {
        struct ucred peer;
        socklen_t size = sizeof(peer);
        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

struct channel *channel_new(struct loop *loop, int fd, enum channel_role self,
        enum channel_role peer, const struct channel_ops *ops, void *user) {
        struct channel *channel = memory_new(sizeof(*channel));
        *channel = (struct channel){
                .loop = loop,
                .fd = fd,
                .self = self,
                .peer = peer,
                .ops = ops,
                .user = user,
                .in = BUFFER_INIT(BODY_MAX + HEADER_SIZE + READ_SIZE),
        };
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0)
                (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        channel->source = loop_add(loop, fd, EPOLLIN, on_event, channel);
        if (!channel->source)
                return channel_free(channel);
        return channel;
}

static void give_back_fd(struct chunk *chunk) {
        if (chunk->fd >= 0 && chunk->release)
                chunk->release(chunk->owner);
        else if (chunk->fd >= 0)
                (void)close(chunk->fd);
        chunk->fd = -1;
}

static void let_go(struct channel *channel) {
        loop_remove(channel->loop, channel->source);
        channel->source = NULL;
        close_p(&channel->fd);
        for (; channel->fd_count > 0; channel->fd_count--) {
                (void)close(channel->fds[channel->fd_first]);
                channel->fd_first = (channel->fd_first + 1) % FDS_QUEUED_MAX;
        }
        while (channel->out) {
                struct chunk *chunk = channel->out;
                channel->out = chunk->next;
                give_back_fd(chunk);
                buffer_done(&chunk->bytes);
                free(chunk);
        }
        channel->out_last = NULL;
        channel->pending = 0;
}

struct channel *channel_free(struct channel *channel) {
        if (!channel)
                return NULL;
        let_go(channel);
        channel->closed = true;
        if (channel->busy > 0) {
                channel->freed = true;
                return NULL;
        }
        buffer_done(&channel->in);
        free(channel);
        return NULL;
}

static void close_with(struct channel *channel, struct fault *fault) {
        if (!channel->closed) {
                channel->closed = true;
                let_go(channel);
                channel->busy++;
                channel->ops->on_close(channel->user, fault);
                channel->busy--;
        }
        fault_done(fault);
}

static void watch(struct channel *channel) {
        uint32_t events = channel->out ? EPOLLOUT : 0;
        if (!channel->paused)
                events |= EPOLLIN;
        loop_change(channel->loop, channel->source, events);
}

/* The one to append to: a new one, if it begins with an fd. */
static struct chunk *chunk_for(struct channel *channel, const struct chunk *with_fd) {
        struct chunk *last = channel->out_last;
        if (last && !with_fd)
                return last;
        struct chunk *chunk = memory_new(sizeof(*chunk));
        *chunk = with_fd ? *with_fd : (struct chunk){.fd = -1};
        chunk->bytes = BUFFER_INIT(CHANNEL_OUT_MAX + BODY_MAX);
        if (last)
                last->next = chunk;
        else
                channel->out = chunk;
        channel->out_last = chunk;
        return chunk;
}

/* Returns 1 if all of the chunk was sent, 0 if the peer is slow, negative errno. */
static int send_chunk(struct channel *channel, struct chunk *chunk) {
        while (buffer_len(&chunk->bytes) > 0) {
                struct slice view = buffer_view(&chunk->bytes);
                struct iovec piece = {.iov_base = (void *)(uintptr_t)view.data, .iov_len = view.len};
                char control[CMSG_SPACE(sizeof(int))] = {0};
                struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
                if (chunk->fd >= 0) {
                        header.msg_control = control;
                        header.msg_controllen = sizeof(control);
                        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
                        *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
                        memcpy(CMSG_DATA(c), &chunk->fd, sizeof(int));
                }
                ssize_t sent = sendmsg(channel->fd, &header, MSG_NOSIGNAL);
                if (sent < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                give_back_fd(chunk);
                channel->pending -= (size_t)sent;
                buffer_consume(&chunk->bytes, (size_t)sent);
        }
        return 1;
}

static int write_out(struct channel *channel) {
        while (channel->out) {
                struct chunk *chunk = channel->out;
                int r = send_chunk(channel, chunk);
                if (r <= 0)
                        return r;
                channel->out = chunk->next;
                if (!channel->out)
                        channel->out_last = NULL;
                buffer_done(&chunk->bytes);
                free(chunk);
        }
        return 0;
}

/* A frame's header and the pieces of its body. */
enum { FRAME_PIECES = 3 };
struct frame {
        uint32_t numbers[2];
        struct slice pieces[FRAME_PIECES];
        size_t len;
};

static void frame_of(struct frame *frame, enum message_type type, struct slice head, struct slice rest) {
        frame->numbers[0] = htole32((uint32_t)(head.len + rest.len));
        frame->numbers[1] = htole32((uint32_t)type);
        frame->pieces[0] = (struct slice){(const char *)frame->numbers, HEADER_SIZE};
        frame->pieces[1] = head;
        frame->pieces[2] = rest;
        frame->len = HEADER_SIZE + head.len + rest.len;
}

/* Nothing waits in front of it: what the peer takes at once need not be copied. Returns the bytes sent. */
static size_t send_now(struct channel *channel, const struct frame *frame) {
        struct iovec pieces[FRAME_PIECES];
        for (size_t i = 0; i < FRAME_PIECES; i++)
                pieces[i] = (struct iovec){
                        .iov_base = (void *)(uintptr_t)frame->pieces[i].data, .iov_len = frame->pieces[i].len};
        struct msghdr header = {.msg_iov = pieces, .msg_iovlen = FRAME_PIECES};
        ssize_t sent = sendmsg(channel->fd, &header, MSG_NOSIGNAL);
        return sent < 0 ? 0 : (size_t)sent;
}

/* All but the first bytes of the frame. */
static void append_rest(struct buffer *out, const struct frame *frame, size_t sent) {
        for (size_t i = 0; i < FRAME_PIECES; i++) {
                size_t of_piece = sent < frame->pieces[i].len ? sent : frame->pieces[i].len;
                (void)buffer_append(out, slice_sub(frame->pieces[i], of_piece, frame->pieces[i].len));
                sent -= of_piece;
        }
}

static int may_send(const struct channel *channel, enum message_type type, size_t len, int fd) {
        const struct message_info *info = message_info(type);
        assert(info && info->from == channel->self && info->to == channel->peer);
        assert(info->fds_max == (fd >= 0 ? 1U : 0U));
        if (channel->closed)
                return -EPIPE;
        if (len > info->body_max)
                return -EMSGSIZE;
        return channel->pending + len > CHANNEL_OUT_MAX ? -ENOBUFS : 0;
}

/* Puts what is not sent at once into the queue. An error shows up as EPOLLHUP/EPOLLERR, so that the close handler runs from the loop and
 * never inside a send. */
static void send_or_queue(struct channel *channel, const struct frame *frame, const struct chunk *with_fd) {
        bool idle = !channel->out;
        size_t sent = idle && !with_fd ? send_now(channel, frame) : 0;
        if (sent == frame->len)
                return;
        append_rest(&chunk_for(channel, with_fd)->bytes, frame, sent);
        channel->pending += frame->len - sent;
        if (idle && with_fd)
                (void)write_out(channel);
        if (channel->out || idle)
                watch(channel);
}

static void send_body(struct channel *channel, enum message_type type, struct slice body, const struct chunk *with_fd) {
        struct frame frame;
        frame_of(&frame, type, body, SLICE_NULL);
        send_or_queue(channel, &frame, with_fd);
}

int channel_send_lent(struct channel *channel, enum message_type type, struct slice body, int fd, channel_release *release, void *owner) {
        const struct chunk with_fd = {.fd = fd, .release = release, .owner = owner};
        int r = may_send(channel, type, body.len, fd);
        if (r < 0)
                release(owner);
        else
                send_body(channel, type, body, &with_fd);
        return r;
}

int channel_send_fd(struct channel *channel, enum message_type type, struct slice body, int fd) {
        int r = may_send(channel, type, body.len, fd);
        if (r < 0)
                return r;
        const struct chunk with_fd = {.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)};
        if (with_fd.fd < 0)
                return -errno;
        send_body(channel, type, body, &with_fd);
        return 0;
}

int channel_send(struct channel *channel, enum message_type type, struct slice body) {
        int r = may_send(channel, type, body.len, -1);
        if (r == 0)
                send_body(channel, type, body, NULL);
        return r;
}

int channel_send_pieces(struct channel *channel, enum message_type type, struct slice head, struct slice rest) {
        struct frame frame;
        int r = may_send(channel, type, head.len + rest.len, -1);
        if (r < 0)
                return r;
        frame_of(&frame, type, head, rest);
        send_or_queue(channel, &frame, NULL);
        return 0;
}

size_t channel_pending(const struct channel *channel) {
        return channel->pending;
}

static int take_fd(struct channel *channel) {
        int fd = channel->fds[channel->fd_first];
        channel->fd_first = (channel->fd_first + 1) % FDS_QUEUED_MAX;
        channel->fd_count--;
        return fd;
}

/* Handles the frame at the front of the input. Returns 1 if there was a whole one, 0 if not, negative with fault if it is illegal. */
static int handle_frame(struct channel *channel, struct fault *fault) {
        struct slice view = buffer_view(&channel->in);
        if (view.len < HEADER_SIZE)
                return 0;
        struct message_reader header = message_reader_of(slice_sub(view, 0, HEADER_SIZE));
        uint32_t len = message_get_u32(&header);
        uint32_t type = message_get_u32(&header);
        const struct message_info *info = message_info(type);
        if (!info || info->from != channel->peer || info->to != channel->self)
                return fault_set(fault, -EPROTO, "message type %u is not permitted here", (unsigned)type);
        if (len > info->body_max)
                return fault_set(fault, -EPROTO, "message %s of %u bytes is too large", info->name, (unsigned)len);
        if (view.len < HEADER_SIZE + (size_t)len)
                return 0;
        if (channel->fd_count < info->fds_max)
                return fault_set(fault, -EPROTO, "message %s came without its fd", info->name);
        struct message message = {.type = (enum message_type)type, .body = slice_sub(view, HEADER_SIZE, HEADER_SIZE + len)};
        message.fds[0] = info->fds_max ? take_fd(channel) : -1;
        channel->busy++;
        channel->ops->on_message(channel->user, &message);
        channel->busy--;
        close_p(&message.fds[0]);
        if (!channel->closed)
                buffer_consume(&channel->in, HEADER_SIZE + (size_t)len);
        return 1;
}

static int keep_fds(struct channel *channel, struct msghdr *header) {
        int r = header->msg_flags & MSG_CTRUNC ? -EPROTO : 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int fd;
                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (channel->fd_count == FDS_QUEUED_MAX) {
                                (void)close(fd);
                                r = -EPROTO;
                                continue;
                        }
                        channel->fds[(channel->fd_first + channel->fd_count++) % FDS_QUEUED_MAX] = fd;
                }
        }
        return r;
}

/* How much to ask for. Of a frame that is partly there, the rest and the next one's header: so what is left over, and has to be moved
 * to make room, is but a header. */
static size_t size_to_read(const struct channel *channel) {
        struct slice view = buffer_view(&channel->in);
        if (view.len < HEADER_SIZE)
                return READ_SIZE;
        struct message_reader header = message_reader_of(view);
        size_t whole = HEADER_SIZE + (size_t)message_get_u32(&header); /* longer than view, or it would have been handled */
        return whole - view.len < READ_SIZE - HEADER_SIZE ? whole - view.len + HEADER_SIZE : READ_SIZE;
}

/* Reads once, at most size bytes. Returns bytes read, 0 at the end of input, -EAGAIN, or another negative errno. */
static ssize_t read_some(struct channel *channel, size_t size) {
        char *room = buffer_room(&channel->in, size);
        if (!room)
                return -EPROTO;
        char control[CMSG_SPACE(sizeof(int) * 16)] = {0};
        struct iovec piece = {.iov_base = room, .iov_len = size};
        struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t got = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
        if (got < 0)
                return errno == EINTR ? -EAGAIN : -errno;
        if (keep_fds(channel, &header) < 0)
                return -EPROTO;
        buffer_commit(&channel->in, (size_t)got);
        return got;
}

static int read_in(struct channel *channel, struct fault *fault) {
        for (int round = 0; round < READ_ROUNDS && !channel->closed && !channel->paused; round++) {
                size_t size = size_to_read(channel);
                ssize_t got = read_some(channel, size);
                if (got == -EAGAIN)
                        return 0;
                if (got < 0 && got != -ECONNRESET)
                        return fault_set_errno(fault, (int)got, "channel");
                int r = 1;
                while (r > 0 && !channel->closed)
                        r = handle_frame(channel, fault);
                if (r < 0)
                        return r;
                if (got <= 0 && !channel->closed)
                        return fault_set(fault, -EPIPE, "the peer has closed the channel");
                if ((size_t)got < size)
                        return 0; /* no more is there; the loop tells if it is, or if the end is */
        }
        return 0;
}

static void on_event(void *user, int fd, uint32_t events) {
        struct channel *channel = user;
        struct fault fault = FAULT_INIT;
        int r = 0;
        (void)fd;
        channel->busy++;
        if (events & EPOLLOUT) {
                r = write_out(channel);
                if (r == 0)
                        watch(channel);
                else if (r != -EPIPE && r != -ECONNRESET)
                        (void)fault_set_errno(&fault, r, "channel");
        }
        if (r == -EPIPE || r == -ECONNRESET) {
                events |= EPOLLHUP;
                r = 0;
        }
        /* A peer that died may have left whole messages behind (a socket buffer at most): they are read, paused or not, before the
         * end is told. */
        if (events & (EPOLLHUP | EPOLLERR))
                channel->paused = false;
        if (r == 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                r = read_in(channel, &fault);
        if (r < 0)
                close_with(channel, &fault);
        channel->busy--;
        if (channel->freed && channel->busy == 0) {
                buffer_done(&channel->in);
                free(channel);
        }
}

void channel_pause(struct channel *channel, bool paused) {
        if (channel->closed || channel->paused == paused)
                return;
        channel->paused = paused;
        watch(channel);
}

int channel_flush(struct channel *channel, int timeout_ms) {
        int64_t end_us = loop_now_us() + (int64_t)timeout_ms * 1000;
        while (!channel->closed) {
                int r = write_out(channel);
                if (r < 0)
                        return -EPIPE;
                if (!channel->out)
                        return 0;
                int64_t left_ms = (end_us - loop_now_us()) / 1000;
                if (left_ms <= 0)
                        return -ETIMEDOUT;
                struct pollfd wait = {.fd = channel->fd, .events = POLLOUT};
                (void)poll(&wait, 1, (int)left_ms);
        }
        return -EPIPE;
}
