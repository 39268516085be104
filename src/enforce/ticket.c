/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ticket is one block: the struct with the id behind it. Groups and matches are kept encoded
 * (channel/value_code.h): most tickets are only counted, and never looked into again. Invariant:
 * data, if there is any, is one valid DICT of text keys; all matches together with it are at most
 * TICKET_DATA_MAX bytes. */
#include "enforce/ticket.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/repr.h"
#include "channel/value_code.h"

#define MATCH_PARTS_MAX 8 /* a line has three: before the date, the date, behind it */

struct ticket *ticket_new(struct slice id, const struct address *address, double time) {
        assert(id.len < TICKET_DATA_MAX);
        struct ticket *ticket = memory_new(offsetof(struct ticket, id) + id.len + 1);
        ticket->refs = 1;
        if (address)
                ticket->address = *address;
        if (id.len > 0)
                memcpy(ticket->id, id.data, id.len);
        ticket->id_len = (uint32_t)id.len;
        ticket->time = ticket->first_time = time;
        ticket->ban_time_s = TICKET_BAN_TIME_JAIL;
        return ticket;
}

struct ticket *ticket_ref(struct ticket *ticket) {
        ticket->refs++;
        return ticket;
}

static void drop_matches(struct ticket *ticket, uint32_t count) {
        for (uint32_t i = 0; i < count; i++)
                free(ticket->matches[i]);
        ticket->match_count -= count;
        if (ticket->match_count == 0) {
                free(ticket->matches);
                free(ticket->match_lens);
                ticket->matches = NULL;
                ticket->match_lens = NULL;
                return;
        }
        memmove(ticket->matches, ticket->matches + count,
                ticket->match_count * sizeof(*ticket->matches));
        memmove(ticket->match_lens, ticket->match_lens + count,
                ticket->match_count * sizeof(*ticket->match_lens));
}

struct ticket *ticket_unref(struct ticket *ticket) {
        if (!ticket || --ticket->refs > 0)
                return NULL;
        if (ticket->match_count > 0)
                drop_matches(ticket, ticket->match_count);
        free(ticket->data);
        free(ticket);
        return NULL;
}

struct slice ticket_id(const struct ticket *ticket) {
        return (struct slice){ticket->id, ticket->id_len};
}

static size_t bytes_of(const struct ticket *ticket) {
        size_t sum = ticket->data_len;
        for (uint32_t i = 0; i < ticket->match_count; i++)
                sum += ticket->match_lens[i];
        return sum;
}

/* Takes over bytes. Those that are too many push out the oldest. */
static void push_match(struct ticket *ticket, char *bytes, size_t len) {
        uint32_t count = ticket->match_count + 1;
        ticket->matches = memory_resize(ticket->matches, count, sizeof(*ticket->matches));
        ticket->match_lens = memory_resize(ticket->match_lens, count, sizeof(*ticket->match_lens));
        ticket->matches[count - 1] = bytes;
        ticket->match_lens[count - 1] = (uint32_t)len;
        ticket->match_count = count;
        size_t sum = bytes_of(ticket);
        uint32_t drop = 0;
        while (sum > TICKET_DATA_MAX && drop < count)
                sum -= ticket->match_lens[drop++];
        if (drop > 0)
                drop_matches(ticket, drop);
}

static void push_value(struct ticket *ticket, const struct value *match) {
        size_t size = value_coded_size(match);
        if (size == 0 || size > TICKET_DATA_MAX)
                return;
        char *bytes = memory_new(size);
        (void)value_write(bytes, match);
        push_match(ticket, bytes, size);
}

static struct value decode(const char *bytes, size_t len, struct arena *arena) {
        struct message_reader in = message_reader_of((struct slice){bytes, len});
        return value_get(&in, arena);
}

