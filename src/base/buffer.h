/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growable byte buffer with a hard maximum. Bytes are appended at the end and may be consumed at the front. */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
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
static inline size_t buffer_len(const struct buffer *buffer) {
        return buffer->end - buffer->start;
}
/* View of the bytes not yet consumed; valid until the next append or consume. */
static inline struct slice buffer_view(const struct buffer *buffer) {
        if (!buffer->bytes)
                return (struct slice){"", 0};
        return (struct slice){buffer->bytes + buffer->start, buffer_len(buffer)};
}
/* Room for at least size bytes at the end, to be filled by the caller and then counted with
 * buffer_commit(). NULL if the maximum would be passed. */
char *buffer_room_anew(struct buffer *buffer, size_t size);
static inline char *buffer_room(struct buffer *buffer, size_t size) {
        bool fits = size <= buffer->max && buffer_len(buffer) <= buffer->max - size;
        if (fits && buffer->bytes && size <= buffer->capacity - buffer->end)
                return buffer->bytes + buffer->end;
        return fits ? buffer_room_anew(buffer, size) : NULL;
}
static inline void buffer_commit(struct buffer *buffer, size_t size) {
        assert(size <= buffer->capacity - buffer->end);
        buffer->end += size;
}
/* Appends, all or nothing. Returns 0, or -ENOBUFS if the maximum would be passed. */
static inline int buffer_append(struct buffer *buffer, struct slice s) {
        char *room = buffer_room(buffer, s.len);
        if (!room)
                return -ENOBUFS;
        if (s.len > 0)
                memcpy(room, s.data, s.len);
        buffer->end += s.len;
        return 0;
}
static inline int buffer_append_char(struct buffer *buffer, char c) {
        return buffer_append(buffer, (struct slice){&c, 1});
}
int buffer_printf(struct buffer *buffer, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Drops size bytes (at most buffer_len) at the front. */
void buffer_consume(struct buffer *buffer, size_t size);
/* Forgets the content; keeps the memory unless it is above 1 MiB. */
void buffer_clear(struct buffer *buffer);
