/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as few bytes, for those that many are kept of: names that failures often have, and the id
 * that they are about, take one byte. It is a form for memory alone: what the numbers mean may
 * change from one version to the next. */
#pragma once

#include "base/arena.h"
#include "base/value.h"
#include "channel/message.h"

/* Packs the next value of in, coded as channel/value_code.h has it, to to, which has room for as
 * many bytes as that takes. Texts that are id become a byte. Returns the end; what is bad in in
 * sets in->bad, and the result is of no use. */
char *value_pack(char *to, struct message_reader *in, struct slice id);
/* The same for a text, which takes its bytes and VALUE_PACK_HEAD_MAX more at most. */
char *value_pack_text(char *to, struct slice text, struct slice id);
/* A text of len bytes that the caller writes itself: what it takes altogether, and what comes in
 * front of it. Returns its end. */
size_t value_pack_text_size(size_t len);
char *value_pack_text_head(char *to, size_t len);
/* In front of count items, which follow packed; type: a container. Returns its end, which is
 * VALUE_PACK_HEAD_MAX away at most. */
#define VALUE_PACK_HEAD_MAX ((size_t)5)
char *value_pack_items_head(char *to, enum value_type type, uint32_t count);
/* Reads a value that has been packed with the same id, into arena; its texts borrow from in and id.
 */
struct value value_unpack(struct message_reader *in, struct slice id, struct arena *arena);
