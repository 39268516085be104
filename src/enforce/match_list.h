/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matches of a ticket (its fields matches, match_count and match_units), packed as
 * channel/value_pack.h does it; each a LIST or TUPLE (before, date, after), or a STRING. For
 * ticket.c alone. */
#pragma once

#include "channel/message.h"
#include "enforce/ticket.h"

#define MATCH_LIST_MAX UINT16_MAX
#define MATCH_LIST_UNIT_BYTES 16 /* of the ticket's match_units */

/* Room for a match of size bytes (at least 1), which counts from now on and has to be written at
 * once; it pushes out the oldest where there would be more than max (up to MATCH_LIST_MAX), or
 * where all, together with others bytes that the ticket keeps besides, would be more than
 * TICKET_DATA_MAX. NULL, and nothing is pushed out, if it is too large itself or max is 0. */
char *match_list_push(struct ticket *ticket, size_t size, uint32_t max, size_t others);
/* Drops the oldest; there must be one. */
void match_list_drop(struct ticket *ticket);
void match_list_clear(struct ticket *ticket);

/* One after the other, the oldest first; the ticket must stay as it is meanwhile. */
struct match_list_walk {
        const struct ticket *ticket;
        const struct match_block *node; /* whose are being read; NULL: none yet */
        struct message_reader in;
};
struct match_list_walk match_list_walk(const struct ticket *ticket);
/* The next one; its texts borrow from the ticket. False at the end. */
bool match_list_next(struct match_list_walk *walk, struct arena *arena, struct value *ret);
/* Fetches into the processor's cache what the next match makes move; the newest block's begin
 * should be there. */
void match_list_fetch(const struct ticket *ticket);
/* Bytes of their blocks. */
size_t match_list_bytes(const struct ticket *ticket);
