/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ticket is one block: the struct with the id behind it. Groups and matches are kept packed
 * (channel/value_pack.h), each in a block of its own: most tickets are only counted, and never
 * looked into again. The address is read out of the id. Invariant: all matches together with the
 * groups take at most TICKET_DATA_MAX bytes, some for each included. */
#include "enforce/ticket.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/repr.h"
#include "channel/failure_code.h"
#include "channel/value_code.h"
#include "channel/value_pack.h"
#include "enforce/match_list.h"

#define MATCH_PARTS_MAX 8 /* a line has three: before the date, the date, behind it */
#define SCRATCH_BYTES 8192

struct ticket_groups {
        uint32_t len;
        char packed[]; /* a DICT of text keys */
};

/* Room to pack into, for a moment; who has it calls nobody who wants it, too. It is not on the
 * stack, where the compiler would clear it each time. */
static char scratch_few[SCRATCH_BYTES];

static char *scratch_of(size_t size) {
        return size <= sizeof(scratch_few) ? scratch_few : memory_new(size);
}

static void scratch_done(char *scratch) {
        if (scratch != scratch_few)
                free(scratch);
}

static size_t size_of_ticket(size_t id_len) {
        return offsetof(struct ticket, id) + id_len + 1;
}

static size_t size_of_groups(size_t len) {
        return offsetof(struct ticket_groups, packed) + len;
}

struct ticket *ticket_new(struct slice id, const struct address *address, double time) {
        assert(id.len <= TICKET_ID_MAX);
        struct ticket *ticket = pool_new(size_of_ticket(id.len));
        ticket->refs = 1;
        if (address) {
                ticket->is_inet4 = address->family == ADDRESS_INET4;
                ticket->is_inet6 = address->family == ADDRESS_INET6;
                ticket->plen = address->plen;
        }
        if (id.len > 0)
                memcpy(ticket->id, id.data, id.len);
        ticket->id_len = (uint16_t)id.len;
        ticket->time = time;
        ticket->ban_time_s = TICKET_BAN_TIME_JAIL;
        return ticket;
}

struct ticket *ticket_ref(struct ticket *ticket) {
        ticket->refs++;
        return ticket;
}

/* The text does not show each prefix length. */
struct address ticket_address(const struct ticket *ticket) {
        struct address address = {.family = ADDRESS_NONE};
        if (ticket_family(ticket) == ADDRESS_NONE)
                return address;
        (void)address_parse(ticket_id(ticket), &address);
        address.plen = ticket->plen;
        return address;
}

void ticket_set_retry(struct ticket *ticket, double retry) {
        double halves = rint(retry * 2);
        ticket->retry_halves = halves <= 0            ? 0
                               : halves >= UINT32_MAX ? UINT32_MAX
                                                      : (uint32_t)halves;
}

void ticket_leave_window(struct ticket *ticket) {
        ticket->ban_time_s = TICKET_BAN_TIME_JAIL;
        ticket->ban_epoch = 0;
        ticket->has_passed = false;
}

static size_t bytes_of_groups(const struct ticket *ticket) {
        return ticket->groups ? size_of_groups(ticket->groups->len) : 0;
}

static void free_groups(struct ticket *ticket) {
        if (ticket->groups)
                pool_free(ticket->groups, size_of_groups(ticket->groups->len));
        ticket->groups = NULL;
}

struct ticket *ticket_unref(struct ticket *ticket) {
        if (!ticket || --ticket->refs > 0)
                return NULL;
        match_list_clear(ticket);
        free_groups(ticket);
        pool_free(ticket, size_of_ticket(ticket->id_len));
        return NULL;
}

struct slice ticket_id(const struct ticket *ticket) {
        return (struct slice){ticket->id, ticket->id_len};
}

/* The bytes of the next value. */
static struct slice next_coded(struct message_reader *in) {
        const char *begin = in->rest.data;
        (void)value_skip(in);
        return (struct slice){begin, in->bad ? 0 : (size_t)(in->rest.data - begin)};
}

/* Where there is much room left, the groups are not looked at: they may be far away in memory. Room
 * for a match of size bytes, which counts from now on; what is too much, or more than max,
 * pushes out the oldest. NULL if it is too large itself. */
