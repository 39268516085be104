/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections are numbers that are never used again, so an answer that comes too late finds nobody.
 * Nobody is accepted unless a front is there to serve him: until then he waits in the socket's
 * queue. Whoever is handed to a front stays in our hands too until the front says that it has him,
 * which it does before it reads anything: a front that dies in between loses nobody, the next one
 * gets him. Of what clients send nothing is looked at here. */
#include "enforce/front_link.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "channel/value_code.h"
#include "enforce/supervise.h"

#define LOGGER "fail2ban.asyncserver"
#define SECOND_US INT64_C(1000000)
#define REPLY_BYTES_MAX (((size_t)64 << 20) - 1024)
#define ERRNO_PAUSE_US 100000 /* no fd or no memory: look again after this */

struct connection {
        uint32_t number;
        enum call_role role;
        int fd; /* -1: a front has it */
};

struct front_link {
        struct loop *loop;
        struct control_socket *control;
        const struct front_link_ops *ops;
        void *user;
        struct supervise *supervise;
        bool ready;
        bool closed;   /* no more clients are wanted */
        bool is_short; /* nobody can be accepted, which has been said */
        struct loop_source *source;
        struct loop_timer resume_timer;
        double tokens; /* connections that may be accepted at once */
        int64_t tokens_us;
        uint32_t last_number;
        struct connection connections[FRONT_CONNECTIONS_MAX];
        size_t connection_count;
        int threshold;
        front_link_done *done;
        void *done_user;
        gid_t readers; /* who of this group may look; CONTROL_NO_GROUP */
};

static struct channel *channel_of(const struct front_link *link) {
        return supervise_channel(link->supervise);
}

static void send(struct front_link *link, enum message_type type, const struct buffer *body) {
        struct channel *channel = channel_of(link);
        /* A channel that cannot be written to ends, and so does the front. */
        if (channel)
                (void)channel_send(channel, type, buffer_view(body));
}

/* Accepting. */

static void update_listening(struct front_link *link);

static bool wants_clients(const struct front_link *link) {
        return link->ready && channel_of(link) && !link->closed &&
               link->connection_count < FRONT_CONNECTIONS_MAX;
}

static void on_resume(void *user) {
        update_listening(user);
}

static bool take_token(struct front_link *link) {
        int64_t now = loop_now_us();
        link->tokens += (double)(now - link->tokens_us) * FRONT_ACCEPT_RATE / (double)SECOND_US;
        if (link->tokens > FRONT_ACCEPT_BURST)
                link->tokens = FRONT_ACCEPT_BURST;
        link->tokens_us = now;
        if (link->tokens < 1)
                return false;
        link->tokens -= 1;
        return true;
}

static void forget(struct front_link *link, struct connection *connection) {
        close_p(&connection->fd);
        *connection = link->connections[--link->connection_count];
}

/* Whoever cannot be handed over (no fd is left, say) is hung up on: he would wait for nothing. If
 * it is the front that is gone, the next one gets him. */
static void hand_over(struct front_link *link, struct connection *connection) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, connection->number);
        (void)message_put_u8(&body, connection->role == CALL_ADMIN ? ROLE_ADMIN : ROLE_READER);
        int r = channel_send_fd(
                channel_of(link), MESSAGE_FRONT_CLIENT, buffer_view(&body), connection->fd);
        if (r < 0 && r != -EPIPE)
                forget(link, connection);
        buffer_done(&body);
}

static void serve(struct front_link *link, int fd, enum call_role role) {
        struct connection *connection = &link->connections[link->connection_count++];
        *connection = (struct connection){++link->last_number, role, fd};
        hand_over(link, connection);
}

static void pause_for(struct front_link *link, int64_t us) {
        loop_change(link->loop, link->source, 0);
        loop_timer_set_in(link->loop, &link->resume_timer, us, on_resume, link);
}

static bool has_room_for_reader(const struct front_link *link) {
        size_t readers = 0;
        for (size_t i = 0; i < link->connection_count; i++)
                readers += link->connections[i].role == CALL_READER;
        return readers < FRONT_READERS_MAX;
}

/* Returns whether more can be accepted. */
static bool accept_one(struct front_link *link) {
        CLEANUP(close_p) int fd = -1;
        uid_t uid;
        int r = control_socket_accept(link->control, &fd, &uid);
        if (r == -EAGAIN)
                return false;
        if (r == -ECONNABORTED || r == -EINTR)
                return true;
        if (r < 0) {
                if (!link->is_short)
                        diag(DIAG_WARNING, LOGGER, "Accept socket error: %s", strerror(-r));
                link->is_short = true;
                pause_for(link, ERRNO_PAUSE_US);
                return false;
        }
        link->is_short = false;
        bool is_admin = uid == 0 || uid == geteuid();
        bool is_reader = !is_admin && control_socket_peer_is_in(fd, link->readers);
        if (is_admin || (is_reader && has_room_for_reader(link)))
                serve(link, steal_fd(&fd), is_admin ? CALL_ADMIN : CALL_READER);
        else if (!is_reader)
                diag(DIAG_WARNING, LOGGER, "Connection of user %u refused", (unsigned)uid);
        return link->connection_count < FRONT_CONNECTIONS_MAX;
}

