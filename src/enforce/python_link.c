/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One socket pair is the standard input and output of the process; it ends when that closes, so it
 * never outlives us. What it writes is the work of the administrator's own code, run as we are: its
 * lines are bounded and checked, but not distrusted. After its end all requests fail, those who
 * watch say again what a new process has to know, and it is started: at once if the last one has
 * answered something, else after a pause that doubles. */
#include "enforce/python_link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/version.h"
#include "build_config.h"
#include "enforce/child.h"
#include "enforce/store_json.h"

#define LOGGER "fail2ban.server"
#define PROGRAM "stockade-python"
#define READ_BYTES 65536
#define BACKOFF_US INT64_C(1000000)
#define LEVEL_MAX 1000 /* of a message; Python lets actions have levels of their own */

struct request {
        uint64_t id;
        python_done *done;
        python_tag *tag;
        void *user;
        int64_t due_us;
        const char *why; /* it was refused; NULL: no process runs */
        struct request *next;
};

/* In the order of their ids, which is that of their due times. */
struct queue {
        struct request *first, *last;
        size_t count;
};

struct python_link {
        struct loop *loop;
        char *program;
        struct python_watcher *watchers;
        struct python_watcher *telling; /* whose turn it is to say things again */
        struct queue asked;             /* the process has them */
        struct queue refused; /* it has not, and they fail with the next turn of the loop */
        uint64_t next_id, next_number, starts;
        int64_t started_us;
        struct runner_link *runner; /* starts it, if there is one */
        struct child *child;
        int fd;
        struct loop_source *source;
        struct buffer in, out;
        bool has_answered; /* this process */
        unsigned failures; /* starts without an answer */
        char *why;         /* there is none */
        struct loop_timer restart, limit;
};

void python_link_set_runner(struct python_link *link, struct runner_link *runner) {
        link->runner = runner;
}

struct python_link *python_link_new(struct loop *loop, const char *program) {
        struct python_link *link = memory_new(sizeof(*link));
        *link = (struct python_link){.loop = loop,
                .program = program ? memory_copy_text(slice_of(program)) : NULL,
                .next_id = 1,
                .next_number = 1,
                .fd = -1,
                .in = BUFFER_INIT(PYTHON_LINE_MAX + READ_BYTES),
                .out = BUFFER_INIT(PYTHON_OUTPUT_MAX)};
        return link;
}

static struct request *queue_take_first(struct queue *queue) {
        struct request *request = queue->first;
        if (!request)
                return NULL;
        queue->first = request->next;
        if (!queue->first)
                queue->last = NULL;
        queue->count--;
        return request;
}

static void queue_add(struct queue *queue, struct request *request) {
        if (queue->last)
                queue->last->next = request;
        else
                queue->first = request;
        queue->last = request;
        request->next = NULL;
        queue->count++;
}

static void queue_clear(struct queue *queue) {
        for (struct request *request; (request = queue_take_first(queue));)
                free(request);
}

static void queue_forget(struct queue *queue, const void *user) {
        struct queue kept = {0};
        for (struct request *request; (request = queue_take_first(queue));) {
                if (request->user == user)
                        free(request);
                else
                        queue_add(&kept, request);
        }
        *queue = kept;
}

static void disconnect(struct python_link *link) {
        loop_remove(link->loop, link->source);
        link->source = NULL;
        close_p(&link->fd);
        buffer_clear(&link->in);
        buffer_clear(&link->out);
        link->child = child_free(link->child);
}

struct python_link *python_link_free(struct python_link *link) {
        if (!link)
                return NULL;
        disconnect(link);
        loop_timer_cancel(link->loop, &link->restart);
        loop_timer_cancel(link->loop, &link->limit);
        queue_clear(&link->asked);
        queue_clear(&link->refused);
        buffer_done(&link->in);
        buffer_done(&link->out);
        free(link->program);
        free(link->why);
        free(link);
        return NULL;
}

void python_link_watch(struct python_link *link, struct python_watcher *watcher) {
        watcher->previous = NULL;
        watcher->next = link->watchers;
        if (link->watchers)
                link->watchers->previous = watcher;
        link->watchers = watcher;
}

void python_link_unwatch(struct python_link *link, struct python_watcher *watcher) {
        if (link->telling == watcher)
                link->telling = watcher->next;
        if (watcher->next)
                watcher->next->previous = watcher->previous;
        if (watcher->previous)
                watcher->previous->next = watcher->next;
        else
                link->watchers = watcher->next;
}

uint64_t python_link_number(struct python_link *link) {
        return link->next_number++;
}

uint64_t python_link_starts(const struct python_link *link) {
        return link->starts;
}

/* Requests. */

