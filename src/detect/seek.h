/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds where in a log the lines of a given time begin, so that old content need not be read (spec filter.md 4.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/input_file.h"

/* The date of a raw line (with its end), if it has one. */
typedef bool seek_date(void *user, struct slice line, double *ret_time);

/* Offset of a line start in [file->position, size]: for a log in order of time, that of the first line not before target. Lines without
 * a date are passed over only if an older line follows them. Never beyond the last complete line. */
uint64_t seek_time(const struct input_file *file, double target, seek_date *date, void *user);
