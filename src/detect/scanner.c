/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One loop, two kinds of work: messages, which come first, and logs, of which one ready one is given one chunk a turn, round robin. So
 * options are carried out while gigabytes are caught up with, and no log starves another. A log is ready when the kernel says that it
 * was written to (inotify, whose fd the server handed over), when the server says so (polled ones), or when its last read was full.
 * The server is trusted to mean well but not to be free of errors: what it cannot mean ends this process. */
#include "detect/scanner.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "channel/channel.h"
#include "channel/value_code.h"
#include "detect/pipeline.h"
#include "detect/scan_books.h"
#include "detect/scan_journal.h"
#include "detect/scan_notify.h"
#include "detect/scan_rest.h"

#define LOGGER "fail2ban.filter"
#define THROTTLED_US 5000
#define SYNC_MS 1000

struct scanner {
        struct loop *loop;
        struct clock *clock;
        struct channel *channel;
        struct scan_notify notify; /* none until the hello */
        struct pipeline pipeline;
        struct input_buffer buffer;
        struct scan_books books;
        struct loop_timer report_timer;
        struct scan_rest rest;
        struct arena arena; /* of one message */
        struct buffer reply;
        bool ended;
        int exit_code;
};

static void end(struct scanner *scanner, const char *why) {
        if (!scanner->ended)
                diag(DIAG_ERROR, LOGGER, "The scanner ends: %s", why);
        scanner->ended = true;
        scanner->exit_code = 1;
}

static void send_pieces(void *user, enum message_type type, struct slice head, struct slice rest) {
        struct scanner *scanner = user;
        int r = channel_send_pieces(scanner->channel, type, head, rest);
        if (r < 0 && !scanner->ended) { /* nothing can be told any more */
                scanner->ended = true;
                scanner->exit_code = r == -EPIPE ? 0 : 1;
        }
}

static void send_message(struct scanner *scanner, enum message_type type, struct slice body) {
        send_pieces(scanner, type, body, SLICE_NULL);
}

static void sync_messages(void *user) {
        struct scanner *scanner = user;
        (void)channel_flush(scanner->channel, SYNC_MS); /* late is as bad as lost: the line is tried anyway */
}

static void send_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        struct scanner *scanner = user;
        struct buffer body = BUFFER_INIT(70000);
        (void)message_put_u8(&body, (uint8_t)level);
        (void)message_put_text(&body, slice_of(logger));
        (void)message_put_text(&body, slice_sub(text, 0, DIAG_TEXT_MAX));
        (void)channel_send(scanner->channel, MESSAGE_SCAN_DIAG, buffer_view(&body));
        buffer_done(&body);
}

static struct scan_jail *find_jail(struct scanner *scanner, uint32_t id) {
        struct scan_jail *jail = scan_books_jail(&scanner->books, id);
        if (!jail)
                end(scanner, "unknown jail");
        return jail;
}

static struct scan_log *find_log(struct scanner *scanner, uint32_t id) {
        struct scan_log *log = scan_books_log(&scanner->books, id);
        if (!log)
                end(scanner, "unknown log");
        return log;
}

static void on_jail_diag(void *user, enum diag_level level, const char *logger, struct slice text);

/* The one scanner of this process: filters know only their jail. */
static struct scanner *the_scanner;

static void on_jail_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        pipeline_diag(&the_scanner->pipeline, user, level, logger, text);
}

static void on_report_timer(void *user) {
        struct scanner *scanner = user;
        for (size_t i = 0; i < scanner->books.log_count; i++)
                pipeline_flush(&scanner->pipeline, scanner->books.logs[i], 0);
}

static void on_change(void *user, int watch) {
        struct scanner *scanner = user;
        for (size_t i = 0; i < scanner->books.log_count; i++)
                if (watch == SCAN_NOTIFY_ALL || scan_log_has_watch(scanner->books.logs[i], watch))
                        scanner->books.logs[i]->ready = true;
}

/* Messages. Each handler reads its fields; whether the body was right is checked once, by on_message. */

static void on_hello(struct scanner *scanner, struct message_reader *in, struct message *message) {
        uint32_t version = message_get_u32(in);
        uint8_t threshold = message_get_u8(in);
        if (version != CHANNEL_VERSION || scanner->notify.fd >= 0) {
                end(scanner, "the server is of another version");
                return;
        }
        diag_set_threshold(threshold);
        if (scan_notify_init(&scanner->notify, scanner->loop, steal_fd(&message->fds[0]), on_change, scanner) < 0)
                end(scanner, "the inotify fd is unusable");
}