static char *push_match(struct ticket *ticket, size_t size, uint32_t max) {
        size_t most = TICKET_DATA_MAX / 4; /* the groups take half of it at most */
        bool is_far = size < most && ticket->match_units < most / MATCH_LIST_UNIT_BYTES;
        return match_list_push(ticket, size, max, is_far ? 0 : bytes_of_groups(ticket));
}

static void push_coded(struct ticket *ticket, struct slice match) {
        struct message_reader in = message_reader_of(match);
        char *packed = scratch_of(match.len);
        size_t len = (size_t)(value_pack(packed, &in, ticket_id(ticket)) - packed);
        char *to = in.bad ? NULL : push_match(ticket, len, MATCH_LIST_MAX);
        if (to)
                memcpy(to, packed, len);
        scratch_done(packed);
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
        while (ticket->match_count > max)
                match_list_drop(ticket);
        if (max == 0)
                ticket->lacks_matches = true;
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

/* Appends a match that is one text: the pieces together. */
static void push_pieces(struct ticket *ticket, const struct slice *pieces, uint32_t count,
        size_t len, uint32_t max) {
        char *to = push_match(ticket, value_pack_text_size(len), max);
        if (!to)
                return;
        to = value_pack_text_head(to, len);
        for (uint32_t i = 0; i < count; i++) {
                if (pieces[i].len > 0)
                        memcpy(to, pieces[i].data, pieces[i].len);
                to += pieces[i].len;
        }
}

/* Appends the match as one text. */
static void push_text(struct ticket *ticket, struct slice match, uint32_t max) {
        struct slice texts[MATCH_PARTS_MAX];
        size_t len;
        uint32_t count = pieces_of(match, texts, &len);
        struct arena arena = ARENA_INIT;
        if (count == 0) {
                struct value value = decode(match, &arena);
                texts[count++] = match_text(&value, &arena);
                len = texts[0].len;
        }
        push_pieces(ticket, texts, count, len, max);
        arena_done(&arena);
}

void ticket_add_matches(struct ticket *ticket, const struct ticket *from, uint32_t max) {
        uint32_t left = from->match_count;
        struct match_list_walk walk = match_list_walk(from);
        struct arena arena = ARENA_INIT;
        for (struct value match; match_list_next(&walk, &arena, &match); left--) {
                struct slice text = match_text(&match, &arena);
                if (left <= max)
                        push_pieces(ticket, &text, 1, text.len, max);
        }
        arena_done(&arena);
        ticket_keep_matches(ticket, max);
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

/* Packs the pairs of dict that are groups to to, if there is room for them. Returns their number;
 * *ret_end: the end. */
static uint32_t pack_groups(struct slice id, struct slice dict, char *to, const char **ret_end) {
        struct message_reader in = message_reader_of(dict);
        uint32_t count = 0;
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct message_reader begin = in;
                struct pair pair = next_pair(&in);
                if (!is_group(&pair))
                        continue;
                count++;
                for (unsigned i = 0; i < 2; i++)
                        to = value_pack(to, &begin, id);
        }
        *ret_end = to;
        return count;
}

/* Keeps groups that have been packed. Those that do not fit are not kept at all: half of them could
 * mislead. */
static void keep_groups(struct ticket *ticket, uint32_t count, struct slice packed) {
        free_groups(ticket);
        if (count == 0 || packed.len >= TICKET_DATA_MAX / 2)
                return;
        char head[VALUE_PACK_HEAD_MAX];
        size_t head_len = (size_t)(value_pack_items_head(head, VALUE_DICT, count * 2) - head);
        ticket->groups = pool_new(size_of_groups(head_len + packed.len));
        ticket->groups->len = (uint32_t)(head_len + packed.len);
        memcpy(ticket->groups->packed, head, head_len);
        memcpy(ticket->groups->packed + head_len, packed.data, packed.len);
}

/* The groups of dict that have a value. */
static void set_groups(struct ticket *ticket, struct slice dict) {
        const char *end;
        char *packed = scratch_of(dict.len);
        uint32_t count = pack_groups(ticket_id(ticket), dict, packed, &end);
        keep_groups(ticket, count, (struct slice){packed, (size_t)(end - packed)});
        scratch_done(packed);
}

/* DICT of the groups. */
static struct value groups_of(const struct ticket *ticket, struct arena *arena) {
        if (!ticket->groups)
                return value_dict();
        struct message_reader in =
                message_reader_of((struct slice){ticket->groups->packed, ticket->groups->len});
        return value_unpack(&in, ticket_id(ticket), arena);
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

static void set_coded(struct ticket *ticket, struct slice dict) {
        uint32_t failures;
        set_groups(ticket, dict);
        struct message_reader in = message_reader_of(dict);
        for (uint32_t rest = open_container(&in); rest > 1; rest -= 2) {
                struct pair pair = next_pair(&in);
                if (is_failures(&pair) && failures_of(&pair, &failures)) {
                        ticket->failures = failures;
                        ticket_set_retry(ticket, failures);
                }
                if (!is_matches(&pair))
                        continue;
                struct message_reader items = message_reader_of(pair.item);
                for (uint32_t count = open_container(&items); count > 0; count--)
                        push_coded(ticket, next_coded(&items));
        }
}

void ticket_set_data(struct ticket *ticket, const struct value *dict) {
        size_t size = dict->type == VALUE_DICT ? value_coded_size(dict) : 0;
        if (size == 0)
                return;
        char *coded = memory_new(size);
        (void)value_write(coded, dict);
        set_coded(ticket, (struct slice){coded, size});
        free(coded);
}

/* Appends a matched line as one text. */
static void push_line_text(struct ticket *ticket, const struct failure_line *line, uint32_t max) {
        if (line->form == FAILURE_LINE_VALUE)
                push_text(ticket, line->text, max);
        else
                push_pieces(ticket, &line->text, 1, line->text.len, max);
}

/* Appends it in its pieces. */
static void push_line_pieces(struct ticket *ticket, const struct failure_line *line) {
        const char *piece = line->text.data;
        size_t heads = (1U + line->piece_count) * VALUE_PACK_HEAD_MAX;
        char *packed = scratch_of(heads + line->text.len);
        char *end = value_pack_items_head(packed, VALUE_TUPLE, line->piece_count);
        for (unsigned i = 0; i < line->piece_count; i++) {
                end = value_pack_text(
                        end, (struct slice){piece, line->lengths[i]}, ticket_id(ticket));
                piece += line->lengths[i];
        }
        char *to = push_match(ticket, (size_t)(end - packed), MATCH_LIST_MAX);
        if (to)
                memcpy(to, packed, (size_t)(end - packed));
        scratch_done(packed);
}

static void push_line(struct ticket *ticket, const struct failure_line *line) {
        if (line->form == FAILURE_LINE_VALUE)
                push_coded(ticket, line->text);
        else if (line->form == FAILURE_LINE_TEXT)
                push_line_text(ticket, line, MATCH_LIST_MAX);
        else
                push_line_pieces(ticket, line);
}

static bool is_kept(const struct failure_group *group) {
        bool is_none = group->form == FAILURE_GROUP_VALUE && group->bytes.data[0] == VALUE_NONE;
        return !is_none && group->name.len > 0 && !slice_equal(group->name, SLICE("matches")) &&
               !slice_equal(group->name, SLICE("failures"));
}

static char *pack_group(
        char *to, const struct failure_group *group, const struct record *record, struct slice id) {
        struct message_reader in = message_reader_of(group->bytes);
        to = value_pack_text(to, group->name, id);
        switch ((enum failure_group_form)group->form) {
        case FAILURE_GROUP_TEXT:
                return value_pack_text(to, group->bytes, id);
        case FAILURE_GROUP_ID:
                return value_pack_text(to, record->failure.id, id);
        case FAILURE_GROUP_SET:
                return value_pack_text(value_pack_items_head(to, VALUE_SET, 1), group->bytes, id);
        case FAILURE_GROUP_VALUE:
        case FAILURE_GROUP_FORM_COUNT:
                break;
        }
        return value_pack(to, &in, id);
}

/* Packs those that are kept. Returns their number; *ret_end: the end. */
static uint32_t pack_record(
        const struct record *record, struct slice id, char *to, const char **ret_end) {
        struct message_reader in = message_reader_of(record->failure.groups);
        struct failure_group group;
        uint32_t count = 0;
        while (failure_group_next(&in, &group)) {
                if (!is_kept(&group))
                        continue;
                to = pack_group(to, &group, record, id);
                count++;
        }
        *ret_end = to;
        return count;
}

/* Bytes that its groups take at most: a rough figure, or, where that is much, a finer one. Heads
 * may become longer, and what stands for a name or the id, these themselves. */
static size_t packed_size_of(const struct record *record) {
        const size_t heads = 3 * VALUE_PACK_HEAD_MAX, id_len = record->failure.id.len;
        struct message_reader in = message_reader_of(record->failure.groups);
        struct failure_group group;
        size_t size = record->failure.groups.len;
        size_t rough =
                size + size / FAILURE_GROUP_BYTES_MIN * (heads + FAILURE_NAME_BYTES_MAX + id_len);
        if (rough <= SCRATCH_BYTES)
                return rough;
        while (failure_group_next(&in, &group))
                size += heads + group.name.len + (group.form == FAILURE_GROUP_ID ? id_len : 0);
        return size;
}

static void set_record_groups(struct ticket *ticket, const struct record *record) {
        const char *end;
        char *packed = scratch_of(packed_size_of(record));
        uint32_t count = pack_record(record, ticket_id(ticket), packed, &end);
        keep_groups(ticket, count, (struct slice){packed, (size_t)(end - packed)});
        scratch_done(packed);
}

void ticket_set_record(struct ticket *ticket, const struct record *record) {
        struct message_reader in = message_reader_of(record->failure.lines);
        struct failure_line line;
        set_record_groups(ticket, record);
        for (uint32_t i = failure_lines_count(&in); i > 0 && failure_line_next(&in, &line); i--)
                push_line(ticket, &line);
}

void ticket_add_record(struct ticket *ticket, const struct record *record, uint32_t max) {
        struct message_reader in = message_reader_of(record->failure.lines);
        struct failure_line line;
        for (uint32_t i = failure_lines_count(&in); i > 0 && failure_line_next(&in, &line); i--)
                if (i <= max)
                        push_line_text(ticket, &line, max);
        ticket_keep_matches(ticket, max);
}

struct value ticket_matches(const struct ticket *ticket, struct arena *arena) {
        struct value list = value_list();
        struct match_list_walk walk = match_list_walk(ticket);
        for (struct value match; match_list_next(&walk, arena, &match);)
                (void)value_append(&list, match, arena);
        return list;
}

struct slice ticket_matches_text(const struct ticket *ticket, struct arena *arena) {
        struct buffer text = BUFFER_INIT(TICKET_DATA_MAX * 2);
        struct match_list_walk walk = match_list_walk(ticket);
        bool is_first = true;
        for (struct value match; match_list_next(&walk, arena, &match); is_first = false) {
                if (!is_first)
                        (void)buffer_append_char(&text, '\n'); /* TICKET_DATA_MAX bounds the sum */
                (void)buffer_append(&text, match_text(&match, arena));
        }
        struct slice copy = arena_copy(arena, buffer_view(&text));
        buffer_done(&text);
        return copy;
}

struct value ticket_data(const struct ticket *ticket, struct arena *arena) {
        struct value dict = value_dict();
        if (ticket->match_count > 0 || !ticket->lacks_matches)
                value_dict_put(&dict, value_text("matches"), ticket_matches(ticket, arena), arena);
        value_dict_put(&dict, value_text("failures"), value_int(ticket->failures), arena);
        struct value groups = groups_of(ticket, arena);
        for (size_t i = 0; i + 1 < groups.list.count; i += 2)
                value_dict_put(&dict, groups.list.items[i], groups.list.items[i + 1], arena);
        return dict;
}

bool ticket_group(
        const struct ticket *ticket, struct slice name, struct arena *arena, struct slice *ret) {
        if (!ticket->groups)
                return false;
        struct value groups = groups_of(ticket, arena);
        for (size_t i = 0; i + 1 < groups.list.count; i += 2) {
                if (!slice_equal(groups.list.items[i].string, name))
                        continue;
                *ret = repr_str(&groups.list.items[i + 1], arena);
                return true;
        }
        return false;
}

size_t ticket_bytes(const struct ticket *ticket) {
        return size_of_ticket(ticket->id_len) + bytes_of_groups(ticket) + match_list_bytes(ticket);
}

double ticket_end(const struct ticket *ticket, double jail_ban_time_s) {
        double ban_time_s = isnan(ticket->ban_time_s) ? jail_ban_time_s : ticket->ban_time_s;
        return ban_time_s == TICKET_PERMANENT ? (double)INFINITY : ticket->time + ban_time_s;
}
