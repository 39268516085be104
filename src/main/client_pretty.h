/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values for reading: what does not fit into a line is broken, as Python's pprint does. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#define CLIENT_PRETTY_WIDTH 1000 /* columns */
#define CLIENT_PRETTY_INDENT 2

/* The text, without a newline at its end, in arena. */
struct slice client_pretty(const struct value *value, struct arena *arena);
