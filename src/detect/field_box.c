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

static void take(struct arena *arena, struct field *to, const struct field *from) {
        *to = *from;
        if (from->kind == FIELD_TEXT) {
                if (!arena_holds(arena, from->text))
                        to->text = arena_copy(arena, field_slice(from)).data;
        } else if (from->kind == FIELD_VALUE && !arena_holds(arena, from->value)) {
                struct value *value = arena_alloc_raw(arena, 1, sizeof(*value));
                take_value(arena, value, from->value);
                to->value = value;
        }
}

/* Whether nothing changes: most fields of a session are said again by each of its lines. */
static bool is_same(const struct field *a, const struct field *b) {
        if (a->name != b->name || a->kind != b->kind)
                return false;
        if (a->kind == FIELD_TEXT)
                return slice_equal(field_slice(a), field_slice(b));
        return a->kind == FIELD_NONE || a->value == b->value;
}

static void reserve(struct field_box *box, size_t count) {
        if (count <= box->fields.capacity)
                return;
        box->fields = fields_copy(&box->fields, count - box->fields.count + ADDED_MAX, &box->arena);
}

void field_box_put(struct field_box *box, const struct fields *fields) {
        reserve(box, fields->count);
        struct field *items = box->fields.items;
        for (size_t i = 0; i < fields->count; i++)
                if (i >= box->fields.count || !is_same(&items[i], &fields->items[i]))
                        take(&box->arena, &items[i], &fields->items[i]);
        box->fields.count = fields->count;
        box->fields.seen = fields->seen;
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
