/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of RUN_START: a program to be started. */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

#define PROGRAM_WORDS_MAX 65536u            /* arguments and variables together */
#define PROGRAM_BYTES_MAX ((size_t)4 << 20) /* all of it; the kernel takes about half */

struct program {
        uint32_t number;          /* the server's, for what is said about it later */
        uint32_t mask;            /* umask */
        uint8_t fds;              /* bit i: file descriptor i has come for it (RUN_FD) */
        const char *folder;       /* to run in; absolute */
        const char *path;         /* absolute */
        char *const *words;       /* arguments from argv[0] on, NULL at the end */
        char *const *environment; /* NULL at the end */
};

/* Appends to out, of PROGRAM_BYTES_MAX. Returns 0 or -E2BIG: it is above the caps. */
int program_put(struct buffer *out, const struct program *program);
/* ret lives in arena. Returns 0 or -EBADMSG: short, too long, above a cap, a NUL inside, or a path
 * that is not absolute. */
int program_get(struct slice body, struct arena *arena, struct program *ret);
