/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server for tests of clients: answers with what it was given, and keeps what it was asked. */
#pragma once

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/repr.h"
#include "wire/frame.h"
#include "wire/pickle.h"

#include "../cmocka_include.h"

#define FAKE_SERVER_REPLIES 8

struct fake_server {
        char folder[64];
        char path[80];
        int listener;
        pthread_t thread;
        struct slice
                replies[FAKE_SERVER_REPLIES]; /* without the mark; NULL: the connection is cut */
        size_t reply_count;                   /* more requests get (0, 'pong') */
        int64_t delay_us;                     /* before each answer */
        char asked[8192];                     /* repr of each request in a line; "CLOSE" */
        struct arena arena;
};

static inline int fake_server_send(int fd, struct slice bytes) {
        return send(fd, bytes.data, bytes.len, MSG_NOSIGNAL) == (ssize_t)bytes.len ? 0 : -1;
}

static inline void fake_server_note(struct fake_server *fake, struct slice frame) {
        struct value request;
        struct slice text = frame;
        if (slice_is(frame, FRAME_CLOSE))
                text = SLICE("CLOSE");
        else if (pickle_decode(frame, &fake->arena, &request, NULL) == 0)
                text = repr(&request, &fake->arena);
        size_t used = strlen(fake->asked);
        (void)snprintf(fake->asked + used, sizeof(fake->asked) - used, "%.*s\n", SLICE_ARG(text));
}

static inline int fake_server_answer(struct fake_server *fake, int fd, size_t *answered) {
        static const char pong[] = "\x80\x04K\x00\x8c\x04pong\x86.";
        struct slice reply = {pong, sizeof(pong) - 1};
        if (*answered < fake->reply_count)
                reply = fake->replies[(*answered)++];
        if (!reply.data)
                return -1;
        (void)usleep((useconds_t)fake->delay_us);
        /* In two pieces, so that the mark is cut. */
        struct slice mark = SLICE(FRAME_END);
        if (fake_server_send(fd, reply) < 0 || fake_server_send(fd, slice_sub(mark, 0, 5)) < 0)
                return -1;
        return fake_server_send(fd, slice_sub(mark, 5, mark.len));
}

static inline void fake_server_serve(struct fake_server *fake, int fd, size_t *answered) {
        struct buffer in = BUFFER_INIT(1 << 20);
        size_t scanned = 0;
        for (bool go_on = true; go_on;) {
                struct slice frame;
                size_t size;
                char *room = buffer_room(&in, 4096);
                ssize_t n = recv(fd, room, 4096, 0);
                if (n <= 0)
                        break;
                buffer_commit(&in, (size_t)n);
                while (go_on && frame_find(buffer_view(&in), &scanned, &frame, &size) == 1) {
                        fake_server_note(fake, frame);
                        go_on = !slice_is(frame, FRAME_CLOSE) &&
                                fake_server_answer(fake, fd, answered) == 0;
                        buffer_consume(&in, size);
                        scanned = 0;
                }
        }
        buffer_done(&in);
}

static inline void *fake_server_run(void *user) {
        struct fake_server *fake = user;
        size_t answered = 0;
        int fd;
        while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
                fake_server_serve(fake, fd, &answered);
                close(fd);
        }
        return NULL;
}

/* Adds a reply: the pickle of reply. */
static inline void fake_server_add(struct fake_server *fake, const struct pickle_reply *reply) {
        struct buffer out = BUFFER_INIT(1 << 20);
        assert_int_equal(pickle_encode_reply(&out, reply), 0);
        fake->replies[fake->reply_count++] = arena_copy(&fake->arena, buffer_view(&out));
        buffer_done(&out);
}

static inline void fake_server_add_value(struct fake_server *fake, struct value value) {
        const struct pickle_reply reply = {.outcome = PICKLE_OK, .value = value};
        fake_server_add(fake, &reply);
}

static inline void fake_server_add_error(
        struct fake_server *fake, const char *kind, const char *argument) {
        struct pickle_reply reply = {.outcome = PICKLE_ERROR, .error_class = slice_of(kind)};
        reply.value = value_list();
        (void)value_append(&reply.value, value_text(argument), &fake->arena);
        fake_server_add(fake, &reply);
}

static inline void fake_server_init(struct fake_server *fake) {
        *fake = (struct fake_server){.folder = "/tmp/stockade-client-XXXXXX", .listener = -1};
        assert_non_null(mkdtemp(fake->folder));
        (void)snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->folder);
}

/* Listens and answers from now on. */
static inline void fake_server_start(struct fake_server *fake) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake->path);
        fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fake->listener, 5), 0);
        assert_int_equal(pthread_create(&fake->thread, NULL, fake_server_run, fake), 0);
}

/* Ends it; asked is complete then. */
static inline void fake_server_stop(struct fake_server *fake) {
        if (fake->listener < 0)
                return;
        (void)shutdown(fake->listener, SHUT_RDWR);
        (void)pthread_join(fake->thread, NULL);
        close(fake->listener);
        fake->listener = -1;
        unlink(fake->path);
}

static inline void fake_server_done(struct fake_server *fake) {
        fake_server_stop(fake);
        rmdir(fake->folder);
        arena_done(&fake->arena);
}
