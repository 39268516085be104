/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands lead a session of their own (child.h). Their pipes are read as data comes, up to a cap,
 * so that a talkative command neither blocks nor fills our memory. The end of the command is the
 * end of its first process: what it left running in the background keeps the pipe's write end and
 * gets SIGPIPE, as with upstream. Time limit: SIGTERM to the group, 0.2 s later SIGKILL to it
 * whatever happened in between; the dead leader is let go only after that, so that the group's
 * number cannot be somebody else's by then. A start that fails for want of processes, memory or fds
 * is tried again within the time limit: what a ban needs must not be lost to a machine that is
 * short for a moment. */
#include "enforce/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/child.h"
#include "enforce/plain_command.h"
#include "enforce/process_report.h"

#define SHELL "/bin/sh"
#define GRACE_US 200000    /* between SIGTERM and SIGKILL, and from there until it is given up */
#define RETRY_MIN_US 20000 /* from a start that failed to the next try; doubled each time */
#define RETRY_MAX_US 1000000
#define NEVER_US INT64_C(900000000000000000)
#define DRAIN_MAX 64 /* reads of a pipe in one go */
#define READ_BYTES 16384

struct stream {
        int fd;
        struct loop_source *source;
        struct buffer kept;
};

enum process_state {
        PROCESS_WAITING,
        PROCESS_FAILED,   /* could not be started; told from the loop */
        PROCESS_STARTING, /* the runner has been asked */
        PROCESS_RUNNING,
        PROCESS_TERMINATED, /* SIGTERM was sent */
        PROCESS_KILLED,
        PROCESS_LOST, /* killed, but it does not end: already told */
};

struct process {
        struct runner *runner;
        struct process *next, *previous; /* in one of the runner's lists */
        enum process_state state;
        char *command;
        char *values[PROCESS_VALUES_MAX + 1]; /* $0, $1, ... */
        size_t value_count;
        double timeout_s;
        char *logger;
        int quiet_status;
        process_done *done;
        void *user;
        struct process_report report;
        struct arena arena;           /* of the report */
        int error;                    /* of the start, positive errno */
        int64_t give_up_us, retry_us; /* when a start is not tried any more; wait until the next */
        struct child *child;
        bool is_plain;            /* this start does without a shell */
        bool needs_shell;         /* that has failed */
        struct stream streams[2]; /* stdout, stderr */
        struct loop_timer timer;
        bool has_ended; /* dead, not yet let go */
        int status;     /* then */
};

struct process_list {
        struct process *first, *last;
};

struct runner {
        struct loop *loop;
        const struct clock *clock;
        struct runner_link *link; /* NULL: our own fork */
        struct process_list waiting, running;
        size_t running_count;
        uint64_t next_id;
        uint64_t dropped_bytes;
};

static void list_add(struct process_list *list, struct process *process) {
        process->previous = list->last;
        process->next = NULL;
        if (list->last)
                list->last->next = process;
        else
                list->first = process;
        list->last = process;
}

static void list_remove(struct process_list *list, struct process *process) {
        if (process->previous)
                process->previous->next = process->next;
        else
                list->first = process->next;
        if (process->next)
                process->next->previous = process->previous;
        else
                list->last = process->previous;
}

struct runner *runner_new(struct loop *loop, const struct clock *clock) {
        struct runner *runner = memory_new(sizeof(*runner));
        *runner = (struct runner){.loop = loop, .clock = clock, .next_id = 1};
        return runner;
}

void runner_set_link(struct runner *runner, struct runner_link *link) {
        runner->link = link;
}

uint64_t runner_dropped_bytes(const struct runner *runner) {
        return runner->dropped_bytes;
}

static void stream_close(struct process *process, struct stream *stream) {
        loop_remove(process->runner->loop, stream->source);
        stream->source = NULL;
        close_p(&stream->fd);
}

/* What needs the runner and the loop; the texts stay for the callback. */
static void release(struct process *process) {
        struct runner *runner = process->runner;
        loop_timer_cancel(runner->loop, &process->timer);
        bool is_lost = process->state == PROCESS_LOST && !process->has_ended;
        process->child = is_lost ? child_forget(process->child) : child_free(process->child);
        for (size_t i = 0; i < 2; i++)
                stream_close(process, &process->streams[i]);
}

