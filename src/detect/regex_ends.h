/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a regex' program may be run at the line's very end, behind the newline. */
#pragma once

#include "detect/regex_code.h"

/* By operation: whether it may be so, if the line is not empty. Otherwise there is a character to
 * look at. free() it. */
bool *regex_ends_find(const struct regex_code *code);
