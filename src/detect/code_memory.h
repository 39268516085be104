/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for machine code: never writable and executable at once. One thread only. */
#pragma once

#include <stddef.h>

/* A copy of code that can be run. NULL: the system does not allow it, or code is too long. */
#define CODE_MEMORY_MAX ((size_t)1 << 20) /* bytes of one piece */
const void *code_memory_new(const void *code, size_t len);
/* Takes NULL, too. */
void code_memory_free(const void *code);
