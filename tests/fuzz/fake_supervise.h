/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of supervise.c and channel.c: a child that is there when it is started, and says
 * what a target has it say. */
#pragma once

#include "enforce/supervise.h"
#include "fuzz.h"

struct channel {
        unsigned sent;
};

struct supervise {
        struct supervise_config config;
        struct channel channel;
        bool is_running, is_violated;
        uint64_t starts;
};

static struct supervise *fake_child;

struct supervise *supervise_new(struct loop *loop, const struct supervise_config *config) {
        (void)loop;
        fake_child = calloc(1, sizeof(*fake_child));
        FUZZ_REQUIRE(fake_child);
        fake_child->config = *config;
        return fake_child;
}
struct supervise *supervise_free(struct supervise *supervise) {
        free(supervise);
        return fake_child = NULL;
}
void supervise_set_runner(struct supervise *supervise, struct runner_link *runner) {
        (void)supervise, (void)runner;
}
int supervise_start(struct supervise *supervise, struct fault *fault) {
        (void)fault;
        supervise->is_running = true;
        supervise->is_violated = false;
        supervise->starts++;
        supervise->config.ops->on_start(supervise->config.user, &supervise->channel);
        return 0;
}
void supervise_set_arguments(
        struct supervise *supervise, const char *const *arguments, size_t count) {
        (void)supervise, (void)arguments, (void)count;
}
void supervise_renew(struct supervise *supervise) {
        (void)supervise_start(supervise, NULL);
}
void supervise_stop(struct supervise *supervise, int timeout_ms) {
        (void)timeout_ms;
        supervise->is_running = false;
}
void supervise_kill(struct supervise *supervise, const char *reason) {
        FUZZ_REQUIRE(reason && reason[0]);
        supervise->is_violated = true;
}
void supervise_violation(struct supervise *supervise, const char *reason) {
        supervise_kill(supervise, reason);
}
void supervise_progress(struct supervise *supervise) {
        FUZZ_REQUIRE(!supervise->is_violated);
}
pid_t supervise_pid(const struct supervise *supervise) {
        return supervise->is_running ? 1 : 0;
}
struct channel *supervise_channel(const struct supervise *supervise) {
        return supervise->is_running ? (struct channel *)(uintptr_t)&supervise->channel : NULL;
}
uint64_t supervise_starts(const struct supervise *supervise) {
        return supervise->starts;
}

int channel_send(struct channel *channel, enum message_type type, struct slice body) {
        const struct message_info *info = message_info(type);
        FUZZ_REQUIRE(info && info->from == CHANNEL_SERVER && body.len <= info->body_max);
        FUZZ_REQUIRE(info->to == fake_child->config.role);
        channel->sent++;
        return 0;
}
int channel_send_fd(struct channel *channel, enum message_type type, struct slice body, int fd) {
        FUZZ_REQUIRE(fd >= 0);
        return channel_send(channel, type, body);
}
size_t channel_pending(const struct channel *channel) {
        (void)channel;
        return 0;
}
int channel_flush(struct channel *channel, int timeout_ms) {
        (void)channel, (void)timeout_ms;
        return 0;
}

/* The child says what the channel lets through: each piece is a message's type and body. Who breaks
 * the protocol is not heard any more, and followed by another. */
static void fake_child_says(struct slice rest) {
        struct slice piece;
        while (fuzz_piece(&rest, &piece)) {
                struct message message = {
                        .type = (enum message_type)(fuzz_byte(&piece) % MESSAGE_TYPE_COUNT)};
                const struct message_info *info = message_info(message.type);
                message.body = piece;
                for (size_t i = 0; i < MESSAGE_FDS_MAX; i++)
                        message.fds[i] = -1;
                if (info->from != fake_child->config.role || piece.len > info->body_max)
                        continue;
                fake_child->config.ops->on_message(fake_child->config.user, &message);
                if (!fake_child->is_violated)
                        continue;
                fake_child->is_running = false;
                fake_child->config.ops->on_end(fake_child->config.user, "violation");
                (void)supervise_start(fake_child, NULL);
        }
}
