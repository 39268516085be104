/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain values as trees in an arena. Containers double their items; the old items stay in the arena until it is reset. */
#include "base/value.h"

#include <assert.h>
#include <math.h>

static void grow(struct value *container, size_t capacity, struct arena *arena) {
        struct value *items = arena_alloc_raw(arena, capacity, sizeof(*items));
        if (container->list.count > 0)
                memcpy(items, container->list.items, container->list.count * sizeof(*items));
        container->list.items = items;
        container->list.capacity = capacity;
}

void value_reserve(struct value *container, size_t count, struct arena *arena) {
        assert(value_is_container(container));
        if (container->list.capacity - container->list.count < count)
                grow(container, container->list.count + count, arena);
}

struct value *value_append(struct value *container, struct value item, struct arena *arena) {
        assert(value_is_container(container));
        if (container->list.count == container->list.capacity)
                grow(container, container->list.capacity ? container->list.capacity * 2 : 4, arena);
        struct value *slot = &container->list.items[container->list.count++];
        *slot = item;
        return slot;
}

static inline bool is_key(const struct value *a, const struct value *b) {
        if (a->type == VALUE_STRING && b->type == VALUE_STRING)
                return slice_equal(a->string, b->string);
        return value_equal(a, b);
}

void value_dict_put(struct value *dict, struct value key, struct value item, struct arena *arena) {
        assert(dict->type == VALUE_DICT);
        for (size_t i = 0; i + 1 < dict->list.count; i += 2)
                if (is_key(&dict->list.items[i], &key)) {
                        dict->list.items[i + 1] = item;
                        return;
                }
        (void)value_append(dict, key, arena);
        (void)value_append(dict, item, arena);
}

void value_dict_put_at(struct value *dict, size_t hint, struct value key, struct value item, struct arena *arena) {
        size_t at = 2 * hint;
        if (at + 1 < dict->list.count && is_key(&dict->list.items[at], &key))
                dict->list.items[at + 1] = item;
        else
                value_dict_put(dict, key, item, arena);
}

const struct value *value_dict_find(const struct value *dict, struct slice key) {
        if (dict->type != VALUE_DICT)
                return NULL;
        const struct value *end = dict->list.items + dict->list.count;
        for (const struct value *k = dict->list.items; k < end; k += 2)
                if (k->type == VALUE_STRING && slice_equal(k->string, key))
                        return k + 1;
        return NULL;
}

const struct value *value_item(const struct value *list, size_t index) {
        if ((list->type != VALUE_LIST && list->type != VALUE_TUPLE) || index >= list->list.count)
                return NULL;
        return &list->list.items[index];
}

struct slice value_item_text(const struct value *list, size_t index) {
        const struct value *item = value_item(list, index);
        if (!item || (item->type != VALUE_STRING && item->type != VALUE_BYTES))
                return SLICE_NULL;
        return item->string;
}

struct value value_copy(const struct value *v, struct arena *arena) {
        struct value copy = *v;
        if (v->type == VALUE_STRING || v->type == VALUE_BYTES) {
                copy.string = arena_copy(arena, v->string);
        } else if (value_is_container(v)) {
                copy.list.items = arena_alloc_raw(arena, v->list.count, sizeof(struct value));
                copy.list.capacity = v->list.count;
                for (size_t i = 0; i < v->list.count; i++)
                        copy.list.items[i] = value_copy(&v->list.items[i], arena);
        }
        return copy;
}

static bool lists_equal(const struct value *a, const struct value *b) {
        if (a->list.count != b->list.count)
                return false;
        for (size_t i = 0; i < a->list.count; i++)
                if (!value_equal(&a->list.items[i], &b->list.items[i]))
                        return false;
        return true;
}

/* NaN is the same as itself, 0.0 is not -0.0. */
static bool is_same_float(double a, double b) {
        uint64_t x, y;
        memcpy(&x, &a, sizeof(x));
        memcpy(&y, &b, sizeof(y));
        return x == y;
}

bool value_equal(const struct value *a, const struct value *b) {
        if (a->type != b->type)
                return false;
        switch (a->type) {
        case VALUE_NONE:
                return true;
        case VALUE_BOOL:
                return a->boolean == b->boolean;
        case VALUE_INT:
                return a->integer == b->integer;
        case VALUE_FLOAT:
                return is_same_float(a->real, b->real);
        case VALUE_STRING:
        case VALUE_BYTES:
                return slice_equal(a->string, b->string);
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return lists_equal(a, b);
        case VALUE_TYPE_COUNT:
                break;
        }
        return false;
}

/* Python switches to the exponent form below 1e-4 and from 1e16 on; %g switches by precision, hence the two formats. */
struct slice value_float_text(double f, struct arena *arena) {
        if (isnan(f))
                return SLICE("nan");
        if (isinf(f))
                return f > 0 ? SLICE("inf") : SLICE("-inf");
        char digits[40];
        int precision = 1;
        for (; precision <= 17; precision++) {
                (void)snprintf(digits, sizeof(digits), "%.*e", precision - 1, f);
                if (is_same_float(strtod(digits, NULL), f))
                        break;
        }
        const char *mark = strchr(digits, 'e');
        long exponent = mark ? strtol(mark + 1, NULL, 10) : 0;
        if (exponent < -4 || exponent >= 16)
                return arena_printf(arena, "%s", digits);
        int decimals = precision - 1 - (int)exponent;
        return arena_printf(arena, "%.*f", decimals > 1 ? decimals : 1, f);
}
