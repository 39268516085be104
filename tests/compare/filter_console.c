/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter by hand: reads one command a line, prints what comes of it as Python literals, then a
 * line with a dot. tests/compare/filter.py holds the answers against real fail2ban's. Parts of a
 * command are parted by the character 0x1f: mode daemon|tool            a new filter set OPTION
 * ARGUMENT...      (on / off are booleans) time MICROSECONDS           the clock line old|new TEXT
 * a line entry TIME DATE TEXT        a line of a source that knows the time restart what a killed
 * scanner does: only saved state survives */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/repr.h"
#include "detect/filter.h"

#define OPTIONS_MAX 1000
#define STATES_MAX 128
#define PARTS_MAX 64

struct state {
        char *key;
        struct buffer blob;
};

static struct clock now;
static enum filter_mode mode;
static struct filter *filter;
static char *options[OPTIONS_MAX];
static size_t option_count;
static struct state states[STATES_MAX];
static size_t state_count;

static void on_diag(void *user, enum diag_level level, const char *logger, struct slice text) {
        (void)user;
        struct arena arena = ARENA_INIT;
        if (level >= DIAG_WARNING)
                (void)printf(
                        "log %d %s %.*s\n", (int)level, logger, SLICE_ARG(repr_text(text, &arena)));
        arena_done(&arena);
}

static const struct filter_env env = {.clock = &now, .diag = on_diag};

static size_t split(struct slice text, struct slice parts[static PARTS_MAX]) {
        size_t count = 0;
        while (count < PARTS_MAX && slice_next_piece(&text, '\x1f', &parts[count]))
                count++;
        return count;
}

static struct slice with_newlines(struct slice text, struct arena *arena) {
        char *copy = arena_alloc(arena, text.len + 1);
        for (size_t i = 0; i < text.len; i++)
                copy[i] = text.data[i] == '\x1e' ? '\n' : text.data[i];
        return (struct slice){copy, text.len};
}

static int apply(
        struct slice command, struct arena *arena, struct value *ret, struct fault *fault) {
        struct slice parts[PARTS_MAX];
        struct value arguments = value_list();
        size_t count = split(command, parts);
        for (size_t i = 1; i < count; i++) {
                struct value v = value_string(with_newlines(parts[i], arena));
                if (slice_is(parts[i], "on") || slice_is(parts[i], "off"))
                        v = value_bool(slice_is(parts[i], "on"));
                (void)value_append(&arguments, v, arena);
        }
        return filter_set(filter, parts[0], &arguments, arena, ret, fault);
}

static void print_fault(const struct fault *fault, struct arena *arena) {
        (void)printf("error %s %.*s\n", fault->kind ? fault->kind : "-",
                SLICE_ARG(repr_text(slice_of(fault_text(fault)), arena)));
}

static void set_option(struct slice command, struct arena *arena) {
        struct value ret = VALUE_OF_NONE;
        struct fault fault = FAULT_INIT;
        if (apply(command, arena, &ret, &fault) == 0)
                (void)printf("value %.*s\n", SLICE_ARG(repr(&ret, arena)));
        else
                print_fault(&fault, arena);
        if (option_count < OPTIONS_MAX)
                options[option_count++] = memory_copy_text(command);
        fault_done(&fault);
}

static void print_failure(const struct filter_failure *failure, struct arena *arena) {
        struct value id = failure->id.data ? value_string(failure->id) : VALUE_OF_NONE;
        struct value data = fields_dict(&failure->fields, arena);
        struct value time = isnan(failure->time) ? VALUE_OF_NONE : value_float(failure->time);
        (void)printf("failure (%u, %.*s, %.*s, %d, %.*s)\n", failure->regex,
                SLICE_ARG(repr(&id, arena)), SLICE_ARG(repr(&time, arena)), (int)failure->raw_id,
                SLICE_ARG(repr(&data, arena)));
}

static void run_line(const struct filter_line *line, struct arena *arena) {
        const struct filter_failure *failures = NULL;
        struct fault fault = FAULT_INIT;
        int count = filter_line(filter, line, arena, &failures, &fault);
        if (count < 0)
                print_fault(&fault, arena);
        for (int i = 0; i < count; i++)
                print_failure(&failures[i], arena);
        fault_done(&fault);
}

static void on_state(void *user, struct slice key, struct slice blob) {
        (void)user;
        size_t i = 0;
        while (i < state_count && !slice_is(key, states[i].key))
                i++;
        if (i == STATES_MAX)
                abort();
        if (i == state_count)
                states[state_count++] =
                        (struct state){memory_copy_text(key), BUFFER_INIT((size_t)1 << 20)};
        buffer_clear(&states[i].blob);
        (void)buffer_append(&states[i].blob, blob);
}

static void restart(struct arena *arena) {
        struct value ret;
        struct fault fault = FAULT_INIT;
        filter_save(filter, on_state, NULL);
        (void)filter_free(filter);
        filter = filter_new(SLICE("jail"), mode, &env);
        for (size_t i = 0; i < option_count; i++)
                (void)apply(slice_of(options[i]), arena, &ret, &fault);
        for (size_t i = 0; i < state_count; i++)
                if (buffer_len(&states[i].blob) > 0)
                        filter_load(filter, slice_of(states[i].key), buffer_view(&states[i].blob));
        fault_done(&fault);
}

static void forget(void) {
        while (option_count > 0)
                free(options[--option_count]);
        while (state_count > 0) {
                buffer_done(&states[--state_count].blob);
                free(states[state_count].key);
        }
        filter = filter_free(filter);
}

static void obey(struct slice command, struct arena *arena) {
        struct slice rest = command;
        struct slice verb;
        struct slice parts[PARTS_MAX] = {SLICE_NULL};
        int64_t us = 0;
        (void)slice_next_piece(&rest, '\x1f', &verb);
        if (rest.data)
                (void)split(rest, parts);
        if (slice_is(verb, "mode")) {
                forget();
                mode = slice_is(parts[0], "tool") ? FILTER_TOOL : FILTER_DAEMON;
                filter = filter_new(SLICE("jail"), mode, &env);
        } else if (slice_is(verb, "set")) {
                set_option(rest, arena);
        } else if (slice_is(verb, "time") && number_parse_i64(parts[0], &us) == 0) {
                clock_fix(&now, us);
        } else if (slice_is(verb, "line")) {
                run_line(&(struct filter_line){.text = parts[1],
                                 .in_operation = slice_is(parts[0], "new")},
                        arena);
        } else if (slice_is(verb, "entry")) {
                double time = 0;
                (void)number_parse_double(parts[0], &time);
                run_line(&(struct filter_line){.text = parts[2],
                                 .in_operation = true,
                                 .has_time = true,
                                 .time = time,
                                 .date_text = parts[1]},
                        arena);
        } else if (slice_is(verb, "restart")) {
                restart(arena);
        }
        (void)printf(".\n");
        (void)fflush(stdout);
}

int main(void) {
        char *line = NULL;
        size_t capacity = 0;
        ssize_t len;
        struct arena arena = ARENA_INIT;
        clock_fix(&now, 0);
        while ((len = getline(&line, &capacity, stdin)) > 0) {
                arena_reset(&arena);
                /* A copy of exact size, so that a sanitizer sees reads beyond it. */
                struct slice command = {line, (size_t)len - (line[len - 1] == '\n')};
                char *copy = memory_copy_text(command);
                obey((struct slice){copy, command.len}, &arena);
                free(copy);
        }
        free(line);
        forget();
        arena_done(&arena);
        return 0;
}
