/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors that a server replies with, as people and scripts read them. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"
#include "wire/pickle.h"

/* Makes the text for an error (outcome PICKLE_ERROR) in arena. */
struct slice client_error_text(const struct pickle_reply *reply, struct arena *arena);
/* The arguments of the exception as Python has them: a TUPLE. */
struct value client_error_arguments(const struct pickle_reply *reply, struct arena *arena);
