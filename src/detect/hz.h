/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HZ (RFC 1843): GB 2312 in ASCII bytes between "~{" and "~}", as Python's codec decodes it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* The text of a line, which begins in ASCII, as UTF-8: raw itself if it is ASCII without a tilde,
 * else in arena. U+FFFD stands for what is nothing, and sets *ret_broken; only a line end that is
 * the first such thing is left out without a word, as upstream does. "~" in front of the line end
 * takes it away. */
struct slice hz_decode(struct slice raw, struct arena *arena, bool *ret_broken);
