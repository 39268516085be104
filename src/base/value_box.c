/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Invariant: a container in the box's memory has only parts in that memory, and no room to append
 * to: who appends to a copy of it gets other memory, so that it is not taken for the box's own. */
#include "base/value_box.h"

#define WASTE_MIN ((size_t)4096) /* less is not worth a copy */
#define ROOM_MAX ((size_t)16384) /* an empty box keeps no more memory than this */

void value_box_done(struct value_box *box) {
        arena_done(&box->arena);
        *box = VALUE_BOX_INIT;
}

/* In place: copying values to and fro costs more than all else. */
static void take(struct value_box *box, struct value *to, const struct value *v) {
        *to = *v;
        if (v->type == VALUE_STRING || v->type == VALUE_BYTES) {
                if (!arena_holds(&box->arena, v->string.data))
                        to->string.data = arena_copy(&box->arena, v->string).data;
                return;
        }
        if (!value_is_container(v) ||
                (v->list.count > 0 && arena_holds(&box->arena, v->list.items)))
                return;
        struct value *items = arena_alloc_array(&box->arena, v->list.count, sizeof(*items));
        for (size_t i = 0; i < v->list.count; i++)
                take(box, &items[i], &v->list.items[i]);
        to->list.items = items;
        to->list.capacity = v->list.count;
}

void value_box_put(struct value_box *box, const struct value *v) {
        const struct value from = *v; /* it may be the present value */
        take(box, &box->value, &from);
}

void value_box_clear(struct value_box *box) {
        box->value = VALUE_OF_NONE;
}

bool value_box_is_wasteful(const struct value_box *box) {
        return box->arena.used > 2 * box->settled + WASTE_MIN;
}

void value_box_settle(struct value_box *box) {
        struct arena old = box->arena;
        if (box->value.type == VALUE_NONE && old.used <= ROOM_MAX) {
                arena_reset(&box->arena);
        } else {
                box->arena = ARENA_INIT;
                box->value = value_copy(&box->value, &box->arena);
                arena_done(&old);
        }
        box->settled = box->arena.used;
}

size_t value_box_used(const struct value_box *box) {
        return box->arena.used;
}
