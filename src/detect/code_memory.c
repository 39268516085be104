/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces share chunks, as a regex' code is a few kilobytes, and would begin at the same place of a
 * page otherwise, where they are in each other's way in the processor's cache. A chunk is made
 * writable while a piece is added, and given back when the last of its pieces is freed. */
#include "detect/code_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

#define CHUNK ((size_t)64 << 10)
#define ALIGN ((size_t)64)

struct chunk {
        struct chunk *older;
        char *bytes;
        size_t size, used;
        size_t pieces;
};

static struct chunk *chunks; /* newest first */

static struct chunk *new_chunk(size_t len) {
        size_t size = (len + CHUNK - 1) / CHUNK * CHUNK;
        void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED)
                return NULL;
        struct chunk *chunk = memory_new(sizeof(*chunk));
        *chunk = (struct chunk){.older = chunks, .bytes = bytes, .size = size};
        chunks = chunk;
        return chunk;
}

static void drop_chunk(struct chunk *chunk) {
        struct chunk **link = &chunks;
        while (*link != chunk)
                link = &(*link)->older;
        *link = chunk->older;
        (void)munmap(chunk->bytes, chunk->size);
        free(chunk);
}

const void *code_memory_new(const void *code, size_t len) {
        struct chunk *chunk = chunks;
        if (len == 0 || len > CODE_MEMORY_MAX)
                return NULL;
        if (!chunk || chunk->size - chunk->used < len)
                chunk = new_chunk(len);
        if (!chunk)
                return NULL;
        if (mprotect(chunk->bytes, chunk->size, PROT_READ | PROT_WRITE) < 0)
                return NULL; /* there is a chunk, which others may run */
        memcpy(chunk->bytes + chunk->used, code, len);
        if (mprotect(chunk->bytes, chunk->size, PROT_READ | PROT_EXEC) < 0) {
                if (chunk->pieces > 0)
                        abort(); /* what ran before must run on */
                drop_chunk(chunk);
                return NULL;
        }
        const char *piece = chunk->bytes + chunk->used;
        chunk->used += (len + ALIGN - 1) / ALIGN * ALIGN;
        chunk->pieces++;
        return piece;
}

void code_memory_free(const void *code) {
        for (struct chunk *chunk = chunks; code && chunk; chunk = chunk->older) {
                if ((uintptr_t)code - (uintptr_t)chunk->bytes >= chunk->size)
                        continue;
                if (--chunk->pieces == 0)
                        drop_chunk(chunk);
                return;
        }
}
