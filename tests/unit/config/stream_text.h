/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of a stream, made by hand: each has an origin of its own, line 10, 11, ... of the file
 * "f". */
#pragma once

#include "base/arena.h"
#include "base/value.h"

struct stream_text {
        struct arena arena;
        struct value stream;
        unsigned line;
};

static inline const struct value_origin *stream_origin(struct stream_text *s, const char *file) {
        struct value_origin *origin = arena_alloc(&s->arena, sizeof(*origin));
        *origin = (struct value_origin){file, 10 + s->line++, "s", "o"};
        return origin;
}

/* A command of texts; words end with NULL. Returns it, to be appended to. */
static inline struct value *stream_add(struct stream_text *s, const char *const *words) {
        struct value command = value_list();
        command.origin = stream_origin(s, "f");
        for (; *words; words++)
                (void)value_append(&command, value_text(*words), &s->arena);
        return value_append(&s->stream, command, &s->arena);
}
#define STREAM_ADD(s, ...) stream_add((s), (const char *const[]){__VA_ARGS__, NULL})

/* multi-set JAIL action NAME with the properties, name and value in turn, NULL at the end. */
static inline void stream_action(struct stream_text *s, const char *jail, const char *name,
        const char *file, const char *const *properties) {
        struct value *command = STREAM_ADD(s, "multi-set", jail, "action", name);
        struct value pairs = value_list();
        for (; properties[0]; properties += 2) {
                struct value pair = value_list();
                pair.origin = stream_origin(s, file);
                (void)value_append(&pair, value_text(properties[0]), &s->arena);
                (void)value_append(&pair, value_text(properties[1]), &s->arena);
                (void)value_append(&pairs, pair, &s->arena);
        }
        (void)value_append(command, pairs, &s->arena);
}
#define STREAM_ACTION(s, jail, name, file, ...)                                                    \
        stream_action((s), (jail), (name), (file), (const char *const[]){__VA_ARGS__, NULL})

#define STREAM_TEXT_INIT ((struct stream_text){.stream = {.type = VALUE_LIST}})
