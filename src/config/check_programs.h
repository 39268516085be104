/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs a text of shell commands runs, as far as that is plain to see. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#define CHECK_PROGRAMS_MAX 64u /* of one text */

/* Appends to list the first words of the commands in text, each once: names of programs, and
 * absolute paths. Nothing is guessed: words that are made of variables, builtins, functions and
 * whatever runs only if something else fails are left out, and at the first construct that is not
 * understood the rest is, too. */
void check_programs_list(struct slice text, struct value *list, struct arena *arena);
/* Whether the program is there: an absolute path, or a name in PATH or one of the usual folders for
 * programs. */
bool check_programs_is_there(struct slice program, struct arena *arena);
