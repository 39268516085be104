/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first byte tells nearly all:
 *   00 .. 09  an enum value_type; as channel/value_code.h has it, but for items, which are packed
 *   0f        the id
 *   10 .. 3f  one of names[]
 *   40 .. 7f  a container of 0 to 15 items: two bits of type, four of count
 *   80 .. bf  a text of 0 to 63 bytes
 *   c0 .. ff  a text: six bits of its length, eight more in the next byte
 * Packed is never longer than coded, so that whoever packs knows the room for it. Invariant:
 * nothing is taken out of names[], or moved in it, while a program runs. */
#include "channel/value_pack.h"

#include <assert.h>
#include <string.h>

#include "channel/value_code.h"

#define MARK_ID 0x0f
#define MARK_NAMES 0x10
#define MARK_ITEMS 0x40
#define MARK_SHORT 0x80
#define MARK_MIDDLE 0xc0
#define ITEMS_FEW 15
#define SHORT_MAX 63
#define MIDDLE_MAX 0x3fff
#define NAME_MAX_BYTES 10

/* The shorter first. */
static const struct slice names[] = {
        {"ip4",        3 },
        {"ip6",        3 },
        {"dns",        3 },
        {"fid",        3 },
        {"user",       4 },
        {"root",       4 },
        {"users",      5 },
        {"mlfid",      5 },
        {"error",      5 },
        {"admin",      5 },
        {"nofail",     6 },
        {"content",    7 },
        {"ip-host",    7 },
        {"alt_user",   8 },
        {"alt_user1",  9 },
        {"mlfforget",  9 },
        {"mlfgained",  9 },
        {"mlfpending", 10},
};
/* Where those of a length begin; they end where those of the next one begin. */
static const uint8_t names_of[NAME_MAX_BYTES + 2] = {0, 0, 0, 0, 4, 6, 10, 11, 13, 14, 17, 18};
#define NAMES (sizeof(names) / sizeof(names[0]))
static_assert(NAMES <= MARK_ITEMS - MARK_NAMES, "each name has a byte");

static unsigned name_mark(struct slice text) {
        if (text.len > NAME_MAX_BYTES)
                return 0;
        for (unsigned i = names_of[text.len]; i < names_of[text.len + 1]; i++)
                if (slice_equal(text, names[i]))
                        return MARK_NAMES + i;
        return 0;
}

static bool is_container(unsigned type) {
        return type >= VALUE_LIST && type <= VALUE_SET;
}

size_t value_pack_text_size(size_t len) {
        return len + (len <= SHORT_MAX ? 1 : len <= MIDDLE_MAX ? 2 : VALUE_HEAD_BYTES);
}

char *value_pack_text_head(char *to, size_t len) {
        if (len > MIDDLE_MAX)
                return value_write_head(to, VALUE_STRING, (uint32_t)len);
        if (len > SHORT_MAX) {
                *to++ = (char)(MARK_MIDDLE | len >> 8);
                *to++ = (char)(len & 0xff);
                return to;
        }
        *to++ = (char)(MARK_SHORT | len);
        return to;
}

char *value_pack_items_head(char *to, enum value_type type, uint32_t count) {
        if (count > ITEMS_FEW)
                return value_write_head(to, type, count);
        *to++ = (char)(MARK_ITEMS | (unsigned)(type - VALUE_LIST) << 4 | count);
        return to;
}

char *value_pack_text(char *to, struct slice text, struct slice id) {
        unsigned name = slice_equal(text, id) ? MARK_ID : name_mark(text);
        if (name) {
                *to++ = (char)name;
                return to;
        }
        to = value_pack_text_head(to, text.len);
        if (text.len > 0)
                memcpy(to, text.data, text.len);
        return to + text.len;
}

static char *pack(char *to, struct message_reader *in, struct slice id, unsigned depth) {
        struct slice rest = in->rest;
        unsigned type = message_get_u8(in);
        if (depth > VALUE_DEPTH_MAX || type >= VALUE_TYPE_COUNT)
                in->bad = true;
        if (in->bad)
                return to;
        if (type == VALUE_STRING) {
                struct slice text = message_get_text(in);
                return in->bad ? to : value_pack_text(to, text, id);
        }
        if (is_container(type)) {
                uint32_t count = message_get_u32(in);
                to = value_pack_items_head(to, (enum value_type)type, count);
                for (; count > 0 && !in->bad; count--)
                        to = pack(to, in, id, depth + 1);
                return to;
        }
        in->rest = rest;
        (void)value_skip(in);
        size_t len = in->bad ? 0 : rest.len - in->rest.len;
        memcpy(to, rest.data, len);
        return to + len;
}

char *value_pack(char *to, struct message_reader *in, struct slice id) {
        return pack(to, in, id, 0);
}

static struct slice take(struct message_reader *in, size_t len) {
        struct slice text = slice_sub(in->rest, 0, len);
        in->bad = in->bad || len > in->rest.len;
        in->rest = slice_sub(in->rest, len, in->rest.len);
        return text;
}

/* A text by its first byte; false if that is none of one. */
static bool unpack_text(
        struct message_reader *in, unsigned mark, struct slice id, struct slice *ret) {
        if (mark >= MARK_MIDDLE)
                *ret = take(in, (mark & 0x3f) << 8 | message_get_u8(in));
        else if (mark >= MARK_SHORT)
                *ret = take(in, mark & 0x3f);
        else if (mark == MARK_ID)
                *ret = id;
        else if (mark == VALUE_STRING)
                *ret = message_get_text(in);
        else if (mark >= MARK_NAMES && mark - MARK_NAMES < NAMES)
                *ret = names[mark - MARK_NAMES];
        else
                return false;
        return true;
}

struct value value_unpack(struct message_reader *in, struct slice id, struct arena *arena) {
        struct slice rest = in->rest, text;
        unsigned mark = message_get_u8(in);
        if (in->bad)
                return VALUE_OF_NONE;
        if (unpack_text(in, mark, id, &text))
                return value_string(text);
        bool has_few = mark >= MARK_ITEMS && mark < MARK_SHORT;
        if (!has_few && !is_container(mark)) {
                in->rest = rest;
                return value_get(in, arena);
        }
        struct value list = {.type = has_few ? (enum value_type)(VALUE_LIST + (mark >> 4 & 3))
                                             : (enum value_type)mark};
        uint32_t count = has_few ? mark & ITEMS_FEW : message_get_u32(in);
        if (count > in->rest.len)
                in->bad = true;
        if (in->bad)
                return VALUE_OF_NONE;
        list.list.items = arena_alloc_array(arena, count, sizeof(struct value));
        list.list.capacity = count;
        for (; count > 0; count--)
                list.list.items[list.list.count++] = value_unpack(in, id, arena);
        return list;
}
