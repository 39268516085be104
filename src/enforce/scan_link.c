/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Glue between the plan (scan_plan.c), the process (supervise.c), the paths (log_watch.c), what is sent (scan_send.c, scan_request.c)
 * and what comes back (scan_batch.c). Every change is made in the plan first and then sent if a process runs; a new process is sent
 * the whole plan. So there is no state in which a change is lost.
 * A log is read when all its jails want lines. Where some do and some do not for longer than SETTLE_MS (not started yet, idle), the
 * log is held, and those that do not want lines get a log of their own that stands at the same offset. */
#include "enforce/scan_link.h"

#include <errno.h>

#include "base/diag.h"
#include "base/memory.h"
#include "enforce/scan_batch.h"
#include "enforce/scan_plan.h"
#include "enforce/scan_request.h"
#include "enforce/scan_send.h"
#include "enforce/supervise.h"

#define LOGGER "fail2ban.filter"
#define SETTLE_MS 500
#define PING_MS 30000
#define END_MS 1000 /* for a scanner to end when its channel is closed */

struct scan_link {
        struct loop *loop;
        struct clock *clock;
        const struct scan_link_ops *ops;
        void *user;
        struct log_watch *watch;
        struct supervise *supervise;
        struct scan_plan plan;
        struct scan_requests requests;
        int threshold;
        struct loop_timer reply_timer;
        struct loop_timer settle_timer;
        struct loop_timer ping_timer;
        struct loop_timer stop_timer;
        struct loop_timer tell_timer;
        scan_link_done *done;
        void *done_user;
};

static struct channel *channel_of(const struct scan_link *link) {
        return supervise_channel(link->supervise);
}

static void violation(struct scan_link *link, struct fault *fault) {
        supervise_violation(link->supervise, fault_text(fault));
        fault_done(fault);
}

/* Requests. */

static void on_reply_timeout(void *user) {
        struct scan_link *link = user;
        supervise_kill(link->supervise, "no reply");
}

static void arm_reply_timer(struct scan_link *link) {
        if (link->requests.first && channel_of(link))
                loop_timer_set_in(link->loop, &link->reply_timer, (int64_t)SCAN_REPLY_TIMEOUT_MS * 1000, on_reply_timeout, link);
        else
                loop_timer_cancel(link->loop, &link->reply_timer);
}

static int add_request(struct scan_link *link, uint32_t jail, struct slice option,
        const struct value *arguments, const struct scan_asker *asker, struct fault *fault) {
        struct scan_request *request;
        int r = scan_requests_add(&link->requests, jail, option, arguments, &request, fault);
        if (r < 0)
                return r;
        request->reply = asker ? asker->reply : NULL;
        request->user = asker ? asker->user : NULL;
        scan_send_set(channel_of(link), request->number, jail, (struct slice){request->bytes, request->len});
        if (!loop_timer_is_set(&link->reply_timer))
                arm_reply_timer(link);
        return 0;
}

int scan_link_set(struct scan_link *link, uint32_t jail, struct slice option,
        const struct value *arguments, const struct scan_asker *asker, struct fault *fault) {
        const struct plan_jail *plan = scan_plan_jail(&link->plan, jail);
        if (!plan)
                return fault_set(fault, -ENOENT, "no such jail");
        if (plan->option_bytes > SCAN_OPTION_BYTES_MAX)
                return fault_set(fault, -ENOBUFS, "too many options");
        return add_request(link, jail, option, arguments, asker, fault);
}

static void on_ping_timer(void *user) {
        struct scan_link *link = user;
        const struct value none = value_list();
        if (!link->requests.first && channel_of(link))
                (void)add_request(
                        link, 0, SLICE("ping"), &none, NULL, NULL); /* fits: the queue is empty */
        loop_timer_set_in(link->loop, &link->ping_timer, (int64_t)PING_MS * 1000, on_ping_timer, link);
}

