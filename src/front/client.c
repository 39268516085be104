/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients are root's programs, or later readers: neither may stall the others. A connection reads
 * while no command of its own runs; a request that stays unfinished, or a reply that nobody takes,
 * ends it after a while. What cannot be decoded is answered by its reason as a bare text, as
 * upstream does, and the connection stays usable; what is too large ends it. */
#include "front/client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "wire/json.h"

#define LOGGER "fail2ban.asyncserver"
#define READ_SIZE ((size_t)16384)

struct client {
        struct loop *loop;
        uint32_t number;
        int fd;
        const struct client_ops *ops;
        void *user;
        struct loop_source *source;
        struct loop_timer timer; /* runs while a request is incomplete or a reply is not taken */
        struct buffer in;
        struct buffer out;
        size_t scanned;
        bool waiting;  /* a command has not been answered */
        bool is_json;  /* that command's form */
        bool by_line;  /* it ended with a newline, so will its reply */
        bool ending;   /* nothing more is read; over when out has been taken */
        bool handling; /* a command is being handed over */
};

static void end(struct client *client) {
        client->ops->on_end(client->user, client);
}

static void on_patience_end(void *user) {
        end(user);
}

static void update(struct client *client) {
        bool writes = buffer_len(&client->out) > 0;
        bool reads = !client->waiting && !client->ending && !writes;
        uint32_t events = (reads ? (uint32_t)EPOLLIN : 0) | (writes ? (uint32_t)EPOLLOUT : 0);
        bool partial = writes || (reads && buffer_len(&client->in) > 0);
        loop_change(client->loop, client->source, events);
        if (!partial)
                loop_timer_cancel(client->loop, &client->timer);
        else if (!loop_timer_is_set(&client->timer))
                loop_timer_set_in(client->loop, &client->timer, (int64_t)CLIENT_PATIENCE_MS * 1000,
                        on_patience_end, client);
}

/* Writes what the client takes. Returns 0, or -EPIPE if it is gone. */
static int flush(struct client *client) {
        while (buffer_len(&client->out) > 0) {
                struct slice view = buffer_view(&client->out);
                ssize_t n = send(client->fd, view.data, view.len, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0)
                        return -EPIPE;
                loop_timer_cancel(client->loop, &client->timer); /* it goes on */
                buffer_consume(&client->out, (size_t)n);
        }
        buffer_clear(&client->out);
        return 0;
}

/* Replies. */

static int put_json(struct buffer *out, const struct pickle_reply *reply) {
        struct arena arena = ARENA_INIT;
        struct value whole = value_dict();
        bool ok = reply->outcome != PICKLE_ERROR;
        value_dict_put(&whole, value_text("ok"), value_bool(ok), &arena);
        if (ok) {
                value_dict_put(&whole, value_text("result"), reply->value, &arena);
        } else {
                const struct value *last =
                        value_item(&reply->value, reply->value.list.count > 1 ? 1 : 0);
                struct value error = value_dict();
                value_dict_put(
                        &error, value_text("type"), value_string(reply->error_class), &arena);
                value_dict_put(
                        &error, value_text("message"), last ? *last : value_text(""), &arena);
                value_dict_put(&whole, value_text("error"), error, &arena);
        }
        int r = json_encode(out, &whole);
        arena_done(&arena);
        return r;
}

static int put_reply(struct client *client, const struct pickle_reply *reply) {
        int r = client->is_json ? put_json(&client->out, reply)
                                : pickle_encode_reply(&client->out, reply);
        if (r < 0)
                return r;
        if (client->by_line)
                return buffer_append_char(&client->out, '\n');
        return buffer_append(&client->out, SLICE(FRAME_END));
}

static void send_reply(struct client *client, const struct pickle_reply *reply) {
        if (put_reply(client, reply) < 0)
                client->ending = true; /* too large for anybody: nothing sensible can follow */
        client->waiting = false;
}

