/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter that tests can predict, in place of detect/filter.c: "fail ID" is a failure of ID, "session N ID" stores
 * ID under N, "deny N" is a failure of the ID stored under N (state that must survive the process), "error" cannot be processed,
 * "crash" kills the process, "date T" has the date T. Option "set" takes any value; options answer with their first
 * argument, "(bad" is refused. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/number.h"
#include "detect/date.h"
#include "detect/filter.h"
#include "detect/filter_pass.h"
#include "detect/line.h"

#define SESSIONS_MAX 100

struct session {
        char *key;
        char *id;
        bool changed;
};

struct filter {
        const struct filter_env *env;
        struct session sessions[SESSIONS_MAX];
        size_t next;
};

struct filter *filter_new(struct slice name, enum filter_mode mode, const struct filter_env *env) {
        struct filter *filter = memory_new(sizeof(*filter));
        (void)name;
        (void)mode;
        filter->env = env;
        return filter;
}

struct filter *filter_free(struct filter *filter) {
        for (size_t i = 0; filter && i < SESSIONS_MAX; i++) {
                free(filter->sessions[i].key);
                free(filter->sessions[i].id);
        }
        free(filter);
        return NULL;
}

int filter_set(struct filter *filter, struct slice option, const struct value *arguments, struct arena *arena,
        struct value *ret_value, struct fault *fault) {
        (void)filter;
        (void)arena;
        struct slice first = value_item_text(arguments, 0);
        if (slice_is(option, "crash"))
                (void)raise(SIGSEGV);
        if (slice_is(option, "hang"))
                for (;;)
                        (void)pause();
        if (slice_is(option, "bad"))
                return fault_raise(fault, "ValueError", "bad value '%.*s'", SLICE_ARG(first));
        if (slice_is(first, "(bad"))
                return fault_raise(fault, "RegexException", "Unable to compile '%.*s'", SLICE_ARG(first));
        *ret_value = value_string(first);
        return 0;
}

static void put_session(struct filter *filter, struct slice key, struct slice id) {
        struct session *session = &filter->sessions[filter->next];
        filter->next = (filter->next + 1) % SESSIONS_MAX;
        free(session->key);
        free(session->id);
        *session = (struct session){memory_copy_text(key), memory_copy_text(id), true};
}

static struct slice get_session(const struct filter *filter, struct slice key) {
        for (size_t i = 0; i < SESSIONS_MAX; i++)
                if (filter->sessions[i].key && slice_is(key, filter->sessions[i].key))
                        return slice_of(filter->sessions[i].id);
        return SLICE_NULL;
}

static struct slice word(struct slice text, unsigned index) {
        struct slice rest = text;
        struct slice piece = SLICE_NULL;
        for (unsigned i = 0; i <= index; i++)
                if (!slice_next_piece(&rest, ' ', &piece))
                        return SLICE_NULL;
        return piece;
}

int filter_line(struct filter *filter, const struct filter_line *line, struct arena *arena, const struct filter_failure **ret,
        struct fault *fault) {
        struct slice verb = word(line->text, 0);
        struct slice id = SLICE_NULL;
        if (slice_is(verb, "crash"))
                (void)raise(SIGSEGV);
        if (slice_is(verb, "error"))
                return fault_raise(fault, "ValueError", "cannot");
        if (slice_is(verb, "say"))
                filter->env->diag(filter->env->user, DIAG_WARNING, "fail2ban.filter", line->text);
        if (slice_is(verb, "session"))
                put_session(filter, word(line->text, 1), word(line->text, 2));
        if (slice_is(verb, "fail"))
                id = word(line->text, 1);
        if (slice_is(verb, "deny"))
                id = get_session(filter, word(line->text, 1));
        if (slice_is(verb, "old") && !line->in_operation)
                id = SLICE("old");
        if (id.len == 0)
                return 0;
        struct filter_failure *failure = arena_alloc(arena, sizeof(*failure));
        *failure = (struct filter_failure){.id = arena_copy(arena, id), .time = clock_wall(filter->env->clock)};
        struct line_tuple tuple = {.after = line->text};
        struct field_line *lines = field_lines_new(&(struct line_list){&tuple, 1}, arena);
        fields_put(&failure->fields, field_lines(FIELD_MATCHES, lines, 1), arena);
        *ret = failure;
        return 1;
}

struct date_detector *filter_dates(struct filter *filter) {
        (void)filter;
        return NULL;
}

int date_detector_match(struct date_detector *detector, struct slice line, struct date_match *ret, struct fault *fault) {
        int64_t time;
        (void)detector;
        (void)fault;
        if (!slice_is(word(line, 0), "date") || number_parse_i64(word(line, 1), &time) < 0)
                return DATE_NONE;
        ret->time = (double)time;
        return DATE_FOUND;
}

static void save_next(struct filter *filter, void (*put)(void *user, struct slice key, struct slice blob), void *user) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%zu", filter->next);
        put(user, SLICE("next"), slice_of(text));
}

void filter_save(struct filter *filter, void (*put)(void *user, struct slice key, struct slice blob), void *user) {
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                if (!filter->sessions[i].changed)
                        continue;
                save_next(filter, put, user);
                filter->sessions[i].changed = false;
                struct slice key = slice_of(filter->sessions[i].key);
                struct slice id = slice_of(filter->sessions[i].id);
                struct buffer blob = BUFFER_INIT(4096);
                char slot[16];
                (void)snprintf(slot, sizeof(slot), "%zu", i);
                (void)buffer_printf(&blob, "%.*s %.*s", SLICE_ARG(key), SLICE_ARG(id));
                put(user, slice_of(slot), buffer_view(&blob));
                buffer_done(&blob);
        }
}

void filter_load(struct filter *filter, struct slice key, struct slice blob) {
        uint32_t slot;
        if (slice_is(key, "next") && number_parse_u32(blob, &slot) == 0)
                filter->next = slot % SESSIONS_MAX;
        if (number_parse_u32(key, &slot) < 0 || slot >= SESSIONS_MAX)
                return;
        size_t next = filter->next;
        filter->next = slot;
        put_session(filter, word(blob, 0), word(blob, 1));
        filter->sessions[slot].changed = false;
        filter->next = next;
}

const struct literals *filter_clauses(struct filter *filter, struct slice sample, size_t *ret_count) {
        (void)filter;
        (void)sample;
        *ret_count = 0;
        return NULL;
}

bool filter_is_hopeless(struct filter *filter, uint64_t lacks) {
        (void)filter;
        (void)lacks;
        return false;
}

bool filter_needs_no_hints(struct filter *filter) {
        (void)filter;
        return false;
}

uint64_t filter_generation(const struct filter *filter) {
        (void)filter;
        return 0;
}

void filter_pass_begin(struct filter_passes *passes, size_t count) {
        passes->count = count;
}

size_t filter_pass_over(struct filter_passes *passes, const struct filter_lines *lines, uint64_t *ret_count) {
        (void)passes;
        *ret_count = 0;
        return lines->start;
}

bool filter_pass_fits(struct filter_passes *passes, const struct filter_line *line, uint64_t *busy) {
        (void)passes;
        (void)line;
        (void)busy;
        return false;
}

void filter_pass_add(struct filter_passes *passes, const struct filter_line *line, uint64_t busy) {
        (void)passes;
        (void)line;
        (void)busy;
}

uint64_t filter_pass_settle(struct filter_passes *passes, size_t index) {
        (void)passes;
        (void)index;
        return 0;
}