static int handle_reply(struct scan_link *link, struct slice body, struct fault *fault) {
        struct scan_reply reply;
        struct arena arena = ARENA_INIT;
        int r = scan_requests_match(&link->requests, body, &arena, &reply, fault);
        if (r == 0) {
                const struct scan_request *request = reply.request;
                struct plan_jail *jail = scan_plan_jail(&link->plan, request->jail);
                arm_reply_timer(link);
                if (jail && !request->dead && reply.fault.code == 0)
                        plan_jail_keep_option(jail, slice_of(request->option), (struct slice){request->bytes, request->len});
                scan_request_answer(reply.request, reply.fault.code < 0 ? &reply.fault : NULL, &reply.value);
                reply.request = scan_request_free(reply.request);
                fault_done(&reply.fault);
                supervise_progress(link->supervise);
        }
        arena_done(&arena);
        return r;
}

/* Reading and holding. */

static void settle_soon(struct scan_link *link);

static void start_log(struct scan_link *link, struct plan_log *log) {
        bool tell = log->file_count > 0;
        if (log->started)
                return;
        for (size_t i = 0; tell && !log->begun && i < log->jail_count; i++)
                scan_send_attach(channel_of(link), log, log->jails[i]);
        log->begun = true;
        log->started = true;
        if (tell)
                scan_send_log_order(channel_of(link), MESSAGE_SCAN_LOG_START, log);
}

static void hold_log(struct scan_link *link, struct plan_log *log) {
        if (!log->started)
                return;
        log->started = false;
        if (log->file_count == 0 || !channel_of(link))
                return;
        log->stops++;
        scan_send_log_order(channel_of(link), MESSAGE_SCAN_LOG_STOP, log);
}

static void update_log(struct scan_link *link, struct plan_log *log) {
        if (plan_log_is_wanted_by_all(log)) {
                start_log(link, log);
                return;
        }
        hold_log(link, log);
        if (plan_log_is_wanted_by_any(log))
                settle_soon(link);
}

static void detach(struct scan_link *link, struct plan_log *log, const struct plan_jail *jail) {
        if (log->begun && log->file_count > 0)
                scan_send_detach(channel_of(link), log, jail);
}

/* Moves the jails that want no lines to a log of their own. */
static void split_log(struct scan_link *link, struct plan_log *log) {
        struct plan_log *other = scan_plan_log_add(&link->plan);
        if (!other)
                return;
        if (log_watch_add(link->watch, log_path_text(log->watch), log->backend, other, &other->watch, NULL) < 0) {
                scan_plan_log_del(&link->plan, other);
                return;
        }
        plan_log_copy_place(other, log);
        for (size_t i = log->jail_count; i-- > 0;) {
                struct plan_jail *jail = log->jails[i];
                if (jail->started && !jail->idle)
                        continue;
                detach(link, log, jail);
                plan_log_move_jail(log, other, jail);
        }
        scan_send_log(channel_of(link), other);
        start_log(link, log);
}

static void on_settle_timer(void *user) {
        struct scan_link *link = user;
        bool again = false;
        size_t count = link->plan.log_count; /* not those made here */
        for (size_t i = 0; i < count; i++) {
                struct plan_log *log = link->plan.logs[i];
                if (plan_log_is_wanted_by_all(log) || !plan_log_is_wanted_by_any(log))
                        continue;
                if (plan_log_is_quiet(log))
                        split_log(link, log);
                else
                        again = true;
        }
        if (again)
                settle_soon(link);
}

static void settle_soon(struct scan_link *link) {
        if (!loop_timer_is_set(&link->settle_timer))
                loop_timer_set_in(link->loop, &link->settle_timer, (int64_t)SETTLE_MS * 1000,
                        on_settle_timer, link);
}

/* Files that come and go. */

