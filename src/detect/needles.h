/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks for a few dozen texts in a buffer, many places at a time. For processors with AVX2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
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
/* For tests: from now on as a processor does it that has nothing wider than AVX2. */
void needles_go_narrow(struct needles *needles);

struct needles_hit {
        uint32_t behind; /* offset behind a byte of the needle */
        uint32_t needle; /* its index */
};

/* Zeroed but for max: empty. free() the items. */
struct needles_hits {
        struct needles_hit *items; /* in ascending order of behind */
        size_t count, capacity;
        size_t max;
};

/* Looks through buffer (less than 4 GiB) and appends where needles are. Returns false where more
 * than max hits were found: then the first max of them are there. */
bool needles_scan(const struct needles *needles, struct slice buffer, struct needles_hits *hits);
/* Appends a hit. Returns false if there are max already. */
static inline bool needles_hits_add(struct needles_hits *hits, struct needles_hit hit) {
        if (hits->count == hits->capacity) {
                if (hits->count >= hits->max)
                        return false;
                memory_reserve(&hits->items, hits->count, &hits->capacity, sizeof(hit));
                if (hits->capacity > hits->max)
                        hits->capacity = hits->max;
        }
        hits->items[hits->count++] = hit;
        return true;
}
