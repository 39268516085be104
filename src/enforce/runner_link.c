/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket is the init system's: connecting to it starts a runner, and while that starts,
 * programs wait. They are asked for only once it has said that it is ready, so that what is asked
 * is started at once, and one that does not answer has started nothing. A runner that dies is
 * followed by the next one, by connecting again; where that fails, everybody is told to do without,
 * and the next who wants a program started tries it anew. Nothing here wakes up by itself. */
#include "enforce/runner_link.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "channel/channel.h"

#define LOGGER "fail2ban.server"
#define FLUSH_MS 1000
#define SECOND_US INT64_C(1000000)

struct runner_link {
        struct loop *loop;
        char *path;
        enum runner_link_state state;
        struct channel *channel;
        struct runner_client *clients, *last_client; /* in the order in which they came */
        struct runner_client *telling;               /* whose turn it is to be told */
        uint32_t last_number;
        int64_t retry_us; /* away: not before */
        bool is_said;     /* that it is away */
        struct loop_timer ready;
};

static void on_message(void *user, struct message *message);
static void on_close(void *user, const struct fault *fault);

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

/* Clients. Any of them may go, and new ones come, while they are told. */

static void tell_state(struct runner_link *link, enum runner_link_state was) {
        link->telling = link->clients;
        while (link->telling) {
                struct runner_client *client = link->telling;
                link->telling = client->next;
                client->ops->on_state(client->user, was);
        }
}

void runner_link_add(struct runner_link *link, struct runner_client *client) {
        client->number = ++link->last_number;
        client->next = NULL;
        client->previous = link->last_client;
        if (link->last_client)
                link->last_client->next = client;
        else
                link->clients = client;
        link->last_client = client;
}

void runner_link_remove(struct runner_link *link, struct runner_client *client) {
        if (link->telling == client)
                link->telling = client->next;
        if (client->next)
                client->next->previous = client->previous;
        else
                link->last_client = client->previous;
        if (client->previous)
                client->previous->next = client->next;
        else
                link->clients = client->next;
}

static struct runner_client *find(const struct runner_link *link, uint32_t number) {
        struct runner_client *client = link->clients;
        while (client && client->number != number)
                client = client->next;
        return client; /* NULL: released meanwhile */
}

/* The connection. */

/* Returns 0 or a positive errno. */
static int connect_channel(struct runner_link *link) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t length = strlen(link->path);
        if (length >= sizeof(address.sun_path))
                return ENAMETOOLONG;
        memcpy(address.sun_path, link->path, length);
        CLEANUP(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return errno;
        if (!channel_peer_is_own_user(fd))
                return EPERM;
        link->channel =
                channel_new(link->loop, fd, CHANNEL_SERVER, CHANNEL_RUNNER, &channel_ops, link);
        if (!link->channel)
                return errno;
        (void)steal_fd(&fd);
        return 0;
}

static void set_away(struct runner_link *link, const char *why) {
        link->state = RUNNER_AWAY;
        if (!link->is_said)
                diag(DIAG_ERROR, LOGGER,
                        "stockade-runner cannot be reached at %s (%s): programs of actions are run "
                        "by "
                        "the server itself, closed in as it is, so that some may fail",
                        link->path, why);
        link->is_said = true;
}

static void disconnect(struct runner_link *link) {
        loop_timer_cancel(link->loop, &link->ready);
        link->channel = channel_free(link->channel);
}

/* One that was there is followed by the next; one that never came is not waited for. */
static void lose(struct runner_link *link, const char *why);

static void on_not_ready(void *user) {
        lose(user, "it does not answer");
}

static void begin(struct runner_link *link) {
        int error = connect_channel(link);
        if (error != 0) {
                set_away(link, strerror(error));
                return;
        }
        link->state = RUNNER_COMING;
        loop_timer_set_in(
                link->loop, &link->ready, RUNNER_LINK_READY_S * SECOND_US, on_not_ready, link);
}

static void lose(struct runner_link *link, const char *why) {
        enum runner_link_state was = link->state;
        disconnect(link);
        if (was == RUNNER_THERE) {
                diag(DIAG_WARNING, LOGGER,
                        "The connection to stockade-runner has ended (%s), it is made anew", why);
                begin(link);
        } else {
                link->retry_us = loop_now_us() + RUNNER_LINK_RETRY_S * SECOND_US;
                set_away(link, why);
        }
        tell_state(link, was);
}

static void on_close(void *user, const struct fault *fault) {
        lose(user, fault->text && fault->code != -EPIPE ? fault_text(fault) : "closed");
}