static void send_error(struct client *client, const char *reason) {
        struct arena arena = ARENA_INIT;
        struct slice text = arena_printf(&arena, "ERROR: %s", reason);
        const struct pickle_reply reply = {.outcome = PICKLE_RAW, .value = value_string(text)};
        diag(DIAG_ERROR, LOGGER, "PROTO-error: load message failed: %s", reason);
        send_reply(client, &reply);
        arena_done(&arena);
}

/* Requests. */

static bool is_json(struct slice frame) {
        return frame.len > 0 && (frame.data[0] == '[' || frame.data[0] == '{');
}

static int decode(struct slice frame, bool json, struct arena *arena, struct value *ret,
        struct fault *fault) {
        if (!json)
                return pickle_decode(frame, arena, ret, fault);
        int r = json_decode(frame, arena, ret, fault);
        const struct value *command =
                r == 0 && ret->type == VALUE_DICT ? value_dict_get(ret, "command") : NULL;
        if (command)
                *ret = *command;
        return r;
}

static void handle_frame(struct client *client, struct slice frame, size_t size) {
        struct arena arena = ARENA_INIT;
        struct fault fault = FAULT_INIT;
        struct value command;
        client->is_json = is_json(frame);
        client->by_line = size == frame.len + 1;
        if (slice_equal(frame, SLICE(FRAME_CLOSE))) {
                client->ending = true;
        } else if (decode(frame, client->is_json, &arena, &command, &fault) < 0) {
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

/* Takes the next whole request, if there is one and it is its turn. */
static void take_requests(struct client *client) {
        struct slice frame;
        size_t size;
        while (!client->waiting && !client->ending && buffer_len(&client->out) == 0 &&
                frame_find(buffer_view(&client->in), &client->scanned, &frame, &size) == 1) {
                handle_frame(client, frame, size);
                buffer_consume(&client->in, size);
                loop_timer_cancel(client->loop, &client->timer);
                if (flush(client) < 0)
                        client->ending = true;
        }
        if (buffer_len(&client->in) == 0)
                buffer_clear(&client->in);
}

/* Returns 0, -EPIPE at the end, -ENOBUFS if a request is too large. */
static int read_some(struct client *client) {
        char *room = buffer_room(&client->in, READ_SIZE);
        if (!room)
                return -ENOBUFS;
        ssize_t n = recv(client->fd, room, READ_SIZE, MSG_DONTWAIT);
        if (n > 0)
                buffer_commit(&client->in, (size_t)n);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        return n > 0 ? 0 : -EPIPE;
}

/* Goes on after anything has changed. The client may be gone afterwards. */
static void go_on(struct client *client) {
        if (flush(client) < 0) {
                end(client);
                return;
        }
        take_requests(client);
        if (client->ending && buffer_len(&client->out) == 0) {
                end(client);
                return;
        }
        update(client);
}

static void on_event(void *user, int fd, uint32_t events) {
        struct client *client = user;
        (void)fd;
        if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN)) {
                end(client);
                return;
        }
        int r = events & EPOLLIN ? read_some(client) : 0;
        if (r == -EPIPE) {
                end(client);
                return;
        }
        if (r == -ENOBUFS) {
                buffer_done(&client->in);
                client->in = BUFFER_INIT(0);
                client->scanned = 0;
                client->by_line = false;
                client->is_json = false;
                send_error(client, "request too large");
                client->ending = true;
        }
        go_on(client);
}

struct client *client_new(
        struct loop *loop, uint32_t number, int fd, const struct client_ops *ops, void *user) {
        struct client *client = memory_new(sizeof(*client));
        *client = (struct client){.loop = loop,
                .number = number,
                .fd = fd,
                .ops = ops,
                .user = user,
                .in = BUFFER_INIT(FRAME_REQUEST_MAX),
                .out = BUFFER_INIT(CLIENT_REPLY_MAX)};
        client->source = loop_add(loop, fd, EPOLLIN, on_event, client);
        return client->source ? client : client_free(client);
}

struct client *client_free(struct client *client) {
        if (!client)
                return NULL;
        loop_timer_cancel(client->loop, &client->timer);
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

bool client_has_output(const struct client *client) {
        return buffer_len(&client->out) > 0;
}