static void destroy(struct process *process) {
        for (size_t i = 0; i < 2; i++)
                buffer_done(&process->streams[i].kept);
        for (size_t i = 0; i < process->value_count; i++)
                free(process->values[i]);
        arena_done(&process->arena);
        free(process->command);
        free(process->logger);
        free(process);
}

static void start_waiting(struct runner *runner);

static void leave(struct process *process) {
        struct runner *runner = process->runner;
        bool is_waiting = process->state == PROCESS_WAITING;
        list_remove(is_waiting ? &runner->waiting : &runner->running, process);
        if (!is_waiting)
                runner->running_count--;
}

static struct slice stream_view(const struct process *process, size_t i) {
        return buffer_view(&process->streams[i].kept);
}

static bool is_success(const struct process *process, int status) {
        return status == 0 || (process->quiet_status != 0 && status == process->quiet_status);
}

/* Tells the owner. The callback may free the runner, so it is not touched after it. */
static void tell(struct process *process, int status) {
        bool timed_out = process->state == PROCESS_TERMINATED || process->state == PROCESS_KILLED ||
                         process->state == PROCESS_LOST;
        struct process_result result = {
                .status = status,
                .timed_out = timed_out,
                .output = stream_view(process, 0),
                .errors = stream_view(process, 1),
        };
        process_done *done = process->done;
        process->done = NULL;
        if (done)
                done(process->user, &result);
}

static void finish(struct process *process, int status) {
        struct runner *runner = process->runner;
        if (process->state != PROCESS_FAILED)
                process_report_end(&process->report, status, is_success(process, status),
                        stream_view(process, 0), stream_view(process, 1));
        release(process);
        leave(process);
        start_waiting(runner);
        tell(process, status);
        destroy(process);
}

static void keep_output(
        struct process *process, struct stream *stream, const char *bytes, size_t len) {
        size_t room = PROCESS_OUTPUT_MAX - buffer_len(&stream->kept);
        size_t kept = len < room ? len : room;
        process->runner->dropped_bytes += len - kept;
        (void)buffer_append(&stream->kept, (struct slice){bytes, kept}); /* fits: see room */
}

/* Reads what is there. Returns whether the pipe is still open. */
static bool drain(struct process *process, struct stream *stream) {
        char bytes[READ_BYTES];
        for (unsigned i = 0; i < DRAIN_MAX; i++) {
                ssize_t len = read(stream->fd, bytes, sizeof(bytes));
                if (len < 0)
                        return errno == EAGAIN || errno == EINTR;
                if (len == 0)
                        return false;
                keep_output(process, stream, bytes, (size_t)len);
                if ((size_t)len < sizeof(bytes))
                        return true;
        }
        return true;
}

static void on_output(void *user, int fd, uint32_t events) {
        struct process *process = user;
        struct stream *stream = &process->streams[process->streams[0].fd == fd ? 0 : 1];
        (void)events;
        if (!drain(process, stream))
                stream_close(process, stream);
}

static void reap(struct process *process) {
        if (process->state == PROCESS_LOST) {
                release(process);
                leave(process);
                destroy(process);
                return;
        }
        for (size_t i = 0; i < 2; i++)
                if (process->streams[i].fd >= 0)
                        (void)drain(process, &process->streams[i]);
        finish(process, process->status);
}

static void on_ended(void *user, int status) {
        struct process *process = user;
        process->has_ended = true;
        process->status = status;
        if (process->state != PROCESS_TERMINATED)
                reap(process);
}

/* Killed, and still there: a process in the kernel's hands. Its owner is told; the struct waits for
 * the end. */
static void on_lost(void *user) {
        struct process *process = user;
        process_report_lost(&process->report, child_pid(process->child));
        process->state = PROCESS_LOST;
        tell(process, -SIGKILL);
}

static void on_grace_end(void *user) {
        struct process *process = user;
        child_kill(process->child, SIGKILL);
        process->state = PROCESS_KILLED;
        if (process->has_ended)
                reap(process);
        else
                loop_timer_set_in(
                        process->runner->loop, &process->timer, GRACE_US, on_lost, process);
}

