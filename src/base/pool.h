/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small blocks without malloc's head and with less rounding, for objects of which a process holds a
 * hundred thousand. Who gives one back says how large it is. For one thread: it takes no lock. */
#pragma once

#include <stddef.h>

#define POOL_BLOCK_MAX 512 /* bytes; larger ones are malloc's */

/* Zeroed, at a multiple of eight bytes. Aborts as memory.h does. */
void *pool_new(size_t size);
/* The same, but what is in it is undefined. */
void *pool_new_raw(size_t size);
/* size: as it was made with. NULL is allowed. */
void pool_free(void *block, size_t size);
/* Bytes that the pool holds now, for blocks that are in use and others. */
size_t pool_bytes(void);
