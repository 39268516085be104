/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients are root's programs, or later readers: neither may stall the others. A connection reads
 * while no command of its own runs; a request that stays unfinished, or a reply that nobody takes,
 * ends it after a while, whatever it trickles. Requests that came together are taken one a turn of
 * the loop; those of a client that has hung up since are carried out all the same, as upstream
 * does. What cannot be decoded is answered by its reason as a bare text, as upstream does, and the
 * connection stays usable. What is too large is answered too, and then its rest is read and thrown
 * away until the client hangs up: closing at once would have the kernel reset the connection, and
 * the client would never see why. */
#include "front/client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "front/form.h"

#define READ_SIZE ((size_t)16384)
#define DROP_ROUNDS 8 /* reads a turn */

struct client {
        struct loop *loop;
        uint32_t number;
        int fd;
        const struct client_ops *ops;
        void *user;
        struct loop_source *source;
        struct loop_timer timer; /* runs while a request is incomplete or a reply is not taken */
        struct loop_timer turn;  /* there is more to do than one turn's work */
        struct buffer in;
        struct buffer out;
        size_t scanned;
        bool waiting;   /* a command has not been answered */
        enum form form; /* that command's */
        bool by_line;   /* it ended with a newline, so will its reply */
        bool ending;    /* nothing more is read; over when out has been taken */
        bool handling;  /* a command is being handed over */
        bool lingers;   /* what comes is thrown away until the client hangs up */
        bool said_all;  /* our direction has been shut down */
        bool gone;      /* it has hung up: what it sent before is carried out, and nobody told */
        size_t dropped;
};

static void end(struct client *client) {
        client->ops->on_end(client->user, client);
}

static void on_patience_end(void *user) {
        end(user);
}

/* There is nobody to watch any more, and nobody to tell. */
static void note_gone(struct client *client) {
        client->gone = true;
        loop_timer_cancel(client->loop, &client->timer);
        loop_remove(client->loop, client->source);
        client->source = NULL;
        buffer_done(&client->out);
}

static void update(struct client *client) {
        if (client->gone)
                return;
        bool writes = buffer_len(&client->out) > 0;
        bool has_more = loop_timer_is_set(&client->turn); /* a whole request may be here already */
        bool reads =
                client->lingers || (!client->waiting && !client->ending && !writes && !has_more);
        uint32_t events = (reads ? (uint32_t)EPOLLIN : 0) | (writes ? (uint32_t)EPOLLOUT : 0);
        bool partial = writes || client->lingers || (reads && buffer_len(&client->in) > 0);
        loop_change(client->loop, client->source, events);
        if (!partial)
                loop_timer_cancel(client->loop, &client->timer);
        else if (!loop_timer_is_set(&client->timer))
                loop_timer_set_in(client->loop, &client->timer, (int64_t)CLIENT_PATIENCE_MS * 1000,
                        on_patience_end, client);
}

/* Writes what the client takes. */
static void flush(struct client *client) {
        bool wrote = false;
        if (client->gone)
                buffer_done(&client->out);
        while (buffer_len(&client->out) > 0) {
                struct slice view = buffer_view(&client->out);
                ssize_t n = send(client->fd, view.data, view.len, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n < 0) {
                        note_gone(client);
                        return;
                }
                buffer_consume(&client->out, (size_t)n);
                wrote = true;
        }
        if (wrote) {
                loop_timer_cancel(client->loop, &client->timer);
                buffer_done(&client->out); /* who is idle holds nothing */
        }
}

/* Replies. */

static void send_reply(struct client *client, const struct pickle_reply *reply) {
        int r = form_encode(client->form, &client->out, reply);
        if (r == 0)
                r = buffer_append(&client->out, client->by_line ? SLICE("\n") : SLICE(FRAME_END));
        if (r < 0)
                client->ending = true; /* too large for anybody: nothing sensible can follow */
        client->waiting = false;
        client->ops->on_growth(client->user, client);
}

static void send_error(struct client *client, const char *reason) {
        struct arena arena = ARENA_INIT;
        struct slice text = arena_printf(&arena, "ERROR: %s", reason);
        const struct pickle_reply reply = {.outcome = PICKLE_RAW, .value = value_string(text)};
        send_reply(client, &reply);
        client->ops->on_garbage(client->user, client, reason);
        arena_done(&arena);
}

/* Requests. */

static void handle_frame(struct client *client, struct slice frame, size_t size) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value command;
        client->form = form_of(frame);
        client->by_line = size == frame.len + 1;
        if (slice_equal(frame, SLICE(FRAME_CLOSE))) {
                client->ending = true;
        } else if (form_decode(client->form, frame, &arena, &command, &fault) < 0) {
                send_error(client, fault_text(&fault));
        } else {
                client->waiting = true;
                client->handling = true;
                client->ops->on_command(client->user, client, &command);
                client->handling = false;
        }
        fault_done(&fault);
        arena_done(&arena);
}

static void on_turn(void *user);

static bool may_take(const struct client *client) {
        return !client->waiting && !client->ending && buffer_len(&client->out) == 0;
}

/* Takes the next whole request, if there is one and it is its turn. */
static void take_request(struct client *client) {
        struct slice frame;
        size_t size;
        if (!may_take(client) ||
                frame_find(buffer_view(&client->in), &client->scanned, &frame, &size) != 1)
                return;
        handle_frame(client, frame, size);
        if (client->lingers)
                return; /* refused meanwhile, and the buffer given up */
        buffer_consume(&client->in, size);
        loop_timer_cancel(client->loop, &client->timer);
        if (buffer_len(&client->in) == 0)
                buffer_done(&client->in); /* who is idle holds nothing */
        flush(client);
        if (may_take(client) && (buffer_len(&client->in) > 0 || client->gone))
                loop_timer_set_in(client->loop, &client->turn, 0, on_turn, client);
}