static void on_timeout(void *user) {
        struct process *process = user;
        process_report_timeout(&process->report, process->timeout_s);
        child_kill(process->child, SIGTERM);
        process->state = PROCESS_TERMINATED;
        loop_timer_set_in(process->runner->loop, &process->timer, GRACE_US, on_grace_end, process);
}

static void on_failed(void *user) {
        struct process *process = user;
        process_report_not_run(&process->report, process->error);
        finish(process, PROCESS_NOT_RUN);
}

static void on_started(void *user);
static void on_not_started(void *user, int error);

static const struct child_ops child_ops = {
        .on_started = on_started, .on_failed = on_not_started, .on_ended = on_ended};

static int spawn(
        struct process *process, const char *path, char *const *words, int out_fd, int error_fd) {
        struct runner *runner = process->runner;
        const struct child_request request = {
                .path = path,
                .words = words,
                .fds = {-1, out_fd, error_fd, -1},
                .reach = CHILD_GROUP
        };
        return child_start(
                runner->loop, runner->link, &request, &child_ops, process, &process->child);
}

static int spawn_plain(struct process *process, int out_fd, int error_fd) {
        struct plain_command plain;
        char path[PATH_MAX];
        struct arena arena = ARENA_INIT;
        int error = ENOENT;
        if (process->value_count == 0 && !process->needs_shell &&
                plain_command_parse(slice_of(process->command), &arena, &plain) &&
                plain_command_find(plain.words[0], path))
                error = spawn(process, path, plain.words, out_fd, error_fd);
        arena_done(&arena);
        process->is_plain = error == 0;
        return error;
}

static int spawn_shell(struct process *process, int out_fd, int error_fd) {
        static char shell[] = SHELL, option[] = "-c";
        char *words[PROCESS_VALUES_MAX + 4] = {shell, option, process->command};
        for (size_t i = 0; i < process->value_count; i++)
                words[3 + i] = process->values[i];
        return spawn(process, SHELL, words, out_fd, error_fd);
}

/* Returns 0 or a positive errno. */
static int launch(struct process *process) {
        struct loop *loop = process->runner->loop;
        int out[2], errors[2];
        if (process->error != 0)
                return process->error;
        if (pipe2(out, O_CLOEXEC) < 0)
                return errno;
        process->streams[0].fd = out[0];
        CLEANUP(close_p) int out_fd = out[1];
        if (pipe2(errors, O_CLOEXEC) < 0)
                return errno;
        process->streams[1].fd = errors[0];
        CLEANUP(close_p) int error_fd = errors[1];
        int error = spawn_plain(process, out_fd, error_fd);
        if (error != 0)
                error = spawn_shell(process, out_fd, error_fd);
        for (size_t i = 0; i < 2 && error == 0; i++) {
                struct stream *stream = &process->streams[i];
                (void)fcntl(stream->fd, F_SETFL, O_NONBLOCK);
                stream->source = loop_add(loop, stream->fd, EPOLLIN, on_output, process);
                if (!stream->source)
                        error = errno;
        }
        if (error != 0)
                process->child = child_free(process->child);
        return error;
}

