/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as bytes. Counts are checked against what is left of the body before anything is allocated for them. */
#include "channel/value_code.h"

#include <errno.h>

static int put_at(struct buffer *out, const struct value *v, int depth) {
        if (depth > VALUE_DEPTH_MAX)
                return -ENOBUFS;
        int r = message_put_u8(out, (uint8_t)v->type);
        if (r < 0)
                return r;
        switch (v->type) {
        case VALUE_NONE:
                return 0;
        case VALUE_BOOL:
                return message_put_u8(out, v->boolean);
        case VALUE_INT:
                return message_put_u64(out, (uint64_t)v->integer);
        case VALUE_FLOAT:
                return message_put_f64(out, v->real);
        case VALUE_STRING:
        case VALUE_BYTES:
                return message_put_text(out, v->string);
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                r = message_put_u32(out, (uint32_t)v->list.count);
                for (size_t i = 0; r == 0 && i < v->list.count; i++)
                        r = put_at(out, &v->list.items[i], depth + 1);
                return r;
        case VALUE_TYPE_COUNT:
                break;
        }
        return -EINVAL;
}

int value_put(struct buffer *out, const struct value *v) {
        return put_at(out, v, 0);
}

size_t value_coded_size(const struct value *v) {
        size_t size = sizeof(uint8_t);
        switch (v->type) {
        case VALUE_BOOL:
                return size + sizeof(uint8_t);
        case VALUE_INT:
        case VALUE_FLOAT:
                return size + sizeof(uint64_t);
        case VALUE_STRING:
        case VALUE_BYTES:
                return size + sizeof(uint32_t) + v->string.len;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                size += sizeof(uint32_t);
                for (size_t i = 0; i < v->list.count; i++)
                        size += value_coded_size(&v->list.items[i]);
                return size;
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                break;
        }
        return size;
}

struct get {
        struct message_reader *in;
        struct arena *arena;
        size_t items;
};

static struct value get_at(struct get *get, int depth);

static struct value get_items(struct get *get, enum value_type type, int depth) {
        struct value v = {.type = type};
        uint32_t count = message_get_u32(get->in);
        /* An item takes a byte at least: a count above that is a lie. */
        if (count > get->in->rest.len || count > VALUE_ITEMS_MAX - get->items || (type == VALUE_DICT && count % 2)) {
                get->in->bad = true;
                return VALUE_OF_NONE;
        }
        get->items += count;
        v.list.items = arena_alloc_array(get->arena, count, sizeof(struct value));
        v.list.capacity = count;
        for (uint32_t i = 0; i < count && !get->in->bad; i++)
                v.list.items[v.list.count++] = get_at(get, depth + 1);
        return v;
}

static struct value get_at(struct get *get, int depth) {
        uint8_t type = message_get_u8(get->in);
        if (depth > VALUE_DEPTH_MAX || type >= VALUE_TYPE_COUNT)
                get->in->bad = true;
        if (get->in->bad)
                return VALUE_OF_NONE;
        switch ((enum value_type)type) {
        case VALUE_NONE:
                return VALUE_OF_NONE;
        case VALUE_BOOL:
                return value_bool(message_get_u8(get->in) != 0);
        case VALUE_INT:
                return value_int((int64_t)message_get_u64(get->in));
        case VALUE_FLOAT:
                return value_float(message_get_f64(get->in));
        case VALUE_STRING:
        case VALUE_BYTES:
                return (struct value){.type = (enum value_type)type, .string = message_get_text(get->in)};
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return get_items(get, (enum value_type)type, depth);
        case VALUE_TYPE_COUNT:
                break;
        }
        return VALUE_OF_NONE;
}

struct value value_get(struct message_reader *in, struct arena *arena) {
        struct get get = {.in = in, .arena = arena};
        struct value v = get_at(&get, 0);
        return in->bad ? VALUE_OF_NONE : v;
}
