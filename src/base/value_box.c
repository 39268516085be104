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

static struct value take(struct value_box *box, const struct value *v) {
        struct value taken = *v;
        if (v->type == VALUE_STRING || v->type == VALUE_BYTES) {
                if (!arena_holds(&box->arena, v->string.data))
                        taken.string = arena_copy(&box->arena, v->string);
        } else if (value_is_container(v)) {
                if (v->list.count > 0 && arena_holds(&box->arena, v->list.items))
                        return taken;
                taken.list.items =
                        arena_alloc_array(&box->arena, v->list.count, sizeof(*taken.list.items));
                taken.list.capacity = v->list.count;
                for (size_t i = 0; i < v->list.count; i++)
                        taken.list.items[i] = take(box, &v->list.items[i]);
        }
        return taken;
}

void value_box_put(struct value_box *box, const struct value *v) {
        box->value = take(box, v);
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
