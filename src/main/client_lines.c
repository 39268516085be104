/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building blocks of printed replies, and the tree of "status". Values are taken apart as Python
 * would: a text is a sequence of characters, so that a reply of an unexpected form fails at the
 * same place, and shows the same. Upstream: client/beautifier.py, 1.1. */
#include "main/client_lines.h"

#include "base/repr.h"
#include "main/client_print.h"

void client_lines_init(struct client_lines *text, const struct value *command,
        const struct value *reply, struct arena *arena) {
        *text = (struct client_lines){
                .command = command,
                .reply = reply,
                .arena = arena,
                .text = BUFFER_INIT(CLIENT_PRINT_MAX),
                .lines = value_list(),
        };
}

void client_lines_done(struct client_lines *text) {
        buffer_done(&text->text);
}

int client_lines_put(struct client_lines *text, struct slice piece) {
        if (buffer_append(&text->text, piece) < 0)
                return -1;
        text->has_text = true;
        return 0;
}

int client_lines_put_string(struct client_lines *text, const char *before,
        const struct value *value, const char *after) {
        if (value->type != VALUE_STRING)
                return -1;
        return client_lines_put(text,
                arena_printf(text->arena, "%s%.*s%s", before, SLICE_ARG(value->string), after));
}

void client_lines_add(struct client_lines *text, struct slice line) {
        text->has_lines = true;
        (void)value_append(&text->lines, value_string(line), text->arena);
}

/* ---- Python's sequences ---- */

/* Bytes of the character at the beginning of s (not empty). */
static size_t character_len(struct slice s) {
        size_t len = 1;
        while (len < s.len && ((unsigned char)s.data[len] & 0xc0) == 0x80)
                len++;
        return len;
}

/* Item index of a list, or character index of a text, or of a dictionary its key. */
static bool item_at(const struct value *value, size_t index, struct value *ret) {
        if (value->type == VALUE_STRING) {
                struct slice rest = value->string;
                for (; index > 0 && rest.len > 0; index--)
                        rest = slice_sub(rest, character_len(rest), rest.len);
                if (rest.len == 0)
                        return false;
                *ret = value_string(slice_sub(rest, 0, character_len(rest)));
                return true;
        }
        const struct value *item = value_item(value, index);
        if (item)
                *ret = *item;
        return item != NULL;
}

bool client_lines_count(const struct value *value, size_t *ret) {
        if (value_is_container(value)) {
                *ret = value->type == VALUE_DICT ? value->list.count / 2 : value->list.count;
                return true;
        }
        *ret = 0;
        for (struct value character;
                value->type == VALUE_STRING && item_at(value, *ret, &character);)
                ++*ret;
        return value->type == VALUE_STRING;
}

bool client_lines_join(
        const struct value *list, struct slice separator, struct arena *arena, struct slice *ret) {
        size_t count;
        if (!list || !client_lines_count(list, &count))
                return false;
        struct buffer out = BUFFER_INIT(CLIENT_PRINT_MAX);
        size_t step = list->type == VALUE_DICT ? 2 : 1;
        bool fits = true;
        for (size_t i = 0; fits && i < count; i++) {
                struct value item;
                if (list->type == VALUE_STRING || list->type == VALUE_BYTES)
                        fits = item_at(list, i, &item);
                else
                        item = list->list.items[i * step];
                fits = fits && item.type == VALUE_STRING;
                if (fits && i > 0)
                        fits = buffer_append(&out, separator) == 0;
                if (fits)
                        fits = buffer_append(&out, item.string) == 0;
        }
        if (fits)
                *ret = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return fits;
}

int client_lines_put_joined(
        struct client_lines *text, const struct value *list, struct slice separator) {
        struct slice joined;
        if (!client_lines_join(list, separator, text->arena, &joined))
                return -1;
        return client_lines_put(text, joined);
}

int client_lines_put_branches(
        struct client_lines *text, const struct value *list, enum client_lines_items items) {
        if (list->type != VALUE_LIST && list->type != VALUE_TUPLE)
                return -1;
        for (size_t i = 0; i < list->list.count; i++) {
                const struct value *item = &list->list.items[i];
                bool is_last = i + 1 == list->list.count;
                if (items != CLIENT_LINES_ANY && item->type != VALUE_STRING)
                        return -1;
                struct slice shown = repr_str(item, text->arena);
                char number[32] = "";
                if (items == CLIENT_LINES_NUMBERED)
                        (void)snprintf(number, sizeof(number), "[%zu]: ", i);
                struct slice line = arena_printf(text->arena, "%s %s%.*s%s", is_last ? "`-" : "|-",
                        number, SLICE_ARG(shown), is_last ? "" : "\n");
                if (client_lines_put(text, line) < 0)
                        return -1;
        }
        return 0;
}

/* ---- status ---- */

/* What stands behind a label: the items of a list with blanks between, anything else as str(). */
static struct slice status_value(const struct value *value, struct arena *arena) {
        if (value->type != VALUE_LIST)
                return repr_str(value, arena);
        struct buffer out = BUFFER_INIT(CLIENT_PRINT_MAX);
        int r = 0;
        for (size_t i = 0; r == 0 && i < value->list.count; i++) {
                if (i > 0)
                        r = buffer_append_char(&out, ' ');
                if (r == 0)
                        r = buffer_append(&out, repr_str(&value->list.items[i], arena));
        }
        struct slice all = arena_copy(arena, buffer_view(&out));
        buffer_done(&out);
        return all;
}

