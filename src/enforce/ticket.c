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

static void free_matches(struct ticket *ticket) {
        free(ticket->matches);
        ticket->matches = NULL;
        ticket->matches_start = ticket->matches_len = ticket->matches_room = 0;
        ticket->match_count = 0;
}

static struct message_reader reader_of_matches(const struct ticket *ticket) {
        return message_reader_of(
                (struct slice){ticket->matches + ticket->matches_start, ticket->matches_len});
}

/* The bytes of the next value. */
static struct slice next_coded(struct message_reader *in) {
        const char *begin = in->rest.data;
        (void)value_skip(in);
        return (struct slice){begin, in->bad ? 0 : (size_t)(in->rest.data - begin)};
}

/* Drops the oldest. The room they leave is used again when the block would have to grow. */
static void drop_matches(struct ticket *ticket, uint32_t count) {
        if (count >= ticket->match_count) {
                free_matches(ticket);
                return;
        }
        struct message_reader in = reader_of_matches(ticket);
        for (uint32_t i = 0; i < count; i++)
                (void)next_coded(&in);
        ticket->match_count -= count;
        ticket->matches_start += ticket->matches_len - (uint32_t)in.rest.len;
        ticket->matches_len = (uint32_t)in.rest.len;
}

struct ticket *ticket_unref(struct ticket *ticket) {
        if (!ticket || --ticket->refs > 0)
                return NULL;
        free(ticket->matches);
        free(ticket->data);
        free(ticket);
        return NULL;
}

struct slice ticket_id(const struct ticket *ticket) {
        return (struct slice){ticket->id, ticket->id_len};
}

/* Makes the block large enough for size bytes behind the matches. */
static void reserve(struct ticket *ticket, uint32_t size) {
        uint32_t needed = ticket->matches_len + size;
        if (ticket->matches_start + needed <= ticket->matches_room)
                return;
        if (ticket->matches_start > 0)
                memmove(ticket->matches, ticket->matches + ticket->matches_start,
                        ticket->matches_len);
        bool gains_little = ticket->matches_start < ticket->matches_len / 4;
        ticket->matches_start = 0;
        if (needed <= ticket->matches_room && !gains_little)
                return;
        /* Most ids fail once; those that fail again do it often. A half more is just right for
         * three matches that are as long. */
        ticket->matches_room = needed + (ticket->matches_len > 0 ? needed / 2 : 0);
        ticket->matches = memory_resize(ticket->matches, ticket->matches_room, 1);
}

/* Room for a match of size bytes, which counts from now on; what is too much pushes out the oldest.
 * NULL if it is too large itself. */
static char *push_match(struct ticket *ticket, size_t size) {
        if (size == 0 || size > TICKET_DATA_MAX - ticket->data_len)
                return NULL;
        while (ticket->data_len + ticket->matches_len + size > TICKET_DATA_MAX)
                drop_matches(ticket, 1);
        reserve(ticket, (uint32_t)size);
        char *to = ticket->matches + ticket->matches_start + ticket->matches_len;
        ticket->matches_len += (uint32_t)size;
        ticket->match_count++;
        return to;
}

static void push_coded(struct ticket *ticket, struct slice match) {
        char *to = push_match(ticket, match.len);
        if (to)
                memcpy(to, match.data, match.len);
}

