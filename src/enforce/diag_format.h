/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a message: upstream's formats, or the administrator's own in Python's %(name)s style, compiled once. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/fault.h"

#define DIAG_FORMAT_PIECES_MAX 64
#define DIAG_FORMAT_WIDTH_MAX 200 /* of a field */

struct diag_format;

struct diag_record {
        int64_t wall_us;     /* when */
        int64_t relative_ms; /* since the program's start */
        pid_t pid;
        enum diag_level level;
        const char *logger;
        struct slice text;
};

enum diag_format_flags {
        DIAG_FORMAT_TIME = 1,    /* begin with the time */
        DIAG_FORMAT_PADDING = 2, /* fields have fixed widths */
};

/* Upstream's format for a verbosity: 0 and 1 the standard line, 2, 3, and 4 for all above. */
struct diag_format *diag_format_standard(unsigned verbosity, unsigned flags);
/* A format of the administrator's. Returns NULL with fault (ValueError) if it is none. */
struct diag_format *diag_format_new(struct slice text, struct fault *fault);
/* NULL is allowed. Returns NULL. */
struct diag_format *diag_format_free(struct diag_format *format);
/* For formats that end in the message as it is: what comes in front of it (borrowed until the next
 * call; record's text is of no matter). False for others. */
bool diag_format_head(
        struct diag_format *format, const struct diag_record *record, struct slice *ret);
/* Appends the line without a newline. Returns 0 or -ENOBUFS. */
int diag_format_put(struct diag_format *format, const struct diag_record *record, struct buffer *out);
