/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A front that tests can speak with by hand: a client sends words and a newline, and gets outcome,
 * error class and repr of the value, and a newline. "crash" ends it, "forge" breaks the protocol;
 * with LC_EARLY in its environment it takes that client before it is ready. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/repr.h"
#include "channel/channel.h"
#include "channel/value_code.h"

#define CHANNEL_FD 3
#define CLIENTS_MAX 1024

struct client {
        uint32_t connection;
        int fd;
        struct loop_source *source;
        uint32_t sequence;
};

static struct client clients[CLIENTS_MAX];
static struct loop *loop;
static struct channel *channel;

static void tell(enum message_type type, uint32_t connection) {
        struct buffer body = BUFFER_INIT(64);
        (void)message_put_u32(&body, connection);
        (void)channel_send(channel, type, buffer_view(&body));
        buffer_done(&body);
}

static void send_command(struct client *client, struct slice line) {
        struct arena arena = ARENA_INIT;
        struct buffer body = BUFFER_INIT(65536);
        struct value command = value_list();
        struct slice piece;
        for (struct slice rest = line; slice_next_piece(&rest, ' ', &piece);)
                value_append(&command, value_string(piece), &arena);
        uint32_t connection = slice_is(line, "forge") ? 4000000000u : client->connection;
        (void)message_put_u32(&body, connection);
        (void)message_put_u32(&body, ++client->sequence);
        (void)value_put(&body, &command);
        (void)channel_send(channel, MESSAGE_FRONT_COMMAND, buffer_view(&body));
        buffer_done(&body);
        arena_done(&arena);
}

static void on_client(void *user, int fd, uint32_t events) {
        struct client *client = user;
        char line[4096];
        (void)events;
        ssize_t length = read(fd, line, sizeof(line));
        if (length < 0)
                return;
        struct slice text = slice_trim((struct slice){line, (size_t)length});
        if (slice_is(text, "crash"))
                (void)raise(SIGKILL);
        if (length > 0) {
                send_command(client, text);
                return;
        }
        loop_remove(loop, client->source);
        (void)close(fd);
        tell(MESSAGE_FRONT_CLOSED, client->connection);
        client->connection = 0;
}

static void add_client(struct message *message) {
        struct message_reader in = message_reader_of(message->body);
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                if (clients[i].connection)
                        continue;
                clients[i] =
                        (struct client){.connection = message_get_u32(&in), .fd = message->fds[0]};
                clients[i].source = loop_add(loop, clients[i].fd, EPOLLIN, on_client, &clients[i]);
                message->fds[0] = -1;
                tell(MESSAGE_FRONT_TAKEN, clients[i].connection);
                return;
        }
}

static void reply(struct slice body) {
        struct arena arena = ARENA_INIT;
        struct message_reader in = message_reader_of(body);
        uint32_t connection = message_get_u32(&in);
        (void)message_get_u32(&in);
        uint8_t outcome = message_get_u8(&in);
        struct slice class_name = message_get_text(&in);
        struct value value = value_get(&in, &arena);
        struct slice text = repr(&value, &arena);
        struct slice line = arena_printf(
                &arena, "%u %.*s %.*s\n", outcome, SLICE_ARG(class_name), SLICE_ARG(text));
        for (size_t i = 0; i < CLIENTS_MAX; i++)
                if (clients[i].connection == connection &&
                        write(clients[i].fd, line.data, line.len) < 0)
                        (void)fputs("client is gone\n", stderr);
        arena_done(&arena);
}

static void on_message(void *user, struct message *message) {
        struct buffer body = BUFFER_INIT(64);
        (void)user;
        if (message->type == MESSAGE_FRONT_HELLO) {
                const char *early = getenv("LC_EARLY");
                if (early)
                        tell(MESSAGE_FRONT_TAKEN, (uint32_t)strtoul(early, NULL, 10));
                (void)message_put_u32(&body, CHANNEL_VERSION);
                (void)channel_send(channel, MESSAGE_FRONT_READY, buffer_view(&body));
                buffer_done(&body);
        } else if (message->type == MESSAGE_FRONT_CLIENT) {
                add_client(message);
        } else if (message->type == MESSAGE_FRONT_REPLY) {
                reply(message->body);
        }
}

static void on_close(void *user, const struct fault *fault) {
        (void)user;
        (void)fault;
        loop_stop(loop, 0);
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

int main(void) {
        loop = loop_new();
        if (!loop)
                return 1;
        channel = channel_new(loop, CHANNEL_FD, CHANNEL_FRONT, CHANNEL_SERVER, &channel_ops, NULL);
        int r = loop_run(loop);
        channel = channel_free(channel);
        loop = loop_free(loop);
        return r;
}
