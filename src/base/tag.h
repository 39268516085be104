/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags in text, "<name>": finding and replacing them. What a name stands for is up to the caller.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"

/* Finds the first "<name>" (no space or bracket in name, at least one byte) at or after from; the
 * brackets are part of [*ret_start, *ret_end). Returns false if there is none. */
bool tag_find(struct slice text, size_t from, size_t *ret_start, size_t *ret_end);

/* What stands for whole, a tag with its brackets; whole itself if it stays. */
typedef struct slice tag_replacement(void *user, struct slice whole);
/* Appends text to out with its tags replaced, in one pass: replacements are not looked into.
 * Returns 0, or -ENOBUFS if out is full. */
int tag_replace(struct slice text, tag_replacement *replacement, void *user, struct buffer *out);

/* Puts with in the place of every whole (not empty) in *text; the result is in arena. Returns 0, or
 * -E2BIG, with *text as it was, if it would be longer than max bytes. */
int tag_replace_all(
        struct slice *text, struct slice whole, struct slice with, size_t max, struct arena *arena);