static void push_file(struct scan_link *link, struct plan_log *log, struct log_file *file) {
        if (plan_log_push(log, file) < 0) {
                diag(DIAG_ERROR, LOGGER, "More than %d rotations of %s wait to be read, the newest waits for its turn", PLAN_FILES_MAX,
                        log_path_text(log->watch).data);
                return; /* looked at again when one has been drained */
        }
        if (log->file_count == 1)
                scan_send_log(channel_of(link), log);
        else
                scan_send_rotate(channel_of(link), log);
}

static void on_file(void *user, struct log_path *path, struct log_file *file) {
        struct scan_link *link = user;
        struct plan_log *log = log_path_user(path);
        if (log->absent_said)
                diag(DIAG_MSG, LOGGER, "Log presence detected for file %s", log_path_text(path).data);
        log->absent_said = false;
        if (log->file_count == 0 || log->files[log->file_count - 1].file != file)
                push_file(link, log, file);
        else if (log_path_polled(path))
                scan_send_log_order(channel_of(link), MESSAGE_SCAN_LOG_POKE, log);
}

static void on_poke(void *user, struct log_path *path) {
        struct scan_link *link = user;
        const struct plan_log *log = log_path_user(path);
        if (log->file_count > 0)
                scan_send_log_order(channel_of(link), MESSAGE_SCAN_LOG_POKE, log);
}

static void on_absent(void *user, struct log_path *path, const struct fault *fault) {
        struct plan_log *log = log_path_user(path);
        (void)user;
        log->absent_said = true;
        if (fault->code == -ENOENT)
                diag(DIAG_MSG, LOGGER, "Log absence detected (possibly rotation) for %s, reason: %s", log_path_text(path).data,
                        fault_text(fault));
        else
                diag(DIAG_ERROR, LOGGER, "Unable to open %s: %s", log_path_text(path).data, fault_text(fault));
}

static const struct log_watch_ops watch_ops = {.on_file = on_file, .on_poke = on_poke, .on_absent = on_absent};

static int handle_ready(struct slice body, struct fault *fault) {
        struct message_reader in = message_reader_of(body);
        uint32_t version = message_get_u32(&in);
        if (!message_read_end(&in) || version != CHANNEL_VERSION)
                return fault_set(fault, -EPROTO, "version %u instead of %d", (unsigned)version, CHANNEL_VERSION);
        return 0;
}

static int handle_batch(struct scan_link *link, struct slice body, struct fault *fault) {
        clock_hold(link->clock); /* each failure asks for the time */
        diag_begin_batch();      /* a message a failure */
        int r = scan_batch_apply(&link->plan, link->ops, link->user, body, fault);
        clock_release(link->clock);
        diag_end_batch();
        if (r == SCAN_BATCH_E_PROGRESS)
                supervise_progress(link->supervise);
        return r;
}

static int handle_truncated(struct scan_link *link, struct slice body, struct fault *fault) {
        struct plan_log *log;
        struct slice reason;
        int r = scan_batch_truncated(&link->plan, body, &log, &reason, fault);
        if (r == 0 && log && log->answered)
                diag(DIAG_MSG, LOGGER, "Log rotation detected for %s, reason: %.*s", log_path_text(log->watch).data, SLICE_ARG(reason));
        return r;
}

static int handle_drained(struct scan_link *link, struct slice body, struct fault *fault) {
        struct plan_log *log;
        int r = scan_batch_drained(&link->plan, body, &log, fault);
        if (r < 0 || !log)
                return r;
        diag(DIAG_MSG, LOGGER, "Log rotation detected for %s, reason: another file", log_path_text(log->watch).data);
        struct log_file *newest = log_path_file(log->watch);
        if (newest && newest != log->files[log->file_count - 1].file)
                push_file(link, log, newest);
        return 0;
}