/* The text of a match: its pieces put together. */
static struct slice match_text(const struct value *match, struct arena *arena) {
        if (match->type == VALUE_STRING)
                return match->string;
        if (!value_is_container(match))
                return repr_str(match, arena);
        size_t len = 0;
        for (size_t i = 0; i < match->list.count; i++)
                len += value_item_text(match, i).len;
        char *text = arena_alloc(arena, len + 1);
        size_t at = 0;
        for (size_t i = 0; i < match->list.count; i++) {
                struct slice piece = value_item_text(match, i);
                if (piece.len > 0)
                        memcpy(text + at, piece.data, piece.len);
                at += piece.len;
        }
        return (struct slice){text, len};
}

void ticket_keep_matches(struct ticket *ticket, uint32_t max) {
        if (ticket->match_count > max)
                drop_matches(ticket, ticket->match_count - max);
}

/* The text of a match that is one, or a tuple of some (nearly all are), as a coded value; NULL if
 * it is something else. */
static char *coded_text(struct slice match, size_t *ret_size) {
        struct message_reader in = message_reader_of(match);
        uint8_t type = message_get_u8(&in);
        bool is_list = type == VALUE_TUPLE || type == VALUE_LIST;
        uint32_t count = is_list ? message_get_u32(&in) : 1;
        struct slice texts[MATCH_PARTS_MAX];
        struct value all = value_string(SLICE_NULL);
        if (count > MATCH_PARTS_MAX)
                return NULL;
        for (uint32_t i = 0; i < count; i++) {
                if (is_list)
                        type = message_get_u8(&in);
                if (type != VALUE_STRING)
                        return NULL;
                texts[i] = message_get_text(&in);
                all.string.len += texts[i].len;
        }
        if (!message_read_end(&in))
                return NULL;
        *ret_size = value_coded_size(&all);
        char *bytes = memory_new(*ret_size);
        char *to = value_write_head(bytes, VALUE_STRING, (uint32_t)all.string.len);
        for (uint32_t i = 0; i < count; i++) {
                if (texts[i].len > 0)
                        memcpy(to, texts[i].data, texts[i].len);
                to += texts[i].len;
        }
        return bytes;
}

void ticket_add_matches(struct ticket *ticket, const struct ticket *from, uint32_t max) {
        struct arena arena = ARENA_INIT;
        uint32_t first = from->match_count > max ? from->match_count - max : 0;
        for (uint32_t i = first; i < from->match_count; i++) {
                size_t size;
                char *bytes =
                        coded_text((struct slice){from->matches[i], from->match_lens[i]}, &size);
                if (bytes) {
                        push_match(ticket, bytes, size);
                        continue;
                }
                struct value match = decode(from->matches[i], from->match_lens[i], &arena);
                struct value text = value_string(match_text(&match, &arena));
                push_value(ticket, &text);
        }
        arena_done(&arena);
        ticket_keep_matches(ticket, max);
}

static bool is_group(const struct value *key, const struct value *item) {
        return key->type == VALUE_STRING && item->type != VALUE_NONE &&
               !slice_is(key->string, "matches") && !slice_is(key->string, "failures");
}

/* "ip4" and the like repeat the id: that is left out. */
static const struct value *shortened(const struct ticket *ticket, const struct value *item) {
        static const struct value none = {.type = VALUE_NONE};
        bool is_id = item->type == VALUE_STRING && slice_equal(item->string, ticket_id(ticket));
        return is_id ? &none : item;
}

/* Bytes of the groups of dict that have a value, and their number; 0 if they are not to be kept. */
static size_t groups_size(
        const struct ticket *ticket, const struct value *dict, uint32_t *ret_count) {
        size_t size = VALUE_HEAD_BYTES;
        *ret_count = 0;
        for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
                const struct value *key = &dict->list.items[i], *item = key + 1;
                if (!is_group(key, item))
                        continue;
                size_t bytes = value_coded_size(shortened(ticket, item));
                if (bytes == 0)
                        return 0;
                size += value_coded_size(key) + bytes;
                ++*ret_count;
        }
        return *ret_count > 0 ? size : 0;
}

