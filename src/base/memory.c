/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that aborts instead of failing; see memory.h for why. */
#include "base/memory.h"

#include <stdint.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define LARGE_BYTES (128 << 10)
#define MEMORY_MAX ((size_t)1 << 30)

static void *checked(void *p) {
        if (!p) {
                (void)fputs("stockade: out of memory\n", stderr);
                abort();
        }
        return p;
}

static size_t product(size_t count, size_t size) {
        size_t total;
        if (__builtin_mul_overflow(count, size, &total) || total > MEMORY_MAX) {
                (void)fputs("stockade: allocation above its cap\n", stderr);
                abort();
        }
        return total ? total : 1;
}

void *memory_new(size_t size) {
        return checked(calloc(1, product(1, size)));
}

void *memory_new_array(size_t count, size_t size) {
        return checked(calloc(1, product(count, size)));
}

void *memory_resize(void *old, size_t count, size_t size) {
        return checked(realloc(old, product(count, size)));
}

char *memory_copy_text(struct slice s) {
        char *copy = memory_new(s.len + 1);
        if (s.len > 0)
                memcpy(copy, s.data, s.len);
        return copy;
}

void memory_reserve(void *items, size_t count, size_t *capacity, size_t size) {
        if (count < *capacity)
                return;
        size_t wanted = *capacity ? *capacity * 2 : 8;
        if (wanted <= count)
                wanted = count + 1;
        void **p = items;
        *p = memory_resize(*p, wanted, size);
        *capacity = wanted;
}

void memory_init(void) {
#ifdef __GLIBC__
        /* A fixed threshold: by itself it grows, and then growing tables leave holes in the heap. */
        (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
#endif
}

void memory_trim(void) {
#ifdef __GLIBC__
        (void)malloc_trim(0);
#endif
}
