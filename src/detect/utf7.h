/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-7 (RFC 2152): UTF-16 in base64 behind a plus sign, as Python's codec decodes it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* The text of a line as UTF-8: raw itself if it is ASCII without a plus sign, else in arena. U+FFFD
 * stands for each piece that is broken, and sets *ret_broken; it may have taken the line end with
 * it. So it does for half a pair of surrogates, which Python keeps. The text may hold line ends
 * that were spelled. */
struct slice utf7_decode(struct slice raw, struct arena *arena, bool *ret_broken);