/* Groups that do not fit are not kept at all: half of them could mislead. */
static void set_groups(struct ticket *ticket, const struct value *dict) {
        uint32_t count;
        size_t size = groups_size(ticket, dict, &count);
        free(ticket->data);
        ticket->data = NULL;
        ticket->data_len = 0;
        if (size == 0 || size > TICKET_DATA_MAX)
                return;
        ticket->data = memory_new(size);
        ticket->data_len = (uint32_t)size;
        char *to = value_write_head(ticket->data, VALUE_DICT, count * 2);
        for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
                const struct value *key = &dict->list.items[i], *item = key + 1;
                if (is_group(key, item))
                        to = value_write(value_write(to, key), shortened(ticket, item));
        }
}

/* DICT of the groups. */
static struct value decode_groups(const struct ticket *ticket, struct arena *arena) {
        struct value groups = decode(ticket->data, ticket->data_len, arena);
        for (size_t i = 1; i < groups.list.count; i += 2)
                if (groups.list.items[i].type == VALUE_NONE)
                        groups.list.items[i] = value_string(ticket_id(ticket));
        return groups;
}

static void set_failures(struct ticket *ticket, const struct value *v) {
        if (v->type != VALUE_INT || v->integer < 0 || v->integer > UINT32_MAX)
                return;
        ticket->failures = (uint32_t)v->integer;
        ticket->retry = (double)v->integer;
}

void ticket_set_data(struct ticket *ticket, const struct value *dict) {
        if (dict->type != VALUE_DICT)
                return;
        const struct value *failures = value_dict_get(dict, "failures");
        const struct value *matches = value_dict_get(dict, "matches");
        if (failures)
                set_failures(ticket, failures);
        set_groups(ticket, dict);
        for (size_t i = 0; matches && value_is_container(matches) && i < matches->list.count; i++)
                push_value(ticket, &matches->list.items[i]);
}

struct value ticket_matches(const struct ticket *ticket, struct arena *arena) {
        struct value list = value_list();
        for (uint32_t i = 0; i < ticket->match_count; i++)
                (void)value_append(
                        &list, decode(ticket->matches[i], ticket->match_lens[i], arena), arena);
        return list;
}

struct slice ticket_matches_text(const struct ticket *ticket, struct arena *arena) {
        struct buffer text = BUFFER_INIT(TICKET_DATA_MAX * 2);
        for (uint32_t i = 0; i < ticket->match_count; i++) {
                struct value match = decode(ticket->matches[i], ticket->match_lens[i], arena);
                if (i > 0)
                        (void)buffer_append_char(&text, '\n'); /* TICKET_DATA_MAX bounds the sum */
                (void)buffer_append(&text, match_text(&match, arena));
        }
        struct slice copy = arena_copy(arena, buffer_view(&text));
        buffer_done(&text);
        return copy;
}

struct value ticket_data(const struct ticket *ticket, struct arena *arena) {
        struct value dict = value_dict();
        value_dict_put(&dict, value_text("matches"), ticket_matches(ticket, arena), arena);
        value_dict_put(&dict, value_text("failures"), value_int(ticket->failures), arena);
        if (ticket->data_len == 0)
                return dict;
        struct value groups = decode_groups(ticket, arena);
        for (size_t i = 0; i + 1 < groups.list.count; i += 2)
                value_dict_put(&dict, groups.list.items[i], groups.list.items[i + 1], arena);
        return dict;
}

bool ticket_group(
        const struct ticket *ticket, struct slice name, struct arena *arena, struct slice *ret) {
        if (ticket->data_len == 0)
                return false;
        struct value groups = decode_groups(ticket, arena);
        for (size_t i = 0; i + 1 < groups.list.count; i += 2) {
                if (!slice_equal(groups.list.items[i].string, name))
                        continue;
                *ret = repr_str(&groups.list.items[i + 1], arena);
                return true;
        }
        return false;
}

double ticket_end(const struct ticket *ticket, double jail_ban_time_s) {
        double ban_time_s = isnan(ticket->ban_time_s) ? jail_ban_time_s : ticket->ban_time_s;
        return ban_time_s == TICKET_PERMANENT ? (double)INFINITY : ticket->time + ban_time_s;
}