static struct value decode(struct slice coded, struct arena *arena) {
        struct message_reader in = message_reader_of(coded);
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

/* The pieces of a match that is a text, or a tuple of some (nearly all are). Returns their number,
 * 0 if it is something else. */
static uint32_t pieces_of(
        struct slice match, struct slice texts[static MATCH_PARTS_MAX], size_t *ret_len) {
        struct message_reader in = message_reader_of(match);
        uint8_t type = message_get_u8(&in);
        bool is_list = type == VALUE_TUPLE || type == VALUE_LIST;
        uint32_t count = is_list ? message_get_u32(&in) : 1;
        if (count > MATCH_PARTS_MAX)
                return 0;
        *ret_len = 0;
        for (uint32_t i = 0; i < count; i++) {
                if (is_list)
                        type = message_get_u8(&in);
                if (type != VALUE_STRING)
                        return 0;
                texts[i] = message_get_text(&in);
                *ret_len += texts[i].len;
        }
        return message_read_end(&in) ? count : 0;
}

/* Appends the match as one text. */
static void push_text(struct ticket *ticket, struct slice match) {
        struct slice texts[MATCH_PARTS_MAX];
        size_t len;
        uint32_t count = pieces_of(match, texts, &len);
        struct arena arena = ARENA_INIT;
        if (count == 0) {
                struct value value = decode(match, &arena);
                texts[count++] = match_text(&value, &arena);
                len = texts[0].len;
        }
        char *to = push_match(ticket, VALUE_HEAD_BYTES + len);
        if (to) {
                to = value_write_head(to, VALUE_STRING, (uint32_t)len);
                for (uint32_t i = 0; i < count; i++) {
                        if (texts[i].len > 0)
                                memcpy(to, texts[i].data, texts[i].len);
                        to += texts[i].len;
                }
        }
        arena_done(&arena);
}

/* Appends the newest max of the count matches that follow. */
static void push_texts(
        struct ticket *ticket, struct message_reader *in, uint32_t count, uint32_t max) {
        for (uint32_t i = 0; i < count && !in->bad; i++) {
                struct slice match = next_coded(in);
                if (count - i <= max)
                        push_text(ticket, match);
        }
        ticket_keep_matches(ticket, max);
}

void ticket_add_matches(struct ticket *ticket, const struct ticket *from, uint32_t max) {
        struct message_reader in = reader_of_matches(from);
        push_texts(ticket, &in, from->match_count, max);
}

/* A dict, pair by pair. */
struct pair {
        struct slice key; /* a text */
        enum value_type type;
        struct slice item; /* encoded */
};

static uint32_t open_container(struct message_reader *in) {
        uint8_t type = message_get_u8(in);
        bool is_container = type >= VALUE_LIST && type <= VALUE_SET;
        uint32_t count = is_container ? message_get_u32(in) : 0;
        return in->bad ? 0 : count;
}

/* Keys that are no texts come as empty ones, which nothing is called. */
static struct pair next_pair(struct message_reader *in) {
        struct slice key = next_coded(in);
        struct pair pair = {.key = SLICE_NULL, .item = next_coded(in)};
        if (key.len > VALUE_HEAD_BYTES && key.data[0] == VALUE_STRING)
                pair.key = slice_sub(key, VALUE_HEAD_BYTES, key.len);
        pair.type = pair.item.len > 0 ? (enum value_type)(uint8_t)pair.item.data[0] : VALUE_NONE;
        return pair;
}

static bool is_matches(const struct pair *pair) {
        return slice_equal(pair->key, SLICE("matches"));
}

static bool is_failures(const struct pair *pair) {
        return slice_equal(pair->key, SLICE("failures"));
}

static bool is_group(const struct pair *pair) {
        return pair->key.len > 0 && pair->type != VALUE_NONE && !is_matches(pair) &&
               !is_failures(pair);
}

/* "ip4" and the like repeat the id: None stands for it. */
static bool is_id(const struct ticket *ticket, const struct pair *pair) {
        return pair->type == VALUE_STRING &&
               slice_equal(
                       slice_sub(pair->item, VALUE_HEAD_BYTES, pair->item.len), ticket_id(ticket));
}

static char *write_group(const struct ticket *ticket, const struct pair *group, char *to) {
        to = value_write_head(to, VALUE_STRING, (uint32_t)group->key.len);
        memcpy(to, group->key.data, group->key.len);
        to += group->key.len;
        if (is_id(ticket, group)) {
                *to = VALUE_NONE;
                return to + 1;
        }
        memcpy(to, group->item.data, group->item.len);
        return to + group->item.len;
}

/* The groups of dict that have a value. Those that do not fit are not kept at all: half of them
 * could mislead. */
static void set_groups(struct ticket *ticket, struct slice dict) {
        struct message_reader in = message_reader_of(dict);
        uint32_t count = 0;
        size_t size = VALUE_HEAD_BYTES;
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct pair pair = next_pair(&in);
                if (!is_group(&pair))
                        continue;
                count++;
                size += VALUE_HEAD_BYTES + pair.key.len +
                        (is_id(ticket, &pair) ? 1 : pair.item.len);
        }
        free(ticket->data);
        ticket->data = NULL;
        ticket->data_len = 0;
        if (count == 0 || size > TICKET_DATA_MAX)
                return;
        ticket->data = memory_new(size);
        ticket->data_len = (uint32_t)size;
        char *to = value_write_head(ticket->data, VALUE_DICT, count * 2);
        in = message_reader_of(dict);
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct pair pair = next_pair(&in);
                if (is_group(&pair))
                        to = write_group(ticket, &pair, to);
        }
}

