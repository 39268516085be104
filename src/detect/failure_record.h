/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A failure's fields as the lines and groups of its record. */
#pragma once

#include "channel/record.h"
#include "detect/fields.h"

/* Appends the record of a failure, whose lines and groups come from fields: what has no value is
 * left out. Data above the caps are left out as a whole. Returns 0, or -ENOBUFS if out is full
 * (then it is unchanged). */
int failure_record_put(
        struct buffer *out, const struct record *record, const struct fields *fields);
