/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A match has a dozen fields, so a search through their numbers is as good as a table, and most of
 * what is asked for is not there, which one bit tells. */
#include "detect/fields.h"

#include <string.h>

#include "channel/value_code.h"

bool field_value_is_true(const struct field *field) {
        const struct value *v = field->value;
        switch (v->type) {
        case VALUE_NONE:
        case VALUE_TYPE_COUNT:
                return false;
        case VALUE_BOOL:
                return v->boolean;
        case VALUE_INT:
                return v->integer != 0;
        case VALUE_FLOAT:
                return v->real < 0 || v->real > 0;
        case VALUE_STRING:
        case VALUE_BYTES:
                return v->string.len > 0;
        case VALUE_LIST:
        case VALUE_TUPLE:
        case VALUE_DICT:
        case VALUE_SET:
                return v->list.count > 0;
        }
        return false;
}

struct value field_value(const struct field *field) {
        switch (field->kind) {
        case FIELD_TEXT:
                return value_string(field_slice(field));
        case FIELD_VALUE:
                return *field->value;
        default:
                return VALUE_OF_NONE;
        }
}

bool field_equal(const struct field *a, const struct field *b) {
        if (a->kind == FIELD_TEXT && b->kind == FIELD_TEXT)
                return slice_equal(field_slice(a), field_slice(b));
        struct value left = field_value(a);
        struct value right = field_value(b);
        return value_equal(&left, &right);
}

struct fields fields_new(size_t room, struct arena *arena) {
        return (struct fields){.items = arena_alloc_raw(arena, room, sizeof(struct field)),
                .capacity = (uint32_t)room};
}

const struct value *fields_list(const struct fields *fields, unsigned name) {
        const struct field *field = fields_get(fields, name);
        return field && field->kind == FIELD_VALUE && field->value->type == VALUE_LIST
                       ? field->value
                       : NULL;
}

static void grow(struct fields *fields, struct arena *arena) {
        struct fields larger = fields_copy(fields, fields->count + 4, arena);
        *fields = larger;
}

void fields_append(struct fields *fields, struct field field, struct arena *arena) {
        if (fields->count == fields->capacity)
                grow(fields, arena);
        fields->items[fields->count++] = field;
        fields->seen |= fields_bit(field.name);
}

void fields_put(struct fields *fields, struct field field, struct arena *arena) {
        struct field *known = fields_find(fields, field.name);
        if (known)
                *known = field;
        else
                fields_append(fields, field, arena);
}

void fields_put_value(
        struct fields *fields, unsigned name, const struct value *value, struct arena *arena) {
        struct value *copy = arena_alloc_raw(arena, 1, sizeof(*copy));
        *copy = *value;
        fields_put(fields,
                (struct field){.name = (uint16_t)name, .kind = FIELD_VALUE, .value = copy}, arena);
}

struct field fields_remove(struct fields *fields, struct field *field) {
        struct field taken = *field;
        struct field *last = fields->items + --fields->count;
        for (; field < last; field++)
                field[0] = field[1];
        if (taken.name < 63)
                fields->seen &= ~fields_bit(taken.name);
        return taken;
}

void fields_overlay(struct fields *fields, const struct fields *newer, struct arena *arena) {
        if (fields->capacity < fields->count + newer->count)
                *fields = fields_copy(fields, newer->count, arena);
        const struct field *end = newer->items + newer->count;
        for (const struct field *field = newer->items; field < end; field++) {
                if (field->kind == FIELD_NONE)
                        continue;
                struct field *known = fields_find(fields, field->name);
                if (!known)
                        known = &fields->items[fields->count++];
                *known = *field;
                fields->seen |= fields_bit(field->name);
        }
}

struct fields fields_copy(const struct fields *fields, size_t room, struct arena *arena) {
        struct fields copy = fields_new(fields->count + room, arena);
        if (fields->count > 0)
                memcpy(copy.items, fields->items, fields->count * sizeof(*copy.items));
        copy.count = fields->count;
        copy.seen = fields->seen;
        return copy;
}

struct fields fields_copy_known(const struct fields *fields, struct arena *arena) {
        struct fields copy = fields_new(fields->count, arena);
        for (size_t i = 0; i < fields->count; i++)
                if (fields->items[i].kind != FIELD_NONE)
                        fields_append(&copy, fields->items[i], arena);
        return copy;
}

struct value fields_dict(const struct fields *fields, struct arena *arena) {
        struct value dict = value_dict();
        value_reserve(&dict, 2 * (size_t)fields->count, arena);
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                (void)value_append(&dict, value_string(field_name_text(field->name)), arena);
                (void)value_append(&dict, field_value(field), arena);
        }
        return dict;
}

static bool put_item(struct fields *fields, const struct value *item, struct arena *arena) {
        if (item[0].type != VALUE_STRING)
                return false;
        int name = field_name_of(item[0].string);
        if (name < 0 || (item[1].type == VALUE_STRING && item[1].string.len > UINT32_MAX))
                return false;
        if (item[1].type == VALUE_STRING)
                fields_put(fields, field_text((unsigned)name, item[1].string), arena);
        else if (item[1].type == VALUE_NONE)
                fields_put(
                        fields, (struct field){.name = (uint16_t)name, .kind = FIELD_NONE}, arena);
        else
                fields_put_value(fields, (unsigned)name, &item[1], arena);
        return true;
}

bool fields_of_dict(const struct value *dict, struct arena *arena, struct fields *ret) {
        *ret = fields_new(dict->list.count / 2 + 4, arena);
        for (size_t i = 0; i + 1 < dict->list.count; i += 2)
                if (!put_item(ret, &dict->list.items[i], arena)) {
                        *ret = FIELDS_EMPTY;
                        return false;
                }
        return true;
}

size_t fields_coded_size(const struct fields *fields) {
        size_t size = VALUE_HEAD_BYTES;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                size_t item = sizeof(uint8_t);
                if (field->kind == FIELD_TEXT)
                        item = VALUE_HEAD_BYTES + field->len;
                else if (field->kind == FIELD_VALUE)
                        item = value_coded_size(field->value);
                if (item == 0)
                        return 0;
                size += VALUE_HEAD_BYTES + field_name_text(field->name).len + item;
        }
        return size;
}

static char *write_text(char *to, struct slice text) {
        to = value_write_head(to, VALUE_STRING, (uint32_t)text.len);
        if (text.len > 0)
                memcpy(to, text.data, text.len);
        return to + text.len;
}

char *fields_write(char *to, const struct fields *fields) {
        to = value_write_head(to, VALUE_DICT, 2 * fields->count);
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                to = write_text(to, field_name_text(field->name));
                if (field->kind == FIELD_TEXT) {
                        to = write_text(to, field_slice(field));
                        continue;
                }
                struct value item = field_value(field);
                to = value_write(to, &item);
        }
        return to;
}