static void on_threshold(struct scanner *scanner, struct message_reader *in, struct message *message) {
        (void)scanner;
        (void)message;
        diag_set_threshold(message_get_u8(in));
}

static void on_jail_add(struct scanner *scanner, struct message_reader *in, struct message *message) {
        uint32_t id = message_get_u32(in);
        struct slice name = message_get_text(in);
        (void)message;
        const struct filter_env env = {.clock = scanner->clock, .diag = on_jail_diag};
        struct scan_jail *jail = in->bad ? NULL : scan_jail_new(id, name, &env);
        if (jail && scan_books_add_jail(&scanner->books, jail) == 0)
                return;
        (void)scan_jail_free(jail);
        end(scanner, "a jail that cannot be added");
}

static void detach(struct scanner *scanner, struct scan_log *log, const struct scan_jail *jail) {
        if (!scan_log_is_attached(log, jail))
                return;
        pipeline_flush(&scanner->pipeline, log, 0);
        scan_log_detach(log, jail);
}

static void on_jail_del(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_jail *jail = find_jail(scanner, message_get_u32(in));
        (void)message;
        if (!jail)
                return;
        for (size_t i = 0; i < scanner->books.log_count; i++)
                detach(scanner, scanner->books.logs[i], jail);
        scan_books_drop_jail(&scanner->books, jail);
}

static void reply_set(struct scanner *scanner, uint32_t request, const struct fault *fault, const struct value *value) {
        struct buffer *body = &scanner->reply;
        const struct value none = VALUE_OF_NONE;
        buffer_clear(body);
        (void)message_put_u32(body, request);
        (void)message_put_text(body, fault ? slice_of(fault->kind ? fault->kind : "RuntimeError") : SLICE_NULL);
        (void)message_put_text(body, fault ? slice_sub(slice_of(fault_text(fault)), 0, DIAG_TEXT_MAX) : SLICE_NULL);
        if (value_put(body, fault ? &none : value) < 0) {
                struct fault large = FAULT_INIT;
                (void)fault_set(&large, -E2BIG, "the reply is too large");
                reply_set(scanner, request, &large, NULL);
                fault_done(&large);
                return;
        }
        send_message(scanner, MESSAGE_SCAN_SET_REPLY, buffer_view(body));
}

static void on_jail_set(struct scanner *scanner, struct message_reader *in, struct message *message) {
        uint32_t request = message_get_u32(in);
        uint32_t id = message_get_u32(in);
        struct scan_jail *jail = id != 0 ? find_jail(scanner, id) : NULL;
        struct slice option = message_get_text(in);
        struct value arguments = value_get(in, &scanner->arena);
        struct value value = VALUE_OF_NONE;
        struct fault fault = FAULT_INIT;
        (void)message;
        if (in->bad || arguments.type != VALUE_LIST)
                in->bad = true;
        if (in->bad || scanner->ended)
                return;
        int r = jail ? scan_jail_set(jail, option, &arguments, &scanner->arena, &value, &fault) : 0;
        if (request != 0)
                reply_set(scanner, request, r < 0 ? &fault : NULL, &value);
        fault_done(&fault);
}

static void on_state_put(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_jail *jail = find_jail(scanner, message_get_u32(in));
        struct slice key = message_get_text(in);
        struct slice blob = message_get_text(in);
        (void)message;
        if (jail && !in->bad)
                filter_load(jail->filter, key, blob);
}

static void send_truncated(struct scanner *scanner, struct scan_log *log, uint32_t generation, const char *reason) {
        struct buffer body = BUFFER_INIT(1024);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, generation);
        (void)message_put_text(&body, slice_of(reason));
        send_message(scanner, MESSAGE_SCAN_TRUNCATED, buffer_view(&body));
        buffer_done(&body);
}

/* The file is not what it was: it is read anew. */
static void restart_log(struct scanner *scanner, struct scan_log *log) {
        char reason[256];
        struct input_file *file = &log->files[0];
        pipeline_flush(&scanner->pipeline, log, 0);
        uint64_t size = input_file_size(file);
        (void)snprintf(reason, sizeof(reason), "size %llu, position %llu%s", (unsigned long long)size,
                (unsigned long long)file->position, size < file->position ? "" : ", another content");
        uint32_t generation = generation_truncated(file->generation);
        send_truncated(scanner, log, generation, reason);
        scan_log_restart(log, generation);
}

