/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole server in a test: real jails, actions and database in a folder of its own, a scanner with a predictable filter
 * (fake_filter.c) and a front that nobody needs. Commands are run from within; ask() gives what a client would see. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/cmocka_include.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/repr.h"
#include "enforce/command.h"
#include "enforce/server.h"

#define FIXTURE_WAIT_US 120000000 /* only what fails takes it */
#define FIXTURE_TEXT 65536

struct fixture {
        struct loop *loop;
        struct clock clock;
        struct diag_target *target;
        struct server *server;
        char folder[64];
        char socket[100];
        char pid_file[100];
        char log[100];     /* a log file, empty */
        char out[100];     /* for actions to write to */
        char diag[100];    /* the server's own log */
        bool answered;
        bool failed;
        char answer[FIXTURE_TEXT];
};

static inline void fixture_path(char ret[static 100], const struct fixture *f, const char *name) {
        (void)snprintf(ret, 100, "%.50s/%s", f->folder, name);
}

static inline void fixture_append(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        (void)close(fd);
}

/* What a file holds; "" if it is not there. */
static inline const char *fixture_read(const char *path) {
        static char text[FIXTURE_TEXT];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                (void)close(fd);
        text[length > 0 ? length : 0] = '\0';
        return text;
}

static inline int fixture_set_up(void **state) {
        struct fixture *f = memory_new(sizeof(*f));
        struct fault fault = FAULT_INIT;
        *state = f;
        (void)snprintf(f->folder, sizeof(f->folder), "/tmp/server_XXXXXX");
        if (!mkdtemp(f->folder))
                return -1;
        fixture_path(f->socket, f, "sock");
        fixture_path(f->pid_file, f, "pid");
        fixture_path(f->log, f, "log");
        fixture_path(f->out, f, "out");
        fixture_path(f->diag, f, "diag");
        fixture_append(f->log, "");
        f->loop = loop_new();
        f->clock = CLOCK_INIT;
        f->target = diag_target_new(&f->clock, 0);
        (void)diag_target_set_level(f->target, SLICE("INFO"), NULL);
        (void)diag_target_set(f->target, slice_of(f->diag), NULL);
        const struct server_config config = {.socket = f->socket,
                .pid_file = f->pid_file,
                .target = f->target,
                .scanner = FAKE_SCANNER,
                .front = FAKE_FRONT,
                .resolver = "/nonexistent"};
        f->server = server_new(f->loop, &f->clock, &config, &fault);
        return f->server ? server_start(f->server, &fault) : -1;
}

static inline int fixture_tear_down(void **state) {
        static const char *const names[] = {"sock", "pid", "log", "out", "diag", "db", "db-wal", "db-shm", "log2", "diag2"};
        struct fixture *f = *state;
        f->server = server_free(f->server);
        f->target = diag_target_free(f->target);
        f->loop = loop_free(f->loop);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char path[100];
                fixture_path(path, f, names[i]);
                (void)unlink(path);
        }
        int r = rmdir(f->folder);
        free(f);
        return r;
}

static inline void fixture_on_done(void *user, const struct call *call) {
        struct fixture *f = user;
        struct arena arena = ARENA_INIT;
        struct slice text = call->failed ? call_error_repr(&call->error, &arena) : repr(&call->result, &arena);
        f->answered = true;
        f->failed = call->failed;
        (void)snprintf(f->answer, sizeof(f->answer), "%.*s", SLICE_ARG(text));
        arena_done(&arena);
}

static inline void fixture_wait(struct fixture *f) {
        int64_t end = loop_now_us() + FIXTURE_WAIT_US;
        while (!f->answered && loop_now_us() < end)
                (void)loop_step(f->loop, 20000);
        assert_true(f->answered);
}

/* Runs a command made of values; gives the repr of the answer or of the exception. */
static inline const char *fixture_run(struct fixture *f, const struct value *command, enum call_role role) {
        f->answered = false;
        struct call *call = call_new(&f->server->calls, f->server, fixture_on_done, f);
        call->role = role;
        call->command = value_copy(command, &call->arena);
        command_run(call);
        fixture_wait(f);
        return f->answer;
}

