/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a failure in Python's form, as fail2ban-regex prints them. */
#pragma once

#include "base/arena.h"
#include "base/value.h"

/* repr() of the list of matched lines (a container): items that are lists print as tuples. */
struct slice regex_repr_matches(const struct value *matches, struct arena *arena);
/* A time: an int, a float, or (NAN) None. */
enum regex_time { REGEX_TIME_FLOAT, REGEX_TIME_INT };
struct slice regex_repr_time(double seconds, enum regex_time type, struct arena *arena);
