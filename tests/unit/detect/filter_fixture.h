/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter with a fixed clock whose messages are kept, for the tests of filter*.c. */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../cmocka_include.h"
#include "base/repr.h"
#include "detect/filter.h"

#define NOW 1786702400 /* 2026-08-14 10:13:20 UTC */

static struct {
        struct clock clock;
        struct arena arena;
        struct filter_env env;
        struct filter *filter;
        unsigned messages;
        char last[1024]; /* message */
        const struct filter_failure *failures;
        struct fault fault;
} t;

static void note_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        (void)level;
        (void)logger;
        t.messages++;
        (void)snprintf(t.last, sizeof(t.last), "%.*s", SLICE_ARG(text));
}

static void begin(enum filter_mode mode) {
        (void)setenv("TZ", "UTC", 1);
        diag_set_threshold(DIAG_INFO);
        t.env = (struct filter_env){.clock = &t.clock, .diag = note_diag};
        t.messages = 0;
        t.last[0] = '\0';
        t.fault = FAULT_INIT;
        clock_fix(&t.clock, NOW * INT64_C(1000000));
        t.filter = filter_new(SLICE("sshd"), mode, &t.env);
}

static void end(void) {
        t.filter = filter_free(t.filter);
        fault_done(&t.fault);
        arena_done(&t.arena);
}

static int set_value(const char *option, struct value value, struct value *ret) {
        struct value arguments = value_list();
        (void)value_append(&arguments, value, &t.arena);
        return filter_set(t.filter, slice_of(option), &arguments, &t.arena, ret, &t.fault);
}

static inline void set(const char *option, const char *text) {
        struct value ret;
        assert_int_equal(set_value(option, value_text(text), &ret), 0);
}

/* A new line. Returns what filter_line() does. */
static inline int run(const char *text) {
        const struct filter_line line = {.text = slice_of(text), .in_operation = true};
        return filter_line(t.filter, &line, &t.arena, &t.failures, &t.fault);
}

/* Runs a line that must lead to one failure of id. */
static inline const struct filter_failure *run_failure(const char *text, const char *id) {
        assert_int_equal(run(text), 1);
        assert_slice(t.failures[0].id, id);
        return &t.failures[0];
}

/* All of it, as Python shows it. */
static inline struct slice data_of(const struct filter_failure *failure) {
        struct value data = fields_dict(&failure->fields, &t.arena);
        return repr(&data, &t.arena);
}

static inline struct slice field(const struct filter_failure *failure, const char *key) {
        struct value data = fields_dict(&failure->fields, &t.arena);
        const struct value *v = value_dict_get(&data, key);
        return v ? repr(v, &t.arena) : SLICE("-");
}
