/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that outlive the line they were captured in, and change a little at a time: what of new
 * ones lies in the box already, or is the same as there, stays where it is. */
#pragma once

#include "detect/fields.h"

struct field_box {
        struct fields fields; /* all of it is in arena, and is to be read only, but between begin
                                 and keep */
        struct arena arena;
        size_t settled; /* bytes of arena when nothing in it was waste */
};

#define FIELD_BOX_INIT ((struct field_box){.fields = FIELDS_EMPTY, .arena = ARENA_INIT})

void field_box_done(struct field_box *box);
/* Makes the fields the box's, with room for so many more. Until field_box_keep() their texts and
 * values stay where they are, and box->fields may be changed. What was in the box stays readable
 * until field_box_settle(), but for the box's items themselves. */
void field_box_begin(struct field_box *box, const struct fields *fields, size_t room);
/* The same, with the fields that are in the box. */
void field_box_begin_again(struct field_box *box, size_t room);
/* Takes in what its fields borrow from elsewhere. */
void field_box_keep(struct field_box *box);
/* Begin and keep: takes fields, which have items of their own, but parts of which may be parts of
 * the box's. */
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
