/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ignorecache: what was decided about a key, for a while (spec filter.md 3.7). */
#pragma once

#include "base/clock.h"
#include "base/fault.h"
#include "base/table.h"
#include "base/value.h"

#define IGNORE_CACHE_COUNT_MAX 1000000

struct ignore_cache {
        char *key;         /* with tags, e.g. "<ip>"; NULL: the cache is off */
        int64_t count_max; /* 100 */
        struct value time; /* as given, seconds: INT or FLOAT (300) */
        double time_s;
        struct table table; /* key -> struct ignore_cached * */
};

void ignore_cache_init(struct ignore_cache *cache);
void ignore_cache_done(struct ignore_cache *cache);
/* 'key="<ip>", max-count=100, max-time=5m'; empty turns it off. Forgets what it holds. Returns 0,
 * or -EINVAL with fault (KeyError 'key', ValueError): then nothing is changed. */
int ignore_cache_set(struct ignore_cache *cache, struct slice text, struct fault *fault);
/* LIST [key, count, seconds], or None. */
struct value ignore_cache_settings(const struct ignore_cache *cache, struct arena *arena);
bool ignore_cache_is_on(const struct ignore_cache *cache);
enum ignore_known { IGNORE_UNKNOWN, IGNORE_NO, IGNORE_YES };
enum ignore_known ignore_cache_get(struct ignore_cache *cache, struct slice key, double now);
void ignore_cache_put(
        struct ignore_cache *cache, struct slice key, enum ignore_known known, double now);
