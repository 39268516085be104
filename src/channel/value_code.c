/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as bytes. Counts are checked against what is left of the body before anything is allocated for them. */
#include "channel/value_code.h"

#include <endian.h>
#include <errno.h>

/* Bytes that v takes; 0 if it is nested too deep, or has a text that is too long. */
static size_t size_of(const struct value *v, int depth) {
        size_t size = sizeof(uint8_t);
        if (depth > VALUE_DEPTH_MAX)
                return 0;
        switch (v->type) {
        case VALUE_BOOL:
                return size + sizeof(uint8_t);
        case VALUE_INT:
        case VALUE_FLOAT:
                return size + sizeof(uint64_t);
        case VALUE_STRING:
        case VALUE_BYTES:
                return v->string.len > UINT32_MAX ? 0 : size + sizeof(uint32_t) + v->string.len;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                size += sizeof(uint32_t);
                for (size_t i = 0; i < v->list.count; i++) {
                        size_t item = size_of(&v->list.items[i], depth + 1);
                        if (item == 0)
                                return 0;
                        size += item;
                }
                return size;
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return size;
}

size_t value_coded_size(const struct value *v) {
        return size_of(v, 0);
}

static char *write_u32(char *to, uint32_t v) {
        v = htole32(v);
        memcpy(to, &v, sizeof(v));
        return to + sizeof(v);
}

static char *write_u64(char *to, uint64_t v) {
        v = htole64(v);
        memcpy(to, &v, sizeof(v));
        return to + sizeof(v);
}

char *value_write_head(char *to, enum value_type type, uint32_t count) {
        *to++ = (char)type;
        return write_u32(to, count);
}

char *value_write(char *to, const struct value *v) {
        uint64_t bits;
        *to++ = (char)v->type;
        switch (v->type) {
        case VALUE_BOOL:
                *to++ = v->boolean;
                return to;
        case VALUE_INT:
                return write_u64(to, (uint64_t)v->integer);
        case VALUE_FLOAT:
                memcpy(&bits, &v->real, sizeof(bits));
                return write_u64(to, bits);
        case VALUE_STRING:
        case VALUE_BYTES:
                to = write_u32(to, (uint32_t)v->string.len);
                if (v->string.len > 0)
                        memcpy(to, v->string.data, v->string.len);
                return to + v->string.len;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                to = write_u32(to, (uint32_t)v->list.count);
                for (size_t i = 0; i < v->list.count; i++)
                        to = value_write(to, &v->list.items[i]);
                return to;
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return to;
}

int value_put(struct buffer *out, const struct value *v) {
        size_t size = size_of(v, 0);
        char *room = size > 0 ? buffer_room(out, size) : NULL;
        if (!room)
                return -ENOBUFS;
        (void)value_write(room, v);
        buffer_commit(out, size);
        return 0;
}

/* What is read goes straight to where it belongs: a tree of values returned by value would be copied
 * once a level. */
struct get {
        struct message_reader *in;
        struct arena *arena;
        size_t items;
};

static void get_at(struct get *get, int depth, struct value *ret);

/* Returns the number of items; 0 and bad if that is a lie: an item takes a byte at least. */
static uint32_t get_count(struct get *get, enum value_type type) {
        uint32_t count = message_get_u32(get->in);
        if (count > get->in->rest.len || count > VALUE_ITEMS_MAX - get->items || (type == VALUE_DICT && count % 2)) {
                get->in->bad = true;
                return 0;
        }
        get->items += count;
        return count;
}

static void get_items(struct get *get, int depth, struct value *ret) {
        uint32_t count = get_count(get, ret->type);
        ret->list.items = arena_alloc_array(get->arena, count, sizeof(struct value));
        ret->list.capacity = count;
        for (uint32_t i = 0; i < count && !get->in->bad; i++)
                get_at(get, depth + 1, &ret->list.items[ret->list.count++]);
}

/* *ret is zeroed, i.e. None. */
static void get_at(struct get *get, int depth, struct value *ret) {
        uint8_t type = message_get_u8(get->in);
        if (depth > VALUE_DEPTH_MAX || type >= VALUE_TYPE_COUNT)
                get->in->bad = true;
        if (get->in->bad)
                return;
        ret->type = (enum value_type)type;
        switch (ret->type) {
        case VALUE_BOOL:
                ret->boolean = message_get_u8(get->in) != 0;
                break;
        case VALUE_INT:
                ret->integer = (int64_t)message_get_u64(get->in);
                break;
        case VALUE_FLOAT:
                ret->real = message_get_f64(get->in);
                break;
        case VALUE_STRING:
        case VALUE_BYTES:
                ret->string = message_get_text(get->in);
                break;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                get_items(get, depth, ret);
                break;
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
}

struct value value_get(struct message_reader *in, struct arena *arena) {
        struct get get = {.in = in, .arena = arena};
        struct value v = VALUE_OF_NONE;
        get_at(&get, 0, &v);
        return in->bad ? VALUE_OF_NONE : v;
}

static uint32_t read_u32(const char *from) {
        uint32_t v;
        memcpy(&v, from, sizeof(v));
        return le32toh(v);
}

static const char *skip_at(const char *at, const char *end, int depth, size_t *items);

/* Most items are texts. The end of the one at at; NULL if that is none, or not all of one. */
static inline const char *text_end(const char *at, const char *end) {
        size_t left = (size_t)(end - at);
        if (left < VALUE_HEAD_BYTES || *at != VALUE_STRING)
                return NULL;
        uint32_t len = read_u32(at + 1);
        return len <= left - VALUE_HEAD_BYTES ? at + VALUE_HEAD_BYTES + len : NULL;
}

/* The items of a container whose count stands at at. */
static const char *skip_items(enum value_type type, const char *at, const char *end, int depth, size_t *items) {
        if ((size_t)(end - at) < sizeof(uint32_t))
                return NULL;
        uint32_t count = read_u32(at);
        at += sizeof(uint32_t);
        if (count > (size_t)(end - at) || count > VALUE_ITEMS_MAX - *items || (type == VALUE_DICT && count % 2))
                return NULL;
        *items += count;
        if (count > 0 && depth == VALUE_DEPTH_MAX)
                return NULL;
        for (; count > 0 && at; count--) {
                const char *next = text_end(at, end);
                at = next ? next : skip_at(at, end, depth + 1, items);
        }
        return at;
}

/* What get_at() does, without building anything: each failure is read over to be checked. Returns the value's end, NULL if it is bad. */
static const char *skip_at(const char *at, const char *end, int depth, size_t *items) {
        if (at == end || depth > VALUE_DEPTH_MAX)
                return NULL;
        uint8_t type = (uint8_t)*at++;
        size_t left = (size_t)(end - at);
        size_t size = 0;
        switch (type) {
        case VALUE_NONE:
                break;
        case VALUE_BOOL:
                size = sizeof(uint8_t);
                break;
        case VALUE_INT:
        case VALUE_FLOAT:
                size = sizeof(uint64_t);
                break;
        case VALUE_STRING:
        case VALUE_BYTES:
                size = sizeof(uint32_t);
                if (left >= size && read_u32(at) <= left - size)
                        return at + size + read_u32(at);
                return NULL;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return skip_items((enum value_type)type, at, end, depth, items);
        default:
                return NULL;
        }
        return size <= left ? at + size : NULL;
}

enum value_type value_skip(struct message_reader *in) {
        size_t items = 0;
        const char *begin = in->rest.data;
        const char *end = in->bad || in->rest.len == 0 ? NULL : text_end(begin, begin + in->rest.len);
        if (!end && !in->bad && in->rest.len > 0)
                end = skip_at(begin, begin + in->rest.len, 0, &items);
        if (!end) {
                in->bad = true;
                return VALUE_NONE;
        }
        in->rest = slice_sub(in->rest, (size_t)(end - begin), in->rest.len);
        return (enum value_type)(uint8_t)*begin;
}
