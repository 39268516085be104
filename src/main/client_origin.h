/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which line of the configuration an error of the server is about. */
#pragma once

#include "base/slice.h"
#include "base/value.h"

/* Looks in stream (a LIST of commands as config_stream() makes it) for the text that error quotes.
 * Returns its origin, or NULL if none is quoted, or no origin is known. */
const struct value_origin *client_origin_find(const struct value *stream, struct slice error);
