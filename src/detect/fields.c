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

struct value field_value(const struct field *field, struct arena *arena) {
        switch (field->kind) {
        case FIELD_TEXT:
                return value_string(field_slice(field));
        case FIELD_LINES:
                return field_lines_value(field->lines, field->len, arena);
        case FIELD_VALUE:
                return *field->value;
        default:
                return VALUE_OF_NONE;
        }
}

bool field_equal(const struct field *a, const struct field *b) {
        if (a->kind == FIELD_TEXT && b->kind == FIELD_TEXT)
                return slice_equal(field_slice(a), field_slice(b));
        struct arena arena = ARENA_INIT;
        struct value left = field_value(a, &arena);
        struct value right = field_value(b, &arena);
        bool is_equal = value_equal(&left, &right);
        arena_done(&arena);
        return is_equal;
}

struct fields fields_new(size_t room, struct arena *arena) {
        return (struct fields){.items = arena_alloc_raw(arena, room, sizeof(struct field)),
                .capacity = (uint32_t)room};
}

void fields_grow(struct fields *fields, size_t room, struct arena *arena) {
        struct field *items = arena_alloc_raw(arena, fields->count + room, sizeof(*items));
        if (fields->count > 0)
                memcpy(items, fields->items, fields->count * sizeof(*items));
        fields->items = items;
        fields->capacity = fields->count + (uint32_t)room;
}

void fields_append(struct fields *fields, struct field field, struct arena *arena) {
        if (fields->count == fields->capacity)
                fields_grow(fields, fields->count + 4, arena);
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
        for (uint32_t i = 0; i < newer->count; i++)
                if (newer->items[i].kind != FIELD_NONE)
                        fields_put(fields, newer->items[i], arena);
}

void fields_copy(
        const struct fields *fields, size_t room, struct arena *arena, struct fields *ret) {
        ret->items = fields->items;
        ret->count = fields->count;
        ret->seen = fields->seen;
        fields_grow(ret, room, arena);
}

void fields_copy_known(const struct fields *fields, struct arena *arena, struct fields *ret) {
        struct field *items = arena_alloc_raw(arena, fields->count, sizeof(*items));
        struct field *end = items;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                field_set(end, field);
                end += field->kind != FIELD_NONE;
        }
        ret->items = items;
        ret->count = ret->capacity = (uint32_t)(end - items);
        ret->seen = fields->seen; /* more than are there may be set */
}

struct value fields_dict(const struct fields *fields, struct arena *arena) {
        struct value dict = value_dict();
        value_reserve(&dict, 2 * (size_t)fields->count, arena);
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                (void)value_append(&dict, value_string(field_name_text(field->name)), arena);
                (void)value_append(&dict, field_value(field, arena), arena);
        }
        return dict;
}

static struct field field_of(unsigned name, const struct value *v, struct arena *arena) {
        bool has_lines = name == FIELD_MATCHES || name == FIELD_NOFAIL_MATCHES;
        const struct field_line *lines = has_lines ? field_lines_of_value(v, arena) : NULL;
        if (lines)
                return field_lines(name, lines, v->list.count);
        if (v->type == VALUE_STRING)
                return field_text(name, v->string);
        if (v->type == VALUE_NONE)
                return (struct field){.name = (uint16_t)name, .kind = FIELD_NONE};
        struct value *copy = arena_alloc_raw(arena, 1, sizeof(*copy));
        *copy = *v;
        return (struct field){.name = (uint16_t)name, .kind = FIELD_VALUE, .value = copy};
}

static bool put_item(struct fields *fields, const struct value *item, struct arena *arena) {
        if (item[0].type != VALUE_STRING)
                return false;
        int name = field_name_of(item[0].string);
        if (name < 0 || (item[1].type == VALUE_STRING && item[1].string.len > UINT32_MAX))
                return false;
        fields_put(fields, field_of((unsigned)name, &item[1], arena), arena);
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

size_t field_coded_size(const struct field *field) {
        switch (field->kind) {
        case FIELD_TEXT:
                return VALUE_HEAD_BYTES + field->len;
        case FIELD_LINES:
                return field_lines_coded_size(field->lines, field->len);
        case FIELD_VALUE:
                return value_coded_size(field->value);
        default:
                return sizeof(uint8_t);
        }
}

size_t fields_coded_size(const struct fields *fields) {
        size_t size = VALUE_HEAD_BYTES;
        for (size_t i = 0; i < fields->count; i++) {
                const struct field *field = &fields->items[i];
                size_t item = field_coded_size(field);
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

char *field_write(char *to, const struct field *field) {
        static const struct value none = {.type = VALUE_NONE};
        switch (field->kind) {
        case FIELD_TEXT:
                return write_text(to, field_slice(field));
        case FIELD_LINES:
                return field_lines_write(to, field->lines, field->len);
        case FIELD_VALUE:
                return value_write(to, field->value);
        default:
                return value_write(to, &none);
        }
}

char *fields_write(char *to, const struct fields *fields) {
        to = value_write_head(to, VALUE_DICT, 2 * fields->count);
        for (size_t i = 0; i < fields->count; i++) {
                to = write_text(to, field_name_text(fields->items[i].name));
                to = field_write(to, &fields->items[i]);
        }
        return to;
}
