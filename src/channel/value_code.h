/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in messages: u8 type, then its content; containers are u32 count and items. */
#pragma once

#include "base/buffer.h"
#include "base/value.h"
#include "channel/message.h"

#define VALUE_ITEMS_MAX 2000000 /* items of one message, all levels together */

/* Returns 0, or -ENOBUFS if out is full or v is nested deeper than VALUE_DEPTH_MAX. */
int value_put(struct buffer *out, const struct value *v);
/* Bytes that value_put() takes for v; 0 if it would refuse it however large the buffer. */
size_t value_coded_size(const struct value *v);
/* Writes so many bytes. Returns their end. */
char *value_write(char *to, const struct value *v);
/* Writes what comes in front of the count items of a container. Returns its end. */
#define VALUE_HEAD_BYTES (sizeof(uint8_t) + sizeof(uint32_t))
char *value_write_head(char *to, enum value_type type, uint32_t count);
/* Reads one value into arena; its texts borrow from the message body (value_copy() what must live longer). Bad input, nesting above
 * VALUE_DEPTH_MAX or too many items set in->bad, and the result is None. */
struct value value_get(struct message_reader *in, struct arena *arena);
/* Reads over one value, with the same checks. Returns its type. */
enum value_type value_skip(struct message_reader *in);