struct runner_link *runner_link_new(struct loop *loop, const char *path) {
        struct runner_link *link = memory_new(sizeof(*link));
        *link = (struct runner_link){.loop = loop, .path = memory_copy_text(slice_of(path))};
        begin(link);
        return link;
}

struct runner_link *runner_link_free(struct runner_link *link) {
        if (!link)
                return NULL;
        if (link->channel)
                (void)channel_flush(
                        link->channel, FLUSH_MS); /* who does not read it, ends by our end */
        disconnect(link);
        free(link->path);
        free(link);
        return NULL;
}

enum runner_link_state runner_link_state(struct runner_link *link) {
        if (!link)
                return RUNNER_AWAY;
        if (link->state == RUNNER_AWAY && loop_now_us() >= link->retry_us)
                begin(link);
        return link->state;
}

/* What it says. */

static void take_ready(struct runner_link *link, uint32_t version) {
        if (version != CHANNEL_VERSION) {
                lose(link, "it is of another version: restart fail2ban-actions.service");
                return;
        }
        loop_timer_cancel(link->loop, &link->ready);
        link->state = RUNNER_THERE;
        if (link->is_said)
                diag(DIAG_NOTICE, LOGGER, "stockade-runner is there again");
        link->is_said = false;
        tell_state(link, RUNNER_COMING);
}

/* A status as wait() knows it, of exit status and signal. */
static int status_of(uint32_t status, uint32_t number) {
        return number != 0 ? -(int)(number & 0x7f) : (int)(status & 0xff);
}

static void take(struct runner_link *link, struct message *message, const uint32_t numbers[3]) {
        const struct runner_client *client = find(link, numbers[0]);
        if (message->type == MESSAGE_RUN_READY)
                take_ready(link, numbers[0]);
        else if (!client)
                return;
        else if (message->type == MESSAGE_RUN_STARTED)
                client->ops->on_started(client->user, (pid_t)numbers[1], &message->fds[0]);
        else if (message->type == MESSAGE_RUN_FAILED)
                client->ops->on_failed(client->user, (int)numbers[1]);
        else
                client->ops->on_ended(client->user, status_of(numbers[1], numbers[2]));
}

static bool is_sane(enum message_type type, bool is_ready, const uint32_t numbers[3]) {
        if (type == MESSAGE_RUN_READY || !is_ready)
                return type == MESSAGE_RUN_READY && !is_ready; /* first, and once */
        return type == MESSAGE_RUN_ENDED || (numbers[1] > 0 && numbers[1] <= INT32_MAX);
}

static void on_message(void *user, struct message *message) {
        struct runner_link *link = user;
        struct message_reader in = message_reader_of(message->body);
        uint32_t numbers[3] = {0};
        size_t count = message->type == MESSAGE_RUN_READY   ? 1
                       : message->type == MESSAGE_RUN_ENDED ? 3
                                                            : 2;
        for (size_t i = 0; i < count; i++)
                numbers[i] = message_get_u32(&in);
        if (message_read_end(&in) && is_sane(message->type, link->state == RUNNER_THERE, numbers))
                take(link, message, numbers);
        else
                lose(link, "it has sent a malformed message");
}

/* What it is told. */

int runner_link_start(struct runner_link *link, struct slice body, const int fds[EXEC_FDS_MAX]) {
        int r = 0;
        for (uint8_t i = 0; i < EXEC_FDS_MAX && r == 0; i++)
                if (fds[i] >= 0)
                        r = channel_send_fd(link->channel, MESSAGE_RUN_FD,
                                (struct slice){(const char *)&i, sizeof(i)}, fds[i]);
        if (r == 0)
                r = channel_send(link->channel, MESSAGE_RUN_START, body);
        return -r;
}

static void tell(struct runner_link *link, enum message_type type, const struct buffer *body) {
        /* A channel that cannot be written to is seen when reading. */
        if (link->state == RUNNER_THERE)
                (void)channel_send(link->channel, type, buffer_view(body));
}

void runner_link_kill(
        struct runner_link *link, const struct runner_client *client, int signal, uint8_t reach) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, client->number); /* fits: see the size */
        (void)message_put_u32(&body, (uint32_t)signal);
        (void)message_put_u8(&body, reach);
        tell(link, MESSAGE_RUN_KILL, &body);
        buffer_done(&body);
}

void runner_link_release(struct runner_link *link, const struct runner_client *client) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, client->number); /* fits: see the size */
        tell(link, MESSAGE_RUN_RELEASE, &body);
        buffer_done(&body);
}
