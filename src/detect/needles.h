/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks for a few dozen texts in a buffer, many places at a time. For processors with AVX2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define NEEDLES_MAX 48           /* texts; with more a general scanner is faster */
#define NEEDLES_SAMPLE_MAX 65536 /* bytes of a sample that are looked at */

struct needle {
        struct slice text; /* not empty */
        bool caseless;     /* text is in lower case, and any ASCII case is meant */
};

struct needles;

/* sample: text of the kind that will be scanned; what is rare in it costs least. The texts are
 * copied. Returns NULL if the processor cannot do it, or if there are no needles, or too many. */
struct needles *needles_new(const struct needle *items, size_t count, struct slice sample);
struct needles *needles_free(struct needles *needles);

/* Tells that needle index is there, around the byte at that offset. Returns not 0 to end. */
typedef int needles_hit(void *user, size_t index, size_t at);
/* Looks through buffer and calls hit wherever a needle is, in ascending order of offsets. Returns
 * 0, or what hit returned. */
int needles_scan(const struct needles *needles, struct slice buffer, needles_hit *hit, void *user);