/* Returns 0, -EPIPE at the end, -ENOBUFS if a request is too large. */
static int read_some(struct client *client) {
        char *room = buffer_room(&client->in, READ_SIZE);
        if (!room)
                return -ENOBUFS;
        ssize_t n = recv(client->fd, room, READ_SIZE, MSG_DONTWAIT);
        if (n > 0) {
                buffer_commit(&client->in, (size_t)n);
                client->ops->on_growth(client->user, client);
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        return n > 0 ? 0 : -EPIPE;
}

/* Throws away what comes. Returns 0, or -EPIPE when the client has hung up or says too much. */
static int drop_some(struct client *client) {
        char bytes[READ_SIZE];
        for (int i = 0; i < DROP_ROUNDS && client->dropped < CLIENT_LINGER_MAX; i++) {
                ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n <= 0)
                        return -EPIPE;
                client->dropped += (size_t)n;
        }
        return client->dropped < CLIENT_LINGER_MAX ? 0 : -EPIPE;
}

/* For one that has hung up: whether nothing whole is left of what it sent. */
static bool has_run_dry(struct client *client) {
        struct slice frame;
        size_t size;
        if (client->ending || loop_timer_is_set(&client->turn))
                return false;
        for (;;) {
                if (frame_find(buffer_view(&client->in), &client->scanned, &frame, &size) == 1)
                        break;
                size_t before = buffer_len(&client->in);
                if (read_some(client) < 0 || client->ending || buffer_len(&client->in) == before)
                        return true;
        }
        client->scanned = 0;
        if (may_take(client))
                loop_timer_set_in(client->loop, &client->turn, 0, on_turn, client);
        return false;
}

/* All has been said. Returns whether the connection is over. */
static bool is_over(struct client *client) {
        if (client->gone && (client->lingers || has_run_dry(client)))
                return true;
        if (!client->ending || buffer_len(&client->out) > 0)
                return false;
        if (client->lingers && !client->said_all) {
                client->said_all = true;
                return shutdown(client->fd, SHUT_WR) < 0;
        }
        return !client->lingers;
}

/* Goes on after anything has changed. The client may be gone afterwards. */
static void go_on(struct client *client) {
        flush(client);
        take_request(client);
        if (is_over(client))
                end(client);
        else
                update(client);
}

static void on_turn(void *user) {
        go_on(user);
}

void client_refuse(struct client *client, const char *reason) {
        bool replies = buffer_len(&client->out) > 0;
        if (client->lingers)
                return;
        client->lingers = true;
        client->ending = true;
        client->waiting = false;
        buffer_done(&client->in);
        buffer_done(&client->out);
        client->scanned = 0;
        loop_timer_cancel(client->loop, &client->timer);
        if (!replies)
                send_error(client, reason);
        loop_timer_set_in(client->loop, &client->turn, 0, on_turn, client);
}

static void on_event(void *user, int fd, uint32_t events) {
        struct client *client = user;
        int r = 0;
        (void)fd;
        if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
                note_gone(client);
        if (events & EPOLLIN)
                r = client->lingers ? drop_some(client) : read_some(client);
        if (r == -EPIPE) {
                end(client);
                return;
        }
        if (r == -ENOBUFS) {
                client->form = form_of(buffer_view(&client->in));
                client->by_line = client->form == FORM_JSON;
                client_refuse(client, "request too large");
        }
        go_on(client);
}

struct client *client_new(struct loop *loop, uint32_t number, int fd, enum client_rank rank,
        const struct client_ops *ops, void *user) {
        struct client *client = memory_new(sizeof(*client));
        *client = (struct client){.loop = loop,
                .number = number,
                .fd = fd,
                .ops = ops,
                .user = user,
                .in = BUFFER_INIT(rank == CLIENT_ADMIN ? FRAME_REQUEST_MAX : CLIENT_READER_MAX),
                .out = BUFFER_INIT(CLIENT_REPLY_MAX)};
        client->source = loop_add(loop, fd, EPOLLIN, on_event, client);
        return client->source ? client : client_free(client);
}

struct client *client_free(struct client *client) {
        if (!client)
                return NULL;
        loop_timer_cancel(client->loop, &client->timer);
        loop_timer_cancel(client->loop, &client->turn);
        loop_remove(client->loop, client->source);
        (void)close(client->fd);
        buffer_done(&client->in);
        buffer_done(&client->out);
        free(client);
        return NULL;
}

uint32_t client_number(const struct client *client) {
        return client->number;
}

bool client_is_waiting(const struct client *client) {
        return client->waiting;
}

void client_reply(struct client *client, const struct pickle_reply *reply) {
        if (!client->waiting)
                return;
        send_reply(client, reply);
        if (!client->handling)
                go_on(client);
}

void client_shut_down(struct client *client) {
        struct value text = value_text("SHUTDOWN");
        struct value list = value_list();
        list.list.items = &text;
        list.list.count = 1;
        const struct pickle_reply reply = {.outcome = PICKLE_RAW, .value = list};
        bool answers = client->waiting;
        client->ending = true;
        if (answers)
                client_reply(client, &reply);
        else
                go_on(client);
}

size_t client_held(const struct client *client) {
        return client->in.capacity + client->out.capacity;
}

bool client_has_output(const struct client *client) {
        return buffer_len(&client->out) > 0;
}