/* DICT of the groups. */
static struct value decode_groups(const struct ticket *ticket, struct arena *arena) {
        struct value groups = decode((struct slice){ticket->data, ticket->data_len}, arena);
        for (size_t i = 1; i < groups.list.count; i += 2)
                if (groups.list.items[i].type == VALUE_NONE)
                        groups.list.items[i] = value_string(ticket_id(ticket));
        return groups;
}

/* The "failures" of a dict; false if that is no number of them. */
static bool failures_of(const struct pair *pair, uint32_t *ret) {
        struct message_reader in = message_reader_of(pair->item);
        (void)message_get_u8(&in);
        uint64_t count = message_get_u64(&in);
        bool is_number = pair->type == VALUE_INT && count <= UINT32_MAX;
        if (is_number)
                *ret = (uint32_t)count;
        return is_number;
}

void ticket_set_coded(struct ticket *ticket, struct slice dict) {
        uint32_t failures;
        set_groups(ticket, dict);
        struct message_reader in = message_reader_of(dict);
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct pair pair = next_pair(&in);
                if (is_failures(&pair) && failures_of(&pair, &failures)) {
                        ticket->failures = failures;
                        ticket->retry = failures;
                }
                if (!is_matches(&pair))
                        continue;
                struct message_reader items = message_reader_of(pair.item);
                for (uint32_t count = open_container(&items); count > 0; count--)
                        push_coded(ticket, next_coded(&items));
        }
}

uint32_t ticket_add_coded(struct ticket *ticket, struct slice dict, uint32_t max) {
        struct message_reader in = message_reader_of(dict);
        uint32_t failures = 0, count;
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct pair pair = next_pair(&in);
                if (is_failures(&pair))
                        (void)failures_of(&pair, &failures);
                if (!is_matches(&pair) || max == 0)
                        continue;
                struct message_reader items = message_reader_of(pair.item);
                count = open_container(&items);
                push_texts(ticket, &items, count, max);
        }
        return failures;
}

void ticket_set_data(struct ticket *ticket, const struct value *dict) {
        size_t size = dict->type == VALUE_DICT ? value_coded_size(dict) : 0;
        if (size == 0)
                return;
        char *coded = memory_new(size);
        (void)value_write(coded, dict);
        ticket_set_coded(ticket, (struct slice){coded, size});
        free(coded);
}

struct value ticket_matches(const struct ticket *ticket, struct arena *arena) {
        struct value list = value_list();
        struct message_reader in = reader_of_matches(ticket);
        for (uint32_t i = 0; i < ticket->match_count; i++)
                (void)value_append(&list, value_get(&in, arena), arena);
        return list;
}

struct slice ticket_matches_text(const struct ticket *ticket, struct arena *arena) {
        struct buffer text = BUFFER_INIT(TICKET_DATA_MAX * 2);
        struct message_reader in = reader_of_matches(ticket);
        for (uint32_t i = 0; i < ticket->match_count; i++) {
                struct value match = value_get(&in, arena);
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