static void on_log_add(struct scanner *scanner, struct message_reader *in, struct message *message) {
        uint32_t id = message_get_u32(in);
        struct slice path = message_get_text(in);
        uint32_t generation = message_get_u32(in);
        uint64_t offset = message_get_u64(in);
        struct slice hash = message_get_text(in);
        uint8_t flags = message_get_u8(in);
        bool is_journal = flags & LOG_JOURNAL;
        if (in->bad || offset > INT64_MAX || (is_journal && (hash.len >= SCAN_LOG_CURSOR_MAX || memchr(hash.data, '\0', hash.len)))) {
                end(scanner, "a log that cannot be added");
                return;
        }
        struct scan_log *log = scan_log_new(id, path, steal_fd(&message->fds[0]), generation, offset);
        if (scan_books_add_log(&scanner->books, log) < 0) {
                (void)scan_log_free(log);
                end(scanner, "more logs than can be followed");
                return;
        }
        log->in_operation = !(flags & LOG_CATCH_UP);
        struct fault fault = FAULT_INIT;
        if (is_journal && scan_journal_attach(scanner->loop, log, hash, &fault) < 0)
                end(scanner, fault_text(&fault));
        fault_done(&fault);
        if (scanner->ended)
                return;
        struct slice now = is_journal ? SLICE_NULL : input_file_hash(&log->files[0]);
        if (!is_journal && ((hash.len > 0 && now.len > 0 && !slice_equal(hash, now)) || input_file_has_changed(&log->files[0])))
                restart_log(scanner, log);
        if (flags & LOG_CAREFUL) {
                log->careful = true;
                log->careful_until = log->done + SCANNER_CAREFUL_BYTES;
        }
        pipeline_announce(&scanner->pipeline, log, 0);
}

static void on_log_attach(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        struct scan_jail *jail = find_jail(scanner, message_get_u32(in));
        double seek = message_get_f64(in);
        (void)message;
        if (!log || !jail)
                return;
        pipeline_flush(&scanner->pipeline, log, 0);
        scan_log_attach(log, jail, seek);
}

static void on_log_detach(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        struct scan_jail *jail = find_jail(scanner, message_get_u32(in));
        (void)message;
        if (log && jail)
                detach(scanner, log, jail);
}

static void on_log_start(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        (void)message;
        if (!log)
                return;
        log->started = true;
        log->ready = true;
}

static void on_log_stop(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        (void)message;
        if (!log)
                return;
        log->started = false;
        pipeline_flush(&scanner->pipeline, log, BATCH_STOPPED);
}

static void on_log_rotate(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        uint32_t generation = message_get_u32(in);
        if (!log)
                return;
        if (log->journal) {
                end(scanner, "a rotation of the journal");
                return;
        }
        if (scan_log_push(log, steal_fd(&message->fds[0]), generation) < 0)
                end(scanner, "more rotations than can wait");
        log->ready = true;
}

static void on_log_del(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        (void)message;
        if (!log)
                return;
        pipeline_flush(&scanner->pipeline, log, 0);
        scan_books_drop_log(&scanner->books, log);
}

static void on_log_watch(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        uint32_t watch = message_get_u32(in);
        (void)message;
        if (!log)
                return;
        scan_log_add_watch(log, (int)watch);
        log->ready = true; /* what was written before the watch was there has no event */
}

static void on_log_poke(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        (void)message;
        if (log)
                log->ready = true;
}

static void on_log_skip(struct scanner *scanner, struct message_reader *in, struct message *message) {
        struct scan_log *log = find_log(scanner, message_get_u32(in));
        uint64_t offset = message_get_u64(in);
        (void)message;
        if (log)
                log->skip_at = offset;
}

typedef void message_function(struct scanner *scanner, struct message_reader *in, struct message *message);

