/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that outlive the line they were captured in, and change a little at a time: what of new
 * ones lies in the box already, or is the same as there, stays where it is. */
#pragma once

#include "detect/fields.h"

struct field_box {
        struct fields fields; /* all of it is in arena; to be read only */
        struct arena arena;
        size_t settled; /* bytes of arena when nothing in it was waste */
};

#define FIELD_BOX_INIT ((struct field_box){.fields = FIELDS_EMPTY, .arena = ARENA_INIT})

void field_box_done(struct field_box *box);
/* Takes fields, which have items of their own, but parts of which may be parts of the box's. What
 * was in the box stays readable until field_box_settle(), but for the box's items themselves. */
void field_box_put(struct field_box *box, const struct fields *fields);
/* Empties the box; what was in it stays readable until field_box_settle(). */
void field_box_clear(struct field_box *box);
/* Whether there is so much waste in the box that it should be settled. */
bool field_box_is_wasteful(const struct field_box *box);
/* Frees what is not part of the present fields, which move. */
void field_box_settle(struct field_box *box);
/* Bytes held, waste included. */
static inline size_t field_box_used(const struct field_box *box) {
        return box->arena.used;
}