static void on_listening(void *user, int fd, uint32_t events) {
        struct front_link *link = user;
        (void)fd;
        (void)events;
        if (!wants_clients(link))
                return;
        for (int i = 0; i < FRONT_ACCEPT_BURST; i++) {
                if (!take_token(link)) {
                        pause_for(link, SECOND_US / FRONT_ACCEPT_RATE);
                        return;
                }
                if (!accept_one(link))
                        break;
        }
        update_listening(link);
}

static void update_listening(struct front_link *link) {
        if (link->source && !loop_timer_is_set(&link->resume_timer))
                loop_change(link->loop, link->source, wants_clients(link) ? EPOLLIN : 0);
}

/* What the front says. */

static struct connection *find(struct front_link *link, uint32_t number) {
        for (size_t i = 0; i < link->connection_count; i++)
                if (link->connections[i].number == number)
                        return &link->connections[i];
        return NULL;
}

static void forget_all_taken(struct front_link *link) {
        for (size_t i = link->connection_count; i-- > 0;)
                if (link->connections[i].fd < 0)
                        forget(link, &link->connections[i]);
}

static int handle_command(struct front_link *link, struct slice body, struct fault *fault) {
        struct arena arena = ARENA_INIT;
        struct message_reader in = message_reader_of(body);
        struct front_request request = {
                .connection = message_get_u32(&in), .sequence = message_get_u32(&in)};
        struct value command = value_get(&in, &arena);
        const struct connection *connection = find(link, request.connection);
        int r = 0;
        if (!message_read_end(&in) || !connection) {
                r = fault_set(fault, -EPROTO, "malformed command");
        } else {
                request.role = connection->role;
                link->ops->on_command(link->user, &request, &command);
        }
        arena_done(&arena);
        return r;
}

static int handle_closed(struct front_link *link, struct slice body, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        struct connection *connection = find(link, message_get_u32(&in));
        if (!message_read_end(&in) || !connection)
                return fault_set(fault, -EPROTO, "no such connection");
        forget(link, connection);
        update_listening(link);
        return 0;
}

static int handle_taken(struct front_link *link, struct slice body, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        struct connection *connection = find(link, message_get_u32(&in));
        if (!message_read_end(&in) || !connection)
                return fault_set(fault, -EPROTO, "no such connection");
        close_p(&connection->fd);
        return 0;
}

static int handle_diag(struct front_link *link, struct slice body, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint8_t level = message_get_u8(&in);
        struct slice logger = message_get_text(&in);
        struct slice text = message_get_text(&in);
        if (!message_read_end(&in) || logger.len > 64)
                return fault_set(fault, -EPROTO, "malformed message");
        char *name = memory_copy_text(logger);
        link->ops->on_message(link->user, level, name, text);
        free(name);
        return 0;
}

static int handle_ready(struct front_link *link, struct slice body, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint32_t version = message_get_u32(&in);
        if (!message_read_end(&in) || version != CHANNEL_VERSION)
                return fault_set(fault, -EPROTO, "version %u instead of %d", (unsigned)version,
                        CHANNEL_VERSION);
        if (link->ready)
                return fault_set(fault, -EPROTO, "ready twice");
        link->ready = true;
        for (size_t i = link->connection_count; i-- > 0;)
                hand_over(link, &link->connections[i]);
        update_listening(link);
        return 0;
}

static void on_message(void *user, struct message *message) {
        struct front_link *link = user;
        struct fault fault = FAULT_INIT;
        int r = -EPROTO;
        bool is_of_client =
                message->type != MESSAGE_FRONT_READY && message->type != MESSAGE_FRONT_DIAG;
        if (is_of_client && !link->ready) /* it was handed none yet */
                r = fault_set(&fault, -EPROTO, "not ready");
        else if (message->type == MESSAGE_FRONT_COMMAND)
                r = handle_command(link, message->body, &fault);
        else if (message->type == MESSAGE_FRONT_TAKEN)
                r = handle_taken(link, message->body, &fault);
        else if (message->type == MESSAGE_FRONT_CLOSED)
                r = handle_closed(link, message->body, &fault);
        else if (message->type == MESSAGE_FRONT_DIAG)
                r = handle_diag(link, message->body, &fault);
        else if (message->type == MESSAGE_FRONT_READY)
                r = handle_ready(link, message->body, &fault);
        if (r < 0)
                supervise_violation(link->supervise, fault_text(&fault));
        else if (message->type == MESSAGE_FRONT_COMMAND)
                supervise_progress(link->supervise);
        fault_done(&fault);
}

/* The process. */

