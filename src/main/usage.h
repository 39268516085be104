/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs print about themselves, from the tables of options and commands. */
#pragma once

#include "base/buffer.h"
#include "main/arguments.h"

#define USAGE_MAX ((size_t)256 << 10) /* bytes of the whole text */

/* The server has no commands of its own to show. */
enum usage_program { USAGE_CLIENT, USAGE_SERVER };

/* Appends the help; name is the program's, without folders. Returns 0 or -ENOBUFS. */
int usage_put(struct buffer *out, enum usage_program program, struct slice name);
/* Appends the two lines and the blank line that say whose program this is. */
int usage_put_banner(struct buffer *out);
/* Appends what a result of arguments_read() other than ARGUMENTS_OK asks for. Returns the exit
 * status: 0, or 255 for ARGUMENTS_E_USAGE. */
int usage_answer(struct buffer *out, enum usage_program program, struct slice name,
        enum arguments_result result, const struct arguments *arguments);
