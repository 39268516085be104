/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per family the properties are expanded within each other once, then commands are made of them on
 * demand; both are kept until a property changes. The order of the steps is upstream's, because it
 * shows in what is found to refer to itself. Upstream: fail2ban/helpers.py
 * substituteRecursiveTags(), fail2ban/server/action.py replaceTag(), 1.1. */
#include "enforce/action_tags.h"

#include <errno.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/repr.h"
#include "base/tag.h"
#include "enforce/host_name.h"

#define FAMILIES_MAX 16
#define COMMANDS_MAX 64 /* kept, of all families */

struct expanded {
        const char *family;
        bool is_failed;
        struct slice *values; /* as the properties */
        const char *fault;    /* why it failed */
        int code;
};

struct command {
        const char *property;
        const char *family;
        struct slice text;
};

struct action_tags {
        const struct action_props *props;
        uint64_t version; /* of props when the following was made */
        struct arena arena;
        struct expanded families[FAMILIES_MAX];
        size_t family_count;
        struct command commands[COMMANDS_MAX];
        size_t command_count;
};

/* How often a tag was replaced in one property; a list in order of the first replacements. */
struct count {
        struct slice tag;
        unsigned count;
        struct count *next;
};

/* One expansion of all properties. */
struct expansion {
        struct action_tags *tags;
        const char *family;
        struct slice *values;
        bool *is_done;
        struct count **counts; /* of each property */
        unsigned steps;
        struct fault *fault;
};

struct action_tags *action_tags_new(const struct action_props *props) {
        struct action_tags *tags = memory_new(sizeof(*tags));
        tags->props = props;
        tags->arena = ARENA_INIT;
        return tags;
}

struct action_tags *action_tags_free(struct action_tags *tags) {
        if (!tags)
                return NULL;
        arena_done(&tags->arena);
        free(tags);
        return NULL;
}

bool action_tags_builtin(struct slice tag, struct arena *arena, struct slice *ret) {
        if (slice_is(tag, "br"))
                *ret = SLICE("\n");
        else if (slice_is(tag, "sp"))
                *ret = SLICE(" ");
        else if (slice_is(tag, "fq-hostname"))
                *ret = host_name_full(arena);
        else if (slice_is(tag, "sh-hostname"))
                *ret = host_name_short(arena);
        else
                return false;
        return true;
}

bool action_tags_is_special(char c) {
        return c && strchr("\\#&;`|*?~<>^()[]{}$'\"\n\r", c);
}

struct slice action_tags_escape(struct slice text, struct arena *arena) {
        char *out = arena_alloc(arena, text.len * 2 + 1);
        size_t len = 0;
        for (size_t i = 0; i < text.len; i++) {
                char c = text.data[i];
                if (action_tags_is_special(c))
                        out[len++] = '\\';
                out[len++] = c == '\n' ? 'n' : c == '\r' ? 'r' : c;
        }
        return (struct slice){out, len};
}

/* Values of these come from outside even if they are properties: never looked into. */
static bool is_ignored(struct slice tag) {
        return slice_is(tag, "matches") || slice_is(tag, "ipmatches") ||
               slice_is(tag, "ipjailmatches");
}

static const struct slice *look_up_exact(
        const struct action_tags *tags, const struct slice *values, struct slice tag) {
        const struct value *value = action_props_get(tags->props, tag);
        if (!value || value->type == VALUE_NONE)
                return NULL;
        const struct action_prop *prop =
                (const struct action_prop *)(const void *)((const char *)value -
                                                           offsetof(struct action_prop, value));
        return &values[prop - tags->props->items];
}

/* The value of tag for the family, or NULL. */
static const struct slice *look_up(const struct action_tags *tags, const struct slice *values,
        const char *family, struct slice tag) {
        char name[ACTION_PROP_NAME_MAX + 1];
        if (family && *family) {
                int len = snprintf(name, sizeof(name), "%.*s?family=%s", SLICE_ARG(tag), family);
                const struct slice *value = NULL;
                if (len > 0 && (size_t)len < sizeof(name))
                        value = look_up_exact(tags, values, slice_of(name));
                if (value)
                        return value;
        }
        return look_up_exact(tags, values, tag);
}