static message_function *const functions[MESSAGE_TYPE_COUNT] = {
        [MESSAGE_SCAN_HELLO] = on_hello,
        [MESSAGE_SCAN_JAIL_ADD] = on_jail_add,
        [MESSAGE_SCAN_JAIL_DEL] = on_jail_del,
        [MESSAGE_SCAN_JAIL_SET] = on_jail_set,
        [MESSAGE_SCAN_STATE_PUT] = on_state_put,
        [MESSAGE_SCAN_LOG_ADD] = on_log_add,
        [MESSAGE_SCAN_LOG_ATTACH] = on_log_attach,
        [MESSAGE_SCAN_LOG_DETACH] = on_log_detach,
        [MESSAGE_SCAN_LOG_START] = on_log_start,
        [MESSAGE_SCAN_LOG_STOP] = on_log_stop,
        [MESSAGE_SCAN_LOG_ROTATE] = on_log_rotate,
        [MESSAGE_SCAN_LOG_DEL] = on_log_del,
        [MESSAGE_SCAN_LOG_WATCH] = on_log_watch,
        [MESSAGE_SCAN_LOG_POKE] = on_log_poke,
        [MESSAGE_SCAN_LOG_SKIP] = on_log_skip,
        [MESSAGE_SCAN_THRESHOLD] = on_threshold,
};

static void on_message(void *user, struct message *message) {
        struct scanner *scanner = user;
        struct message_reader in = message_reader_of(message->body);
        message_function *function = functions[message->type];
        if (scanner->ended)
                return;
        if (!function || (scanner->notify.fd < 0 && message->type != MESSAGE_SCAN_HELLO)) {
                end(scanner, "a message out of place");
                return;
        }
        function(scanner, &in, message);
        if (!scanner->ended && !message_read_end(&in))
                end(scanner, "a message with a wrong body");
        arena_reset(&scanner->arena);
}

static void on_close(void *user, const struct fault *fault) {
        struct scanner *scanner = user;
        scanner->ended = true;
        if (fault->code != -EPIPE)
                scanner->exit_code = 1;
}

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

/* Reading. */

static void send_drained(struct scanner *scanner, const struct scan_log *log) {
        struct buffer body = BUFFER_INIT(16);
        (void)message_put_u32(&body, log->id);
        (void)message_put_u32(&body, log->files[0].generation);
        send_message(scanner, MESSAGE_SCAN_DRAINED, buffer_view(&body));
        buffer_done(&body);
}

static void begin_operation(struct scanner *scanner, struct scan_log *log) {
        log->in_operation = true;
        if (log->journal)
                scan_journal_begin_operation(log);
        pipeline_flush(&scanner->pipeline, log, BATCH_AT_END);
}

/* What comes into an empty log within some seconds need not be new: it may be put there from elsewhere. */
static void note_content(struct scanner *scanner, struct scan_log *log) {
        if (log->in_operation || !log->began_empty)
                return;
        if (log->filled_us == 0)
                log->filled_us = loop_now_us();
        else if (loop_now_us() - log->filled_us > SCANNER_FILL_US)
                begin_operation(scanner, log);
}

/* All that was in the file has been run. */
static void reach_end(struct scanner *scanner, struct scan_log *log) {
        log->ready = log->switching;
        if (!log->in_operation && !log->began_empty && log->has_run)
                begin_operation(scanner, log);
        else if (!log->in_operation && !log->began_empty)
                pipeline_flush(&scanner->pipeline, log, BATCH_AT_END);
        log->began_empty = log->began_empty || !log->in_operation;
        if (!log->switching)
                return;
        pipeline_flush(&scanner->pipeline, log, 0);
        send_drained(scanner, log);
        scan_log_shift(log);
}

static void report_later(struct scanner *scanner, const struct scan_log *log) {
        if (scan_log_has_unreported(log) && !loop_timer_is_set(&scanner->report_timer))
                loop_timer_set_in(scanner->loop, &scanner->report_timer, SCANNER_REPORT_US, on_report_timer, scanner);
}

static void rest(void *user) {
        struct scanner *scanner = user;
        pipeline_rest(&scanner->pipeline);
        input_buffer_done(&scanner->buffer);
        memory_trim();
}

static void serve_journal(struct scanner *scanner, struct scan_log *log) {
        if (scan_journal_serve(log->journal, &scanner->pipeline) == 0 && !log->in_operation)
                begin_operation(scanner, log);
        report_later(scanner, log);
}