static inline const char *fixture_ask(struct fixture *f, enum call_role role, const char *first, va_list more) {
        struct arena arena = ARENA_INIT;
        struct value command = value_list();
        for (const char *word = first; word; word = va_arg(more, const char *))
                value_append(&command, value_text(word), &arena);
        const char *answer = fixture_run(f, &command, role);
        arena_done(&arena);
        return answer;
}

/* ask(f, "get", "j", "maxretry", NULL) */
__attribute__((sentinel)) static inline const char *ask(struct fixture *f, const char *first, ...) {
        va_list more;
        va_start(more, first);
        const char *answer = fixture_ask(f, CALL_ADMIN, first, more);
        va_end(more);
        return answer;
}

/* Asks with one line: words are separated by blanks, "_" stands for a blank within a word. */
static inline const char *ask_line(struct fixture *f, const char *line) {
        struct arena arena = ARENA_INIT;
        struct value command = value_list();
        struct slice piece;
        for (struct slice rest = slice_of(line); slice_next_piece(&rest, ' ', &piece);) {
                struct slice word = arena_copy(&arena, piece);
                char *bytes = arena_alloc(&arena, word.len + 1);
                for (size_t i = 0; i < word.len; i++)
                        bytes[i] = word.data[i] == '~' ? ' ' : word.data[i];
                value_append(&command, value_string((struct slice){bytes, word.len}), &arena);
        }
        const char *answer = fixture_run(f, &command, CALL_ADMIN);
        arena_done(&arena);
        return answer;
}

struct fixture_case {
        const char *line;
        const char *answer;
};

static inline void fixture_check(struct fixture *f, const struct fixture_case *cases, size_t count) {
        for (size_t i = 0; i < count; i++) {
                const char *answer = ask_line(f, cases[i].line);
                if (strcmp(answer, cases[i].answer) != 0)
                        fail_msg("%s: %s instead of %s", cases[i].line, answer, cases[i].answer);
        }
}

#define CHECK(f, cases) fixture_check(f, cases, sizeof(cases) / sizeof((cases)[0]))

/* A stream is written as lines of words, as in ask_line(); each is a command. */
static inline struct value fixture_stream(const char *text, struct arena *arena) {
        struct value stream = value_list();
        struct slice line;
        for (struct slice rest = slice_of(text); slice_next_piece(&rest, '\n', &line);) {
                struct value command = value_list();
                struct slice piece;
                for (struct slice words = line; line.len > 0 && slice_next_piece(&words, ' ', &piece);)
                        value_append(&command, value_string(piece), arena);
                if (command.list.count > 0)
                        value_append(&stream, command, arena);
        }
        return stream;
}

/* Runs it as server-stream; reload: the jail or "--all", with options separated by blanks. */
static inline const char *fixture_configure(struct fixture *f, const char *text, const char *reload, const char *options) {
        struct arena arena = ARENA_INIT;
        struct value command = value_list();
        struct value words = value_list();
        struct slice piece;
        value_append(&command, value_text(reload ? "reload" : "server-stream"), &arena);
        for (struct slice rest = slice_of(options); options && slice_next_piece(&rest, ' ', &piece);)
                value_append(&words, value_string(piece), &arena);
        if (reload) {
                value_append(&command, value_text(reload), &arena);
                value_append(&command, words, &arena);
        }
        value_append(&command, fixture_stream(text, &arena), &arena);
        const char *answer = fixture_run(f, &command, CALL_ADMIN);
        arena_done(&arena);
        return answer;
}

/* Runs the loop until the text stands in the file. */
static inline void fixture_await(struct fixture *f, const char *path, const char *text) {
        int64_t end = loop_now_us() + FIXTURE_WAIT_US;
        while (!strstr(fixture_read(path), text) && loop_now_us() < end)
                (void)loop_step(f->loop, 20000);
        if (!strstr(fixture_read(path), text))
                fail_msg("'%s' does not come in %s:\n%s", text, path, fixture_read(path));
}
