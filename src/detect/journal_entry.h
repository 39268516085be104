/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the journal as the line that filters see (spec filter.md 4.9). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "detect/line.h"

#define JOURNAL_FIELDS_MAX 4096             /* of an entry; what is beyond is not looked at */
#define JOURNAL_TEXT_MAX ((size_t)1 << 20)  /* bytes of a line; what is beyond is not looked at */

struct journal_entry {
        struct slice *fields; /* "FIELD=value" each, as they are stored */
        size_t count;
        uint64_t realtime_us;  /* when the journal received it */
        uint64_t monotonic_us; /* the same since the boot */
};

struct journal_line {
        struct slice text;      /* valid UTF-8 without line ends */
        struct slice date_text; /* "2024-03-05T09:00:00.123456+01:00 " */
        double time;
        bool repaired;          /* there were bytes that are not of the encoding */
};

/* Value of the first field of that name; data NULL if there is none. */
struct slice journal_entry_field(const struct journal_entry *entry, struct slice name);
/* Makes the line in arena. */
struct journal_line journal_entry_line(const struct journal_entry *entry, enum line_encoding encoding, struct arena *arena);
/* What the entry counts as in bytes: at least 1, and the same each time it is read. */
uint64_t journal_entry_size(const struct journal_entry *entry);
