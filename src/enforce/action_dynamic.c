/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the script is either written by the administrator, or a value of bytes that no
 * shell gives a meaning, or the name of a variable of ours. The variables are set from the
 * positional arguments in a line in front of the command; a shell splits nothing in an assignment,
 * so their values arrive as they are. NUL bytes cannot be in an argument: they are left out
 * (Differs: upstream then fails to run the command at all, which would let an attacker's NUL save
 * him from the ban). Too long values are cut, and long ones always travel, for the same reason: the
 * kernel takes no script beyond 128 KiB. Upstream: fail2ban/server/action.py
 * replaceDynamicTags(), 1.1. */
#include "enforce/action_dynamic.h"

#include <errno.h>

#include "base/buffer.h"
#include "base/tag.h"
#include "enforce/action_tags.h"

#define SCRIPT_MAX ((size_t)8 << 20)

struct variable {
        struct slice name;
        struct slice value;
};

struct expansion {
        const struct action_dynamic_source *source;
        struct arena *arena;
        struct variable variables[ACTION_DYNAMIC_VALUES_MAX];
        size_t count;
};

/* Without NUL, and cut in front of a whole character. */
static struct slice tame(struct slice value, struct arena *arena) {
        if (value.len > ACTION_DYNAMIC_VALUE_MAX) {
                value.len = ACTION_DYNAMIC_VALUE_MAX;
                while (value.len > 0 && ((unsigned char)value.data[value.len] & 0xC0) == 0x80)
                        value.len--;
        }
        if (slice_find_char(value, '\0', 0) == value.len)
                return value;
        char *out = arena_alloc(arena, value.len + 1);
        size_t len = 0;
        for (size_t i = 0; i < value.len; i++)
                if (value.data[i])
                        out[len++] = value.data[i];
        return (struct slice){out, len};
}

static bool is_special(struct slice value) {
        for (size_t i = 0; i < value.len; i++)
                if (action_tags_is_special(value.data[i]))
                        return true;
        return false;
}

/* "f2bV_" and the tag, in which everything but letters, digits and _ becomes _. */
static struct slice variable_name(struct slice prefix, struct slice tag, struct arena *arena) {
        char *name = arena_alloc(arena, 5 + prefix.len + tag.len + 1);
        const struct slice mark = SLICE("f2bV_");
        size_t len = mark.len;
        memcpy(name, mark.data, mark.len);
        for (size_t i = 0; i < prefix.len + tag.len; i++) {
                char c = i < prefix.len ? prefix.data[i] : tag.data[i - prefix.len];
                bool is_word =
                        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                name[len++] = is_word ? c : '_';
        }
        return (struct slice){name, len};
}

/* What stands in the script for value. */
static struct slice place(
        struct expansion *e, struct slice prefix, struct slice tag, struct slice value) {
        value = tame(value, e->arena);
        if (value.len <= ACTION_DYNAMIC_INLINE_MAX && !is_special(value))
                return value;
        struct slice name = variable_name(prefix, tag, e->arena);
        size_t at = 0;
        while (at < e->count && !slice_equal(e->variables[at].name, name))
                at++;
        if (at == ACTION_DYNAMIC_VALUES_MAX)
                return SLICE("");
        e->variables[at] = (struct variable){name, value};
        if (at == e->count)
                e->count++;
        return arena_printf(e->arena, "$%.*s", SLICE_ARG(name));
}

static struct slice replace_tag(void *user, struct slice whole) {
        struct expansion *e = user;
        struct slice tag = slice_sub(whole, 1, whole.len - 1);
        struct slice value;
        if (e->source->tag(e->source->user, tag, e->arena, &value))
                return place(e, SLICE(""), tag, value);
        if (action_tags_builtin(tag, e->arena, &value))
                return value;
        return whole;
}

/* <F-NAME>, in capitals. */
static bool is_group_tag(struct slice whole) {
        if (whole.len < 5 || !slice_has_prefix(whole, SLICE("<F-")))
                return false;
        for (size_t i = 3; i + 1 < whole.len; i++) {
                char c = whole.data[i];
                if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
                        return false;
        }
        return true;
}

static struct slice replace_group(void *user, struct slice whole) {
        struct expansion *e = user;
        if (!is_group_tag(whole))
                return whole;
        struct slice name = arena_copy(e->arena, slice_sub(whole, 3, whole.len - 1));
        struct slice value;
        char *letters = (char *)(uintptr_t)name.data;
        for (size_t i = 0; i < name.len; i++)
                if (letters[i] >= 'A' && letters[i] <= 'Z')
                        letters[i] = (char)(letters[i] - 'A' + 'a');
        if (slice_is(name, "id"))
                name = SLICE("fid");
        else if (slice_is(name, "port"))
                name = SLICE("fport");
        if (!e->source->group(e->source->user, name, e->arena, &value))
                return SLICE("");
        return place(e, SLICE("F_"), name, value);
}

/* The command with what sets the variables in front of it. */
static int finish(struct expansion *e, struct slice text, struct action_script *ret) {
        ret->command = arena_copy(e->arena, text);
        if (e->count == 0)
                return 0;
        struct buffer out = BUFFER_INIT(SCRIPT_MAX + (size_t)ACTION_DYNAMIC_VALUES_MAX * 512);
        int r = 0;
        for (size_t i = 0; i < e->count && r == 0; i++) {
                /* Differs: upstream writes $10 too, which a shell reads as ${1}0. */
                r = buffer_printf(&out, i < 10 ? "%.*s=$%zu " : "%.*s=${%zu} ",
                        SLICE_ARG(e->variables[i].name), i);
                value_append(&ret->values, value_string(e->variables[i].value), e->arena);
        }
        if (r == 0)
                r = buffer_append(&out, SLICE("\n"));
        if (r == 0)
                r = buffer_append(&out, text);
        ret->command = arena_copy(e->arena, buffer_view(&out));
        buffer_done(&out);
        return r;
}

int action_dynamic_expand(struct slice command, const struct action_dynamic_source *source,
        struct arena *arena, struct action_script *ret) {
        struct expansion e = {.source = source, .arena = arena};
        struct buffer tagged = BUFFER_INIT(SCRIPT_MAX);
        struct buffer grouped = BUFFER_INIT(SCRIPT_MAX);
        *ret = (struct action_script){.command = SLICE(""), .values = value_list()};
        int r = tag_replace(command, replace_tag, &e, &tagged);
        if (r == 0)
                r = tag_replace(buffer_view(&tagged), replace_group, &e, &grouped);
        if (r == 0)
                r = finish(&e, buffer_view(&grouped), ret);
        buffer_done(&tagged);
        buffer_done(&grouped);
        return r < 0 ? -E2BIG : 0; /* nothing may be cut out of a script */
}