static bool is_passing(int error) {
        return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

static int64_t limit_us(const struct process *process) {
        double us = process->timeout_s * 1e6;
        return us >= NEVER_US ? NEVER_US : us > 0 ? (int64_t)us : 0;
}

static void on_retry(void *user);

/* The start has failed: it is tried again, or told from the loop. */
static void not_started(struct process *process) {
        struct runner *runner = process->runner;
        bool is_last = !is_passing(process->error) || loop_now_us() >= process->give_up_us;
        for (size_t i = 0; i < 2; i++)
                stream_close(process, &process->streams[i]);
        process->state = PROCESS_FAILED;
        loop_timer_set_in(runner->loop, &process->timer, is_last ? 0 : process->retry_us,
                is_last ? on_failed : on_retry, process);
        if (process->retry_us < RETRY_MAX_US)
                process->retry_us *= 2;
}

static void set_limit(struct process *process, loop_timer_handler *handler) {
        loop_timer_cancel(process->runner->loop, &process->timer);
        if (limit_us(process) < NEVER_US)
                loop_timer_set_in(process->runner->loop, &process->timer, limit_us(process),
                        handler, process);
}

static void on_started(void *user) {
        struct process *process = user;
        process->state = PROCESS_RUNNING;
        set_limit(process, on_timeout);
}

/* The runner was not there in time. */
static void on_start_timeout(void *user) {
        struct process *process = user;
        process->error = ETIMEDOUT;
        process->state = PROCESS_FAILED;
        on_failed(process);
}

static void try_start(struct process *process) {
        process->error = launch(process);
        if (process->error != 0) {
                not_started(process);
        } else if (child_pid(process->child) > 0) {
                on_started(process);
        } else {
                process->state = PROCESS_STARTING;
                set_limit(process, on_start_timeout);
        }
}

/* What is no program to the kernel may be one to the shell. */
static void on_not_started(void *user, int error) {
        struct process *process = user;
        bool was_plain = process->is_plain;
        process->child = child_free(process->child);
        process->error = was_plain ? 0 : error;
        process->needs_shell = true;
        if (!was_plain) {
                not_started(process);
                return;
        }
        for (size_t i = 0; i < 2; i++)
                stream_close(process, &process->streams[i]);
        try_start(process);
}

static void on_retry(void *user) {
        struct process *process = user;
        process->error = 0;
        process->needs_shell = false;
        try_start(process);
}

static void start(struct process *process) {
        struct runner *runner = process->runner;
        runner->running_count++;
        list_add(&runner->running, process);
        process->give_up_us = loop_now_us() + limit_us(process);
        process->retry_us = RETRY_MIN_US;
        try_start(process);
}

static void start_waiting(struct runner *runner) {
        while (runner->waiting.first && runner->running_count < PROCESS_RUNNING_MAX) {
                struct process *process = runner->waiting.first;
                list_remove(&runner->waiting, process);
                start(process);
        }
}

static bool has_nul(struct slice text) {
        return slice_find_char(text, '\0', 0) < text.len;
}

static void take_values(struct process *process, const struct value *values) {
        for (size_t i = 0; values && i < values->list.count; i++) {
                struct slice text = value_item_text(values, i);
                if (process->value_count == PROCESS_VALUES_MAX)
                        process->error = E2BIG;
                else
                        process->values[process->value_count++] = memory_copy_text(text);
                if (has_nul(text))
                        process->error = EINVAL;
        }
}

static void describe(struct process *process, const struct process_request *request) {
        struct process_report *report = &process->report;
        *report = (struct process_report){
                .id = process->runner->next_id++, .logger = process->logger};
        report->text = slice_of(process->command);
        if (process->value_count == 0)
                return;
        struct value list = value_list();
        value_append(&list, value_string(request->command), &process->arena);
        for (size_t i = 0; i < process->value_count; i++)
                value_append(&list, value_text(process->values[i]), &process->arena);
        report->text = repr(&list, &process->arena);
        report->has_values = true;
}

struct process *process_run(struct runner *runner, const struct process_request *request,
        process_done *done, void *user) {
        struct process *process = memory_new(sizeof(*process));
        *process = (struct process){
                .runner = runner,
                .command = memory_copy_text(request->command),
                .timeout_s = request->timeout_s,
                .logger = memory_copy_text(slice_of(request->logger)),
                .quiet_status = request->quiet_status,
                .done = done,
                .user = user,
                .arena = ARENA_INIT,
                .streams = {{.fd = -1, .kept = BUFFER_INIT(PROCESS_OUTPUT_MAX)},
                            {.fd = -1, .kept = BUFFER_INIT(PROCESS_OUTPUT_MAX)}},
        };
        if (has_nul(request->command))
                process->error = EINVAL;
        take_values(process, request->values);
        describe(process, request);
        if (runner->running_count < PROCESS_RUNNING_MAX)
                start(process);
        else
                list_add(&runner->waiting, process);
        return process;
}

static void drop(struct process *process) {
        release(process);
        leave(process);
        destroy(process);
}

void process_cancel(struct process *process) {
        struct runner *runner = process->runner;
        drop(process);
        start_waiting(runner);
}

static void drop_all(struct process_list *list) {
        for (struct process *process = list->first, *next; process; process = next) {
                next = process->next;
                drop(process);
        }
}

struct runner *runner_free(struct runner *runner) {
        if (!runner)
                return NULL;
        drop_all(&runner->waiting);
        drop_all(&runner->running);
        free(runner);
        return NULL;
}
