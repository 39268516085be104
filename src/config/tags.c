/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags at configuration time. Each option is gone through from left to right; a tag that is known
 * is replaced everywhere in the value, and the search goes on at the place of the replacement, so
 * that a name composed of tags ("<rule-<type>>") is found once its inside has been replaced. The
 * whole set is repeated until no option changed and still held a tag.
 *
 * It ends, because each option counts how often it replaced each tag; it stays small and quick,
 * because values, steps and the bytes written have caps. Upstream: helpers.py substituteRecursiveTags(), 1.1. */
#include "config/tags.h"

#include <errno.h>

#include "base/repr.h"
#include "base/tag.h"
#include "config/interpolate.h"
#include "config/text.h"

struct substitution {
        const struct tags *tags;
        struct dict *options;
        struct arena *arena;
        struct fault *fault;
        unsigned steps;
        size_t bytes;
};

/* What one option went through. */
struct tags_state {
        bool done; /* holds no '<' any more */
        struct dict
                counts; /* tag to number of replacements, kept while the option still holds tags */
};

static struct slice counts_repr(const struct dict *counts, struct arena *arena) {
        struct slice all = SLICE("{");
        for (size_t i = 0; i < counts->count; i++)
                all = arena_printf(arena, "%.*s%s%.*s: %lld", SLICE_ARG(all), i == 0 ? "" : ", ",
                        SLICE_ARG(repr_text(counts->entries[i].key, arena)),
                        (long long)counts->entries[i].value.integer);
        return arena_printf(arena, "%.*s}", SLICE_ARG(all));
}

static void blame(struct substitution *s, const struct value *value) {
        if (s->tags->blame && value->origin)
                *s->tags->blame = value->origin;
}

static int fail_recursion(struct substitution *s, struct slice option, struct slice tag,
        const struct dict *counts, const struct value *value) {
        (void)fault_raise(s->fault, "ValueError",
                "properties contain self referencing definitions and cannot be resolved, fail tag: "
                "%.*s, found: %.*s in %.*s, value: %.*s",
                SLICE_ARG(option), SLICE_ARG(tag), SLICE_ARG(counts_repr(counts, s->arena)),
                SLICE_ARG(value->string));
        blame(s, value);
        return -EINVAL;
}

/* Replaces every occurrence of from. */
static int replace_all(
        struct substitution *s, struct value *value, struct slice from, struct slice to) {
        int r = tag_replace_all(&value->string, from, to, TAGS_VALUE_MAX, s->arena);
        s->bytes += value->string.len;
        if (r == 0 && ++s->steps <= TAGS_STEPS_MAX && s->bytes <= TAGS_BYTES_MAX)
                return 0;
        (void)fault_set(s->fault, -E2BIG, "value is too large when its tags are replaced");
        blame(s, value);
        return -E2BIG;
}

/* What stands for tag; VALUE_NONE if nothing does. */
static int resolve(struct substitution *s, struct slice tag, struct value *ret) {
        const struct value *own = dict_get(s->options, tag);
        if (own && own->type != VALUE_NONE) {
                *ret = value_as_text(own, s->arena);
                return 0;
        }
        *ret = VALUE_OF_NONE;
        return s->tags->resolver ? s->tags->resolver(s->tags->user, tag, ret, s->fault) : 0;
}

static int64_t count_of(const struct dict *counts, struct slice tag, int64_t otherwise) {
        const struct value *count = dict_get(counts, tag);
        return count ? count->integer : otherwise;
}

static int substitute_value(
        struct substitution *s, struct slice option, struct value *value, struct dict *counts) {
        size_t start;
        size_t end;
        size_t from = 0;
        while (tag_find(value->string, from, &start, &end)) {
                struct slice tag = slice_sub(value->string, start + 1, end - 1);
                from = end;
                if (dict_get(s->tags->ignored, tag))
                        continue;
                if (slice_equal(tag, option) || count_of(counts, tag, 1) > TAGS_REPLACED_MAX)
                        return fail_recursion(s, option, tag, counts, value);
                struct value replacement;
                int r = resolve(s, tag, &replacement);
                if (r < 0)
                        return r;
                if (replacement.type == VALUE_NONE)
                        continue;
                r = replace_all(s, value, slice_sub(value->string, start, end), replacement.string);
                if (r < 0)
                        return r;
                dict_put(counts, tag, value_int(count_of(counts, tag, 0) + 1), s->arena);
                from = start;
        }
        return 0;
}

/* Returns 1 if the option changed and must be looked at again, 0 if not. */
static int substitute_option(
        struct substitution *s, struct dict_entry *entry, struct tags_state *state) {
        struct value value = value_as_text(&entry->value, s->arena);
        struct slice before = value.string;
        struct dict counts = dict_copy(&state->counts, s->arena);
        int r = substitute_value(s, entry->key, &value, &counts);
        if (r < 0)
                return r;
        bool changed = !slice_equal(before, value.string);
        size_t start;
        size_t end;
        bool again = changed && tag_find(value.string, 0, &start, &end);
        if (again)
                state->counts = counts;
        if (changed)
                entry->value = value;
        state->done = slice_find_char(value.string, '<', 0) == value.string.len;
        return again;
}

int tags_substitute(
        const struct tags *tags, struct dict *options, struct arena *arena, struct fault *fault) {
        struct substitution s = {.tags = tags, .options = options, .arena = arena, .fault = fault};
        struct tags_state *states = arena_alloc_array(arena, options->count + 1, sizeof(*states));
        for (bool again = true; again;) {
                again = false;
                for (size_t i = 0; i < options->count; i++) {
                        struct dict_entry *entry = &options->entries[i];
                        if (states[i].done || entry->value.type == VALUE_NONE ||
                                dict_get(tags->ignored, entry->key))
                                continue;
                        int r = substitute_option(&s, entry, &states[i]);
                        if (r < 0)
                                return r;
                        again |= r > 0;
                }
        }
        return 0;
}
