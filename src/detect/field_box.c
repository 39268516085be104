/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Invariant: a container in the box's memory has only parts in that memory, and no room to append
 * to: who appends to a copy of it gets other memory, so that it is not taken for the box's own. */
#include "detect/field_box.h"

#include <string.h>

#define WASTE_MIN ((size_t)4096) /* less is not worth a copy */
#define ROOM_MAX ((size_t)16384) /* an empty box keeps no more memory than this */
#define ADDED_MAX 4              /* fields that may come without the items having to move */

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

static const struct field_line *take_lines(
        struct arena *arena, const struct field_line *from, size_t count) {
        struct field_line *lines = arena_alloc_raw(arena, count, sizeof(*lines));
        for (size_t i = 0; i < count; i++) {
                lines[i] = from[i];
                if (!arena_holds(arena, from[i].text))
                        lines[i].text = arena_copy(
                                arena, (struct slice){from[i].text, field_line_len(&from[i])})
                                                .data;
        }
        return lines;
}

static void take(struct arena *arena, struct field *field) {
        /* Nothing, and what is there already, stays. */
        if (field->kind == FIELD_NONE || arena_holds(arena, field->text))
                return;
        if (field->kind == FIELD_TEXT) {
                field->text = arena_copy(arena, field_slice(field)).data;
        } else if (field->kind == FIELD_LINES) {
                field->lines = take_lines(arena, field->lines, field->len);
        } else {
                struct value *value = arena_alloc_raw(arena, 1, sizeof(*value));
                take_value(arena, value, field->value);
                field->value = value;
        }
}

void field_box_begin(struct field_box *box, const struct fields *fields, size_t room) {
        size_t wanted = fields->count + room;
        if (box->fields.capacity < wanted)
                box->fields = fields_new(wanted, &box->arena);
        if (fields->count > 0)
                memcpy(box->fields.items, fields->items, fields->count * sizeof(struct field));
        box->fields.count = fields->count;
        box->fields.seen = fields->seen;
}

void field_box_begin_again(struct field_box *box, size_t room) {
        if (box->fields.capacity - box->fields.count < room)
                box->fields = fields_copy(&box->fields, room, &box->arena);
}

void field_box_keep(struct field_box *box) {
        /* More fields than room was made for are elsewhere. */
        if (box->fields.count > 0 && !arena_holds(&box->arena, box->fields.items))
                box->fields = fields_copy(&box->fields, 0, &box->arena);
        for (size_t i = 0; i < box->fields.count; i++)
                take(&box->arena, &box->fields.items[i]);
}

void field_box_put(struct field_box *box, const struct fields *fields) {
        field_box_begin(box, fields, ADDED_MAX);
        field_box_keep(box);
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
                        field_box_put(box, &fields);
                arena_done(&old);
        }
        box->settled = box->arena.used;
}
