/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table in order of insertion. When it is full what has expired goes, and if that is nothing the
 * oldest eighth. */
#include "enforce/ignore_cache.h"

#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/repr.h"

#define SHOWN 25 /* bytes of what is wrong */

struct ignore_cached {
        double until;
        enum ignore_known known;
};

void ignore_cache_init(struct ignore_cache *cache) {
        *cache = (struct ignore_cache){.count_max = 100, .time = value_int(300), .time_s = 300};
        table_init(&cache->table, IGNORE_CACHE_COUNT_MAX);
}

static void forget(struct ignore_cache *cache, double now, size_t oldest) {
        size_t position = 0;
        for (struct table_entry *e; (e = table_next(&cache->table, &position));) {
                struct ignore_cached *cached = e->value;
                if (cached->until > now && oldest == 0)
                        continue;
                oldest -= oldest > 0;
                free(table_remove(&cache->table, e->key));
        }
}

void ignore_cache_done(struct ignore_cache *cache) {
        forget(cache, (double)INFINITY, 0);
        table_done(&cache->table);
        free(cache->key);
        cache->key = NULL;
}

struct options {
        struct slice key;
        int64_t count_max;
        struct value time;
};

/* name=value, value bare, 'quoted' or "quoted". Takes one off *rest. Returns 1, 0 at the end,
 * -EINVAL. */
static int next_option(struct slice *rest, struct slice *ret_name, struct slice *ret_value) {
        *rest = slice_trim(*rest);
        while (rest->len > 0 && rest->data[0] == ',')
                *rest = slice_trim(slice_sub(*rest, 1, rest->len));
        if (rest->len == 0)
                return 0;
        size_t equal = slice_find_char(*rest, '=', 0);
        if (equal == rest->len)
                return -EINVAL;
        *ret_name = slice_trim(slice_sub(*rest, 0, equal));
        struct slice value = slice_sub(*rest, equal + 1, rest->len);
        size_t end;
        if (value.len > 0 && (value.data[0] == '"' || value.data[0] == '\'')) {
                end = slice_find_char(value, value.data[0], 1);
                if (end == value.len)
                        return -EINVAL;
                *ret_value = slice_trim(slice_sub(value, 1, end));
                end++;
        } else {
                end = slice_find_char(value, ',', 0);
                *ret_value = slice_trim(slice_sub(value, 0, end));
        }
        *rest = slice_sub(value, end, value.len);
        return 1;
}

static int parse_options(struct slice text, struct options *ret, struct fault *fault) {
        const char *start = text.data;
        struct slice name, value;
        int r;
        while ((r = next_option(&text, &name, &value)) > 0) {
                if (slice_is(name, "key"))
                        ret->key = value;
                else if (slice_is(name, "max-count"))
                        r = number_parse_python_int(value, &ret->count_max);
                else if (slice_is(name, "max-time"))
                        r = duration_parse(value, &ret->time, fault);
                if (r < 0)
                        return fault_raise(fault, "ValueError", "invalid value for %.*s: '%.*s'",
                                SLICE_ARG(name), SLICE_ARG(value));
        }
        if (r < 0)
                return fault_raise(fault, "ValueError",
                        "expected option, wrong syntax at %td: %.*s", text.data - start,
                        (int)(text.len < SHOWN ? text.len : SHOWN), text.data);
        return ret->key.len > 0 ? 0 : fault_raise(fault, "KeyError", "key");
}

int ignore_cache_set(struct ignore_cache *cache, struct slice text, struct fault *fault) {
        struct options options = {.count_max = 100, .time = value_int(300)};
        if (text.len > 0) {
                int r = parse_options(text, &options, fault);
                if (r < 0)
                        return r;
        }
        ignore_cache_done(cache);
        ignore_cache_init(cache);
        if (text.len == 0)
                return 0;
        cache->key = memory_copy_text(options.key);
        cache->count_max = options.count_max;
        cache->time = options.time;
        cache->time_s =
                options.time.type == VALUE_FLOAT ? options.time.real : (double)options.time.integer;
        return 0;
}

struct value ignore_cache_settings(const struct ignore_cache *cache, struct arena *arena) {
        if (!cache->key)
                return VALUE_OF_NONE;
        struct value list = value_list();
        (void)value_append(&list, value_string(arena_copy(arena, slice_of(cache->key))), arena);
        (void)value_append(&list, value_int(cache->count_max), arena);
        (void)value_append(&list, cache->time, arena);
        return list;
}

bool ignore_cache_is_on(const struct ignore_cache *cache) {
        return cache->key != NULL;
}

enum ignore_known ignore_cache_get(struct ignore_cache *cache, struct slice key, double now) {
        struct ignore_cached *cached = table_get(&cache->table, key);
        return cached && cached->until > now ? cached->known : IGNORE_UNKNOWN;
}

void ignore_cache_put(
        struct ignore_cache *cache, struct slice key, enum ignore_known known, double now) {
        size_t max = cache->count_max < 1                        ? 1
                     : cache->count_max > IGNORE_CACHE_COUNT_MAX ? IGNORE_CACHE_COUNT_MAX
                                                                 : (size_t)cache->count_max;
        struct ignore_cached *cached = table_remove(&cache->table, key);
        if (!cached && cache->table.count >= max)
                forget(cache, now, 0);
        if (!cached && cache->table.count >= max)
                forget(cache, now, max / 8 + 1);
        cached = cached ? cached : memory_new(sizeof(*cached));
        *cached = (struct ignore_cached){now + cache->time_s, known};
        if (table_put(&cache->table, key, cached) < 0)
                free(cached); /* full: it is asked again */
}