static void say_hello(struct front_link *link) {
        struct buffer body = BUFFER_INIT(64);
        (void)message_put_u32(&body, CHANNEL_VERSION);
        (void)message_put_u8(&body, (uint8_t)(link->threshold < 0     ? 0
                                              : link->threshold > 255 ? 255
                                                                      : link->threshold));
        send(link, MESSAGE_FRONT_HELLO, &body);
        buffer_done(&body);
}

static void on_start(void *user, struct channel *channel) {
        (void)channel;
        say_hello(user);
}

static void on_end(void *user, const char *how) {
        struct front_link *link = user;
        front_link_done *done = link->done;
        (void)how;
        link->ready = false;
        forget_all_taken(link);
        link->done = NULL;
        update_listening(link);
        if (done)
                done(link->done_user);
}

static const struct supervise_ops supervise_ops = {
        .on_start = on_start, .on_message = on_message, .on_end = on_end};

struct front_link *front_link_new(struct loop *loop, const char *program,
        struct control_socket *control, const struct front_link_ops *ops, void *user) {
        struct front_link *link = memory_new(sizeof(*link));
        *link = (struct front_link){.loop = loop,
                .control = control,
                .ops = ops,
                .user = user,
                .tokens = FRONT_ACCEPT_BURST,
                .readers = CONTROL_NO_GROUP,
                .tokens_us = loop_now_us(),
                .threshold = diag_threshold()};
        const struct supervise_config config = {.program = "stockade-front",
                .path = program,
                .label = "front",
                .role = CHANNEL_FRONT,
                .ops = &supervise_ops,
                .user = link};
        link->supervise = supervise_new(loop, &config);
        return link;
}

struct front_link *front_link_free(struct front_link *link) {
        if (!link)
                return NULL;
        front_link_stop_listening(link);
        link->supervise = supervise_free(link->supervise);
        while (link->connection_count > 0)
                forget(link, &link->connections[0]);
        free(link);
        return NULL;
}

int front_link_start(struct front_link *link, struct fault *fault) {
        link->source = loop_add(link->loop, link->control->fd, 0, on_listening, link);
        if (!link->source)
                return fault_set_errno(fault, -errno, "control socket");
        return supervise_start(link->supervise, fault);
}

void front_link_stop_listening(struct front_link *link) {
        link->closed = true;
        loop_timer_cancel(link->loop, &link->resume_timer);
        loop_remove(link->loop, link->source);
        link->source = NULL;
}

/* Answers. */

static void put_head(struct buffer *body, const struct front_request *request, uint8_t outcome,
        struct slice class_name) {
        (void)message_put_u32(body, request->connection);
        (void)message_put_u32(body, request->sequence);
        (void)message_put_u8(body, outcome);
        (void)message_put_text(body, class_name);
}

static void answer(struct front_link *link, const struct front_request *request, uint8_t outcome,
        struct slice class_name, const struct value *value) {
        struct buffer body = BUFFER_INIT(REPLY_BYTES_MAX);
        if (!find(link, request->connection))
                return;
        put_head(&body, request, outcome, class_name);
        if (value_put(&body, value) < 0) {
                struct value text = value_text("the answer is too large");
                struct value arguments = value_list();
                arguments.list.items = &text;
                arguments.list.count = 1;
                buffer_clear(&body);
                put_head(&body, request, REPLY_ERROR, SLICE("builtins.OverflowError"));
                (void)value_put(&body, &arguments);
        }
        send(link, MESSAGE_FRONT_REPLY, &body);
        buffer_done(&body);
}

void front_link_answer(
        struct front_link *link, const struct front_request *request, const struct call *call) {
        if (call->failed)
                answer(link, request, REPLY_ERROR, call->error.class_name, &call->error.arguments);
        else
                answer(link, request, REPLY_OK, SLICE_NULL, &call->result);
}

void front_link_answer_shutdown(struct front_link *link, const struct front_request *request) {
        struct value text = value_text("SHUTDOWN");
        struct value list = value_list();
        list.list.items = &text;
        list.list.count = 1;
        answer(link, request, REPLY_RAW, SLICE_NULL, &list);
}

void front_link_stop(struct front_link *link, int timeout_ms, front_link_done *done, void *user) {
        const struct buffer nothing = BUFFER_INIT(0);
        front_link_stop_listening(link);
        bool runs = supervise_pid(link->supervise) > 0;
        link->done = runs ? done : NULL;
        link->done_user = user;
        send(link, MESSAGE_FRONT_SHUTDOWN, &nothing);
        if (channel_of(link))
                (void)channel_flush(channel_of(link), timeout_ms);
        supervise_stop(link->supervise, timeout_ms);
        if (!runs)
                done(user);
}

void front_link_set_threshold(struct front_link *link, int level) {
        link->threshold = level;
}

void front_link_set_readers(struct front_link *link, gid_t group) {
        link->readers = group;
}

pid_t front_link_pid(const struct front_link *link) {
        return supervise_pid(link->supervise);
}

size_t front_link_connections(const struct front_link *link) {
        return link->connection_count;
}
