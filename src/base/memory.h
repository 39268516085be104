/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation for sizes that a named cap bounds. Memory for them not being there is not an expected condition: the process aborts,
 * and its supervisor (the server, or the init system) starts it again from its last applied state. So callers need no error path,
 * and must check their caps before they allocate. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/* Zeroed memory; free() it. Aborts if size is above 1 GiB or memory is out. */
void *memory_new(size_t size);
/* Zeroed array; aborts on overflow of count * size. */
void *memory_new_array(size_t count, size_t size);
/* Like realloc for count * size bytes; new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size);
/* NUL-terminated copy; free() it. */
char *memory_copy_text(struct slice s);
/* Grows *items (elements of size bytes) so that index count fits; *capacity is kept up to date. Doubles. */
void memory_reserve(void *items, size_t count, size_t *capacity, size_t size);
/* For a program that runs for long, at its start: large blocks go back to the system as soon as they are freed. */
void memory_init(void);
/* Gives memory that has been freed back to the system, where the C library can; takes some milliseconds. */
void memory_trim(void);
