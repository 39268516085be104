/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bump allocator: one arena is one lifetime (a configuration, a command, a line). All of it is freed at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct arena_block {
        struct arena_block *older;
        size_t size;
        size_t used;
        _Alignas(max_align_t) char bytes[];
};

struct arena {
        struct arena_block *blocks; /* newest first */
        size_t used;                /* bytes handed out, for caps and tests */
};

#define ARENA_INIT ((struct arena){NULL, 0})

/* For arena_alloc_raw() where the newest block has no room; SIZE_MAX is more than there is. */
void *arena_alloc_slow(struct arena *arena, size_t size);
/* Memory for count items of size bytes, aligned for any type, valid until the arena is reset or done. Never NULL (see memory.h).
 * Inline: a line asks for memory a dozen times. */
static inline void *arena_alloc_raw(struct arena *arena, size_t count, size_t size) {
        struct arena_block *block = arena->blocks;
        size_t total;
        if (__builtin_mul_overflow(count, size, &total))
                return arena_alloc_slow(arena, SIZE_MAX);
        size_t need = (total + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        if (!block || need < total || block->size - block->used < need)
                return arena_alloc_slow(arena, total);
        void *p = block->bytes + block->used;
        block->used += need;
        arena->used += need;
        return p;
}
/* The same, zeroed. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
/* Copies of bytes; the copy is followed by a NUL that its length does not count. */
struct slice arena_copy(struct arena *arena, struct slice s);
/* One text of several, which may hold NULs (arena_printf() would stop at them). */
struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count);
#define ARENA_JOIN(arena, ...)                                                                     \
        arena_join((arena), (const struct slice[]){__VA_ARGS__},                                   \
                sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
struct slice arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether p points into memory that arena has handed out. NULL: no. */
static inline bool arena_holds(const struct arena *arena, const void *p) {
        for (const struct arena_block *block = arena->blocks; block; block = block->older)
                if ((uintptr_t)p - (uintptr_t)block->bytes < block->used)
                        return true;
        return false;
}
/* For arena_reset() where there are several blocks. */
void arena_drop_older(struct arena *arena);
/* Forgets everything but keeps one block for reuse: no allocation in a steady state. Inline: it ends each line. */
static inline void arena_reset(struct arena *arena) {
        if (!arena->blocks)
                return;
        if (arena->blocks->older)
                arena_drop_older(arena);
        arena->blocks->used = 0;
        arena->used = 0;
}
/* Frees everything; the arena may be used again. */
void arena_done(struct arena *arena);
