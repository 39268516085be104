/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognises a shell command that is one plain command: nothing a shell would expand, redirect,
 * split otherwise or run itself. Such a command gives the same words in every POSIX shell, and may
 * be executed without one. */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

#define PLAIN_COMMAND_WORDS_MAX 64
#define PLAIN_COMMAND_LEN_MAX 4096 /* bytes; longer ones are left to the shell */

struct plain_command {
        size_t count;
        char *words[PLAIN_COMMAND_WORDS_MAX + 1]; /* NULL-terminated, in arena */
};

/* Returns false at any doubt: then the text belongs to the shell. */
bool plain_command_parse(struct slice text, struct arena *arena, struct plain_command *ret);
/* Where a shell would find program name: itself if it has a slash, else the first regular
 * executable file in PATH. Returns false if there is none. */
bool plain_command_find(const char *name, char ret_path[static PATH_MAX]);
