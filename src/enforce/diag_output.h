/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where lines end up: an fd or a local datagram socket, never waiting for either. What cannot be written now is kept in order, up to
 * a cap, and what does not fit is counted. The program must ignore SIGPIPE. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

#define DIAG_OUTPUT_QUEUE_MAX ((size_t)1 << 20) /* bytes kept while the other side does not take them */

struct diag_output;

/* Appends to path (made with mode 0600 if it is not there). Returns 0 or negative errno. */
int diag_output_open_file(const char *path, struct diag_output **ret);
/* fd (1 or 2) stays the caller's. Never fails. */
struct diag_output *diag_output_of_fd(int fd);
/* A local socket of datagrams, or of a stream where the other side wants one: messages then end in a NUL. Returns 0 or negative
 * errno. */
int diag_output_open_socket(const char *path, struct diag_output **ret);
/* Tries once more to write what waits, and closes. NULL is allowed. Returns NULL. */
struct diag_output *diag_output_free(struct diag_output *output);

/* Lines for a file are put together from now on, and written when they are DIAG_OUTPUT_TOGETHER bytes or diag_output_write_out() comes;
 * other kinds take each line at once. */
#define DIAG_OUTPUT_TOGETHER ((size_t)32768)
void diag_output_gather(struct diag_output *output);
void diag_output_write_out(struct diag_output *output);
/* What lines are put together in, for who appends a whole line itself; NULL if that is not done
 * now. If it has no room, diag_output_put() has. */
struct buffer *diag_output_gathered(struct diag_output *output);
/* Writes line (a whole line, or one datagram), after what waits: one system call if nothing does.
 */
void diag_output_put(struct diag_output *output, struct slice line);
/* Tries again to write what waits. Returns whether something still does. */
bool diag_output_push(struct diag_output *output);
bool diag_output_has_dropped(const struct diag_output *output);
/* Lines dropped since the last call, once lines are taken again; 0 while they are not. */
uint64_t diag_output_take_dropped(struct diag_output *output);
/* Closes and opens the file anew. Returns 0, -ENOTSUP if it is no file, or negative errno (then the old one stays in use). */
int diag_output_reopen(struct diag_output *output);
