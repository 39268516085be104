/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes live in [start, end) of one allocation; consuming moves start, and making room slides the rest down first. */
#include "base/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#include "base/memory.h"

#define KEEP_MAX ((size_t)1 << 20)

void buffer_done(struct buffer *buffer) {
        free(buffer->bytes);
        *buffer = BUFFER_INIT(buffer->max);
}

static void slide_down(struct buffer *buffer) {
        if (buffer->start == 0)
                return;
        assert(buffer->bytes);
        memmove(buffer->bytes, buffer->bytes + buffer->start, buffer_len(buffer));
        buffer->end -= buffer->start;
        buffer->start = 0;
}

/* Slow enough to be no part of every append. */
char *buffer_room_anew(struct buffer *buffer, size_t size) {
        size_t len = buffer_len(buffer);
        slide_down(buffer);
        if (buffer->capacity - buffer->end < size || !buffer->bytes) {
                size_t wanted = buffer->capacity ? buffer->capacity * 2 : 256;
                if (wanted < len + size)
                        wanted = len + size;
                buffer->bytes = memory_resize(buffer->bytes, 1, wanted);
                buffer->capacity = wanted;
        }
        return buffer->bytes + buffer->end;
}

int buffer_printf(struct buffer *buffer, const char *format, ...) {
        va_list args;
        va_start(args, format);
        int len = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (len < 0)
                return -EINVAL;
        char *room = buffer_room(buffer, (size_t)len + 1);
        if (!room)
                return -ENOBUFS;
        va_start(args, format);
        (void)vsnprintf(room, (size_t)len + 1, format, args);
        va_end(args);
        buffer_commit(buffer, (size_t)len);
        return 0;
}

void buffer_consume(struct buffer *buffer, size_t size) {
        assert(size <= buffer_len(buffer));
        buffer->start += size;
        if (buffer->start == buffer->end)
                buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer) {
        if (buffer->capacity > KEEP_MAX) {
                buffer_done(buffer);
                return;
        }
        buffer->start = 0;
        buffer->end = 0;
}
