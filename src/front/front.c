/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client is known by the server's number for its connection; sequence numbers tell an answer to
 * the command that waits from one that comes too late. Messages of this process go to the server,
 * which logs them. */
#include "front/front.h"

#include <errno.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "channel/channel.h"
#include "channel/value_code.h"
#include "front/client.h"

#define LOGGER "fail2ban.asyncserver"
#define COMMAND_BYTES_MAX ((size_t)33554432)
#define DIAG_BYTES_MAX ((size_t)70000)
#define EXIT_PROTOCOL 1

struct seat {
        struct client *client;
        uint32_t sequence; /* of its last command */
};

struct front {
        struct loop *loop;
        struct channel *channel;
        struct seat seats[FRONT_CLIENTS_MAX];
        size_t count;
        uint64_t garbage; /* requests that could not be decoded since the last message about them */
        int64_t garbage_us; /* when that was; 0: never */
};

static struct seat *find(struct front *front, uint32_t number) {
        for (size_t i = 0; i < front->count; i++)
                if (client_number(front->seats[i].client) == number)
                        return &front->seats[i];
        return NULL;
}

static void send(struct front *front, enum message_type type, const struct buffer *body) {
        /* A channel that cannot be written to ends, and so do we. */
        (void)channel_send(front->channel, type, buffer_view(body));
}

static void tell(struct front *front, enum message_type type, uint32_t number) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, number);
        send(front, type, &body);
        buffer_done(&body);
}

/* Clients. */

static void refuse(struct client *client, const char *class_name, const char *text) {
        struct value argument = value_text(text);
        struct value arguments = value_list();
        arguments.list.items = &argument;
        arguments.list.count = 1;
        const struct pickle_reply reply = {
                .outcome = PICKLE_ERROR, .value = arguments, .error_class = slice_of(class_name)};
        client_reply(client, &reply);
}

static void on_command(void *user, struct client *client, const struct value *command) {
        struct front *front = user;
        struct seat *seat = find(front, client_number(client));
        struct buffer body = BUFFER_INIT(COMMAND_BYTES_MAX);
        (void)message_put_u32(&body, client_number(client));
        (void)message_put_u32(&body, ++seat->sequence);
        if (value_put(&body, command) < 0)
                refuse(client, "builtins.OverflowError", "the command is too large");
        else
                send(front, MESSAGE_FRONT_COMMAND, &body);
        buffer_done(&body);
}

static void on_end(void *user, struct client *client) {
        struct front *front = user;
        uint32_t number = client_number(client);
        struct seat *seat = find(front, number);
        *seat = front->seats[--front->count];
        (void)client_free(client);
        if (front->channel)
                tell(front, MESSAGE_FRONT_CLOSED, number);
}

/* Said once, and then once in a while with how many there were: clients can send any number. */
static void on_garbage(void *user, struct client *client, const char *reason) {
        struct front *front = user;
        int64_t now = loop_now_us();
        (void)client;
        front->garbage++;
        if (front->garbage_us != 0 && now - front->garbage_us < (int64_t)FRONT_GARBAGE_MS * 1000)
                return;
        if (front->garbage == 1)
                diag(DIAG_ERROR, LOGGER, "PROTO-error: load message failed: %s", reason);
        else
                diag(DIAG_ERROR, LOGGER, "PROTO-error: load message failed: %s (and %llu others)",
                        reason, (unsigned long long)front->garbage - 1);
        front->garbage = 0;
        front->garbage_us = now;
}

static void on_growth(void *user, struct client *client) {
        struct front *front = user;
        struct client *largest = client;
        size_t held = 0;
        for (size_t i = 0; i < front->count; i++) {
                held += client_held(front->seats[i].client);
                if (client_held(front->seats[i].client) > client_held(largest))
                        largest = front->seats[i].client;
        }
        if (held > FRONT_MEMORY_MAX)
                client_refuse(largest, "the front is short of memory");
}

static const struct client_ops client_ops = {.on_command = on_command,
        .on_end = on_end,
        .on_garbage = on_garbage,
        .on_growth = on_growth};

/* What the server says. All return 0 or -EPROTO. */

static int handle_hello(struct front *front, struct slice body) {
        struct message_reader in = message_reader_of(body);
        uint32_t version = message_get_u32(&in);
        uint8_t threshold = message_get_u8(&in);
        if (!message_read_end(&in) || version != CHANNEL_VERSION)
                return -EPROTO;
        struct buffer reply = BUFFER_INIT(16);
        diag_set_threshold(threshold);
        (void)message_put_u32(&reply, CHANNEL_VERSION);
        send(front, MESSAGE_FRONT_READY, &reply);
        buffer_done(&reply);
        return 0;
}

