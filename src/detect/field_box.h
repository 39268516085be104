/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that outlive the line they were captured in, and change a little at a time: what of new
 * ones lies in the box already, or is the same as there, stays where it is. */
#pragma once

#include "detect/fields.h"

struct field_box {
        struct fields fields;
        struct arena arena;
        size_t settled;          /* bytes of arena when nothing in it was waste */
        const struct field *own; /* the items, and how many there were, when all of them were the */
        uint32_t own_count;      /* box's own */
};

#define FIELD_BOX_INIT ((struct field_box){.fields = FIELDS_EMPTY, .arena = ARENA_INIT})

void field_box_done(struct field_box *box);
/* Takes fields, parts of which may be parts of the box's, and makes room for so many more. What was
 * in the box stays readable until field_box_settle(), but for the box's items themselves. */
void field_box_put(struct field_box *box, const struct fields *fields, size_t room);
/* Makes room for so many fields more. */
void field_box_grow(struct field_box *box, size_t room);
static inline void field_box_reserve(struct field_box *box, size_t room) {
        if (box->fields.capacity - box->fields.count < room)
                field_box_grow(box, room);
}
/* Overwrites the fields with all of newer that is not None, and has no part in the box. */
void field_box_overlay(struct field_box *box, const struct fields *newer);
/* Puts lines behind those of the name, which are the box's own; of more than max the oldest go. */
void field_box_add_lines(
        struct field_box *box, unsigned name, const struct field *lines, size_t max);
/* box->fields may be changed in between: fields can be taken out, and put in that are elsewhere.
 * field_box_keep() takes in what is not the box's own; it looks for that if there are other fields
 * than before, or the field of one of the names (fields_bit()). */
void field_box_lend(struct field_box *box);
void field_box_keep(struct field_box *box, uint64_t names);
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
