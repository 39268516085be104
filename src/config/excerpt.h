/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a configuration file that a message is about, with carets under what is wrong. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#define EXCERPT_COLUMNS 100u    /* characters of a line that are shown */
#define EXCERPT_LINES_MAX 5000u /* of one option that are searched */

struct excerpt {
        unsigned line;     /* that is shown */
        bool is_exact;     /* the part was found */
        struct slice text; /* two lines without a newline at the end; empty: the file cannot be
                              read, or is shorter */
};

/* Whether text stands anywhere in the file. */
bool excerpt_is_written(const char *file, struct slice text);
/* Looks for part in the lines of the option that origin names: in its value, or its name if part is
 * the name; an empty part, or one that is not written there (it may come from elsewhere by
 * %(name)s), means the whole value. An origin without option is about its line. The text is in
 * arena. */
struct excerpt excerpt_make(
        const struct value_origin *origin, struct slice part, struct arena *arena);
