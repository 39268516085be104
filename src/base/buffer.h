/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growable byte buffer with a hard maximum. Bytes are appended at the end and may be consumed at the front. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buffer {
        char *bytes;
        size_t start; /* first byte not yet consumed */
        size_t end;
        size_t capacity;
        size_t max; /* of end - start */
};

#define BUFFER_INIT(maximum) ((struct buffer){.max = (maximum)})

void buffer_done(struct buffer *buffer);
size_t buffer_len(const struct buffer *buffer);
/* View of the bytes not yet consumed; valid until the next append or consume. */
struct slice buffer_view(const struct buffer *buffer);
/* Appends, all or nothing. Returns 0, or -ENOBUFS if the maximum would be passed. */
int buffer_append(struct buffer *buffer, struct slice s);
int buffer_append_char(struct buffer *buffer, char c);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for at least size bytes at the end, to be filled by the caller and then counted with buffer_commit(). NULL if the maximum
 * would be passed. */
char *buffer_room(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);
/* Drops size bytes (at most buffer_len) at the front. */
void buffer_consume(struct buffer *buffer, size_t size);
/* Forgets the content; keeps the memory unless it is above 1 MiB. */
void buffer_clear(struct buffer *buffer);