static struct count *count_of(struct count *counts, struct slice tag) {
        while (counts && !slice_equal(counts->tag, tag))
                counts = counts->next;
        return counts;
}

static void count_up(struct count **counts, struct slice tag, struct arena *arena) {
        struct count *count = count_of(*counts, tag);
        if (!count) {
                while (*counts)
                        counts = &(*counts)->next;
                count = *counts = arena_alloc(arena, sizeof(*count));
                count->tag = tag;
        }
        count->count++;
}

static int refuse_loop(struct expansion *e, size_t index, struct slice tag,
        const struct count *counts, struct slice value) {
        struct arena arena = ARENA_INIT;
        struct value dict = value_dict();
        for (; counts; counts = counts->next)
                value_dict_put(&dict, value_string(counts->tag), value_int((int64_t)counts->count),
                        &arena);
        struct slice text = repr(&dict, &arena);
        fault_raise(e->fault, "ValueError",
                "properties contain self referencing definitions and cannot be resolved, fail tag: "
                "%s, found: %.*s in %.*s, "
                "value: %.*s",
                e->tags->props->items[index].name, SLICE_ARG(tag), SLICE_ARG(text),
                SLICE_ARG(value));
        arena_done(&arena);
        return -EINVAL;
}

/* Expands one property. Sets *ret_again if it has to be looked at once more. */
static int expand_one(struct expansion *e, size_t index, bool *ret_again) {
        struct arena *arena = &e->tags->arena;
        struct slice value = e->values[index];
        struct slice own_name = slice_of(e->tags->props->items[index].name);
        struct count *counts = e->counts[index];
        size_t start, end;
        bool is_changed = false;
        for (size_t from = 0; tag_find(value, from, &start, &end);) {
                struct slice whole = slice_sub(value, start, end);
                struct slice tag = slice_sub(value, start + 1, end - 1);
                from = end;
                if (is_ignored(tag))
                        continue;
                const struct count *count = count_of(counts, tag);
                if (slice_equal(tag, own_name) ||
                        (count && count->count > ACTION_TAGS_REPLACED_MAX))
                        return refuse_loop(e, index, tag, counts, value);
                const struct slice *with = look_up(e->tags, e->values, e->family, tag);
                if (!with)
                        continue;
                if (++e->steps > ACTION_TAGS_STEPS_MAX ||
                        tag_replace_all(&value, whole, *with, ACTION_TAGS_TEXT_MAX, arena) < 0)
                        return fault_raise(e->fault, "ValueError",
                                "tags of property %s grow too long",
                                e->tags->props->items[index].name);
                count_up(&counts, tag, arena);
                is_changed = true;
                from = start;
        }
        if (is_changed && tag_find(value, 0, &start, &end)) {
                e->counts[index] = counts;
                *ret_again = true;
        }
        e->values[index] = value;
        e->is_done[index] = slice_find_char(value, '<', 0) == value.len;
        return 0;
}

