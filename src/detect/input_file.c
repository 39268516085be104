/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The position is always at the beginning of a line: what is not yet a whole line is not kept, but read again when it may have become
 * one. So a process that dies leaves no half line behind, and a file without line ends costs no memory. A long unfinished line is not
 * read again each time: only its end is searched for, from where the last search stopped.
 *
 * A file that was emptied and refilled in place (copytruncate) may be as long as before. Two things give it away: its first bytes
 * differ from those remembered, or the byte before the position is no line end any more. The first bytes are compared after the data
 * was read, so that data of an exchanged file is not taken for that of the old one. */
#include "detect/input_file.h"

#include <errno.h>
#include <sha1.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define PIECE 4096 /* no file system gives less of a file that goes on */
#define REREAD_MAX ((uint64_t)64 << 10) /* unfinished lines up to this length are simply read again */

void input_file_init(struct input_file *file, int fd, uint32_t generation, uint64_t position) {
        *file = (struct input_file){.fd = fd, .generation = generation, .position = position, .searched = position};
}

void input_file_done(struct input_file *file) {
        if (file->fd >= 0)
                (void)close(file->fd);
        file->fd = -1;
}

void input_file_restart(struct input_file *file, uint32_t generation) {
        input_file_init(file, file->fd, generation, 0);
}

void input_buffer_done(struct input_buffer *buffer) {
        free(buffer->bytes);
        *buffer = (struct input_buffer){0};
}

uint64_t input_file_size(const struct input_file *file) {
        struct stat info;
        return fstat(file->fd, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

static char *room(struct input_buffer *buffer, size_t size) {
        if (buffer->capacity < size) {
                free(buffer->bytes);
                buffer->bytes = memory_new(size);
                buffer->capacity = size;
        }
        return buffer->bytes;
}

/* Reads until size bytes are there or the file ends. */
static ssize_t read_at(int fd, char *bytes, size_t size, uint64_t offset) {
        size_t have = 0;
        while (have < size) {
                ssize_t got = pread(fd, bytes + have, size - have, (off_t)(offset + have));
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                have += (size_t)got;
                if (got < PIECE)
                        break;
        }
        return (ssize_t)have;
}

/* Compares the remembered first bytes; remembers more of them if there are. */
static bool head_differs(struct input_file *file) {
        unsigned char now[INPUT_HEAD];
        ssize_t got = read_at(file->fd, (char *)now, sizeof(now), 0);
        if (got < 0)
                return false; /* reading the data tells */
        size_t len = (size_t)got;
        if (len < file->head_len || memcmp(now, file->head, file->head_len) != 0)
                return true;
        memcpy(file->head, now, len);
        file->head_len = len;
        return false;
}

bool input_file_has_changed(struct input_file *file) {
        return input_file_size(file) < file->position || head_differs(file);
}

/* A line that goes on beyond what one read gave: its end is at line_end. */
static int read_long_line(struct input_file *file, struct input_buffer *buffer, uint64_t line_end, struct input_chunk *ret) {
        uint64_t len = line_end - file->position;
        ret->cut = len > INPUT_LINE_MAX;
        size_t want = ret->cut ? INPUT_LINE_MAX : (size_t)len;
        char *bytes = room(buffer, INPUT_LINE_MAX + INPUT_CHUNK);
        ssize_t got = read_at(file->fd, bytes, want, file->position);
        if (got < 0)
                return (int)got;
        if ((size_t)got < want)
                return INPUT_CHANGED;
        ret->lines = (struct slice){bytes, want};
        ret->end = line_end;
        return INPUT_LINES;
}

static int take_lines(struct input_file *file, struct input_buffer *buffer, struct slice data, bool at_end, struct input_chunk *ret) {
        const char *last = data.len ? memrchr(data.data, '\n', data.len) : NULL;
        if (!last) {
                uint64_t searched = file->searched + data.len;
                if (!at_end || searched - file->position > REREAD_MAX)
                        file->searched = searched;
                return at_end ? INPUT_END : INPUT_LINES;
        }
        if (file->searched > file->position) {
                const char *first = memchr(data.data, '\n', data.len);
                return read_long_line(file, buffer, file->searched + (uint64_t)(first - data.data) + 1, ret);
        }
        ret->lines = (struct slice){data.data, (size_t)(last - data.data) + 1};
        ret->end = file->position + ret->lines.len;
        return at_end ? INPUT_LAST : INPUT_LINES;
}

int input_file_read(struct input_file *file, struct input_buffer *buffer, struct input_chunk *ret) {
        *ret = (struct input_chunk){.start = file->position, .end = file->position};
        /* One byte more in front, which must still be the line end it was. */
        size_t extra = file->after_line && file->searched == file->position ? 1 : 0;
        char *bytes = room(buffer, INPUT_CHUNK + 1);
        ssize_t got = read_at(file->fd, bytes, INPUT_CHUNK + extra, file->searched - extra);
        if (got < 0)
                return (int)got;
        if ((size_t)got <= extra && input_file_size(file) < file->position)
                return INPUT_CHANGED;
        if (head_differs(file) || ((size_t)got >= 1 && extra && bytes[0] != '\n'))
                return INPUT_CHANGED;
        if ((size_t)got <= extra)
                return INPUT_END;
        struct slice data = {bytes + extra, (size_t)got - extra};
        return take_lines(file, buffer, data, data.len < INPUT_CHUNK, ret);
}

void input_file_take(struct input_file *file, uint64_t end) {
        if (end == file->position)
                return;
        file->position = end;
        file->searched = end;
        file->after_line = true;
}

static void find_hash(struct input_file *file) {
        SHA1_CTX context;
        char bytes[4096];
        uint64_t offset = 0;
        SHA1Init(&context);
        while (offset < INPUT_LINE_MAX) {
                ssize_t got = read_at(file->fd, bytes, sizeof(bytes), offset);
                if (got <= 0)
                        return;
                const char *end = memchr(bytes, '\n', (size_t)got);
                size_t len = end ? (size_t)(end - bytes) + 1 : (size_t)got;
                SHA1Update(&context, (const uint8_t *)bytes, len);
                offset += len;
                if (end) {
                        (void)SHA1End(&context, file->hash);
                        file->hash_known = true;
                        return;
                }
        }
        file->hash_known = true; /* too long: as if there were none */
}

struct slice input_file_hash(struct input_file *file) {
        if (!file->hash_known)
                find_hash(file);
        return slice_of(file->hash);
}
