/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -i: commands from the terminal. */
#pragma once

#include "main/client.h"

#define CLIENT_SHELL_LINE_MAX ((size_t)1 << 20)

/* Splits a line as a POSIX shell does: blanks, quotes, backslashes. Appends the words to words (a
 * LIST) in arena. Returns 0, or -EINVAL with a fault for an open quote or a backslash at the end.
 */
int client_shell_split(
        struct slice line, struct arena *arena, struct value *words, struct fault *fault);
/* Reads and runs commands until "exit", "quit" (CLIENT_DONE) or the end of the input
 * (CLIENT_FAILED). */
enum client_outcome client_shell(struct client *client);
