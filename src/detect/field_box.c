/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Invariants: a container in the box's memory has only parts in that memory. Lines have room for as
 * many as the next power of two, so that most of them are put behind the others without a copy. */
#include "detect/field_box.h"

#include <string.h>

#define WASTE_MIN ((size_t)4096) /* less is not worth a copy */
#define ROOM_MAX ((size_t)16384) /* an empty box keeps no more memory than this */

/* Of an array of so many lines. */
static size_t room_of(size_t count) {
        size_t room = 1;
        while (room < count)
                room *= 2;
        return room;
}

void field_box_done(struct field_box *box) {
        arena_done(&box->arena);
        *box = FIELD_BOX_INIT;
}

/* In place: copying values to and fro costs more than all else. */
static void take_value(struct arena *arena, struct value *to, const struct value *v) {
        *to = *v;
        if (v->type == VALUE_STRING || v->type == VALUE_BYTES) {
                if (!arena_holds(arena, v->string.data))
                        to->string.data = arena_copy(arena, v->string).data;
                return;
        }
        if (!value_is_container(v) || (v->list.count > 0 && arena_holds(arena, v->list.items)))
                return;
        struct value *items = arena_alloc_raw(arena, v->list.count, sizeof(*items));
        for (size_t i = 0; i < v->list.count; i++)
                take_value(arena, &items[i], &v->list.items[i]);
        to->list.items = items;
        to->list.capacity = v->list.count;
}

static void take_line(struct arena *arena, struct field_line *to, const struct field_line *line) {
        *to = *line;
        if (!arena_holds(arena, line->text))
                to->text = arena_copy(arena, (struct slice){line->text, field_line_len(line)}).data;
}

static const struct field_line *take_lines(
        struct arena *arena, const struct field_line *from, size_t count) {
        struct field_line *lines = arena_alloc_raw(arena, room_of(count), sizeof(*lines));
        for (size_t i = 0; i < count; i++)
                take_line(arena, &lines[i], &from[i]);
        return lines;
}

static inline void copy_text(struct arena *arena, struct field *field) {
        char *copy = arena_alloc_raw(arena, field->len, 1);
        if (field->len > 0)
                memcpy(copy, field->text, field->len);
        field->text = copy;
}

static void take(struct arena *arena, struct field *field) {
        /* Nothing, and what is there already, stays. */
        if (field->kind == FIELD_NONE || arena_holds(arena, field->text))
                return;
        if (field->kind == FIELD_TEXT) {
                copy_text(arena, field);
        } else if (field->kind == FIELD_LINES) {
                field->lines = take_lines(arena, field->lines, field->len);
        } else {
                struct value *value = arena_alloc_raw(arena, 1, sizeof(*value));
                take_value(arena, value, field->value);
                field->value = value;
        }
}

static void take_all(struct field_box *box) {
        for (size_t i = 0; i < box->fields.count; i++)
                take(&box->arena, &box->fields.items[i]);
}

void field_box_put(struct field_box *box, const struct fields *fields, size_t room) {
        size_t wanted = fields->count + room;
        if (box->fields.capacity < wanted) {
                box->fields.items = arena_alloc_raw(&box->arena, wanted, sizeof(struct field));
                box->fields.capacity = (uint32_t)wanted;
        }
        if (fields->count > 0)
                memcpy(box->fields.items, fields->items, fields->count * sizeof(struct field));
        box->fields.count = fields->count;
        box->fields.seen = fields->seen;
        take_all(box);
}

void field_box_grow(struct field_box *box, size_t room) {
        fields_grow(&box->fields, room, &box->arena);
}

/* The field of a name, with a guess at where it is; or NULL. */
static struct field *find_near(const struct fields *fields, struct field *guess, unsigned name) {
        bool is_there = guess < fields->items + fields->count && guess->name == name;
        return is_there ? guess : fields_find(fields, name);
}

/* Most fields of a session are said again by each of its lines, in the same order. */
void field_box_overlay(struct field_box *box, const struct fields *newer) {
        struct fields *fields = &box->fields;
        field_box_reserve(box, newer->count);
        struct field *next = fields->items;
        for (const struct field *field = newer->items; field < newer->items + newer->count;
                field++) {
                if (field->kind == FIELD_NONE)
                        continue;
                struct field *known = find_near(fields, next, field->name);
                next = known ? known : &fields->items[fields->count++];
                if (!known || !field_is_same_text(known, field)) {
                        field_set(next, field);
                        if (field->kind == FIELD_TEXT)
                                copy_text(&box->arena, next);
                        else
                                take(&box->arena, next);
                        fields->seen |= fields_bit(field->name);
                }
                next++;
        }
}

/* An array with those that are known, and room for so many behind them. stays: it may be the one
 * that they are in, which is our own. */
static struct field_line *make_room(struct arena *arena, const struct field_line *known,
        size_t count, size_t added, bool stays) {
        if (stays && count > 0 && room_of(count) >= count + added)
                return (struct field_line *)(uintptr_t)known;
        struct field_line *lines = arena_alloc_raw(arena, room_of(count + added), sizeof(*lines));
        if (known)
                memcpy(lines, known, count * sizeof(*lines));
        return lines;
}

void field_box_add_lines(
        struct field_box *box, unsigned name, const struct field *lines, size_t max) {
        const struct field *known = fields_lines(&box->fields, name);
        size_t count = known ? known->len : 0, skipped = lines->len > max ? lines->len - max : 0;
        size_t added = lines->len - skipped, gone = count + added > max ? count + added - max : 0;
        count -= gone;
        struct field_line *all =
                make_room(&box->arena, known ? known->lines + gone : NULL, count, added, gone == 0);
        for (size_t i = 0; i < added; i++)
                take_line(&box->arena, &all[count + i], &lines->lines[skipped + i]);
        fields_put(&box->fields, field_lines(name, all, count + added), &box->arena);
}

void field_box_lend(struct field_box *box) {
        box->own = box->fields.items;
        box->own_count = box->fields.count;
}

void field_box_keep(struct field_box *box, uint64_t names) {
        struct fields *fields = &box->fields;
        bool is_own = fields->items == box->own && fields->count == box->own_count;
        if (is_own && !(fields->seen & names))
                return;
        /* More fields than room was made for are elsewhere. */
        if (fields->count > 0 && !arena_holds(&box->arena, fields->items))
                fields_grow(fields, 0, &box->arena);
        take_all(box);
}

void field_box_clear(struct field_box *box) {
        box->fields.count = 0;
        box->fields.seen = 0;
}

bool field_box_is_wasteful(const struct field_box *box) {
        return box->arena.used > 2 * box->settled + WASTE_MIN;
}

void field_box_settle(struct field_box *box) {
        struct arena old = box->arena;
        if (box->fields.count == 0 && old.used <= ROOM_MAX) {
                box->fields = FIELDS_EMPTY;
                arena_reset(&box->arena);
        } else {
                struct fields fields = box->fields;
                box->fields = FIELDS_EMPTY;
                box->arena = ARENA_INIT;
                if (fields.count > 0)
                        field_box_put(box, &fields, FIELDS_ADDED_MAX);
                arena_done(&old);
        }
        box->settled = box->arena.used;
}
