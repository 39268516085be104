/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's str() and repr() of a failure's data, as fail2ban-regex prints them. */
#pragma once

#include "base/arena.h"
#include "base/value.h"

/* repr(v). */
struct slice regex_repr(const struct value *v, struct arena *arena);
/* str(v): texts as they are; NULL is None. */
struct slice regex_str(const struct value *v, struct arena *arena);
/* repr() of the list of matched lines: items that are lists print as tuples. */
struct slice regex_repr_matches(const struct value *matches, struct arena *arena);
/* A time: an int, a float, or (NAN) None. */
enum regex_time { REGEX_TIME_FLOAT, REGEX_TIME_INT };
struct slice regex_repr_time(double seconds, enum regex_time type, struct arena *arena);
