/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value that outlives the arena it was made in, and is changed a little at a time: what of the
 * new value lies in the box already stays where it is. */
#pragma once

#include "base/value.h"

struct value_box {
        struct value value; /* all of it is in arena; to be read only */
        struct arena arena;
        size_t settled; /* bytes of arena when nothing in it was waste */
};

#define VALUE_BOX_INIT ((struct value_box){.value = VALUE_OF_NONE, .arena = ARENA_INIT})

void value_box_done(struct value_box *box);
/* Takes v, parts of which may be parts of the present value. What the present value consisted of
 * stays readable until value_box_settle(). */
void value_box_put(struct value_box *box, const struct value *v);
/* Empties the box; what was in it stays readable until value_box_settle(). */
void value_box_clear(struct value_box *box);
/* Whether there is so much waste in the box that it should be settled. */
bool value_box_is_wasteful(const struct value_box *box);
/* Frees what is not part of the present value, which moves. */
void value_box_settle(struct value_box *box);
/* Bytes held, waste included. */
size_t value_box_used(const struct value_box *box);
