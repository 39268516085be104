/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action whose commands are written down instead of run, and end as a test says. */
#pragma once

#include "../cmocka_include.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "enforce/action_frame.h"
#include "enforce/resolver.h"

struct fixture {
        struct clock clock;
        struct action_env env;
        struct action_props props;
        struct action_tags *tags;
        struct action_state state;
        struct action_run *run;
        uint32_t jail_epoch, epoch;
        struct ticket *ticket;
        char *fails[4];          /* commands that hold one of these fail ... */
        unsigned fail_counts[4]; /* ... so often */
        unsigned calls;          /* of done ... */
        bool is_failed;          /* ... with a fault */
        struct buffer commands;  /* each followed by a newline */
        struct buffer diags;
        process_done *pending;
        void *pending_user;
        struct slice pending_command;
        struct arena arena;
        resolver_name *asked; /* name that is waited for */
        void *asked_user;
        unsigned questions, cancels;
};

static struct fixture *fixture_now;

/* In the place of process.c. */
struct process *process_run(struct runner *runner, const struct process_request *request,
        process_done *done, void *user) {
        struct fixture *f = fixture_now;
        (void)runner;
        assert_null(f->pending);
        f->pending = done;
        f->pending_user = user;
        f->pending_command = arena_copy(&f->arena, request->command);
        (void)buffer_append(&f->commands, request->command);
        (void)buffer_append(&f->commands, SLICE("\n"));
        return (struct process *)f;
}

void process_cancel(struct process *process) {
        struct fixture *f = (struct fixture *)process;
        f->cancels++;
        f->pending = NULL;
}

/* In the place of resolver.c. */
void resolver_ask_name(
        struct resolver *resolver, const struct address *address, resolver_name *done, void *user) {
        struct fixture *f = fixture_now;
        (void)resolver;
        (void)address;
        f->questions++;
        f->asked = done;
        f->asked_user = user;
}

void resolver_forget(struct resolver *resolver, void *user) {
        (void)resolver;
        (void)user;
        fixture_now->asked = NULL;
}

static inline void fixture_on_diag(
        void *user, enum diag_level level, const char *logger, struct slice text) {
        struct fixture *f = user;
        (void)level;
        (void)logger;
        (void)buffer_append(&f->diags, text);
        (void)buffer_append(&f->diags, SLICE("\n"));
}

static inline void fixture_on_done(void *user, const struct fault *fault) {
        struct fixture *f = user;
        f->calls++;
        f->is_failed = fault != NULL;
}

static inline void fixture_set(struct fixture *f, const char *name, struct value value) {
        assert_int_equal(action_props_set(&f->props, slice_of(name), &value, NULL), 0);
}

static inline void fixture_set_text(struct fixture *f, const char *name, const char *text) {
        fixture_set(f, name, value_text(text));
}

/* From now on, commands that hold text fail count times. */
static inline void fixture_fail(struct fixture *f, size_t row, const char *text, unsigned count) {
        free(f->fails[row]);
        f->fails[row] = memory_copy_text(slice_of(text));
        f->fail_counts[row] = count;
}

static inline int fixture_status(struct fixture *f) {
        for (size_t i = 0; i < 4; i++)
                if (f->fails[i] && f->fail_counts[i] > 0 &&
                        slice_find(f->pending_command, slice_of(f->fails[i]), 0) <
                                f->pending_command.len) {
                        f->fail_counts[i]--;
                        return 1;
                }
        return 0;
}

/* Ends the command that runs. */
static inline void fixture_answer(struct fixture *f) {
        process_done *done = f->pending;
        struct process_result result = {.status = fixture_status(f)};
        f->pending = NULL;
        done(f->pending_user, &result);
}

/* Does a job to its end. Returns whether it succeeded. */
static inline bool fixture_do(struct fixture *f, enum action_job_kind kind) {
        bool for_ticket = kind == ACTION_JOB_BAN || kind == ACTION_JOB_REBAN ||
                          kind == ACTION_JOB_PROLONG || kind == ACTION_JOB_UNBAN;
        unsigned calls = f->calls;
        int r = action_run_start(f->run, kind, for_ticket ? f->ticket : NULL);
        if (r != ACTION_RUN_WAITS) {
                assert_int_equal(f->calls, calls);
                return r == 0;
        }
        while (f->pending)
                fixture_answer(f);
        assert_int_equal(f->calls, calls + 1);
        return !f->is_failed;
}

/* What was run since the last time. */
static inline void fixture_expect(struct fixture *f, const char *commands) {
        assert_slice(buffer_view(&f->commands), commands);
        buffer_clear(&f->commands);
}

static inline void fixture_expect_said(struct fixture *f, const char *text) {
        if (slice_find(buffer_view(&f->diags), slice_of(text), 0) == buffer_len(&f->diags))
                fail_msg("not said: %s\nbut: %.*s", text, SLICE_ARG(buffer_view(&f->diags)));
}

static inline int fixture_setup(void **state) {
        struct fixture *f = fixture_now = memory_new(sizeof(*f));
        struct address address;
        f->clock = CLOCK_INIT;
        f->arena = ARENA_INIT;
        f->commands = BUFFER_INIT(1 << 20);
        f->diags = BUFFER_INIT(1 << 20);
        f->env = (struct action_env){.clock = &f->clock, .has_ipv6 = true};
        action_props_init(&f->props);
        f->tags = action_tags_new(&f->props);
        assert_int_equal(address_parse(SLICE("192.0.2.1"), &address), 0);
        f->ticket = ticket_new(SLICE("192.0.2.1"), &address, 1000.5);
        struct action_run_subject subject = {.env = &f->env,
                .jail = SLICE("J"),
                .name = "a",
                .props = &f->props,
                .tags = f->tags,
                .state = &f->state,
                .jail_epoch = &f->jail_epoch,
                .epoch = &f->epoch};
        f->run = action_run_new(&subject, fixture_on_done, f);
        diag_set_sink(fixture_on_diag, f);
        diag_set_threshold(DIAG_INFO);
        *state = f;
        return 0;
}

static inline int fixture_teardown(void **state) {
        struct fixture *f = *state;
        (void)action_run_free(f->run);
        (void)ticket_unref(f->ticket);
        action_state_done(&f->state);
        (void)action_tags_free(f->tags);
        action_props_done(&f->props);
        diag_set_sink(NULL, NULL);
        for (size_t i = 0; i < 4; i++)
                free(f->fails[i]);
        buffer_done(&f->commands);
        buffer_done(&f->diags);
        arena_done(&f->arena);
        free(f);
        return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
