/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each size (a multiple of eight) has pages of its own, which lie at multiples of their own size,
 * so that a block tells its page. A page with a free block is in the list of its size; one that has
 * none in use goes back to the system, but for the last of its size. Blocks that were made together
 * lie together, and go together where they are as old, as failures are that are forgotten.
 * Invariant: what is behind fresh has never been touched. Where AddressSanitizer looks, all blocks
 * are malloc's: it knows them, and not ours. */
#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/sanitized.h"

#define STEP 8
#define PAGE_BYTES ((size_t)64 << 10)
#define PAGES_AT_ONCE 16
#define CLASSES (POOL_BLOCK_MAX / STEP + 1)

struct page {
        struct page *next, *previous; /* with room, of the same size */
        void *freed;                  /* blocks; each begins with a pointer to the next */
        uint32_t size;                /* of a block */
        uint32_t used;                /* blocks */
        uint32_t fresh;               /* bytes before it have been given out once */
        uint32_t spare;
};

static struct page *with_room[CLASSES];
static size_t page_count;
static char *mapped; /* pages that are still to be used, and cost nothing until then */
static size_t mapped_left;

static uint32_t rounded(size_t size) {
        return (uint32_t)(size > STEP ? (size + STEP - 1) / STEP * STEP : STEP);
}

static bool is_full(const struct page *page) {
        return !page->freed && page->fresh + page->size > PAGE_BYTES;
}

static void link_page(struct page *page) {
        struct page **first = &with_room[page->size / STEP];
        page->previous = NULL;
        page->next = *first;
        if (*first)
                (*first)->previous = page;
        *first = page;
}

static void unlink_page(struct page *page) {
        if (page->next)
                page->next->previous = page->previous;
        if (page->previous)
                page->previous->next = page->next;
        else
                with_room[page->size / STEP] = page->next;
}

/* One more page than needed is asked for, and what is not at a multiple given back. */
static char *map_pages(void) {
        char *bytes = mmap(NULL, PAGE_BYTES * (PAGES_AT_ONCE + 1), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED)
                abort();
        size_t before = (PAGE_BYTES - (uintptr_t)bytes % PAGE_BYTES) % PAGE_BYTES;
        if (before > 0)
                (void)munmap(bytes, before);
        (void)munmap(bytes + before + PAGE_BYTES * PAGES_AT_ONCE, PAGE_BYTES - before);
        return bytes + before;
}

static char *map_page(void) {
        if (mapped_left == 0) {
                mapped = map_pages();
                mapped_left = PAGES_AT_ONCE;
        }
        mapped_left--;
        return mapped + mapped_left * PAGE_BYTES;
}

static void new_page(uint32_t size) {
        struct page *page = (struct page *)(void *)map_page();
        *page = (struct page){.size = size, .fresh = sizeof(*page)};
        page_count++;
        link_page(page);
}

/* A block of a page that has room. */
static void *take(struct page *page) {
        char *block = page->freed;
        if (block) {
                memcpy(&page->freed, block, sizeof(page->freed));
        } else {
                block = (char *)page + page->fresh;
                page->fresh += page->size;
        }
        page->used++;
        if (is_full(page))
                unlink_page(page);
        return block;
}

void *pool_new_raw(size_t size) {
        if (BASE_SANITIZED || size > POOL_BLOCK_MAX)
                return memory_resize(NULL, 1, size > 0 ? size : 1);
        uint32_t whole = rounded(size);
        if (!with_room[whole / STEP])
                new_page(whole);
        return take(with_room[whole / STEP]);
}

void *pool_new(size_t size) {
        return memset(pool_new_raw(size), 0, size);
}

static void drop_page(struct page *page) {
        unlink_page(page);
        page_count--;
        (void)munmap(page, PAGE_BYTES);
}

void pool_free(void *block, size_t size) {
        if (!block)
                return;
        if (BASE_SANITIZED || size > POOL_BLOCK_MAX) {
                free(block);
                return;
        }
        struct page *page = (struct page *)(void *)((char *)block - (uintptr_t)block % PAGE_BYTES);
        assert(page->size == rounded(size) && page->used > 0);
        if (is_full(page))
                link_page(page);
        memcpy(block, &page->freed, sizeof(page->freed));
        page->freed = block;
        if (--page->used == 0 && (page->next || page->previous))
                drop_page(page);
}

size_t pool_bytes(void) {
        return page_count * PAGE_BYTES;
}