static struct request *take(struct python_link *link, uint64_t id) {
        struct request **place = &link->asked.first, *previous = NULL;
        while (*place && (*place)->id != id) {
                previous = *place;
                place = &(*place)->next;
        }
        struct request *request = *place;
        if (!request)
                return NULL;
        *place = request->next;
        if (link->asked.last == request)
                link->asked.last = previous;
        link->asked.count--;
        return request;
}

void python_link_forget(struct python_link *link, const void *user) {
        queue_forget(&link->asked, user);
        queue_forget(&link->refused, user);
}

static void arm_limit(struct python_link *link);

static void fail(struct python_link *link, struct request *request) {
        struct fault fault = FAULT_INIT;
        const char *why = request->why ? request->why : link->why;
        (void)fault_raise(&fault, "RuntimeError", "the process of the actions in Python %s",
                why ? why : "does not run");
        request->done(request->user, NULL, &fault);
        fault_done(&fault);
        free(request);
}

/* Those that have an id below end: what the callbacks ask comes later. */
static void fail_until(struct python_link *link, struct queue *queue, uint64_t end) {
        while (queue->first && queue->first->id < end)
                fail(link, queue_take_first(queue));
        arm_limit(link);
}

static void set_why(struct python_link *link, const char *why) {
        char *copy = memory_copy_text(slice_of(why));
        free(link->why);
        link->why = copy;
}

static void on_restart(void *user);

/* One that has done something is followed at once, so that what is asked next is not lost. */
static void restart(struct python_link *link) {
        if (link->has_answered && loop_now_us() - link->started_us >= BACKOFF_US) {
                link->failures = 0;
                on_restart(link);
                return;
        }
        int64_t wait_us = BACKOFF_US << (link->failures < 6 ? link->failures : 6);
        if (wait_us > PYTHON_BACKOFF_MAX_S * BACKOFF_US)
                wait_us = PYTHON_BACKOFF_MAX_S * BACKOFF_US;
        link->failures++;
        loop_timer_set_in(link->loop, &link->restart, wait_us, on_restart, link);
}

/* The process has ended, or is ended now. */
static void end(struct python_link *link, const char *why) {
        uint64_t next_id = link->next_id;
        bool is_lost = link->child && child_is_lost(link->child);
        disconnect(link);
        diag(DIAG_ERROR, LOGGER, "The process of the actions in Python %s, it is started again",
                why);
        set_why(link, why);
        if (is_lost) /* with the runner: the next one is as good as any */
                on_restart(link);
        else
                restart(link);
        fail_until(link, &link->asked, next_id);
}

static int put_line(struct python_link *link, const struct value *message);

/* What it says. */

static const struct value *get(const struct value *message, const char *key, enum value_type type) {
        const struct value *value = value_dict_get(message, key);
        return value && value->type == type ? value : NULL;
}

static void forward_log(const struct value *message) {
        const struct value *list = get(message, "log", VALUE_LIST);
        const struct value *level = list ? value_item(list, 0) : NULL;
        char logger[PYTHON_LOGGER_MAX + 1];
        if (!level || level->type != VALUE_INT || level->integer < 0 ||
                level->integer > LEVEL_MAX || !diag_enabled((enum diag_level)level->integer))
                return;
        struct slice name = value_item_text(list, 1);
        (void)snprintf(logger, sizeof(logger), "%.*s",
                SLICE_ARG(slice_sub(
                        name, 0, name.len < PYTHON_LOGGER_MAX ? name.len : PYTHON_LOGGER_MAX)));
        diag_text((enum diag_level)level->integer, logger, value_item_text(list, 2));
}

static void answer_tag(struct python_link *link, const struct value *message, struct arena *arena) {
        const struct value *id = get(message, "ask", VALUE_INT);
        const struct value *tag = get(message, "tag", VALUE_STRING);
        struct value answer = value_dict(), value = VALUE_OF_NONE;
        if (!tag)
                return;
        for (struct request *request = link->asked.first; request; request = request->next)
                if (request->id == (uint64_t)id->integer && request->tag)
                        (void)request->tag(request->user, tag->string, arena, &value);
        value_dict_put(&answer, value_text("id"), *id, arena);
        value_dict_put(&answer, value_text("tag"), *tag, arena);
        value_dict_put(&answer, value_text("value"), value, arena);
        if (put_line(link, &answer) == 0)
                return;
        /* Too long: rather nothing than a wait for it. */
        value_dict_put(&answer, value_text("value"), VALUE_OF_NONE, arena);
        (void)put_line(link, &answer);
}