/* Returns whether there is more to read. */
static bool serve_chunk(struct scanner *scanner, struct scan_log *log) {
        struct input_chunk chunk;
        log->has_run = log->has_run || input_file_size(&log->files[0]) > log->files[0].position;
        if (!log->sought)
                scan_log_seek(log, &scanner->arena);
        log->switching = log->switching || scan_log_should_shift(log); /* decided before the read, so that the read sees the last line */
        int r = input_file_read(&log->files[0], &scanner->buffer, &chunk);
        if (r < 0) {
                scan_log_set_unreadable(log, -r);
                return false;
        }
        log->read_failed = false;
        if (r == INPUT_CHANGED) {
                restart_log(scanner, log);
                return false;
        }
        if (chunk.lines.len > 0)
                note_content(scanner, log);
        bool all = chunk.lines.len == 0 || pipeline_run(&scanner->pipeline, log, &chunk) == 0;
        if (all && (r == INPUT_END || r == INPUT_LAST))
                reach_end(scanner, log);
        return all && r == INPUT_LINES;
}

/* A server that hears of each chunk of a long log would do little else than to wake up. */
static void serve_log(struct scanner *scanner, struct scan_log *log) {
        if (log->journal) {
                serve_journal(scanner, log);
                return;
        }
        int64_t until_us = loop_now_us() + SCANNER_TURN_US;
        uint64_t begin = log->done;
        scanner->pipeline.holds = true;
        while (serve_chunk(scanner, log) && log->done - log->reported < SCANNER_TURN_BYTES &&
                channel_pending(scanner->channel) <= SCANNER_PENDING_MAX && loop_now_us() < until_us)
                continue;
        pipeline_release(&scanner->pipeline, log);
        report_later(scanner, log);
        scan_rest_note(&scanner->rest, log->done > begin ? log->done - begin : 0); /* it may have begun anew */
}

static void work(struct scanner *scanner, int64_t *ret_wait_us) {
        *ret_wait_us = THROTTLED_US;
        if (channel_pending(scanner->channel) > SCANNER_PENDING_MAX)
                return;
        struct scan_log *log = scan_books_turn(&scanner->books);
        if (log)
                serve_log(scanner, log);
        *ret_wait_us = scan_books_are_ready(&scanner->books) ? 0 : -1;
}

struct scanner *scanner_new(struct loop *loop, struct clock *clock, int channel_fd) {
        struct scanner *scanner = memory_new(sizeof(*scanner));
        *scanner = (struct scanner){
                .loop = loop,
                .clock = clock,
                .notify = SCAN_NOTIFY_NONE,
                .arena = ARENA_INIT,
                .reply = BUFFER_INIT((size_t)16 << 20),
        };
        pipeline_init(&scanner->pipeline, clock, send_pieces, sync_messages, scanner);
        scan_rest_init(&scanner->rest, loop, rest, scanner);
        scanner->channel = channel_new(
                loop, channel_fd, CHANNEL_SCANNER, CHANNEL_SERVER, &channel_ops, scanner);
        if (!scanner->channel)
                return scanner_free(scanner);
        the_scanner = scanner;
        diag_set_sink(send_diag, scanner);
        return scanner;
}

struct scanner *scanner_free(struct scanner *scanner) {
        if (!scanner)
                return NULL;
        diag_set_sink(NULL, NULL);
        loop_timer_cancel(scanner->loop, &scanner->report_timer);
        scan_rest_done(&scanner->rest);
        scan_notify_done(&scanner->notify);
        scan_books_done(&scanner->books);
        pipeline_done(&scanner->pipeline);
        input_buffer_done(&scanner->buffer);
        arena_done(&scanner->arena);
        buffer_done(&scanner->reply);
        (void)channel_free(scanner->channel);
        free(scanner);
        return NULL;
}

int scanner_run(struct scanner *scanner) {
        char version[4];
        struct buffer body = BUFFER_INIT(sizeof(version));
        (void)message_put_u32(&body, CHANNEL_VERSION);
        send_message(scanner, MESSAGE_SCAN_READY, buffer_view(&body));
        buffer_done(&body);
        int64_t wait_us = -1;
        while (!scanner->ended) {
                int r = loop_step(scanner->loop, wait_us);
                if (r < 0)
                        return 1;
                if (!scanner->ended)
                        work(scanner, &wait_us);
        }
        (void)channel_flush(scanner->channel, SYNC_MS); /* the reason for the end, if there is one */
        return scanner->exit_code;
}