/* "PREFIX LABEL:\tVALUE" for a pair. */
static int status_pair(struct client_lines *text, const char *prefix, const struct value *pair) {
        struct value label;
        struct value value;
        if (!item_at(pair, 1, &value) || !item_at(pair, 0, &label))
                return -1;
        client_lines_add(text, arena_printf(text->arena, "%s %.*s:\t%.*s", prefix,
                                       SLICE_ARG(repr_str(&label, text->arena)),
                                       SLICE_ARG(status_value(&value, text->arena))));
        return 0;
}

/* One of the groups of a jail, "Filter" or "Actions", with its pairs. */
static int status_group(
        struct client_lines *text, const char *indent, const struct value *group, bool is_last) {
        struct value label;
        struct value pairs;
        size_t count;
        if (!item_at(group, 0, &label))
                return -1;
        client_lines_add(text, arena_printf(text->arena, "%s%s %.*s", indent, is_last ? "`-" : "|-",
                                       SLICE_ARG(repr_str(&label, text->arena))));
        if (!item_at(group, 1, &pairs) || !client_lines_count(&pairs, &count))
                return -1;
        for (size_t i = 0; i < count; i++) {
                char prefix[64];
                struct value pair;
                (void)snprintf(prefix, sizeof(prefix), "%s%s%s", indent, is_last ? "   " : "|  ",
                        i + 1 == count ? "`-" : "|-");
                if (!item_at(&pairs, i, &pair) || status_pair(text, prefix, &pair) < 0)
                        return -1;
        }
        return 0;
}

static int status_jail(struct client_lines *text, const char *indent, const struct value *status) {
        size_t count;
        if (!client_lines_count(status, &count))
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct value group;
                if (!item_at(status, i, &group) ||
                        status_group(text, indent, &group, i + 1 == count) < 0)
                        return -1;
        }
        return 0;
}

static int status_jails(struct client_lines *text, const struct value *jails) {
        client_lines_add(text, SLICE("`- Status for the jails:"));
        if (jails->type != VALUE_DICT)
                return -1;
        for (size_t i = 0; i < jails->list.count; i += 2) {
                bool is_last = i + 2 == jails->list.count;
                client_lines_add(
                        text, arena_printf(text->arena, "   %s Jail: %.*s", is_last ? "`-" : "|-",
                                      SLICE_ARG(repr_str(&jails->list.items[i], text->arena))));
                if (status_jail(text, is_last ? "      " : "   |  ", &jails->list.items[i + 1]) < 0)
                        return -1;
        }
        return 0;
}

/* Whether Python takes it as true. */
static bool is_true(const struct value *value) {
        size_t count;
        if (client_lines_count(value, &count))
                return count > 0;
        return value->type == VALUE_BOOL    ? value->boolean
               : value->type == VALUE_INT   ? value->integer != 0
               : value->type == VALUE_FLOAT ? value->real < 0 || value->real > 0
                                            : value->type != VALUE_NONE;
}

/* The server: its pairs, and with "--all" a dictionary of jails behind them. */
static int status_server(struct client_lines *text, bool with_jails) {
        const struct value *reply = text->reply;
        size_t count;
        if (reply->type == VALUE_DICT || !client_lines_count(reply, &count))
                return -1;
        struct value jails = VALUE_OF_NONE;
        if (with_jails && (count == 0 || !item_at(reply, --count, &jails)))
                return -1;
        bool has_jails = is_true(&jails);
        client_lines_add(text, SLICE("Status"));
        for (size_t i = 0; i < count; i++) {
                struct value pair;
                bool is_last = !has_jails && i + 1 == count;
                if (!item_at(reply, i, &pair) ||
                        status_pair(text, is_last ? "`-" : "|-", &pair) < 0)
                        return -1;
        }
        return has_jails ? status_jails(text, &jails) : 0;
}

int client_lines_status(struct client_lines *text) {
        bool has_word = text->command->list.count > 1;
        struct slice jail = value_item_text(text->command, 1);
        if (!has_word || slice_is(jail, "--all"))
                return status_server(text, has_word);
        client_lines_add(
                text, arena_printf(text->arena, "Status for the jail: %.*s", SLICE_ARG(jail)));
        return status_jail(text, "", text->reply);
}

/* ---- the result ---- */

struct slice client_lines_text(const struct client_lines *text) {
        struct slice all;
        if (text->has_lines && client_lines_join(&text->lines, SLICE("\n"), text->arena, &all))
                return all;
        if (text->has_text)
                return arena_copy(text->arena, buffer_view(&text->text));
        return repr_str(text->reply, text->arena);
}

struct slice client_lines_repr(const struct client_lines *text) {
        if (text->has_lines)
                return repr(&text->lines, text->arena);
        if (text->has_text)
                return repr_text(buffer_view(&text->text), text->arena);
        return repr(text->reply, text->arena);
}