static int handle_client(struct front *front, struct message *message) {
        struct message_reader in = message_reader_of(message->body);
        uint32_t number = message_get_u32(&in);
        uint8_t role = message_get_u8(&in); /* what it may do is the server's to decide about */
        if (!message_read_end(&in) || message->fds[0] < 0 || front->count == FRONT_CLIENTS_MAX ||
                find(front, number))
                return -EPROTO;
        int fd = message->fds[0];
        message->fds[0] = -1;
        tell(front, MESSAGE_FRONT_TAKEN, number); /* before anything is read: see front_link.c */
        struct client *client = client_new(front->loop, number, fd,
                role == ROLE_ADMIN ? CLIENT_ADMIN : CLIENT_READER, &client_ops, front);
        if (client) {
                front->seats[front->count++] = (struct seat){client, 0};
                return 0;
        }
        tell(front, MESSAGE_FRONT_CLOSED, number);
        return 0;
}

static int handle_reply(struct front *front, struct slice body) {
        static const enum pickle_outcome outcomes[] = {
                [REPLY_OK] = PICKLE_OK, [REPLY_ERROR] = PICKLE_ERROR, [REPLY_RAW] = PICKLE_RAW};
        struct arena arena = ARENA_INIT;
        struct message_reader in = message_reader_of(body);
        uint32_t number = message_get_u32(&in);
        uint32_t sequence = message_get_u32(&in);
        uint8_t outcome = message_get_u8(&in);
        struct pickle_reply reply = {.error_class = message_get_text(&in)};
        reply.value = value_get(&in, &arena);
        bool is_good = message_read_end(&in) && outcome <= REPLY_RAW;
        struct seat *seat = is_good ? find(front, number) : NULL;
        if (seat && seat->sequence == sequence) {
                reply.outcome = outcomes[outcome];
                client_reply(seat->client, &reply);
        }
        arena_done(&arena);
        return is_good ? 0 : -EPROTO;
}

static void handle_shutdown(struct front *front) {
        for (size_t i = front->count; i-- > 0;)
                client_shut_down(front->seats[i].client); /* which may take the seat away */
}

static void on_message(void *user, struct message *message) {
        struct front *front = user;
        int r = -EPROTO;
        if (message->type == MESSAGE_FRONT_REPLY)
                r = handle_reply(front, message->body);
        else if (message->type == MESSAGE_FRONT_CLIENT)
                r = handle_client(front, message);
        else if (message->type == MESSAGE_FRONT_HELLO)
                r = handle_hello(front, message->body);
        else if (message->type == MESSAGE_FRONT_SHUTDOWN)
                r = 0;
        if (message->type == MESSAGE_FRONT_SHUTDOWN)
                handle_shutdown(front);
        if (r < 0)
                loop_stop(front->loop, EXIT_PROTOCOL);
}

static void on_close(void *user, const struct fault *fault) {
        struct front *front = user;
        loop_stop(front->loop, fault->code == -EPIPE ? 0 : EXIT_PROTOCOL);
}

/* Messages. */

static void sink(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct front *front = user;
        struct buffer body = BUFFER_INIT(DIAG_BYTES_MAX);
        (void)message_put_u8(&body, (uint8_t)level);
        (void)message_put_text(&body, slice_of(logger));
        if (message_put_text(&body, text) == 0)
                send(front, MESSAGE_FRONT_DIAG, &body);
        buffer_done(&body);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

struct front *front_new(struct loop *loop, int channel_fd) {
        struct front *front = memory_new(sizeof(*front));
        front->loop = loop;
        front->channel =
                channel_new(loop, channel_fd, CHANNEL_FRONT, CHANNEL_SERVER, &channel_ops, front);
        return front->channel ? front : front_free(front);
}

struct front *front_free(struct front *front) {
        if (!front)
                return NULL;
        diag_set_sink(NULL, NULL);
        for (size_t i = 0; i < front->count; i++)
                (void)client_free(front->seats[i].client);
        (void)channel_free(front->channel);
        free(front);
        return NULL;
}

static bool has_output(const struct front *front) {
        for (size_t i = 0; i < front->count; i++)
                if (client_has_output(front->seats[i].client))
                        return true;
        return false;
}

int front_run(struct front *front) {
        diag_set_sink(sink, front);
        int code = loop_run(front->loop);
        diag_set_sink(NULL, NULL);
        diag_set_threshold(DIAG_CRITICAL + 1);
        front->channel = channel_free(front->channel);
        int64_t end = loop_now_us() + (int64_t)FRONT_END_MS * 1000;
        while (code == 0 && has_output(front) && loop_now_us() < end)
                if (loop_step(front->loop, end - loop_now_us()) < 0)
                        break;
        return code;
}