static int handle_diag(struct scan_link *link, struct slice body, struct fault *fault) {
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

static void on_message(void *user, struct message *message) {
        struct scan_link *link = user;
        struct fault fault = FAULT_INIT;
        int r = -EPROTO;
        if (message->type == MESSAGE_SCAN_BATCH)
                r = handle_batch(link, message->body, &fault);
        else if (message->type == MESSAGE_SCAN_SET_REPLY)
                r = handle_reply(link, message->body, &fault);
        else if (message->type == MESSAGE_SCAN_DIAG)
                r = handle_diag(link, message->body, &fault);
        else if (message->type == MESSAGE_SCAN_TRUNCATED)
                r = handle_truncated(link, message->body, &fault);
        else if (message->type == MESSAGE_SCAN_DRAINED)
                r = handle_drained(link, message->body, &fault);
        else if (message->type == MESSAGE_SCAN_READY)
                r = handle_ready(message->body, &fault);
        if (r < 0)
                violation(link, &fault);
}

/* The process. */

static void on_start(void *user, struct channel *channel) {
        struct scan_link *link = user;
        for (size_t i = 0; i < link->plan.log_count; i++)
                plan_log_begin_process(link->plan.logs[i]);
        scan_send_hello(channel, log_watch_notify_fd(link->watch), link->threshold);
        scan_send_jails(channel, &link->plan);
        for (struct scan_request *request = link->requests.first; request; request = request->next)
                scan_send_set(channel, request->number, request->jail, (struct slice){request->bytes, request->len});
        scan_send_progress(channel, &link->plan);
        arm_reply_timer(link);
}

static void note_log_deaths(struct scan_link *link) {
        for (size_t i = 0; i < link->plan.log_count; i++) {
                struct plan_log *log = link->plan.logs[i];
                log->stops = 0;
                if (plan_log_note_death(log))
                        diag(DIAG_ERROR, LOGGER, "The line at offset %llu of %s ends the scanner each time, it is skipped",
                                (unsigned long long)log->offset, log_path_text(log->watch).data);
        }
}

static void finish_stop(struct scan_link *link) {
        scan_link_done *done = link->done;
        link->done = NULL;
        loop_timer_cancel(link->loop, &link->stop_timer);
        if (done)
                done(link->done_user);
}

static void on_end(void *user, const char *how) {
        struct scan_link *link = user;
        (void)how;
        loop_timer_cancel(link->loop, &link->reply_timer);
        if (link->done) {
                supervise_stop(link->supervise, END_MS); /* it may have died before it was told to */
                finish_stop(link);
                return;
        }
        note_log_deaths(link);
        scan_requests_note_death(&link->requests);
}

static const struct supervise_ops supervise_ops = {.on_start = on_start, .on_message = on_message, .on_end = on_end};

/* Without a process yet. */
static struct scan_link *make_link(struct loop *loop, struct clock *clock,
        const struct scan_link_ops *ops, void *user, struct fault *fault) {
        struct scan_link *link = memory_new(sizeof(*link));
        *link = (struct scan_link){.loop = loop, .clock = clock, .ops = ops, .user = user, .threshold = diag_threshold()};
        link->watch = log_watch_new(loop, &watch_ops, link, fault);
        if (!link->watch) {
                free(link);
                return NULL;
        }
        scan_plan_init(&link->plan, link->watch);
        scan_requests_init(&link->requests);
        return link;
}

static struct scan_link *supervise(struct scan_link *link, const char *program, const char *label) {
        if (!link)
                return NULL;
        const struct supervise_config config = {.program = "stockade-scanner", .path = program, .label = label, .role = CHANNEL_SCANNER,
                .ops = &supervise_ops, .user = link};
        link->supervise = supervise_new(link->loop, &config);
        return link;
}

struct scan_link *scan_link_new(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user, struct fault *fault) {
        return supervise(make_link(loop, clock, ops, user, fault), program, "scanner");
}

struct scan_link *scan_link_new_journal(struct loop *loop, struct clock *clock, const char *program, const struct scan_link_ops *ops,
        void *user, struct fault *fault) {
        return supervise(make_link(loop, clock, ops, user, fault), program, "journal scanner");
}

void scan_link_set_folders(struct scan_link *link, const char *const *folders, size_t count) {
        const char *arguments[SUPERVISE_ARGUMENTS_MAX] = {"--journal"};
        size_t used = 1;
        for (size_t i = 0; i < count && used < SUPERVISE_ARGUMENTS_MAX; i++)
                arguments[used++] = folders[i];
        supervise_set_arguments(link->supervise, arguments, used);
        supervise_renew(link->supervise);
}

struct scan_link *scan_link_free(struct scan_link *link) {
        if (!link)
                return NULL;
        loop_timer_cancel(link->loop, &link->reply_timer);
        loop_timer_cancel(link->loop, &link->settle_timer);
        loop_timer_cancel(link->loop, &link->ping_timer);
        loop_timer_cancel(link->loop, &link->stop_timer);
        loop_timer_cancel(link->loop, &link->tell_timer);
        link->supervise = supervise_free(link->supervise);
        scan_requests_done(&link->requests);
        scan_plan_done(&link->plan);
        (void)log_watch_free(link->watch);
        free(link);
        return NULL;
}

int scan_link_start(struct scan_link *link, struct fault *fault) {
        loop_timer_set_in(link->loop, &link->ping_timer, (int64_t)PING_MS * 1000, on_ping_timer, link);
        return supervise_start(link->supervise, fault);
}

static void on_stop_timeout(void *user) {
        struct scan_link *link = user;
        supervise_stop(link->supervise, supervise_pid(link->supervise) ? 0 : END_MS);
        if (supervise_pid(link->supervise) == 0)
                finish_stop(link);
}

/* The answer to the last ping: all that had been read is applied. */
static void on_last_reply(void *user, const struct fault *fault, const struct value *value) {
        struct scan_link *link = user;
        (void)fault;
        (void)value;
        supervise_stop(link->supervise, END_MS);
}

void scan_link_stop(struct scan_link *link, int timeout_ms, scan_link_done *done, void *user) {
        const struct value none = value_list();
        const struct scan_asker asker = {on_last_reply, link};
        link->done = done;
        link->done_user = user;
        loop_timer_cancel(link->loop, &link->ping_timer);
        loop_timer_cancel(link->loop, &link->settle_timer);
        for (size_t i = 0; i < link->plan.log_count; i++)
                hold_log(link, link->plan.logs[i]);
        bool asked =
                channel_of(link) && add_request(link, 0, SLICE("ping"), &none, &asker, NULL) == 0;
        loop_timer_set_in(link->loop, &link->stop_timer, asked ? (int64_t)timeout_ms * 1000 : 0, on_stop_timeout, link);
}

void scan_link_set_threshold(struct scan_link *link, int level) {
        link->threshold = level;
        scan_send_threshold(channel_of(link), level);
}

pid_t scan_link_pid(const struct scan_link *link) {
        return supervise_pid(link->supervise);
}

uint64_t scan_link_starts(const struct scan_link *link) {
        return supervise_starts(link->supervise);
}

/* The plan. */

int scan_link_jail_add(struct scan_link *link, uint32_t id, struct slice name) {
        struct plan_jail *jail;
        int r = scan_plan_jail_add(&link->plan, id, name, &jail);
        if (r == 0)
                scan_send_jail_add(channel_of(link), jail);
        return r;
}

static void leave_log(struct scan_link *link, struct plan_jail *jail, struct plan_log *log) {
        if (log->jail_count > 1) {
                detach(link, log, jail);
                plan_log_detach(log, jail);
                update_log(link, log);
                return;
        }
        if (log->file_count > 0)
                scan_send_log_order(channel_of(link), MESSAGE_SCAN_LOG_DEL, log);
        scan_plan_log_del(&link->plan, log);
}

void scan_link_jail_del(struct scan_link *link, uint32_t id) {
        struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        if (!jail)
                return;
        while (jail->log_count > 0)
                leave_log(link, jail, jail->logs[0]);
        scan_send_jail_del(channel_of(link), id);
        scan_plan_jail_del(&link->plan, jail);
        scan_requests_fail_jail(&link->requests, id);
}

static void update_jail_logs(struct scan_link *link, const struct plan_jail *jail) {
        for (size_t i = 0; i < jail->log_count; i++)
                update_log(link, jail->logs[i]);
}

void scan_link_jail_start(struct scan_link *link, uint32_t id, double seek_time) {
        struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        if (!jail || jail->started)
                return;
        jail->started = true;
        jail->seek_time = seek_time;
        update_jail_logs(link, jail);
}

void scan_link_jail_set_state(struct scan_link *link, uint32_t id, enum scan_jail_state state) {
        struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        bool idle = state == SCAN_JAIL_IDLE;
        if (!jail || jail->idle == idle)
                return;
        jail->idle = idle;
        update_jail_logs(link, jail);
}

static int add_log(struct scan_link *link, struct slice path, enum log_watch_backend backend, const struct scan_start *start,
        struct plan_log **ret, struct fault *fault) {
        struct plan_log *log = scan_plan_log_add(&link->plan);
        if (!log)
                return fault_set(fault, -ENOBUFS, "more than %d logs", SCAN_LOGS_MAX);
        int r = log_watch_add(link->watch, path, backend, log, &log->watch, fault);
        if (r < 0) {
                scan_plan_log_del(&link->plan, log);
                return r;
        }
        log->backend = backend;
        log->absent_said = r == LOG_WATCH_E_ABSENT;
        if (r == 0)
                (void)plan_log_push(log, log_path_file(log->watch)); /* the first one fits */
        plan_log_place(log, start);
        scan_send_log(channel_of(link), log);
        *ret = log;
        return r == LOG_WATCH_E_ABSENT ? SCAN_LINK_E_ABSENT : 0;
}

static void on_tell_timer(void *user) {
        struct scan_link *link = user;
        for (size_t i = 0; i < link->plan.log_count; i++) {
                struct plan_log *log = link->plan.logs[i];
                bool tell = log->tell && log->answered;
                log->tell = log->tell && !log->answered;
                if (tell)
                        scan_batch_tell_position(&link->plan, link->ops, link->user, log->id);
        }
}

int scan_link_log_add(struct scan_link *link, uint32_t id, struct slice path, enum log_watch_backend backend,
        const struct scan_start *start, struct fault *fault) {
        struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        if (!jail)
                return fault_set(fault, -ENOENT, "no such jail");
        if (plan_jail_log(jail, path))
                return SCAN_LINK_E_KNOWN;
        struct plan_log *log = scan_plan_shareable(&link->plan, path, backend, start);
        int r = log && log->file_count == 0 ? SCAN_LINK_E_ABSENT : 0;
        if (r == SCAN_LINK_E_ABSENT)
                (void)fault_raise(fault, "FileNotFoundError", "[Errno 2] No such file or directory: '%.*s'", SLICE_ARG(path));
        if (!log)
                r = add_log(link, path, backend, start, &log, fault);
        if (r < 0)
                return r;
        plan_log_attach(log, jail);
        log->tell = true;
        loop_timer_set_in(link->loop, &link->tell_timer, 0, on_tell_timer, link);
        if (jail->started)
                update_log(link, log);
        return r;
}

int scan_link_log_del(struct scan_link *link, uint32_t id, struct slice path) {
        struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        struct plan_log *log = jail ? plan_jail_log(jail, path) : NULL;
        if (!log)
                return -ENOENT;
        leave_log(link, jail, log);
        return 0;
}

int scan_link_log_at(const struct scan_link *link, uint32_t id, size_t index, struct slice *ret_path) {
        const struct plan_jail *jail = scan_plan_jail(&link->plan, id);
        if (!jail || index >= jail->log_count)
                return -ENOENT;
        *ret_path = log_path_text(jail->logs[index]->watch);
        return 0;
}
