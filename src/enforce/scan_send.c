/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoders only. Bodies are small, except options, which come encoded. */
#include "enforce/scan_send.h"

#include "base/buffer.h"

#define BODY_MAX ((size_t)16 << 20)

static void send_body(struct channel *channel, enum message_type type, struct buffer *body) {
        if (channel)
                (void)channel_send(channel, type, buffer_view(body)); /* see the header */
        buffer_done(body);
}

static void release_file(void *owner) {
        struct log_file *file = owner;
        (void)log_file_unref(file->home, file);
}

/* A log's file, of which as many may wait to be sent as there are logs: no second descriptor for each. */
static void send_file(struct channel *channel, enum message_type type, struct buffer *body, struct log_file *file) {
        if (channel)
                (void)channel_send_lent(channel, type, buffer_view(body), file->fd, release_file, log_file_ref(file));
        buffer_done(body);
}

void scan_send_hello(struct channel *channel, int notify_fd, int threshold) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, CHANNEL_VERSION);
        (void)message_put_u8(&body, (uint8_t)(threshold > 255 ? 255 : threshold));
        if (channel)
                (void)channel_send_fd(channel, MESSAGE_SCAN_HELLO, buffer_view(&body), notify_fd);
        buffer_done(&body);
}

void scan_send_threshold(struct channel *channel, int threshold) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u8(&body, (uint8_t)(threshold > 255 ? 255 : threshold));
        send_body(channel, MESSAGE_SCAN_THRESHOLD, &body);
}

void scan_send_jail_add(struct channel *channel, const struct plan_jail *jail) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, jail->id);
        (void)message_put_text(&body, slice_of(jail->name));
        send_body(channel, MESSAGE_SCAN_JAIL_ADD, &body);
}

void scan_send_jail_del(struct channel *channel, uint32_t jail) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, jail);
        send_body(channel, MESSAGE_SCAN_JAIL_DEL, &body);
}

void scan_send_set(struct channel *channel, uint32_t request, uint32_t jail, struct slice option_and_arguments) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, request);
        (void)message_put_u32(&body, jail);
        (void)buffer_append(&body, option_and_arguments);
        send_body(channel, MESSAGE_SCAN_JAIL_SET, &body);
}

static void send_state(struct channel *channel, uint32_t jail, const struct table_entry *entry) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, jail);
        (void)message_put_text(&body, entry->key);
        (void)message_put_text(&body, buffer_view(entry->value));
        send_body(channel, MESSAGE_SCAN_STATE_PUT, &body);
}

void scan_send_jails(struct channel *channel, const struct scan_plan *plan) {
        for (size_t i = 0; i < plan->jail_count; i++) {
                const struct plan_jail *jail = plan->jails[i];
                scan_send_jail_add(channel, jail);
                for (size_t k = 0; k < jail->option_count; k++)
                        scan_send_set(channel, 0, jail->id, (struct slice){jail->options[k].bytes, jail->options[k].len});
        }
}

void scan_send_log_order(struct channel *channel, enum message_type type, const struct plan_log *log) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, log->id);
        send_body(channel, type, &body);
}

void scan_send_attach(struct channel *channel, const struct plan_log *log, const struct plan_jail *jail) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, jail->id);
        bool has_place = log->in_operation && (log->backend != LOG_WATCH_JOURNAL || log->hash[0]);
        (void)message_put_f64(&body, has_place ? 0 : jail->seek_time);
        send_body(channel, MESSAGE_SCAN_LOG_ATTACH, &body);
}

void scan_send_detach(struct channel *channel, const struct plan_log *log, const struct plan_jail *jail) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, jail->id);
        send_body(channel, MESSAGE_SCAN_LOG_DETACH, &body);
}

static void send_watch(struct channel *channel, const struct plan_log *log, const struct plan_file *file) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        if (file->file->watch < 0)
                return; /* it is poked */
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, (uint32_t)file->file->watch);
        send_body(channel, MESSAGE_SCAN_LOG_WATCH, &body);
}

static void send_rotation(struct channel *channel, const struct plan_log *log, const struct plan_file *file) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, file->generation);
        send_file(channel, MESSAGE_SCAN_LOG_ROTATE, &body, file->file);
        send_watch(channel, log, file);
}

void scan_send_rotate(struct channel *channel, const struct plan_log *log) {
        send_rotation(channel, log, &log->files[log->file_count - 1]);
}

static void send_add(struct channel *channel, const struct plan_log *log) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        uint8_t flags = (uint8_t)((log->careful ? LOG_CAREFUL : 0U) | (log->in_operation ? 0U : LOG_CATCH_UP) |
                (log->backend == LOG_WATCH_JOURNAL ? LOG_JOURNAL : 0U));
        (void)message_put_u32(&body, log->id);
        (void)message_put_text(&body, log_path_text(log->watch));
        (void)message_put_u32(&body, log->files[0].generation);
        (void)message_put_u64(&body, log->offset);
        (void)message_put_text(&body, slice_of(log->hash));
        (void)message_put_u8(&body, flags);
        send_file(channel, MESSAGE_SCAN_LOG_ADD, &body, log->files[0].file);
        send_watch(channel, log, &log->files[0]);
}

static void send_skip(struct channel *channel, const struct plan_log *log) {
        struct buffer body = BUFFER_INIT(BODY_MAX);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u64(&body, log->skip_at);
        send_body(channel, MESSAGE_SCAN_LOG_SKIP, &body);
}

void scan_send_log(struct channel *channel, const struct plan_log *log) {
        if (log->file_count == 0)
                return;
        send_add(channel, log);
        if (log->begun)
                for (size_t i = 0; i < log->jail_count; i++)
                        scan_send_attach(channel, log, log->jails[i]);
        for (size_t i = 1; i < log->file_count; i++)
                send_rotation(channel, log, &log->files[i]);
        if (log->skip_at != PLAN_NO_SKIP)
                send_skip(channel, log);
        if (log->started)
                scan_send_log_order(channel, MESSAGE_SCAN_LOG_START, log);
}

void scan_send_progress(struct channel *channel, const struct scan_plan *plan) {
        for (size_t i = 0; i < plan->jail_count; i++) {
                size_t position = 0;
                struct table_entry *entry;
                while ((entry = table_next(&plan->jails[i]->states, &position)))
                        send_state(channel, plan->jails[i]->id, entry);
        }
        for (size_t i = 0; i < plan->log_count; i++)
                scan_send_log(channel, plan->logs[i]);
}
