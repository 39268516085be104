/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a log, unpacked if it is packed by gzip, xz or zstd, which its first bytes tell. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"

#define REGEX_INPUT_MEMORY ((size_t)128 << 20) /* bytes that unpacking may take */

struct regex_input;

/* Reads from fd (borrowed). Returns 0; or negative errno with a fault if fd cannot be read, or if
 * the program was built without the library for this packing. */
int regex_input_new(int fd, struct regex_input **ret, struct fault *fault);
struct regex_input *regex_input_free(struct regex_input *input);
/* Up to size (> 0) bytes. Returns their number, 0 at the end; or negative errno with a fault:
 * -EBADMSG if the packed data is damaged or ends too early. */
ssize_t regex_input_read(struct regex_input *input, char *bytes, size_t size, struct fault *fault);
/* Bytes of fd that were read. */
uint64_t regex_input_position(const struct regex_input *input);