static int expand_all(struct expansion *e) {
        const struct action_props *props = e->tags->props;
        bool again = true;
        while (again) {
                again = false;
                for (size_t i = 0; i < props->count; i++) {
                        if (e->is_done[i] || is_ignored(slice_of(props->items[i].name)))
                                continue;
                        int r = expand_one(e, i, &again);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static void forget_if_changed(struct action_tags *tags) {
        if (tags->version == tags->props->version)
                return;
        tags->version = tags->props->version;
        tags->family_count = 0;
        tags->command_count = 0;
        arena_done(&tags->arena);
}

static const struct expanded *expanded_of(struct action_tags *tags, const char *family) {
        for (size_t i = 0; i < tags->family_count; i++)
                if (strcmp(tags->families[i].family, family) == 0)
                        return &tags->families[i];
        if (tags->family_count == FAMILIES_MAX) { /* more than exist: start anew */
                tags->version = 0;
                forget_if_changed(tags);
        }
        const struct action_props *props = tags->props;
        struct fault fault = FAULT_INIT;
        struct expanded *expanded = &tags->families[tags->family_count++];
        struct expansion e = {.tags = tags, .family = family, .fault = &fault};
        e.values = arena_alloc_array(&tags->arena, props->count, sizeof(e.values[0]));
        e.is_done = arena_alloc_array(&tags->arena, props->count, sizeof(e.is_done[0]));
        e.counts = arena_alloc_array(&tags->arena, props->count, sizeof(struct count *));
        for (size_t i = 0; i < props->count; i++)
                e.values[i] = repr_str(&props->items[i].value, &tags->arena);
        *expanded = (struct expanded){
                .family = arena_copy(&tags->arena, slice_of(family)).data, .values = e.values};
        expanded->code = expand_all(&e);
        if (expanded->code < 0)
                expanded->fault = arena_copy(&tags->arena, slice_of(fault_text(&fault))).data;
        fault_done(&fault);
        return expanded;
}

struct pass {
        struct action_tags *tags;
        const struct expanded *expanded;
        bool has_replaced;
};

static struct slice replacement(void *user, struct slice whole) {
        struct pass *pass = user;
        struct arena *arena = &pass->tags->arena;
        struct slice tag = slice_sub(whole, 1, whole.len - 1);
        const struct slice *value =
                look_up(pass->tags, pass->expanded->values, pass->expanded->family, tag);
        struct slice with = whole;
        if (value)
                with = is_ignored(tag) ? action_tags_escape(*value, arena) : *value;
        else if (!action_tags_builtin(tag, arena, &with))
                return whole;
        pass->has_replaced = true;
        return with;
}

/* One pass over text. Returns 0, 1 if something was replaced, -E2BIG. */
static int replace_once(
        struct action_tags *tags, const struct expanded *expanded, struct slice *text) {
        struct buffer out = BUFFER_INIT(ACTION_TAGS_TEXT_MAX);
        struct pass pass = {.tags = tags, .expanded = expanded};
        int r = tag_replace(*text, replacement, &pass, &out);
        if (r == 0 && pass.has_replaced)
                *text = arena_copy(&tags->arena, buffer_view(&out));
        buffer_done(&out);
        return r < 0 ? -E2BIG : pass.has_replaced;
}

static int expand_query(struct action_tags *tags, const struct expanded *expanded,
        struct slice *text, struct fault *fault) {
        for (unsigned passes = ACTION_TAGS_REPLACED_MAX + 1; passes > 0; passes--) {
                struct slice before = *text;
                int r = replace_once(tags, expanded, text);
                if (r < 0)
                        return fault_raise(
                                fault, "ValueError", "a command of the action grows too long");
                if (r == 0 || slice_equal(before, *text) ||
                        slice_find_char(*text, '<', 0) == text->len)
                        return 0;
        }
        return fault_raise(fault, "ValueError",
                "unexpected too long replacement interpolation, possible self referencing "
                "definitions in query: %.*s",
                SLICE_ARG(*text));
}

int action_tags_command(struct action_tags *tags, const char *property, const char *family,
        struct slice *ret, struct fault *fault) {
        const char *key = family ? family : "";
        forget_if_changed(tags);
        for (size_t i = 0; i < tags->command_count; i++)
                if (strcmp(tags->commands[i].property, property) == 0 &&
                        strcmp(tags->commands[i].family, key) == 0) {
                        *ret = tags->commands[i].text;
                        return 0;
                }
        if (tags->command_count == COMMANDS_MAX)
                tags->version = 0;
        forget_if_changed(tags);
        const struct expanded *expanded = expanded_of(tags, key);
        if (expanded->code < 0)
                return fault_raise(fault, "ValueError", "%s", expanded->fault);
        struct slice text = arena_printf(&tags->arena, "<%s>", property);
        int r = expand_query(tags, expanded, &text, fault);
        if (r < 0)
                return r;
        tags->commands[tags->command_count++] =
                (struct command){.property = arena_copy(&tags->arena, slice_of(property)).data,
                        .family = expanded->family,
                        .text = text};
        *ret = text;
        return 0;
}
