/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a pattern of the option logpath stands for. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/value.h"

#define LOG_FILES_MAX 65536u /* that one pattern may stand for */

/* Appends to list the paths that pattern (a shell glob with * ? [...]) stands for, in the order of
 * the directories. Links to nothing are said (WARNING) and left out. Returns how many were
 * appended. */
size_t log_files_find(struct slice pattern, struct value *list, struct arena *arena);
/* Whether pattern names one file: it is absolute, without wildcards. */
bool log_files_is_path(struct slice pattern);
