/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass from left to right: what has been put in is not looked at again. A tag that is not known
 * stays as it is. */
#include "enforce/ticket_tags.h"

#include <string.h>

#include "base/repr.h"

#define TEXT_MAX (TICKET_DATA_MAX * 16)

/* <F-USER> is the group user; <F-ID> and <F-PORT> have names of their own. */
static struct slice group_value(
        const struct ticket *ticket, struct slice tag, struct arena *arena) {
        struct slice name = arena_copy(arena, slice_sub(tag, 2, tag.len)), value = SLICE_NULL;
        char *bytes = (char *)(uintptr_t)name.data;
        for (size_t i = 0; i < name.len; i++)
                if (bytes[i] >= 'A' && bytes[i] <= 'Z')
                        bytes[i] = (char)(bytes[i] + 32);
        if (slice_is(name, "id"))
                name = SLICE("fid");
        else if (slice_is(name, "port"))
                name = SLICE("fport");
        (void)ticket_group(ticket, name, arena, &value); /* one that is not there is empty */
        return value;
}

static bool is_group_tag(struct slice tag) {
        if (tag.len < 3 || !slice_has_prefix(tag, SLICE("F-")))
                return false;
        for (size_t i = 2; i < tag.len; i++)
                if (!((tag.data[i] >= 'A' && tag.data[i] <= 'Z') ||
                            (tag.data[i] >= '0' && tag.data[i] <= '9') || tag.data[i] == '_' ||
                            tag.data[i] == '-'))
                        return false;
        return true;
}

static struct slice ip_value(const struct ticket *ticket, struct arena *arena) {
        struct slice ip;
        return ticket_group(ticket, SLICE("ip"), arena, &ip) ? ip : ticket_id(ticket);
}

static struct slice reversed(const struct ticket *ticket, struct arena *arena) {
        char text[ADDRESS_TEXT_MAX * 2];
        return arena_copy(arena, address_print_reversed(&ticket->address, text));
}

static struct slice time_text(const struct ticket *ticket, struct arena *arena) {
        if (ticket->integral_time)
                return arena_printf(arena, "%.0f", ticket->time);
        return value_float_text(ticket->time, arena);
}

static bool find_value(
        const struct ticket_tags *tags, struct slice tag, struct arena *arena, struct slice *ret) {
        const struct ticket *ticket = tags->ticket;
        const char *family = address_family_name(&ticket->address);
        if (slice_is(tag, "ip"))
                *ret = ip_value(ticket, arena);
        else if (slice_is(tag, "fid"))
                *ret = ticket_id(ticket);
        else if (slice_is(tag, "family"))
                *ret = slice_of(family ? family : "None");
        else if (slice_is(tag, "ip-rev"))
                *ret = reversed(ticket, arena);
        else if (slice_is(tag, "failures"))
                *ret = arena_printf(arena, "%u", ticket->failures);
        else if (slice_is(tag, "time"))
                *ret = time_text(ticket, arena);
        else if (slice_is(tag, "bancount"))
                *ret = arena_printf(arena, "%u", ticket->ban_count);
        else if (slice_is(tag, "matches"))
                *ret = ticket_matches_text(ticket, arena);
        else if (slice_is(tag, "restored"))
                *ret = slice_of(ticket->restored ? "1" : "0");
        else if (is_group_tag(tag))
                *ret = group_value(ticket, tag, arena);
        else
                return tags->info && tags->info->tag(tags->user, ticket, tag, arena, ret);
        return true;
}

static bool is_plain(struct slice value) {
        for (size_t i = 0; i < value.len; i++)
                if (value.data[i] == 0 || strchr("\\#&;`|*?~<>^()[]{}$'\"\n\r", value.data[i]))
                        return false;
        return true;
}

/* f2bV_matches, f2bV_F_user. */
static struct slice variable_of(struct slice tag, struct arena *arena) {
        struct slice name = arena_printf(arena, "f2bV_%.*s", SLICE_ARG(tag));
        char *bytes = (char *)(uintptr_t)name.data;
        bool is_group = is_group_tag(tag);
        for (size_t i = 5; i < name.len; i++) {
                if (is_group && i > 6 && bytes[i] >= 'A' && bytes[i] <= 'Z')
                        bytes[i] = (char)(bytes[i] + 32);
                if (bytes[i] == '-' || bytes[i] == '.' || bytes[i] == '*')
                        bytes[i] = '_';
        }
        return name;
}

struct replacing {
        const struct ticket_tags *tags;
        struct arena *arena;
        struct buffer out;
        struct buffer prefix;   /* assignments */
        struct value *values;   /* NULL: no shell */
        struct value variables; /* LIST of names, one a value */
};

/* The variable that holds value, which is assigned if it is new. */
static struct slice assign(struct replacing *state, struct slice tag, struct slice value) {
        struct slice name = variable_of(tag, state->arena);
        for (size_t i = 0; i < state->variables.list.count; i++)
                if (slice_equal(state->variables.list.items[i].string, name))
                        return name;
        (void)buffer_printf(
                &state->prefix, "%.*s=$%zu ", SLICE_ARG(name), state->values->list.count);
        (void)value_append(state->values, value_string(value), state->arena);
        (void)value_append(&state->variables, value_string(name), state->arena);
        return name;
}

static void put_tag(struct replacing *state, struct slice tag) {
        struct slice value;
        if (!find_value(state->tags, tag, state->arena, &value))
                (void)buffer_printf(&state->out, "<%.*s>", SLICE_ARG(tag));
        else if (!state->values || is_plain(value))
                (void)buffer_append(&state->out, value);
        else
                (void)buffer_printf(&state->out, "$%.*s", SLICE_ARG(assign(state, tag, value)));
}

static struct slice replace(struct replacing *state, struct slice text) {
        size_t at = 0, count = 0;
        while (at < text.len) {
                size_t open = slice_find_char(text, '<', at), close = open + 1;
                while (close < text.len && !strchr("<> \n", text.data[close]))
                        close++;
                (void)buffer_append(&state->out, slice_sub(text, at, open));
                bool is_tag = close < text.len && text.data[close] == '>' && close > open + 1;
                if (is_tag && count++ < TICKET_TAGS_MAX)
                        put_tag(state, slice_sub(text, open + 1, close));
                else
                        (void)buffer_append(
                                &state->out, slice_sub(text, open, is_tag ? close + 1 : close));
                at = is_tag ? close + 1 : close;
        }
        if (buffer_len(&state->prefix) > 0)
                (void)buffer_append_char(&state->prefix, '\n');
        (void)buffer_append(&state->prefix, buffer_view(&state->out));
        struct slice result = arena_copy(state->arena, buffer_view(&state->prefix));
        buffer_done(&state->out);
        buffer_done(&state->prefix);
        return result;
}

struct slice ticket_tags_text(
        const struct ticket_tags *tags, struct slice text, struct arena *arena) {
        struct replacing state = {.tags = tags,
                .arena = arena,
                .out = BUFFER_INIT(TEXT_MAX),
                .prefix = BUFFER_INIT(TEXT_MAX)};
        return replace(&state, text);
}

struct slice ticket_tags_command(const struct ticket_tags *tags, struct slice text,
        struct arena *arena, struct value *ret_values) {
        struct replacing state = {.tags = tags,
                .arena = arena,
                .out = BUFFER_INIT(TEXT_MAX),
                .prefix = BUFFER_INIT(TEXT_MAX)};
        state.values = ret_values;
        state.variables = value_list();
        *ret_values = value_list();
        return replace(&state, text);
}