/* fault->kind must be static. */
static const char *known_kind(struct slice name) {
        static const char *const names[] = {"ArithmeticError", "AttributeError",
                "ConnectionRefusedError", "Exception", "FileNotFoundError", "ImportError",
                "IndexError", "KeyError", "LookupError", "ModuleNotFoundError", "NameError",
                "NotImplementedError", "OSError", "PermissionError", "RuntimeError", "SyntaxError",
                "TimeoutError", "TypeError", "ValueError", "ZeroDivisionError"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (slice_is(name, names[i]))
                        return names[i];
        return NULL;
}

static void give_answer(struct python_link *link, const struct value *message) {
        const struct value *id = get(message, "id", VALUE_INT);
        const struct value *error = get(message, "error", VALUE_LIST);
        struct request *request = id ? take(link, (uint64_t)id->integer) : NULL;
        struct fault fault = FAULT_INIT;
        if (!request)
                return;
        arm_limit(link);
        if (error) {
                struct slice name = value_item_text(error, 0), text = value_item_text(error, 1);
                const char *kind = known_kind(name);
                (void)fault_raise(&fault, kind ? kind : "RuntimeError", "%.*s%s%.*s",
                        kind ? 0 : (int)name.len, name.data ? name.data : "", kind ? "" : ": ",
                        SLICE_ARG(text));
        }
        request->done(request->user, error ? NULL : message, error ? &fault : NULL);
        fault_done(&fault);
        free(request);
}

static void take_line(struct python_link *link, struct slice line) {
        struct arena arena = ARENA_INIT;
        struct value message;
        if (store_json_get(line, &arena, &message) < 0) {
                arena_done(&arena);
                end(link, "has sent something else than JSON");
                return;
        }
        link->has_answered = true; /* before what comes of it, which may be the next process */
        if (value_dict_get(&message, "log"))
                forward_log(&message);
        else if (get(&message, "ask", VALUE_INT))
                answer_tag(link, &message, &arena);
        else
                give_answer(link, &message);
        arena_done(&arena);
}

static void take_lines(struct python_link *link) {
        uint64_t start = link->starts;
        while (link->fd >= 0 && link->starts == start) {
                struct slice view = buffer_view(&link->in);
                size_t len = slice_find_char(view, '\n', 0);
                if (len == view.len)
                        break;
                struct arena arena = ARENA_INIT;
                struct slice line = arena_copy(&arena, slice_sub(view, 0, len));
                buffer_consume(&link->in, len + 1);
                take_line(link, line);
                arena_done(&arena);
        }
        if (link->fd >= 0 && buffer_len(&link->in) >= PYTHON_LINE_MAX)
                end(link, "has sent too long a line");
}

/* Writing and reading. */

static void flush(struct python_link *link) {
        while (buffer_len(&link->out) > 0) {
                struct slice view = buffer_view(&link->out);
                ssize_t len = send(link->fd, view.data, view.len, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (len <= 0)
                        break; /* a broken one is seen when reading */
                buffer_consume(&link->out, (size_t)len);
        }
        loop_change(link->loop, link->source,
                EPOLLIN | (buffer_len(&link->out) > 0 ? (uint32_t)EPOLLOUT : 0));
}

static void on_socket(void *user, int fd, uint32_t events) {
        struct python_link *link = user;
        if (events & EPOLLOUT)
                flush(link);
        char *room = buffer_room(&link->in, READ_BYTES);
        ssize_t len = recv(fd, room, READ_BYTES, MSG_DONTWAIT);
        if (len < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (len <= 0) {
                end(link, link->has_answered ? "has ended"
                                             : "ended before it did anything (is python3 there?)");
                return;
        }
        buffer_commit(&link->in, (size_t)len);
        take_lines(link);
}

static char *find_program(const struct python_link *link) {
        char self[4096];
        char *path = NULL;
        if (link->program)
                return memory_copy_text(slice_of(link->program));
        ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
        while (len > 0 && self[len - 1] != '/')
                len--;
        if (len > 0 && asprintf(&path, "%.*s" PROGRAM, (int)len, self) >= 0) {
                if (access(path, X_OK) == 0)
                        return path;
                free(path);
        }
        return memory_copy_text(SLICE(STOCKADE_LIBEXECDIR "/" PROGRAM));
}

static void cannot_start(struct python_link *link, int error);

static void on_started(void *user) {
        (void)user; /* what it says tells */
}

static void on_failed(void *user, int error) {
        struct python_link *link = user;
        uint64_t next_id = link->next_id;
        cannot_start(link, error);
        fail_until(link, &link->asked, next_id);
}

static void on_ended(void *user, int status) {
        (void)user, (void)status; /* the end of its socket tells */
}

static const struct child_ops child_ops = {
        .on_started = on_started, .on_failed = on_failed, .on_ended = on_ended};

static int spawn(struct python_link *link, const char *path, int theirs) {
        static char program[] = PROGRAM, version[] = FAIL2BAN_VERSION;
        char *const words[] = {program, version, NULL};
        const struct child_request request = {
                .path = path,
                .words = words,
                .fds = {theirs, theirs, 2, -1},
                .reach = CHILD_LEADER
        };
        return child_start(link->loop, link->runner, &request, &child_ops, link, &link->child);
}

/* Returns 0 or a positive errno. */
static int start(struct python_link *link) {
        int fds[2];
        CLEANUP(free_p) char *path = find_program(link);
        link->has_answered = false;
        link->started_us = loop_now_us();
        link->starts++;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return errno;
        CLEANUP(close_p) int ours = fds[0];
        CLEANUP(close_p) int theirs = fds[1];
        int error = spawn(link, path, theirs);
        if (error != 0)
                return error;
        link->source = loop_add(link->loop, ours, EPOLLIN, on_socket, link);
        if (!link->source)
                return errno;
        link->fd = steal_fd(&ours);
        return 0;
}

static void cannot_start(struct python_link *link, int error) {
        char why[256];
        (void)snprintf(why, sizeof(why), "cannot be started: %s", strerror(error));
        diag(DIAG_ERROR, LOGGER, "The process of the actions in Python %s", why);
        disconnect(link);
        restart(link);
        set_why(link, why);
}

static void try_start(struct python_link *link) {
        int error = start(link);
        if (error != 0)
                cannot_start(link, error);
}

static void on_restart(void *user) {
        struct python_link *link = user;
        if (!link->watchers) /* nobody needs it */
                return;
        try_start(link);
        if (link->fd < 0)
                return;
        /* Any watcher may go while one is told. */
        link->telling = link->watchers;
        while (link->telling) {
                struct python_watcher *watcher = link->telling;
                link->telling = watcher->next;
                watcher->on_restart(watcher->user);
        }
}

/* Returns 0, also if the process was ended because of it; or -EMSGSIZE if the line is too long. */
static int put_line(struct python_link *link, const struct value *message) {
        struct buffer line = BUFFER_INIT(PYTHON_LINE_MAX);
        int r = store_json_put(&line, message);
        if (r == 0)
                r = buffer_append_char(&line, '\n');
        bool fits = r == 0;
        if (fits)
                r = buffer_append(&link->out, buffer_view(&line));
        buffer_done(&line);
        if (r == 0)
                flush(link);
        else if (fits)
                end(link, "does not read what is sent to it");
        return fits ? 0 : -EMSGSIZE;
}

void python_link_tell(struct python_link *link, struct value message) {
        if (link->fd >= 0)
                (void)put_line(link, &message); /* nobody waits for an answer */
}

static void on_limit(void *user) {
        struct python_link *link = user;
        if (link->refused.first)
                fail_until(link, &link->refused, link->next_id);
        else if (link->asked.first && link->asked.first->due_us <= loop_now_us())
                end(link, "takes too long over an action");
        else
                arm_limit(link);
}

static void arm_limit(struct python_link *link) {
        loop_timer_cancel(link->loop, &link->limit);
        if (link->refused.first || link->asked.first)
                loop_timer_set(link->loop, &link->limit,
                        link->refused.first ? 0 : link->asked.first->due_us, on_limit, link);
}

/* Gives the request to the process, as far as there is one that takes it. */
static void hand_over(struct python_link *link, struct request *request, const struct value *copy) {
        if (link->asked.count >= PYTHON_REQUESTS_MAX)
                request->why = "has too much to do";
        if (link->fd < 0 || request->why) {
                queue_add(&link->refused, request);
                return;
        }
        queue_add(&link->asked, request);
        if (put_line(link, copy) == 0) /* it may have failed by now, and be gone */
                return;
        request = take(link, request->id);
        request->why = "cannot take so much at once";
        queue_add(&link->refused, request);
}

void python_link_ask(struct python_link *link, struct value message, python_done *done,
        python_tag *tag, void *user) {
        struct arena arena = ARENA_INIT;
        struct request *request = memory_new(sizeof(*request));
        if (link->fd < 0 && !loop_timer_is_set(&link->restart))
                try_start(link);
        uint64_t id = link->next_id++;
        *request = (struct request){.id = id,
                .done = done,
                .tag = tag,
                .user = user,
                .due_us = loop_now_us() + PYTHON_TIMEOUT_S * INT64_C(1000000)};
        struct value copy = value_copy(&message, &arena);
        value_dict_put(&copy, value_text("id"), value_int((int64_t)id), &arena);
        hand_over(link, request, &copy);
        arena_done(&arena);
        arm_limit(link);
}
