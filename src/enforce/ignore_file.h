/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of addresses and networks in ignoreip ("file:PATH"): read when first needed, read again
 * when it has changed. */
#pragma once

#include "base/clock.h"
#include "enforce/address_set.h"

#define IGNORE_FILE_CHECK_S 1                    /* a change is looked for this often at most */
#define IGNORE_FILE_RETRY_S 61                   /* ... and this long after a fault */
#define IGNORE_FILE_BYTES_MAX ((size_t)64 << 20) /* a larger file is refused */

struct ignore_file;

/* Whether word is such an entry; *ret_path: view of its path (upstream's rule about slashes). */
bool ignore_file_path(struct slice word, struct slice *ret_path);
struct ignore_file *ignore_file_new(struct slice path, const struct clock *clock);
struct ignore_file *ignore_file_free(struct ignore_file *file);
/* As listed and logged: "file:/" and an absolute path, "file:" and another one. */
const char *ignore_file_name(const struct ignore_file *file);
/* A file that cannot be read is said (WARNING), and what was read before stays in force. */
bool ignore_file_has(struct ignore_file *file, const struct address *address);
