/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A printed reply in the making: a text, or lines, or the reply itself as long as nothing was put.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/value.h"

struct client_lines {
        const struct value *command;
        const struct value *reply;
        struct arena *arena;
        bool utf8;      /* tables may have lines of their own characters */
        bool has_text;  /* text counts */
        bool has_lines; /* lines count */
        struct buffer text;
        struct value lines; /* LIST of texts */
};

/* How items are shown: texts only, whatever it is as str(), or texts with their number. */
enum client_lines_items { CLIENT_LINES_TEXTS, CLIENT_LINES_ANY, CLIENT_LINES_NUMBERED };

void client_lines_init(struct client_lines *text, const struct value *command,
        const struct value *reply, struct arena *arena);
void client_lines_done(struct client_lines *text);

/* Those that return int return 0, or -1 if a value is not of the type that is needed, or the text
 * grows beyond CLIENT_PRINT_MAX; nothing is appended then. */
int client_lines_put(struct client_lines *text, struct slice piece);
/* before, value, after; value must be a text. */
int client_lines_put_string(struct client_lines *text, const char *before,
        const struct value *value, const char *after);
/* The texts of list with separator between them. */
int client_lines_put_joined(
        struct client_lines *text, const struct value *list, struct slice separator);
/* Each item of list in a line behind "|- ", the last behind "`- ". list has one at least. */
int client_lines_put_branches(
        struct client_lines *text, const struct value *list, enum client_lines_items items);
/* The reply to "status ...", as a tree. */
int client_lines_status(struct client_lines *text);
/* Appends a line. */
void client_lines_add(struct client_lines *text, struct slice line);

/* Python's len(); returns false if the value has none. */
bool client_lines_count(const struct value *value, size_t *ret);
/* Python's separator.join(list): list must hold texts only. */
bool client_lines_join(
        const struct value *list, struct slice separator, struct arena *arena, struct slice *ret);

/* The whole text, as str() of it, or as repr() of it. */
struct slice client_lines_text(const struct client_lines *text);
struct slice client_lines_repr(const struct client_lines *text);
