/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks double up to a bound; a request above it gets a block of its own. The newest block is the one in use. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/memory.h"

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1 << 20)
#define ALIGNMENT _Alignof(max_align_t)

static struct arena_block *block_add(struct arena *arena, size_t need) {
        size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN;
        if (size > BLOCK_MAX)
                size = BLOCK_MAX;
        if (size < need)
                size = need;
        struct arena_block *block = memory_resize(NULL, 1, sizeof(*block) + size);
        *block = (struct arena_block){.older = arena->blocks, .size = size};
        arena->blocks = block;
        return block;
}

void *arena_alloc_slow(struct arena *arena, size_t size) {
        if (size > SIZE_MAX / 2)
                abort();
        size_t need = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
        struct arena_block *block = block_add(arena, need);
        block->used = need;
        arena->used += need;
        return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size) {
        return memset(arena_alloc_raw(arena, 1, size), 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size) {
        void *p = arena_alloc_raw(arena, count, size);
        return memset(p, 0, count * size);
}

struct slice arena_copy(struct arena *arena, struct slice s) {
        char *copy = arena_alloc_raw(arena, s.len + 1, 1);
        if (s.len > 0)
                memcpy(copy, s.data, s.len);
        copy[s.len] = '\0';
        return (struct slice){copy, s.len};
}

struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count) {
        size_t size = 0;
        for (size_t i = 0; i < count; i++)
                size += parts[i].len;
        char *text = arena_alloc_raw(arena, size + 1, 1);
        char *end = text;
        for (size_t i = 0; i < count; i++) {
                if (parts[i].len > 0)
                        memcpy(end, parts[i].data, parts[i].len);
                end += parts[i].len;
        }
        *end = '\0';
        return (struct slice){text, size};
}

struct slice arena_printf(struct arena *arena, const char *format, ...) {
        va_list args;
        va_start(args, format);
        int len = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (len < 0)
                abort();
        char *text = arena_alloc(arena, (size_t)len + 1);
        va_start(args, format);
        (void)vsnprintf(text, (size_t)len + 1, format, args);
        va_end(args);
        return (struct slice){text, (size_t)len};
}

void arena_drop_older(struct arena *arena) {
        struct arena_block *block = arena->blocks->older;
        while (block) {
                struct arena_block *older = block->older;
                free(block);
                block = older;
        }
        arena->blocks->older = NULL;
}

void arena_done(struct arena *arena) {
        arena_reset(arena);
        free(arena->blocks);
        *arena = ARENA_INIT;
}
